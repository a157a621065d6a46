#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The instructions that the clocks of the patched images take, against those of the
# unpatched ones. Unlike times, they are the same on every run of one machine. And
# that the limits can be worked out again from the JSON of a measurement.

. "$(dirname -- "$0")/lib.sh"

for name in patched unpatched; do
	declare -n directory=${name^^}
	is_built "$name" "$directory" ||
		skip_all "count instructions" "no kernel is built in $directory"
done

IMAGES=(--patched "$PATCHED" --patched-layout "$BIN/layout-patched.o"
	--unpatched "$UNPATCHED" --unpatched-layout "$BIN/layout-unpatched.o")

count()
{
	"$BENCH" --count --json "${IMAGES[@]}" >"$1"
}

# A few batches: what they cost does not matter here, only how it is judged.
measure()
{
	"$BENCH" --rounds 5 --runs 1 --batch 32 --mode throughput,tick-writer --json \
		"${IMAGES[@]}" >"$1"
}

# points SCRIPT FILE: each line of a Python script's output is the status of a point
# and its name
points()
{
	local status name

	if ! python3 "$1" "$2" >"$WORK/points"; then
		tap_point 1 "$1 comes to its end"
	fi
	while IFS=$'\t' read -r status name; do
		tap_point "$status" "$name"
	done <"$WORK/points"
}

# The instructions of a function of an image, without where they lie. For data, the lower
# half of its address: objdump finds other symbols for it in x32.
code()
{
	objdump -d --no-show-raw-insn "$PATCHED/arch/x86/entry/vdso/vdso64/$1" |
		awk -F '\t' -v name="<$2>:" 'index($0, name) { on = 1; next } /^$/ { on = 0 }
			on { if (/# /) { sub(/ <.*/, "", $2); sub(/# ffffffffffff/, "# ffff", $2) }
			     gsub(/[0-9a-f]+ </, "<", $2); gsub(/-?0x[0-9a-f]+\(%rip\)/, "(%rip)", $2)
			     print $2 }'
}

# What is measured of x86-64 goes for x32, if that is built.
x32_is_x86_64()
{
	[[ -f $PATCHED/arch/x86/entry/vdso/vdso64/vdsox32.so.dbg ]] || return 0
	code vdso64.so.dbg __vdso_clock_gettime >"$WORK/x86-64"
	code vdsox32.so.dbg __vdso_clock_gettime >"$WORK/x32"
	printf '%d instructions\n' "$(wc -l <"$WORK/x32")"
	[[ -s $WORK/x32 ]] && diff "$WORK/x86-64" "$WORK/x32"
}

tap_begin
tap_run "count" count "$WORK/first.json" || { tap_end; exit 1; }
tap_run "count again" count "$WORK/second.json" || true
tap_run "the numbers repeat" cmp "$WORK/first.json" "$WORK/second.json" || true

points tests/judge-counts.py "$WORK/first.json"
tap_run "x32 programs have the code of 64-bit ones" x32_is_x86_64 || true

tap_run "measure" measure "$WORK/measured.json" || { tap_end; exit 1; }
points tests/recompute.py "$WORK/measured.json"
tap_end
