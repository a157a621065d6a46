# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Which objects the base kernel has from the patched one. Sourced after lib.sh and kbuild.sh.
#
# ccache takes an object for another compilation if all files are the same that were
# included. The series changes headers that all files include, and the configuration is one
# of them, so nothing would be the same. But of what it changes there, few files use
# anything. For all others, ccache leaves out these headers when it compares
# (CCACHE_IGNOREHEADERS). What keeps that true:
#
# - the contents of all versions of these headers are part of what names an object
#   (CCACHE_EXTRAFILES), so a change of one of them makes all objects anew;
# - a file that has one of the changed names, or includes one that has, is compiled for
#   each kernel (scripts/through-ccache);
# - scripts/shared-objects-check compiles some of the objects once more, without the cache.

# Headers that the series changes and that most files include; a header that is missing
# here costs time, and nothing else
SHARED_HEADERS=(
	arch/x86/include/asm/cpufeatures.h
	arch/x86/include/asm/tsc.h
	include/linux/cpuhotplug.h
	include/linux/timekeeping.h
	include/uapi/linux/time.h
)
# What it changes there, and its configuration's options: each name contains one of these
CHANGED_NAMES='CLOCK_TRACE|ARCH_HAS_VDSO_ARCH_DATA|CPUHP_|PREFER_LFENCE_RDTSC|rdtsc_ordered|timekeeping_try_'
OWN_OPTIONS='CLOCK_TRACE|ARCH_HAS_VDSO_ARCH_DATA'

# What both kernels have in common besides the sources; it differs where they can share nothing
shared_state()
{
	local header

	for header in "${SHARED_HEADERS[@]}"; do
		cat "$BASE_TREE/$header" "$PATCHED_TREE/$header" || return
	done
	grep -E '^CONFIG_' "$DIR/.config" | grep -vE "^CONFIG_(.*_)?($OWN_OPTIONS)"
}

# own_sources GUEST: the sources of that build's objects which depend on a file with a changed name
own_sources()
{
	local dir=$1

	(
		cd "$dir" || exit
		find . -name '.*.o.cmd' -exec cat {} + |
			awk '/^source_/ { source = $NF; print source, source }
			     /^  [^ ]/ { print source, $1 }'
	) >"$DIR/dependencies"
	(cd "$dir" && cut -d ' ' -f 2 "$DIR/dependencies" | sort -u | grep '^tree/' |
		tr '\n' '\0' | xargs -0 grep -lE "$CHANGED_NAMES" --) |
		grep -vxF "$(printf 'tree/%s\n' "${SHARED_HEADERS[@]}")" >"$DIR/changed-files"
	awk 'NR == FNR { changed[$1]; next }
	     $1 in changed || $2 in changed { print $1 }' \
		"$DIR/changed-files" "$DIR/dependencies" | sort -u
	rm -f "$DIR/dependencies" "$DIR/changed-files"
}

# Before the patched or the base kernel, which NAME is, is built
share_objects()
{
	local guest=$OUT/build/guest

	have ccache && [[ $NAME == guest || ($NAME == base && -f $guest/built) ]] || return 0
	shared_state >"$DIR/shared-state" || return
	if [[ $NAME == base ]]; then
		own_sources "$guest" >"$DIR/own-objects" || return
		export OWN_OBJECTS=$DIR/own-objects
	fi
	CCACHE_IGNOREHEADERS=include/generated/autoconf.h$(printf ':tree/%s' "${SHARED_HEADERS[@]}")
	export CCACHE_IGNOREHEADERS CCACHE_EXTRAFILES=$DIR/shared-state
}
