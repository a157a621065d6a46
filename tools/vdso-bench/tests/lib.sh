# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of vdso-bench share. They run in tools/vdso-bench; BIN is where the
# programs are, PATCHED and UNPATCHED are build directories of kernels, and the
# layouts of these are in BIN.

set -euo pipefail

. ../../scripts/tap.sh
. ../tap-expect.sh

# shellcheck disable=SC2034 # for those that source this file
BENCH=$BIN/vdso-bench
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

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
