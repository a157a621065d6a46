#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The instructions that the clocks of the patched images take, against those of the
# unpatched ones. Unlike times, they are the same on every run of one machine.

. "$(dirname -- "$0")/lib.sh"

for name in patched unpatched; do
	declare -n directory=${name^^}
	is_built "$name" "$directory" ||
		skip_all "count instructions" "no kernel is built in $directory"
done

count()
{
	"$BENCH" --count --json --patched "$PATCHED" --patched-layout "$BIN/layout-patched.o" \
		--unpatched "$UNPATCHED" --unpatched-layout "$BIN/layout-unpatched.o" >"$1"
}

tap_begin
tap_run "count" count "$WORK/first.json" || { tap_end; exit 1; }
tap_run "count again" count "$WORK/second.json" || true
tap_run "the numbers repeat" cmp "$WORK/first.json" "$WORK/second.json" || true

# One line for each point: its status and its name
while IFS=$'\t' read -r status name; do
	tap_point "$status" "$name"
done < <(python3 tests/judge-counts.py "$WORK/first.json")
tap_end
