# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How every script calls the kernel's build: the same words each time, for what has been
# built by other ones is built again. Sourced after lib.sh; TREE is the source and DIR
# the directory that is built in.
#
# Where there is ccache, a kernel is compiled through it, with the cache in out/ccache.
# Most files of the patched and of the base kernel are the same, so the second of them
# costs a fraction (see shared-objects.sh). For that both must be compiled alike to the
# letter: the source is named by the link "tree" in each build directory and not by its
# path, which gets into the names of all headers; and neither directory nor date gets into
# an object.

. "$SCRIPTS/cross.sh"

CCACHE="" HOST_CCACHE=""
if have ccache; then
	CCACHE="$SCRIPTS/through-ccache "
	HOST_CCACHE="env -u CCACHE_IGNOREHEADERS -u CCACHE_EXTRAFILES ccache "
	# A cache of the user's own keeps its size.
	[[ ${CCACHE_DIR:-} ]] || export CCACHE_DIR=$OUT/ccache CCACHE_MAXSIZE=2G
	# Headers are found in what the compiler writes of them: preprocessing first would cost
	# a sixth more wherever the cache has nothing.
	export CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
fi

# choose_arch ARCH: what kmake builds for, by the kernel's name of it, and with which
# compilers; IMAGE is what is booted
# shellcheck disable=SC2034 # used by those who source this
choose_arch()
{
	KARCH=$1
	CC_OPTION=(HOSTCC="${HOST_CCACHE}gcc")
	case $KARCH in
	x86)
		IMAGE=arch/x86/boot/bzImage
		CC_OPTION+=(CC="${CCACHE}gcc") ;;
	arm64) IMAGE=arch/arm64/boot/Image ;;
	arm) IMAGE=arch/arm/boot/zImage ;;
	esac
	[[ $KARCH != x86 ]] || return 0
	cross_options "$KARCH" "$CCACHE"
	CC_OPTION+=("${CROSS_OPTIONS[@]}")
}

choose_arch x86

# kbuild sets srcroot itself, to the path of the tree, unless it comes from outside.
kmake()
{
	mkdir -p "$DIR"
	ln -sfn "$TREE" "$DIR/tree"
	# The date, builder and host do not belong into a kernel that is compared.
	make -C "$TREE" O="$DIR" ARCH="$KARCH" srcroot=tree "${CC_OPTION[@]}" \
		KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' \
		KBUILD_BUILD_USER=clock_trace KBUILD_BUILD_HOST=guest \
		KBUILD_BUILD_VERSION=1 LOCALVERSION= "$@"
}

# cache_statistics FILE: from what ccache has written to FILE, its CCACHE_STATSLOG
cache_statistics()
{
	awk '/^(direct|preprocessed)_cache_hit$/ { hits++ }
	     /^cache_miss$/ { misses++ }
	     END {
		if (hits + misses)
			printf "%d of %d compilations (%d %%) came from the cache\n", hits,
			       hits + misses, 100 * hits / (hits + misses)
	     }' "$1"
}
