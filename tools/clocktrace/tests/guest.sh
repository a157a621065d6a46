#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The clocktrace command and clock_trace.h on a kernel that has CLOCK_TRACE: to
# be run as root in the booted guest, with what "make -C tools all check" built
# on the host. A kernel without the clock is a failure here.

set -euo pipefail
HERE=$(cd -- "$(dirname -- "$0")" && pwd)
TOP=$HERE/../../..
. "$HERE/../../../scripts/tap.sh"

SYSFS=/sys/kernel/clock_trace
DEBUGFS=/sys/kernel/debug/clock_trace

usage()
{
	cat <<END
Usage: guest.sh [TOOLS]
Test clocktrace and clock_trace.h on a kernel with CLOCK_TRACE. TOOLS is where
the tools were built (default: out/tools of the checkout). Prints TAP.
END
}

case "${1-}" in
-h | --help)
	usage
	exit 0
	;;
esac
TOOLS=${1:-$TOP/out/tools}
CLOCKTRACE=$TOOLS/clocktrace/clocktrace
[[ -x $CLOCKTRACE ]] || {
	echo "guest.sh: there is no $CLOCKTRACE: build it with make -C tools" >&2
	exit 2
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

clocktrace()
{
	"$CLOCKTRACE" "$@"
}

# json FILTER ARG...: what jq makes of the JSON output
json()
{
	local filter=$1
	shift

	clocktrace "$@" --json | jq -er "$filter"
}

# A member of info as it is printed; jq before 1.7 loses digits above 2^53.
member()
{
	grep -oE "\"$1\":[0-9]+" <<<"$2" | grep -oE '[0-9]+$'
}

value()
{
	clocktrace read "$@" | awk '{ print $1 }'
}

info_agrees_with_sysfs()
{
	local info
	info=$(clocktrace info --json)
	printf '%s\n' "$info"
	[[ $(member frequency "$info") == "$(<$SYSFS/frequency)" ]] &&
		[[ $(member epoch "$info") == "$(<$SYSFS/epoch)" ]] &&
		[[ $(jq -r .source <<<"$info") == "$(<$SYSFS/source)" ]] &&
		[[ $(jq -r .state <<<"$info") == "$(<$SYSFS/state)" ]] &&
		[[ $(jq -r '.reason // ""' <<<"$info") == "$(<$SYSFS/reason)" ]] &&
		[[ $(jq -r .available <<<"$info") == true ]]
}

# Drawn at random, once for a boot, and not the boot id
has_identity()
{
	local uuid
	uuid=$(<$SYSFS/uuid)
	printf '%s\n' "$uuid"
	[[ $uuid =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]] &&
		[[ $uuid == "$(<$SYSFS/uuid)" && $uuid != "$(</proc/sys/kernel/random/boot_id)" ]]
}

# The state decides who answers: only a trusted counter is read by the vDSO.
vdso_fits_state()
{
	local want=false
	[[ $(<$SYSFS/state) != counter ]] || want=true
	[[ $(json '.vdso | tostring' info) == "$want" ]]
}

resolution_is_a_tick()
{
	local hz
	hz=$(<$SYSFS/frequency)
	[[ $(json .resolution_ns info) == $(((1000000000 + hz - 1) / hz)) ]]
}

info_without_sysfs()
{
	local info
	info=$(clocktrace info --json --sysfs "$work/none")
	[[ $(jq -r '.source, .state | tostring' <<<"$info") == $'null\nnull' ]] &&
		[[ $(member frequency "$info") == "$(<$SYSFS/frequency)" ]]
}

info_sees_another_frequency()
{
	local status=0
	cp -r "$SYSFS/." "$work/wrong" 2>/dev/null || true
	echo 12345 >"$work/wrong/frequency"
	clocktrace info --sysfs "$work/wrong" 2>"$work/err" || status=$?
	((status == 2)) && grep -q "differs from 12345 Hz" "$work/err"
}

frequencies_agree()
{
	[[ $(value --freq) == "$(<$SYSFS/frequency)" ]] &&
		[[ $(value --freq --syscall) == "$(<$SYSFS/frequency)" ]] &&
		[[ $(value --freq --fallback) == "$(<$SYSFS/frequency)" ]]
}

epochs_agree()
{
	local option
	for option in "" --unordered --freq --syscall --fallback; do
		# shellcheck disable=SC2086 # no option at all is meant
		[[ $(clocktrace read $option | awk '{ print $2 }') == "$(<$SYSFS/epoch)" ]] ||
			return 1
	done
}

# Values come as they should, in one process: none is less than the one before.
in_order()
{
	clocktrace read -n 20000 "$@" |
		awk -v name="$NAME" '
			# As text of equal length, since awk counts in floating point.
			{ now = sprintf("%20s", $1) }
			$3 != name || now < last { print "line " NR ": " $0; bad = 1 }
			{ last = now }
			END { exit bad || NR != 20000 }'
}

fallback_is_the_clock()
{
	[[ $(clocktrace read --fallback | awk '{ print $3 }') == CLOCK_TRACE ]]
}

# At least what sleep(1) took; a busy machine may take any time longer.
counts_time()
{
	local before after
	before=$(value)
	sleep 0.2
	after=$(value)
	(($(clocktrace convert $((after - before))) >= 200000000))
}

# "now" by the clock that is named, before and after, in ns
now_of()
{
	python3 -c "import time; print(time.clock_gettime_ns(time.$1))"
}

# to_clock OPTION CLOCK: a value of now converts to a time of now
to_clock()
{
	local before after end ticks result ns slack
	before=$(now_of "$2")
	ticks=$(value)
	after=$(now_of "$2")
	result=$(clocktrace convert --json --to "$1" --rounds 50 "$ticks")
	printf '%s < %s < %s\n' "$before" "$result" "$after"
	end=$(now_of "$2")
	ns=$(member ns "$result")
	# The clocks were related after the value was read; NTP and calibration make rates differ.
	slack=$(($(member uncertainty_ns "$result") + (end - before) / 500))
	((ns >= before - slack && ns <= after + slack))
}

date_is_utc()
{
	local before utc after
	before=$(date +%s)
	utc=$(json .utc convert --to realtime "$(value)")
	after=$(date +%s)
	printf '%s\n' "$utc"
	[[ $utc =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z$ ]] &&
		(($(date -d "$utc" +%s) >= before - 1 && $(date -d "$utc" +%s) <= after))
}

epoch_of_the_past()
{
	local status=0 epoch
	epoch=$(<$SYSFS/epoch)
	clocktrace convert --epoch "$epoch" 1000 >/dev/null &&
		clocktrace convert --to realtime --epoch "$epoch" 1000 >/dev/null || return 1
	clocktrace convert --epoch $((epoch == 1 ? 2 : epoch - 1)) 1000 2>"$work/err" || status=$?
	((status == 2)) && grep -q "the epoch is $epoch and no longer" "$work/err"
}

convert_default_frequency()
{
	[[ $(clocktrace convert 123456789) == \
		"$(clocktrace convert --frequency "$(<$SYSFS/frequency)" 123456789)" ]]
}

bench_has_all()
{
	clocktrace bench --rounds 3 --calls 100 --json >"$work/bench" || return 1
	jq -e '[.results[] | has("error") | not] | all' "$work/bench" >/dev/null
}

bench_text()
{
	clocktrace bench --rounds 1 --calls 10 >"$work/bench" || return 1
	grep -qE '^CLOCK_TRACE +libc +[0-9.]+' "$work/bench" &&
		grep -qE '^CLOCK_TRACE_UNORDERED +syscall +[0-9.]+' "$work/bench"
}

watch_without_sysfs()
{
	clocktrace watch --sysfs "$work/none" --timeout 0.1 >"$work/log" &&
		grep -qE "start epoch $(<$SYSFS/epoch) frequency $(<$SYSFS/frequency)\$" "$work/log"
}

watch_with_sysfs()
{
	local status=0
	clocktrace watch --timeout 0.1 --count 1 >"$work/log" || status=$?
	((status == 1)) &&
		grep -qE "start epoch $(<$SYSFS/epoch) .* state $(<$SYSFS/state)" "$work/log"
}

# Without a counter there is nothing to check, and the reason is told.
check_fits_state()
{
	local status=0

	# A busy host may not let the CPUs meet for long.
	clocktrace check --retries 300 >"$work/check" 2>"$work/err" || status=$?
	cat "$work/check" "$work/err"
	if [[ $(<$SYSFS/state) == counter ]]; then
		((status == 0)) && grep -qE '^sync check: +passed' "$work/check"
	else
		((status == 2)) && grep -qF "no counter to check: $(<$SYSFS/reason)" "$work/err"
	fi
}

# The results do not change without a check; one may still be under way.
results_agree_with_sysfs()
{
	local i status=1

	echo 0 >$SYSFS/check_interval
	for ((i = 0; i < 30 && status; i++)); do
		((i == 0)) || sleep 1
		status=0
		results_agree_once || status=$?
	done
	echo 60 >$SYSFS/check_interval
	return "$status"
}

results_agree_once()
{
	local results

	clocktrace check --last --json >"$work/last" || true
	clocktrace info --json | jq .check >"$work/info"
	for results in last info; do
		[[ $(jq -r .result "$work/$results") == "$(<$SYSFS/check)" ]] &&
			[[ $(jq -r .checks "$work/$results") == "$(<$SYSFS/checks)" ]] || return 1
		# The columns are in this order today. Without a counter there is no line.
		diff <(jq -r '.cpus[] | [.cpu, .reference, .result, .warp, .offset_min,
				.offset_max, .round_trip, .time_ns, .cost_ns] |
				map(tostring) | join(" ")' "$work/$results") \
			<(tail -n +2 "$DEBUGFS/cpus") || return 1
	done
}

check_needs_root()
{
	local status=0

	setpriv --reuid 65534 --clear-groups "$CLOCKTRACE" check 2>"$work/err" || status=$?
	((status == 2)) && grep -q "only root may ask for a check" "$work/err"
}

watch_sees_a_check()
{
	local pid i

	clocktrace watch --checks --count 1 --timeout 300 >"$work/log" &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		! grep -q ' start ' "$work/log" || break
		sleep 0.1
	done
	clocktrace check >/dev/null || true
	wait "$pid" && cat "$work/log" && grep -qE 'Z check (passed|incomplete): ' "$work/log"
}

tap_begin
tap_run "the kernel has the clock" clocktrace read || true
tap_run "the clock has an identity" has_identity || true
tap_run "sysfs is there" test -r $SYSFS/epoch || true
tap_run "info: as in sysfs" info_agrees_with_sysfs || true
tap_run "info: the vDSO answers if the counter is trusted" vdso_fits_state || true
tap_run "info: resolution" resolution_is_a_tick || true
tap_run "info: without sysfs" info_without_sysfs || true
tap_run "info: sysfs of another frequency" info_sees_another_frequency || true
tap_run "check: done if there is a counter" check_fits_state || true
tap_run "check, info: as in sysfs" results_agree_with_sysfs || true
tap_run "check: only for root" check_needs_root || true
if [[ $(<$SYSFS/state) == counter ]]; then
	tap_run "watch: a check" watch_sees_a_check || true
else
	tap_skip "watch: a check" "there is no counter to check"
fi
tap_run "read: frequency by vDSO, by system call and in sysfs" frequencies_agree || true
tap_run "read: epoch in all variants" epochs_agree || true
NAME=CLOCK_TRACE
tap_run "read: in order" in_order || true
tap_run "read: in order by system call" in_order --syscall || true
tap_run "read: fallback where it is not needed" fallback_is_the_clock || true
tap_run "read: counts time" counts_time || true
tap_run "convert: frequency of the clock" convert_default_frequency || true
for clock in realtime:CLOCK_REALTIME monotonic:CLOCK_MONOTONIC \
	monotonic-raw:CLOCK_MONOTONIC_RAW boottime:CLOCK_BOOTTIME tai:CLOCK_TAI; do
	tap_run "convert: to ${clock%:*}" to_clock "${clock%:*}" "${clock#*:}" || true
done
tap_run "convert: date" date_is_utc || true
tap_run "convert: epoch of the past" epoch_of_the_past || true
tap_run "bench: all clocks" bench_has_all || true
tap_run "bench: table" bench_text || true
tap_run "watch: sysfs" watch_with_sysfs || true
tap_run "watch: without sysfs" watch_without_sysfs || true
tap_end

# The tests that run on any kernel, with this one's answers.
export CLOCKTRACE CLOCK_TRACE_EXPECT=present PROGRAMS=$TOOLS/include
"$HERE/../../tap-run" "$HERE/cli.sh" "$HERE/../../include/tests/live.sh" \
	"$HERE/../../include/tests/vdso.sh"
