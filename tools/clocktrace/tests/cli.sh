#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The clocktrace command on any kernel: usage, numbers, conversions that need no
# clock, sysfs, output that cannot be written, signals; and on a kernel without
# CLOCK_TRACE, that it says so.

set -euo pipefail
HERE=$(cd -- "$(dirname -- "$0")" && pwd)
. "$HERE/../../../scripts/tap.sh"
CLOCKTRACE=${CLOCKTRACE:-clocktrace}
COMMANDS=(info check read watch convert bench)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run ARG...: clocktrace, with its results in $status, $work/out and $work/err
run()
{
	status=0
	"$CLOCKTRACE" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

# shown WHAT: fails, and tells what the last run gave
shown()
{
	printf '%s, but exit status %d and:\n' "$1" "$status"
	cat "$work/out" "$work/err"
	return 1
}

# gives STATUS OUT ERR ARG...: exit status, and what standard output and error
# match, as extended regular expressions; "" is nothing at all
gives()
{
	local want=$1 out=$2 err=$3
	shift 3

	run "$@"
	if ((status != want)) || ! matches "$work/out" "$out" || ! matches "$work/err" "$err"; then
		shown "expected status $want, output \"$out\", message \"$err\""
	fi
}

matches()
{
	if [[ -z $2 ]]; then
		[[ ! -s $1 ]]
	else
		grep -qE -- "$2" "$1"
	fi
}

# Each object or line of output is JSON.
is_json()
{
	jq -e . >/dev/null
}

test_usage()
{
	local command option

	tap_run "no command" gives 2 "" "say what to do" || true
	tap_run "unknown command" gives 2 "" "no command 'go'" go || true
	tap_run "unknown option" gives 2 "" "Try 'clocktrace --help'" --go || true
	tap_run "help" gives 0 "^Usage: clocktrace COMMAND" "" --help || true
	tap_run "version" gives 0 "^clocktrace [0-9]+\.[0-9]+" "" --version || true
	for command in "${COMMANDS[@]}"; do
		tap_run "$command: help" gives 0 "^Usage: clocktrace $command" "" \
			"$command" --help || true
		tap_run "$command: version" gives 0 "^clocktrace $command $(<"$HERE/../../../VERSION")$" \
			"" "$command" --version || true
		tap_run "$command: unknown option" gives 2 "" \
			"Try 'clocktrace $command --help'" "$command" --go || true
		[[ $command == convert ]] ||
			tap_run "$command: argument" gives 2 "" "'x' makes no sense" \
				"$command" x || true
	done
	tap_run "convert: no argument" gives 2 "" "give the numbers to convert" convert || true
	for option in "info --sysfs" "check --retries" "read --count" "watch --timeout" "convert --to" \
		"bench --rounds"; do
		# shellcheck disable=SC2086 # command and option
		tap_run "$option without its value" gives 2 "" "requires an argument" \
			$option || true
	done
	tap_run "read: --freq and --unordered" gives 2 "" "give one" \
		read --freq --unordered || true
	tap_run "convert: --frequency and --epoch" gives 2 "" "one of the two" \
		convert --frequency 1 --epoch 1 1 || true
	tap_run "convert: --frequency and a clock" gives 2 "" "does not go with" \
		convert --frequency 1 --to realtime 1 || true
	tap_run "convert: unknown clock" gives 2 "" "the name of a clock" \
		convert --to moon 1 || true
	tap_run "help fits 80 columns" narrow || true
}

narrow()
{
	local command

	for command in "" "${COMMANDS[@]}"; do
		# shellcheck disable=SC2086 # none for the global help
		"$CLOCKTRACE" $command --help
	done | awk 'length > 80 { print; wide = 1 } END { exit wide }'
}

test_numbers()
{
	local text

	for text in "" " 1" "1 " +1 -1 1x 0x 0xg 1.5 1e3 18446744073709551616 \
		0x10000000000000000 99999999999999999999999999; do
		tap_run "'$text' is no number" gives 2 "" "'${text/+/\\+}' is not a whole number" \
			convert --frequency 1000000000 -- "$text" || true
	done
	for text in 0 1000000000; do
		tap_run "'$text' is no epoch" gives 2 "" "from 1 to 999999999" \
			convert --epoch "$text" 1 || true
	done
	for text in "" 0 0.0 -1 1. .5 1.0000000001 1e3 nan 1s 1000000001 0x10; do
		tap_run "'$text' is no duration" gives 2 "" "is not a number of seconds" \
			read --fallback --count 1 --interval="$text" || true
	done
	tap_run "retries that are no number" gives 2 "" "is not a whole number" \
		check --retries -1 || true
	tap_run "0 times" gives 2 "" "from 1 to" read --count 0 || true
	tap_run "no hertz" gives 2 "" "from 1 to" convert --frequency 0 1 || true
}

# converts RESULT ARG...: its only output
converts()
{
	local want=$1
	shift

	run convert "$@"
	if ((status != 0)) || [[ $(<"$work/out") != "$want" || -s $work/err ]]; then
		shown "expected $want"
	fi
}

converts_input()
{
	local status=0

	printf '3\n0x6\n9' | "$CLOCKTRACE" convert -f 3000000000 - >"$work/out" || status=$?
	((status == 0)) && [[ $(<"$work/out") == $'1\n2\n3' ]]
}

refuses_line()
{
	local status=0

	printf '3\n6\njunk\n9\n' | "$CLOCKTRACE" convert -f 3000000000 - \
		>"$work/out" 2>"$work/err" || status=$?
	((status == 2)) && [[ $(<"$work/out") == $'1\n2' ]] && grep -q 'line 3' "$work/err"
}

# refuses_bytes INPUT MESSAGE: as the first line, and no number comes of it
refuses_bytes()
{
	local status=0

	# shellcheck disable=SC2059 # for bytes that no argument can hold
	printf "$1" | "$CLOCKTRACE" convert -f 1000000000 - >"$work/out" 2>"$work/err" ||
		status=$?
	((status == 2)) && [[ ! -s $work/out ]] && grep -q 'line 1' "$work/err" &&
		grep -qE -- "$2" "$work/err"
}

converts_dos_lines()
{
	local status=0

	printf '5\r\n0x6\r\n7' | "$CLOCKTRACE" convert -f 1000000000 - >"$work/out" || status=$?
	((status == 0)) && [[ $(<"$work/out") == $'5\n6\n7' ]]
}

test_convert()
{
	local max=18446744073709551615

	tap_run "ticks to ns, rounded down" converts 333 -f 3000000000 1000 || true
	tap_run "hexadecimal" converts 4096 -f 1000000000 0x1000 || true
	tap_run "ns to ticks" converts 2400000000 --to ticks -f 2400000000 1000000000 || true
	tap_run "several" converts $'0\n1\n2' -f 1000000000 0 1 2 || true
	tap_run "largest ticks" converts "$max" -f 1000000000 "$max" || true
	tap_run "largest frequency" converts 0 -f "$max" 18446744073 || true
	tap_run "result that does not fit" gives 2 "" "result for $max does not fit" \
		convert -f 999999999 "$max" || true
	tap_run "nothing is printed before the last argument is checked" \
		gives 2 "" "'x' is not" convert -f 1 1 2 x || true
	tap_run "standard input" converts_input || true
	tap_run "standard input: wrong line" refuses_line || true
	tap_run "standard input: NUL byte and junk" \
		refuses_bytes '5\0junk\n' "NUL byte after '5'" || true
	tap_run "standard input: NUL byte at the end" refuses_bytes '5\0' "NUL byte" || true
	tap_run "standard input: NUL byte first" refuses_bytes '\0005\n' "NUL byte" || true
	tap_run "standard input: lines that end in CR LF" converts_dos_lines || true
	tap_run "standard input: only CR LF" refuses_bytes '\r\n' "'' is not" || true
	tap_run "standard input: CR within a line" \
		refuses_bytes '5\r6\n' "'5\\\\x0d6' is not a whole" || true
	tap_run "standard input: two CR" refuses_bytes '5\r\r\n' "is not a whole" || true
	tap_run "standard input: empty" gives 0 "" "" convert -f 1 - || true
	tap_run "JSON" converts \
		'{"ticks":18446744073709551615,"ns":6148914691236517205,"frequency":3000000000}' \
		--json -f 3000000000 "$max" || true
}

# sysfs_dir NAME EPOCH FREQUENCY SOURCE STATE REASON: a directory as the kernel's
sysfs_dir()
{
	mkdir "$work/$1"
	printf '%s\n' "$2" >"$work/$1/epoch"
	printf '%s\n' "$3" >"$work/$1/frequency"
	printf '%s\n' "$4" >"$work/$1/source"
	printf '%s\n' "$5" >"$work/$1/state"
	printf '%s\n' "$6" >"$work/$1/reason"
}

# check_files NAME RESULT CHECKS FAILURES INCOMPLETE: what a kernel with SMP has as well
check_files()
{
	printf '%s\n' "$2" >"$work/$1/check"
	printf '%s\n' "$3" >"$work/$1/checks"
	printf '%s\n' "$4" >"$work/$1/failures"
	printf '%s\n' "$5" >"$work/$1/incomplete"
	echo 60 >"$work/$1/check_interval"
}

# cpu_row NAME CPU REFERENCE RESULT WARP MIN MAX ROUND_TRIP: one CPU's figures in debugfs
cpu_row()
{
	local file=$work/$1/cpus

	[[ -e $file ]] ||
		echo 'cpu reference result warp offset_min offset_max round_trip time cost' >"$file"
	printf '%s ' "${@:2}" >>"$file"
	echo '1000000 98765' >>"$file"
}

# point_to NAME: have $work/now be that directory, at once
point_to()
{
	ln -s "$1" "$work/next"
	mv -T "$work/next" "$work/now"
}

# wait_for FILE LINES: until it has so many
wait_for()
{
	local i

	for ((i = 0; i < 600; i++)); do
		(($(wc -l <"$1") < $2)) || return 0
		sleep 0.05
	done
	return 1
}

watch_changes()
{
	local pid status=0

	point_to one
	: >"$work/log"
	"$CLOCKTRACE" watch --sysfs "$work/now" -i 0.02 -n 3 "$@" >"$work/log" &
	pid=$!
	if ! wait_for "$work/log" 1 || ! point_to two ||
		! wait_for "$work/log" 2 || ! point_to three ||
		! wait_for "$work/log" 3 || ! point_to four ||
		! wait_for "$work/log" 4; then
		kill "$pid"
		return 1
	fi
	wait "$pid" || status=$?
	cat "$work/log"
	((status == 0)) && (($(wc -l <"$work/log") == 4))
}

watch_text()
{
	watch_changes &&
		grep -qE '^[0-9T:.-]+Z start epoch 1 frequency 2400000000 source tsc state counter' \
			"$work/log" &&
		grep -qE ' change epoch 2 frequency 2399999999 source tsc state counter$' \
			"$work/log" &&
		grep -qE ' change epoch 3 .* state fallback: a "warp" of 12 ticks$' "$work/log" &&
		grep -qE ' change epoch 3 .* state fallback: watchdog$' "$work/log"
}

watch_json()
{
	watch_changes --json && is_json <"$work/log" &&
		[[ $(jq -r '[.event, .epoch, .frequency, .source, .state, .reason] |
			map(tostring) | join(",")' "$work/log") == \
"start,1,2400000000,tsc,counter,null
change,2,2399999999,tsc,counter,null
change,3,2399999999,monotonic,fallback,a \"warp\" of 12 ticks
change,3,2399999999,monotonic,fallback,watchdog" ]]
}

# stopped_by SIGNAL ARG...: after its first line, clocktrace is sent SIGNAL, and
# that is what ends it; a shell would not tell this from an exit status. One that
# writes without a pause is sent it while it waits for room in the pipe: no line is cut.
stopped_by()
{
	python3 - "$CLOCKTRACE" "$@" <<-'END'
		import array, fcntl, re, signal, subprocess, sys, termios, time
		sig = getattr(signal, sys.argv[2])
		child = subprocess.Popen([sys.argv[1]] + sys.argv[3:], stdout=subprocess.PIPE,
		    bufsize=0, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
		first = child.stdout.readline()
		# Without a pause it soon waits for room in the pipe.
		full = 65536 - 4096 if "-n" in sys.argv else 0
		waiting, end = array.array("i", [0]), time.monotonic() + 600
		while time.monotonic() < end:
		    fcntl.ioctl(child.stdout, termios.FIONREAD, waiting)
		    if waiting[0] >= full:
		        break
		    time.sleep(0.01)
		child.send_signal(sig)
		rest, _ = child.communicate(timeout=600)
		print(child.returncode, first, rest[-80:])
		line = rb"\d+ \d+ CLOCK_\w+\n" if sys.argv[3] == "read" else rb"[^\n]+\n"
		sys.exit(child.returncode != -sig or
		    not re.fullmatch(rb"(%s)+" % line, first + rest))
	END
}

# A parent may have wanted its children to ignore it.
ignores_hangup()
{
	: >"$work/log"
	(trap '' HUP; exec "$CLOCKTRACE" watch --sysfs "$work/one" --timeout 0.5 >"$work/log") &
	wait_for "$work/log" 1 && kill -HUP $! && wait $!
}

test_watch()
{
	sysfs_dir one 1 2400000000 tsc counter ""
	sysfs_dir two 2 2399999999 tsc counter ""
	sysfs_dir three 3 2399999999 monotonic fallback 'a "warp" of 12 ticks'
	sysfs_dir four 3 2399999999 monotonic fallback watchdog
	sysfs_dir bad_epoch 0 2400000000 tsc counter ""
	sysfs_dir bad_frequency 1 fast tsc counter ""
	sysfs_dir empty "" 2400000000 tsc counter ""
	sysfs_dir missing 1 2400000000 tsc counter ""
	rm "$work/missing/reason"

	tap_run "watch: changes" watch_text || true
	tap_run "watch: changes, JSON" watch_json || true
	tap_run "watch: time is over" gives 0 " start epoch 1 " "" \
		watch --sysfs "$work/one" --timeout 0.05 || true
	tap_run "watch: time is over before the change" gives 1 " start epoch 1 " "" \
		watch --sysfs "$work/one" --timeout 0.05 --count 1 || true
	tap_run "watch: SIGTERM" stopped_by SIGTERM watch --sysfs "$work/one" || true
	tap_run "watch: SIGINT" stopped_by SIGINT watch --sysfs "$work/one" || true
	tap_run "watch: SIGHUP that is ignored" ignores_hangup || true
	tap_run "watch: epoch out of range" gives 2 "" "bad_epoch/epoch does not hold" \
		watch --sysfs "$work/bad_epoch" --timeout 0.05 || true
	tap_run "watch: frequency that is none" gives 2 "" "bad_frequency/frequency does not" \
		watch --sysfs "$work/bad_frequency" --timeout 0.05 || true
	tap_run "watch: empty file" gives 2 "" "empty/epoch does not hold" \
		watch --sysfs "$work/empty" --timeout 0.05 || true
	tap_run "watch: missing file" gives 2 "" "cannot open .*missing/reason: No such file" \
		watch --sysfs "$work/missing" --timeout 0.05 || true
}

# shows_row COMMAND ROW: a line of the table, with any time at "ago"
shows_row()
{
	local row=$2

	# shellcheck disable=SC2086 # command and options
	run $1 --sysfs "$work/checked" --debugfs "$work/checked"
	tr -s ' ' <"$work/out" | grep -qE "^ ?$row\$" || shown "expected \"$row\""
}

check_json()
{
	run check --last --json --sysfs "$work/checked" --debugfs "$work/checked"
	if ((status != 1)) ||
		[[ $(jq -c '[.result, .checks, .failures, .incomplete, .interval_s]' \
			"$work/out") != '["failed",7,1,2,60]' ]] ||
		[[ $(jq -c '.cpus[] | [.cpu, .reference, .result, .warp, .offset_min,
			.offset_max, .round_trip, .time_ns, .cost_ns]' "$work/out") != \
'[0,0,"passed",0,0,0,0,1000000,98765]
[2,0,"passed",0,-740,1140,1880,1000000,98765]
[3,0,"failed",12,null,null,null,1000000,98765]
[10,0,"failed",0,-2101031,-2099131,1938,1000000,98765]' ]]; then
		shown "not complete"
	fi
}

# bad_check FILE TEXT: a file of the kernel that holds something else
bad_check()
{
	local status=0

	rm -rf "$work/bad"
	cp -r "$work/checked" "$work/bad"
	printf '%s\n' "$2" >"$work/bad/$1"
	"$CLOCKTRACE" check --last --sysfs "$work/bad" --debugfs "$work/bad" >"$work/out" 2>"$work/err" || status=$?
	if ((status != 2)) || ! grep -q "bad/$1 does not hold what it should" "$work/err"; then
		shown "of $1"
	fi
}

watch_checks()
{
	local pid status=0

	: >"$work/log"
	rm -rf "$work/live"
	cp -r "$work/good" "$work/live"
	"$CLOCKTRACE" watch --checks --sysfs "$work/live" -i 0.02 -n 2 >"$work/log" &
	pid=$!
	if ! wait_for "$work/log" 1 || ! echo 8 >"$work/live/checks" ||
		! wait_for "$work/log" 2 || ! echo 3 >"$work/live/incomplete" ||
		! wait_for "$work/log" 3; then
		kill "$pid"
		return 1
	fi
	wait "$pid" || status=$?
	cat "$work/log"
	((status == 0)) &&
		grep -qE 'Z check passed: 8 complete, 0 of them failed; 2 incomplete$' "$work/log" &&
		grep -qE 'Z check passed: 8 complete, 0 of them failed; 3 incomplete$' "$work/log"
}

# bad_row LINE SED: the table of CPUs with a line that is changed
bad_row()
{
	local status=0

	mkdir -p "$work/bad"
	sed "$1$2" "$work/checked/cpus" >"$work/bad/cpus"
	if cmp -s "$work/checked/cpus" "$work/bad/cpus"; then
		echo "line $1 is as it was"
		return 1
	fi
	"$CLOCKTRACE" check --last --sysfs "$work/checked" --debugfs "$work/bad" \
		>"$work/out" 2>"$work/err" || status=$?
	if ((status != 2)) ||
		! grep -q "bad/cpus, line $1 does not hold what it should" "$work/err"; then
		shown "of line $1"
	fi
}

other_columns()
{
	mkdir -p "$work/other"
	awk '{ print $9, "x", $8, $7, $6, $5, $4, $3, $2, $1 }' "$work/checked/cpus" \
		>"$work/other/cpus"
	run check --last --json --sysfs "$work/checked" --debugfs "$work/other"
	cp "$work/out" "$work/out.other"
	run check --last --json --sysfs "$work/checked" --debugfs "$work/checked"
	diff "$work/out" "$work/out.other"
}

test_check()
{
	sysfs_dir checked 3 2100000000 monotonic fallback "tsc: CPU 10 is behind"
	check_files checked failed 7 1 2
	cpu_row checked 10 0 failed 0 -2101031 -2099131 1938
	cpu_row checked 0 0 passed 0 0 0 0
	cpu_row checked 2 0 passed 0 -740 1140 1880
	cpu_row checked 3 0 failed 12 -9223372036854775808 9223372036854775807 \
		18446744073709551615
	sysfs_dir good 2 2100000000 tsc counter ""
	check_files good passed 7 0 2
	cpu_row good 0 0 passed 0 0 0 0
	sysfs_dir unmet 2 2100000000 tsc counter ""
	check_files unmet incomplete 7 0 3
	sysfs_dir never 1 1000000000 monotonic monotonic "no counter is registered"
	check_files never none 0 0 0

	tap_run "check: counts" shows_row "check --last" \
		'checks: 7 complete, 1 of them failed; 2 incomplete' || true
	tap_run "check: interval" shows_row "check --last" 'interval: 60 s' || true
	tap_run "check: a CPU that has passed" shows_row "check --last" \
		'2 0 0 -740 1140 1880 [0-9.]+ passed' || true
	tap_run "check: the reference" shows_row "check --last" \
		'0 - - - - - [0-9.]+ reference' || true
	tap_run "check: a CPU that has failed" shows_row "check --last" \
		'10 0 0 -2101031 -2099131 1938 [0-9.]+ failed' || true
	tap_run "check: a warp without bounds" shows_row "check --last" \
		'3 0 12 unknown unknown unknown [0-9.]+ failed' || true
	tap_run "check: JSON" check_json || true
	tap_run "check: passed" gives 0 "^sync check: +passed" "" \
		check --last --sysfs "$work/good" || true
	tap_run "check: incomplete" gives 2 "^sync check: +incomplete" "says nothing" \
		check --last --sysfs "$work/unmet" || true
	tap_run "check: there was none" gives 2 "^sync check: +none" "no check yet" \
		check --last --sysfs "$work/never" || true
	tap_run "check: a kernel that does not check" gives 2 "" "does not check its counter" \
		check --sysfs "$work/one" || true
	tap_run "check: a word that is none" bad_check check "passed 1" || true
	tap_run "check: an empty word" bad_check check "" || true
	tap_run "check: a long word" bad_check check "$(printf 'a%.0s' {1..40})" || true
	tap_run "check: columns in another order, and a new one" other_columns || true
	tap_run "check: without debugfs" gives 0 "no debugfs, which" "" \
		check --last --sysfs "$work/good" --debugfs "$work/none" || true
	tap_run "check: a column is missing" bad_row 1 's/ warp//' || true
	tap_run "check: a field is missing" bad_row 4 's/ 98765//' || true
	tap_run "check: a warp that is no number" bad_row 4 's/passed 0/passed -1/' || true
	tap_run "check: a bound that is no number" bad_row 4 's/-740/-740x/' || true
	tap_run "check: a bound that does not fit" bad_row 4 's/ 1140/ 9223372036854775808/' || true
	tap_run "check: a result that is no word" bad_row 4 's/passed/Passed/' || true
	tap_run "check: a reference that cannot be" bad_row 4 's/^2 0/2 65536/' || true
	tap_run "check: a CPU that cannot be" bad_row 4 's/^2/65536/' || true
	tap_run "watch: checks" watch_checks || true
	tap_run "watch: checks where there are none" gives 2 "" "does not check its counter" \
		watch --checks --sysfs "$work/one" || true
}

# fails_to_write NAME ARG...: on a full disk, a closed output
fails_to_write()
{
	local name=$1
	shift

	tap_run "$name: full disk" writes_to_full "$@" || true
	tap_run "$name: closed output" writes_to_closed "$@" || true
}

writes_to_full()
{
	status=0
	"$CLOCKTRACE" "$@" >/dev/full 2>"$work/err" || status=$?
	: >"$work/out"
	if ((status != 2)) ||
		! grep -q "cannot write .*: No space left on device" "$work/err"; then
		shown "to a full disk"
	fi
}

writes_to_closed()
{
	status=0
	"$CLOCKTRACE" "$@" >&- 2>"$work/err" || status=$?
	: >"$work/out"
	if ((status != 2)) || ! grep -q "cannot write .*: Bad file descriptor" "$work/err"; then
		shown "to a closed output"
	fi
}

broken_pipe()
{
	local -a ends

	"$CLOCKTRACE" read --fallback -n 10000000 2>"$work/err" | head -n 1 >/dev/null && true
	ends=("${PIPESTATUS[@]}")
	((ends[0] == 141)) && [[ ! -s $work/err ]]
}

# nobody_reads WANT PIPE ARG...: a command that would wait for an hour ends at once, as the
# reader of its first line has done; PIPE is what SIGPIPE does
nobody_reads()
{
	python3 - "$CLOCKTRACE" "$@" <<-'END'
		import signal, subprocess, sys
		want, pipe = int(sys.argv[2]), getattr(signal, sys.argv[3])
		child = subprocess.Popen([sys.argv[1]] + sys.argv[4:], stdout=subprocess.PIPE,
		    stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGPIPE, pipe))
		first = child.stdout.readline()
		child.stdout.close()
		# A timeout that only a hanging program can reach
		said = child.stderr.read() if child.wait(timeout=600) else b""
		print(child.returncode, first, said)
		sys.exit(not first or child.returncode != want or
		    (want > 0) != (b"cannot write to standard output: Broken pipe" in said))
	END
}

# Some programs start others with SIGPIPE ignored.
broken_pipe_ignored()
{
	local -a ends

	(trap '' PIPE; exec "$CLOCKTRACE" read --fallback -n 10000000 2>"$work/err") |
		head -n 1 >/dev/null && true
	ends=("${PIPESTATUS[@]}")
	((ends[0] == 2)) && grep -q "cannot write .*: Broken pipe" "$work/err"
}

test_output()
{
	fails_to_write "help" --help
	fails_to_write "version" --version
	fails_to_write "read" read --fallback
	fails_to_write "many reads" read --fallback -n 100000
	fails_to_write "convert" convert -f 1 1
	fails_to_write "convert JSON" convert --json -f 1 1
	fails_to_write "check" check --last --sysfs "$work/good"
	fails_to_write "watch" watch --sysfs "$work/one" --timeout 0.05
	fails_to_write "bench" bench --rounds 1 --calls 1
	tap_run "broken pipe" broken_pipe || true
	tap_run "broken pipe, SIGPIPE ignored" broken_pipe_ignored || true
	tap_run "watch: nobody reads any more" nobody_reads -13 SIG_DFL \
		watch --sysfs "$work/one" --interval 3600 || true
	tap_run "watch: nobody reads any more, SIGPIPE ignored" nobody_reads 2 SIG_IGN \
		watch --sysfs "$work/one" --interval 3600 || true
	tap_run "read: nobody reads any more" nobody_reads -13 SIG_DFL \
		read --fallback --interval 3600 || true
	tap_run "read: SIGINT" stopped_by SIGINT read --fallback -i 0.01 || true
	tap_run "read: SIGTERM without a pause" stopped_by SIGTERM \
		read --fallback -n 18446744073709551615 || true
}

bench_is_complete()
{
	run bench --rounds 3 --calls 10 --json
	jq -e '.rounds == 3 and .calls == 10 and (.results | length) == 16 and
		(.results[0] | .clock == "CLOCK_MONOTONIC" and .by == "libc" and
			.ratio.median == 1 and .ns.median > 0) and
		([.results[] | select(.error == null) |
			.ns.lower_quartile <= .ns.median and
			.ns.median <= .ns.upper_quartile and .ratio.median > 0] | all)' \
		"$work/out" >/dev/null || shown "not complete"
}

bench_tells_of_emulation()
{
	run bench --rounds 1 --calls 1
	if grep -qE '^flags.* hypervisor' /proc/cpuinfo; then
		grep -qE 'virtual machine|emulated' "$work/out" || shown "says nothing"
	else
		! grep -qE 'virtual machine|emulated' "$work/out" || shown "says too much"
	fi
}

test_bench()
{
	tap_run "bench: JSON is complete" bench_is_complete || true
	tap_run "bench: emulation" bench_tells_of_emulation || true
	tap_run "bench: CPU that is not there" gives 2 "" "cannot run on CPU 1023" \
		bench --cpu 1023 || true
	tap_run "bench: CPU that cannot be" gives 2 "" "from 0 to 1023" \
		bench --cpu 1024 || true
}

test_without_clock()
{
	local none="does not have CLOCK_TRACE"

	tap_run "without the clock: info" gives 1 "" "$none" info || true
	tap_run "without the clock: info says what to do" gives 1 "" "CONFIG_CLOCK_TRACE=y" \
		info || true
	tap_run "without the clock: info --json" gives 1 '^\{"available":false\}$' "$none" \
		info --json || true
	tap_run "without the clock: check" gives 2 "" "$none" check --sysfs "$work/none" || true
	tap_run "without the clock: read" gives 2 "" "$none" read || true
	tap_run "without the clock: read --syscall" gives 2 "" "$none" read --syscall || true
	tap_run "without the clock: read --unordered" gives 2 "" "$none" read --unordered || true
	tap_run "without the clock: read --freq" gives 2 "" "$none" read --freq || true
	tap_run "without the clock: read --fallback" gives 0 '^[0-9]+ 0 CLOCK_MONOTONIC$' "" \
		read --fallback || true
	tap_run "without the clock: read --fallback --freq" gives 0 \
		'^1000000000 0 CLOCK_MONOTONIC$' "" read --fallback --freq || true
	tap_run "without the clock: watch" gives 2 "" "$none" watch || true
	tap_run "without the clock: convert" gives 2 "" "--frequency" convert 1 || true
	tap_run "without the clock: convert to a date" gives 2 "" "$none" \
		convert --to realtime 1 || true
	tap_run "without the clock: bench shows the others" gives 2 \
		'^CLOCK_TRACE +libc +cannot be read' "$none" bench --rounds 1 --calls 1 || true
}

# documented COMMAND...: its options are in the man page
documented()
{
	local option

	"$CLOCKTRACE" "$@" --help | grep -oE -- '--[a-z]+' | sort -u |
		while read -r option; do
			grep -qF -- "${option//-/\\-}" "$MAN/clocktrace.1" ||
				{ echo "no $option"; exit 1; }
		done
}

test_man_pages()
{
	local command page
	MAN=$HERE/../../../Documentation/man

	for command in "${COMMANDS[@]}"; do
		tap_run "man page: options of $command" documented "$command" || true
	done
	for page in clocktrace.1 clock_trace.3 CLOCK_TRACE.2const; do
		if type mandoc >/dev/null 2>&1; then
			tap_run "man page: $page is well-formed" \
				mandoc -T lint -W warning "$MAN/$page" || true
		else
			tap_skip "man page: $page is well-formed" "there is no mandoc"
		fi
	done
}

tap_begin
if ! type jq >/dev/null 2>&1; then
	tap_skip "command line" "there is no jq: install the package jq"
	tap_end
	exit 0
fi
test_usage
test_numbers
test_convert
test_watch
test_check
test_output
test_bench
if "$CLOCKTRACE" read >/dev/null 2>&1; then
	tap_skip "without the clock" "this kernel has CLOCK_TRACE"
else
	test_without_clock
fi
test_man_pages
tap_end
