# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of vdso-bench share. They run in tools/vdso-bench; BIN is where the
# programs are, PATCHED and UNPATCHED are build directories of kernels, and the
# layouts of these are in BIN.

set -euo pipefail

. ../../scripts/tap.sh

# shellcheck disable=SC2034 # for those that source this file
BENCH=$BIN/vdso-bench
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# expect NAME STATUS TEXT COMMAND...: COMMAND ends with STATUS and says TEXT
expect()
{
	local name=$1 want=$2 text=$3 status=0
	shift 3

	"$@" >"$WORK/output" 2>&1 </dev/null || status=$?
	if ((status == want)) && grep -qE -- "$text" "$WORK/output"; then
		tap_point 0 "$name"
		return
	fi
	{
		printf 'exit status %d, expected %d and "%s" in:\n' "$status" "$want" "$text"
		cat "$WORK/output"
	} | tap_comment
	tap_point 1 "$name"
}

# is_built NAME DIR: are there images, and the layout that goes with them?
is_built()
{
	[[ -f $2/arch/x86/entry/vdso/vdso32/vdso32.so &&
		-f $2/arch/x86/entry/vdso/vdso64/vdso64.so && -f $BIN/layout-$1.o ]]
}

# skip_all NAME REASON: a whole test that cannot run says so and ends
skip_all()
{
	tap_begin
	tap_skip "$1" "$2"
	tap_end
	exit 0
}
