# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Debian's cross compilers. Sourced after lib.sh.

# cross_gcc TRIPLET: the cross compiler of gcc's own version, else what is there
cross_gcc()
{
	local versioned

	versioned=$1-gcc-$(gcc -dumpversion 2>/dev/null | sed 's/\..*//' || true)
	if have "$versioned"; then
		printf '%s' "$versioned"
	else
		printf '%s' "$1-gcc"
	fi
}

# Debian's cross compilers and this package exclude each other.
excludes_cross_compilers()
{
	have dpkg-query &&
		[[ $(dpkg-query -W -f '${db:Status-Status}' gcc-multilib 2>/dev/null) == installed ]]
}
