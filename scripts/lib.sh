# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script here shares: where things are, how a script ends with a
# message, and how a long step shows that it is alive.

set -euo pipefail
export LC_ALL=C

TOP=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
OUT=$TOP/out
SCRIPTS=$TOP/scripts
LOG_DIR=$OUT/log
PROG=${0##*/}

# The base of the series. Debian's package is one way to get it, KSRC another.
BASE_VERSION=7
BASE_PATCHLEVEL=3
BASE_SUBLEVEL=4
BASE_NAME=linux-$BASE_VERSION.$BASE_PATCHLEVEL
BASE_TREE=$OUT/src/$BASE_NAME-base
PATCHED_TREE=$OUT/src/$BASE_NAME

# What "make run" and "make shell" are for, by the kernel's name of it. Not for the builds in
# between, which take ARCH from the environment as well.
GUEST_ARCH=${GUEST_ARCH:-${ARCH:-x86}}
case $GUEST_ARCH in
x86_64) GUEST_ARCH=x86 ;;
aarch64) GUEST_ARCH=arm64 ;;
esac
export GUEST_ARCH
unset ARCH

JOBS=${JOBS:-$(nproc)}
export TOP OUT SCRIPTS BASE_NAME BASE_SUBLEVEL BASE_TREE PATCHED_TREE

if ! mkdir -p "$OUT" "$LOG_DIR" 2>/dev/null || [[ ! -w $OUT ]]; then
	printf '%s: %s\n' "$PROG" "cannot write to $OUT as $(id -un); run as the owner of the checkout" >&2
	exit 1
fi

note()
{
	printf '%s\n' "$*"
}

warn()
{
	printf '%s: warning: %s\n' "$PROG" "$*" >&2
}

# die MESSAGE...: one line a message, then exit 1
die()
{
	local line

	for line in "$@"; do
		printf '%s: %s\n' "$PROG" "$line" >&2
	done
	exit 1
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

# elapsed SECONDS: m:ss
elapsed()
{
	printf '%d:%02d' "$(($1 / 60))" "$(($1 % 60))"
}

# show_progress LABEL LOG TOTAL: the body of the ticker that run_logged starts.
# On a terminal one line is rewritten in place; in a log a line every 15 s.
show_progress()
{
	local label=$1 log=$2 total=$3 start=$SECONDS done_ text

	# The last sleep may outlive the step, and must not hold its lock.
	[[ -z ${LOCK_FD:-} ]] || exec {LOCK_FD}>&-
	while sleep 1; do
		# What kbuild prints for an object: "  CC      kernel/fork.o"
		done_=$(grep -c '^  [A-Z][A-Z0-9_]*\( \[M\]\)\? ' "$log") || true
		text=""
		if ((done_ > 0)); then
			text=", $done_"
			((total > 0)) && text+=" of about $total"
			text+=" objects"
		fi
		if [[ -t 1 ]]; then
			printf '\r\033[K%s: %s%s' "$label" \
				"$(elapsed $((SECONDS - start)))" "$text"
		elif (((SECONDS - start) % 15 == 0)); then
			printf '%s: %s%s\n' "$label" \
				"$(elapsed $((SECONDS - start)))" "$text"
		fi
	done
}

# run_logged LABEL LOG TOTAL COMMAND...: run COMMAND with its output in
# LOG_DIR/LOG.log and progress on stdout. TOTAL is the expected number of
# objects, or 0. On failure, show the end of the log and return its status.
run_logged()
{
	local label=$1 log=$LOG_DIR/$2.log total=$3 start=$SECONDS status=0 ticker
	shift 3

	: >"$log"
	show_progress "$label" "$log" "$total" 2>/dev/null &
	ticker=$!
	"$@" >"$log" 2>&1 </dev/null || status=$?
	kill "$ticker" 2>/dev/null || true
	wait "$ticker" 2>/dev/null || true
	[[ -t 1 ]] && printf '\r\033[K'
	if ((status)); then
		{
			printf '%s: FAILED after %s (exit status %d). ' \
				"$label" "$(elapsed $((SECONDS - start)))" "$status"
			printf 'The end of %s:\n' "$log"
			grep -m 5 -n -E '(error|Error):|\*\*\* ' "$log" |
				sed 's/^/    line /' || true
			tail -n 30 "$log" | sed 's/^/    /'
		} >&2
		return "$status"
	fi
	printf '%s: done in %s\n' "$label" "$(elapsed $((SECONDS - start)))"
}

# need_space MEGABYTES WHAT: end now rather than with a full disk in an hour
need_space()
{
	local free

	free=$(df -Pm "$OUT" | awk 'NR == 2 { print $4 }')
	((free >= $1)) || die \
		"not enough disk space for $2: $OUT has $free MB free, $1 MB are needed" \
		"free some space, or clone to a larger disk"
}

# with_lock FILE COMMAND...: one at a time among everyone who uses the checkout
with_lock()
{
	local lock=$1
	shift

	mkdir -p "$(dirname -- "$lock")"
	exec {LOCK_FD}>"$lock"
	if ! flock -n "$LOCK_FD"; then
		note "waiting for another run that holds $lock"
		flock "$LOCK_FD"
	fi
	"$@"
	exec {LOCK_FD}>&-
}

# kernel_version TREE: "7.3.4" or "7.3.0-rc1" as the Makefile of a kernel tree says it
kernel_version()
{
	parse_kernel_version <"$1/Makefile"
}

# parse_kernel_version: the same, from a kernel's top Makefile on stdin
parse_kernel_version()
{
	awk -F '[ =]+' '
		$1 == "VERSION" { v = $2 }
		$1 == "PATCHLEVEL" { p = $2 }
		$1 == "SUBLEVEL" { s = $2 }
		$1 == "EXTRAVERSION" { print v "." p "." s $2; found = 1; exit }
		END { exit !found }'
}
