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

CC_OPTION=()
if have ccache; then
	CC_OPTION=(CC="$SCRIPTS/through-ccache gcc"
		HOSTCC="env -u CCACHE_IGNOREHEADERS -u CCACHE_EXTRAFILES ccache gcc")
	# A cache of the user's own keeps its size.
	[[ ${CCACHE_DIR:-} ]] || export CCACHE_DIR=$OUT/ccache CCACHE_MAXSIZE=2G
	# Headers are found in what the compiler writes of them: preprocessing first would cost
	# a sixth more wherever the cache has nothing.
	export CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
fi

# kbuild sets srcroot itself, to the path of the tree, unless it comes from outside.
kmake()
{
	mkdir -p "$DIR"
	ln -sfn "$TREE" "$DIR/tree"
	# The date, builder and host do not belong into a kernel that is compared.
	make -C "$TREE" O="$DIR" ARCH=x86 srcroot=tree "${CC_OPTION[@]}" \
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
