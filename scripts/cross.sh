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

# cross_options ARCH [LAUNCHER]: set CROSS_OPTIONS, by which the kernel's make compiles for
# ARCH, with the compilers called by LAUNCHER
# shellcheck disable=SC2034 # used by those who source this
cross_options()
{
	local triplet

	triplet=$(triplet_of "$1")
	CROSS_OPTIONS=(CROSS_COMPILE="$triplet-" CC="${2:-}$(cross_gcc "$triplet")")
	[[ $1 == arm64 ]] || return 0
	# For the vDSO of 32-bit programs
	triplet=$(triplet_of arm)
	CROSS_OPTIONS+=(CROSS_COMPILE_COMPAT="$triplet-" CC_COMPAT="${2:-}$(cross_gcc "$triplet")")
}

# Debian's cross compilers and this package exclude each other.
excludes_cross_compilers()
{
	have dpkg-query &&
		[[ $(dpkg-query -W -f '${db:Status-Status}' gcc-multilib 2>/dev/null) == installed ]]
}
