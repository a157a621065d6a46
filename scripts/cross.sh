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

# triplet_of ARCH: of a program for the architecture, by the kernel's name
triplet_of()
{
	case $1 in
	arm64) printf 'aarch64-linux-gnu' ;;
	arm) printf 'arm-linux-gnueabihf' ;;
	esac
}

# Debian's cross compilers and this package exclude each other.
excludes_cross_compilers()
{
	have dpkg-query &&
		[[ $(dpkg-query -W -f '${db:Status-Status}' gcc-multilib 2>/dev/null) == installed ]]
}
