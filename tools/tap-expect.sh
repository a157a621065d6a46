# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests that print TAP: what a command line answers. Sourced after scripts/tap.sh,
# with WORK, a directory for files.

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
