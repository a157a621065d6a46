#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command line of vdso-bench, and what it writes; no kernel build is needed.

. "$(dirname -- "$0")/lib.sh"

MAN=../../Documentation/man/vdso-bench.1
QUICK=(--rounds 3 --runs 1 --batch 16)
# Hours of measuring, so that what is said within a minute is said before it
SLOW=(timeout 60 "$BENCH" --rounds 100000 --runs 1000 --batch 1000000)
IMAGE=(--patched /tmp --patched-layout /dev/null)

# Every option of --help is in the manual, and the other way round.
options_documented()
{
	diff <("$BENCH" --help | grep -o -- '--[a-z-]*' | sort -u) \
		<(sed 's/\\-/-/g' "$MAN" | grep -o -- '--[a-z-]*' | sort -u)
}

rows_documented()
{
	local row

	"$BENCH" --help >"$WORK/help"
	for row in rdtsc 'lfence rdtsc' rdtscp 'called rdtsc' 'called rdtscp' CLOCK_TRACE CLOCK_TRACE_UNORDERED \
		CLOCK_MONOTONIC CLOCK_MONOTONIC_COARSE CLOCK_BOOTTIME; do
		grep -qF -- "$row" "$WORK/help" || { echo "no $row"; return 1; }
	done
}

# json_is CONDITION FILE: a Python expression on the document d
json_is()
{
	python3 - "$@" <<-'END'
		import json, sys
		d = json.load(open(sys.argv[2]))
		if not eval("(" + sys.argv[1] + ")"):
		    print("does not hold:", sys.argv[1])
		    sys.exit(1)
	END
}

measure()
{
	"$BENCH" "${QUICK[@]}" --json >"$WORK/v.json" &&
		"$BENCH" "${QUICK[@]}" --json-file "$WORK/f.json" --plot "$WORK/v.svg" \
			>"$WORK/table"
}

table_lists_limits()
{
	grep -q '^NOT MEASURED .*CLOCK_TRACE / CLOCK_MONOTONIC' "$WORK/table" &&
		! grep -q '^held' "$WORK/table"
}

plot_has_rows()
{
	grep -q '<svg' "$WORK/v.svg" && grep -qF 'rdtscp, inline' "$WORK/v.svg" &&
		grep -q '</svg>' "$WORK/v.svg" && [[ $(echo "$WORK"/v.svg*) == "$WORK/v.svg" ]]
}

# write_to OPTION FILE: let the option write the file
write_to()
{
	"$BENCH" "${QUICK[@]}" --rows rdtsc "$1" "$2" >/dev/null
}

plot_with_odd_name()
{
	local name=$WORK/"it's \\ a"$'\n'plot.svg

	write_to --plot "$name" && grep -q '</svg>' "$name"
}

has_rows()
{
	if [[ $1 == --plot ]]; then
		grep -q '</svg>' "$2"
	else
		json_is "d['rows']" "$2"
	fi
}

pipe_stays()
{
	rm -f "$WORK/pipe"
	mkfifo "$WORK/pipe"
	timeout 60 cat "$WORK/pipe" >"$WORK/read" &
	write_to "$1" "$WORK/pipe" && wait $! && [[ -p $WORK/pipe ]] && has_rows "$1" "$WORK/read"
}

link_stays()
{
	printf '%99999s' "longer than what is written" >"$WORK/target"
	ln -sf target "$WORK/link"
	write_to "$1" "$WORK/link" && [[ -L $WORK/link && ! -L $WORK/target ]] &&
		has_rows "$1" "$WORK/target" || return
	rm "$WORK/target"
	write_to "$1" "$WORK/link" && [[ -L $WORK/link ]] && has_rows "$1" "$WORK/target"
}

device_stays()
{
	write_to "$1" "$WORK/null" && [[ -c $WORK/null ]]
}

file_has_usual_mode()
{
	(umask 027 && write_to --json-file "$WORK/mode.json") &&
		[[ $(stat -c %a "$WORK/mode.json") == 640 ]]
}

read_only()
{
	# shellcheck disable=SC2016 # the inner shell expands these
	"${MOUNTS[@]}" bash -c 'mount -t tmpfs -o ro none "$1" && shift && "$@"' bash "$WORK/full" \
		"${SLOW[@]}" "$1" "$WORK/full/file"
}

# A file system that is full: the old file stays, whole.
full_disk()
{
	# shellcheck disable=SC2016 # the inner shell expands these
	"${MOUNTS[@]}" bash -c '
		mount -t tmpfs -o size=8k full "$1" &&
		echo old >"$1/v.json" && ! head -c 1M /dev/zero >"$1/filler" 2>/dev/null &&
		! "$2" --rounds 1 --runs 1 --batch 1 --json-file "$1/v.json" >/dev/null &&
		[[ $(<"$1/v.json") == old && $(cd "$1" && echo *) == "filler v.json" ]]' bash "$WORK/full" "$BENCH"
}

# to_full_device COMMAND...
to_full_device()
{
	"$@" >/dev/full
}

# stand_in ABI [CLOCK...]: a syscall-cost that finds these clocks, or cannot be run
stand_in()
{
	local abi=$1 file=$WORK/bin/syscall-cost-$1 rows="" clock
	shift

	for clock; do
		rows+="${rows:+,}{ \"abi\": \"$abi\", \"clock\": \"$clock\", \"path\": \"syscall\", \"unit\": \"ticks\", \"cost\": 616 }"
	done
	{
		printf '#!/bin/bash\n'
		(($#)) || printf 'exit 1\n'
		printf "cat <<'END'\n"
		printf '{ "unit": "ticks", "state": "counter", "rows": [ %s ] }\nEND\n' "$rows"
	} >"$file"
	chmod 755 "$file"
}

run_here()
{
	BIN=$WORK/bin syscall-cost/run-here "$WORK/here"
}

here_with_clock()
{
	stand_in x86-64 CLOCK_MONOTONIC CLOCK_TRACE
	stand_in i386 CLOCK_MONOTONIC CLOCK_TRACE
	run_here >"$WORK/table" &&
		grep -q "ticks per call, CLOCK_TRACE driven by: counter" "$WORK/table" &&
		grep -qE "^CLOCK_TRACE +616 +616" "$WORK/table" &&
		json_is "d['unit'] == 'ticks'" "$WORK/here-x86-64.json" &&
		json_is "d['unit'] == 'ticks'" "$WORK/here-i386.json"
}

here_without_32_bit()
{
	stand_in i386
	run_here >"$WORK/table" && grep -q "no 32-bit programs" "$WORK/table" &&
		grep -qE "^CLOCK_TRACE +616$" "$WORK/table" && [[ ! -e $WORK/here-i386.json ]]
}

here_without_clock()
{
	stand_in x86-64 CLOCK_MONOTONIC
	run_here >"$WORK/table" && grep -q "has no CLOCK_TRACE" "$WORK/table" &&
		! grep -q 616 "$WORK/table" && [[ ! -e $WORK/here-x86-64.json ]]
}

# Whichever of the two this machine's kernel is
here()
{
	BIN=$BIN syscall-cost/run-here "$WORK/real" >"$WORK/table" || return
	if [[ -e $WORK/real-x86-64.json ]]; then
		json_is "any(r['clock'] == 'CLOCK_TRACE' for r in d['rows'])" \
			"$WORK/real-x86-64.json"
	else
		grep -q "has no CLOCK_TRACE" "$WORK/table"
	fi
}

one_cpu()
{
	local cpu

	cpu=$(taskset -pc $$ | sed 's/.*[ ,-]//')
	taskset -c "$cpu" "$BENCH" "${QUICK[@]}" --json >"$WORK/one.json" 2>"$WORK/one.err" &&
		grep -q 'one CPU only' "$WORK/one.err" &&
		json_is "all(r['mode'] != 'tick-writer' for r in d['rows'])" "$WORK/one.json"
}

tap_begin
tap_run "--help and the manual list the same options" options_documented || true
if type mandoc >/dev/null 2>&1; then
	tap_run "the manual is well-formed" mandoc -T lint -W warning "$MAN" || true
else
	tap_skip "the manual is well-formed" "there is no mandoc"
fi
tap_run "--help lists the rows" rows_documented || true

expect "unknown option" 1 "'vdso-bench --help' lists" "$BENCH" --nonsense
expect "argument that is no option" 1 "'file' is no option" "$BENCH" file
expect "no rounds" 1 "--rounds wants a number from 1" "$BENCH" --rounds 0
expect "negative number" 1 "--runs wants a number" "$BENCH" --runs -1
expect "number that is none" 1 "--batch wants a number .*'10x'" "$BENCH" --batch 10x
expect "number beyond all bounds" 1 "--tick-rate wants a number" \
	"$BENCH" --tick-rate 99999999999999999999
expect "unknown ABI" 1 "--abi knows x86-64 and i386, not 'arm'" "$BENCH" --abi arm
expect "unknown row" 1 "--rows does not know 'CLOCK_MOON'" "$BENCH" --rows rdtsc,CLOCK_MOON
expect "unknown mode" 1 "--mode knows .* not ''" "$BENCH" --mode throughput,
expect "CPU that is not there" 1 "CPU 1000 may not be used" "$BENCH" --cpu 1000
expect "tick writer on the same CPU" 1 "must differ" "$BENCH" --cpu 0 --tick-cpu 0
expect "image without layout" 1 "--patched needs --patched-layout" "$BENCH" --patched /tmp
expect "layout without image" 1 "--unpatched-layout needs --unpatched" \
	"$BENCH" --unpatched-layout /dev/null
expect "count without images" 1 "need --patched or --unpatched" "$BENCH" --count
expect "count and compare" 1 "exclude each other" "$BENCH" --count --compare \
	--patched /tmp --patched-layout /dev/null
expect "trace as JSON" 1 "has no JSON form" "$BENCH" --trace --json --patched /tmp \
	--patched-layout /dev/null
expect "rows that are in no image" 1 "none of the chosen rows" \
	"$BENCH" "${QUICK[@]}" --no-machine --rows CLOCK_MONOTONIC
for option in --no-machine "--rows rdtsc" "--mode cold" "--rounds 1" "--runs 1" "--batch 1" \
	"--syscall-counts $WORK/none.json" "--plot $WORK/v.svg" --strict; do
	for purpose in count compare trace; do
		# shellcheck disable=SC2086 # an option and its value
		expect "${option%% *} with --$purpose" 1 \
			"${option%% *} has no meaning with --$purpose" \
			"$BENCH" "${IMAGE[@]}" --$purpose $option
	done
done
for option in "--cpu 0" "--tick-cpu 0" "--tick-rate 1" --json "--json-file $WORK/v.json"; do
	# shellcheck disable=SC2086 # an option and its value
	expect "${option%% *} with --compare" 1 "${option%% *} has no meaning with --compare" \
		"$BENCH" "${IMAGE[@]}" --compare $option
done
expect "size of batches that are all cold" 1 "--batch has no meaning with --mode cold" \
	"$BENCH" --mode cold --batch 1

expect "system call counts that are not there" 1 "cannot read .*none.json" \
	"${SLOW[@]}" --syscall-counts "$WORK/none.json"
expect "system call counts that are no JSON" 1 "cannot read .*cli.sh as output .* no JSON" \
	"${SLOW[@]}" --syscall-counts "$0"
printf 'null\n' >"$WORK/counts.json"
expect "system call counts that are null" 1 "cannot read .* null" \
	"${SLOW[@]}" --syscall-counts "$WORK/counts.json"
for counts in '[]' '7' '{ "rows": null }' '{ "rows": {} }'; do
	printf '%s\n' "$counts" >"$WORK/counts.json"
	expect "system call counts that are $counts" 1 "it has no rows" \
		"${SLOW[@]}" --syscall-counts "$WORK/counts.json"
done
# rows of what both clocks cost
counts()
{
	local row='{ "abi": "i386", "path": "syscall", "unit": "instructions", "clock"'

	printf '{ "rows": [ %s: "CLOCK_TRACE", "cost": %s }, %s: "CLOCK_MONOTONIC", "cost": 200 } ] }\n' \
		"$row" "$1" "$row" >"$WORK/counts.json"
}
for cost in null '"186"' -186 0 '{}'; do
	counts "$cost"
	expect "system call counts with a cost of $cost" 1 "has no instructions of both" \
		"${SLOW[@]}" --syscall-counts "$WORK/counts.json"
done
counts 186
expect "system call counts as they should be" 0 "held .* syscall, instructions, .* 0\.930" \
	"$BENCH" "${QUICK[@]}" --rows rdtsc --syscall-counts "$WORK/counts.json"

for option in --json-file --plot; do
	expect "$option in a directory that is not there" 1 "cannot write .*/nowhere/file: No such" \
		"${SLOW[@]}" "$option" "$WORK/nowhere/file"
	expect "$option to a directory" 1 "cannot write .*: Is a directory" \
		"${SLOW[@]}" "$option" "$WORK"
	expect "$option without a name" 1 "cannot write : No such" "${SLOW[@]}" "$option" ""
done
expect "plot without gnuplot" 1 "needs gnuplot, which cannot be started" \
	env PATH=/nowhere "$(type -P timeout)" 60 "${SLOW[@]:2}" --plot "$WORK/v.svg"
mkdir "$WORK/bin"
ln -s "$(type -P false)" "$WORK/bin/gnuplot"
expect "plot with a gnuplot that does not work" 1 "needs a gnuplot that writes SVG" \
	env PATH="$WORK/bin:$PATH" "${SLOW[@]}" --plot "$WORK/v.svg"
tap_run "failures before measuring leave no file" test ! -e "$WORK/v.svg" || true
expect "JSON that cannot be written" 1 "cannot write standard output" \
	to_full_device "$BENCH" "${QUICK[@]}" --rows rdtsc --json
expect "tables that cannot be written" 1 "cannot write standard output" \
	to_full_device "$BENCH" "${QUICK[@]}" --rows rdtsc
expect "help that cannot be written" 1 "cannot write standard output" \
	to_full_device "$BENCH" --help
for option in --help "--samples 3" "--samples 3 --json"; do
	# shellcheck disable=SC2086 # an option and its value
	expect "syscall-cost $option that cannot be written" 1 "cannot write standard output" \
		to_full_device "$BIN/syscall-cost-x86-64" $option
done
expect "runner without its job" 1 "is started by vdso-bench" "$BIN/vdso-bench-runner-x86-64"
expect "limits that were not measured do not hold" 3 "NOT MEASURED" \
	"$BENCH" "${QUICK[@]}" --rows rdtsc --strict

tap_run "measure the machine's vDSO" measure || true
tap_run "JSON has the members of its schema" json_is \
	"set(d) == {'cpu', 'tsc_hz', 'rows', 'counts', 'limits'} and d['tsc_hz'] > 1e6 and
	 all(set(r) == {'abi', 'image', 'clock', 'mode', 'unit', 'median', 'p10', 'p90', 'mean',
	                    'rounds'}
	     for r in d['rows']) and
	 all(set(l) == {'name', 'value', 'spread', 'limit', 'verdict', 'held'}
	     for l in d['limits'])" \
	"$WORK/v.json" || true
tap_run "JSON has both ABIs, all modes and both sources" json_is \
	"{(r['abi'], r['mode'], r['image']) for r in d['rows']} ==
	 {(a, m, i) for a in ('x86-64', 'i386') for m in ('throughput', 'latency', 'cold')
	  for i in ('inline', 'machine')} |
	 {(a, 'tick-writer', 'inline') for a in ('x86-64', 'i386')}" "$WORK/v.json" || true
tap_run "percentiles are in order" json_is \
	"all(r['p10'] <= r['median'] <= r['p90'] and r['mean'] > 0 and 1 <= r['rounds'] <= 3 for r in d['rows'])" \
	"$WORK/v.json" || true
tap_run "without images no limit holds" json_is \
	"d['limits'] and not any(l['held'] or l['value'] is not None for l in d['limits'])" \
	"$WORK/v.json" || true
tap_run "the file has what is printed" json_is "d['rows'] and d['limits']" "$WORK/f.json" || true
tap_run "the table says which limits were not measured" table_lists_limits || true
tap_run "the plot has the rows" plot_has_rows || true
tap_run "a plot may have any name" plot_with_odd_name || true
for option in --json-file --plot; do
	tap_run "$option to a pipe" pipe_stays "$option" || true
	tap_run "$option to a symbolic link" link_stays "$option" || true
	if [[ -e $WORK/null ]] || mknod "$WORK/null" c 1 3 2>/dev/null; then
		tap_run "$option to a device" device_stays "$option" || true
	else
		tap_skip "$option to a device" "only root can make one"
	fi
done
tap_run "a new file has the mode that the umask says" file_has_usual_mode || true
mkdir "$WORK/full"
# Mounts of our own, as root or as root of a user namespace
MOUNTS=(unshare -m)
"${MOUNTS[@]}" true 2>"$WORK/unshare" || MOUNTS+=(-r)
if "${MOUNTS[@]}" true 2>/dev/null; then
	tap_run "a full disk leaves the old file" full_disk || true
	for option in --json-file --plot; do
		expect "$option to a read-only file system" 1 "cannot write .*: Read-only" \
			read_only "$option"
	done
else
	tap_skip "a full disk leaves the old file" "$(<"$WORK/unshare")"
	tap_skip "output to a read-only file system" "$(<"$WORK/unshare")"
fi
tap_run "system calls of a running kernel with the clock" here_with_clock || true
tap_run "system calls of one without 32-bit programs" here_without_32_bit || true
tap_run "system calls of one without the clock" here_without_clock || true
tap_run "system calls of this machine's kernel" here || true
tap_run "one CPU: no tick writer, and it says so" one_cpu || true
tap_end
