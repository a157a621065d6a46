# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Test points in TAP, for the suites. The plan comes last, so a suite that dies
# half-way has none; what it printed is indented, so it is not taken for points.

TAP_COUNT=0

tap_begin()
{
	TAP_COUNT=0
	printf 'TAP version 13\n'
}

# tap_point STATUS NAME: "ok" if STATUS is 0
tap_point()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	(($1 == 0)) || printf 'not '
	printf 'ok %d - %s\n' "$TAP_COUNT" "$2"
}

# tap_skip NAME REASON
tap_skip()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	printf 'ok %d - %s # SKIP %s\n' "$TAP_COUNT" "$1" "$2"
}

tap_comment()
{
	sed -u 's/^/# /'
}

# tap_run NAME COMMAND...: a point that is COMMAND's success, with its output
# as comment. Returns COMMAND's status.
tap_run()
{
	local name=$1 status=0
	shift

	"$@" 2>&1 </dev/null | tap_comment || status=${PIPESTATUS[0]}
	tap_point "$status" "$name"
	return "$status"
}

tap_end()
{
	printf '1..%d\n' "$TAP_COUNT"
}
