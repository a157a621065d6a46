#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sync-bench: its command line, and that the kernel's check works in it. Nothing here
# depends on how fast the machine is. SYNC_BENCH is the program.

set -euo pipefail

. ../../scripts/tap.sh
. ../tap-expect.sh

MAN=../../Documentation/man/sync-bench.1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

bench()
{
	"$SYNC_BENCH" "$@"
}

options_documented()
{
	diff <(bench --help | grep -o -- '--[a-z-]*' | sort -u) \
		<(sed 's/\\-/-/g' "$MAN" | grep -o -- '--[a-z-]*' | sort -u)
}

# The machine's counters may differ, but not from what --json says of them.
measures()
{
	bench --checks 60 --tries 3 --json >"$WORK/json" || return 1
	jq -e '.checks == 60 and .failed + .incomplete < 60 and
	       .reference_us.samples == 60 - .incomplete and
	       .other_us.samples == .reference_us.samples * ((.cost | length) - 1) and
	       .reference_us.least <= .reference_us.median and
	       .reference_us.median <= .reference_us.most and
	       .round_trip_ticks.least > 0 and .limit_percent == 0.001 and
	       .held == (([.cost[].percent] | max) < .limit_percent)' "$WORK/json" >/dev/null ||
		{ cat "$WORK/json"; return 1; }
}

# A hand-over takes time, so an offset of a tick is never found, and that of a second is.
finds_offsets()
{
	jq -e '.tsc_hz as $second | .offset_found_ticks | [.ahead, .behind] |
	       all(.smallest > 1 and .smallest <= .always and .always < $second)' \
		"$WORK/json" >/dev/null || { cat "$WORK/json"; return 1; }
}

# finds_skew TICKS: 2 ms at 1 GHz are far above any hand-over
finds_skew()
{
	bench --checks 20 --tries 0 --skew "$1" --json >"$WORK/skew" || return 1
	jq -e '.failed + .incomplete == 20 and .failed > 0 and
	       (.failure | contains("ticks"))' "$WORK/skew" >/dev/null ||
		{ cat "$WORK/skew"; return 1; }
}

interval_divides()
{
	local second hour

	second=$(bench --checks 20 --tries 0 --interval 1 --json | jq '[.cost[].percent] | add')
	hour=$(bench --checks 20 --tries 0 --interval 3600 --json | jq '[.cost[].percent] | add')
	jq -en "$second > 10 * $hour" >/dev/null || { echo "$second, $hour"; return 1; }
}

writes_file()
{
	bench --checks 5 --tries 0 --json-file "$WORK/file" --json >"$WORK/out" &&
		diff "$WORK/file" "$WORK/out"
}

# simulates JQ ARGUMENT...: the results of a simulation fit the expression
simulates()
{
	local fits=$1
	shift

	bench --json "$@" >"$WORK/simulated" || return 1
	jq -e "$fits" "$WORK/simulated" >/dev/null || { cat "$WORK/simulated"; return 1; }
}

# The limits that the kernel promises, in virtual time: no machine is too slow for them.
LIMITS='.hotplug_blocked_ms < 50 and .interrupts_disabled_us <= 100'

tap_begin
expect "--help" 0 '^Usage: sync-bench' bench --help
tap_run "the manual and --help have the same options" options_documented || true
expect "an unknown option" 1 "sync-bench --help' lists" bench --nonsense
expect "an operand" 1 "'here' is no option" bench here
for bad in '--checks 0' '--checks x' '--checks 1000001' '--tries -1' '--interval 0' \
	'--interval 3601' '--skew 1x' '--skew 9223372036854775808'; do
	# shellcheck disable=SC2086 # two words
	expect "$bad" 1 "wants a number from" bench $bad
done
expect "a full disk" 1 "cannot write" bench --checks 5 --tries 0 --json-file /dev/full
# shellcheck disable=SC2016 # the inner shell expands it
expect "output that nobody gets" 1 "cannot write standard output" \
	bash -c '"$SYNC_BENCH" --checks 5 --tries 0 >/dev/full'
expect "a file that cannot be written is refused at once" 1 "nowhere" \
	timeout 60 "$SYNC_BENCH" --checks 1000000 --json-file "$WORK/nowhere/file"
expect "one CPU" 1 "needs two" taskset -c 0 "$SYNC_BENCH"

for bad in '--simulate 1' '--simulate 8193' '--unmet -1' '--changes 1001' '--meeting 0'; do
	# shellcheck disable=SC2086 # two words
	expect "$bad" 1 "wants a number from" bench $bad
done
expect "as many CPUs that cannot be met as there are" 1 "wants fewer" \
	bench --simulate 4 --unmet 4
for nr in 2 64 8192; do
	tap_run "a check of $nr CPUs passes" simulates "$LIMITS and .passed == 20 and
		.check_s < $nr * 0.0002 + 0.1 and .came_online == 0" \
		--simulate $nr --checks 20 || true
	tap_run "a check of $nr CPUs of which one cannot be met ends" simulates \
		"$LIMITS and .incomplete == 20 and .check_s < 10" \
		--simulate $nr --unmet 1 --checks 20 || true
done
tap_run "CPUs that come and go" simulates \
	"$LIMITS and .passed == 30 and .came_online > 0 and .references_lost > 0" \
	--simulate 8192 --changes 1000 --checks 30 --interval 1 || true
tap_run "both at once" simulates "$LIMITS and .incomplete == 10 and .check_s < 20" \
	--simulate 8192 --changes 1000 --unmet 8 --checks 10 || true
# The reference takes turns, or one CPU would have a share as great as the check is long.
tap_run "the work is shared" simulates \
	".busiest_percent < 20 * .mean_percent and .mean_percent < 0.001" \
	--simulate 64 --checks 64 || true

if (($(nproc) < 2)); then
	tap_skip "the check on this machine's CPUs" "there is only one CPU"
else
	tap_run "it measures" measures || true
	tap_run "offsets are found" finds_offsets || true
	tap_run "a CPU that is ahead fails" finds_skew 2000000 || true
	tap_run "a CPU that is behind fails" finds_skew -2000000 || true
	tap_run "the longer the interval, the less it costs" interval_divides || true
	tap_run "--json-file writes what --json does" writes_file || true
	expect "--strict, a failed check" 3 "not synchronized: CPU" \
		bench --checks 20 --tries 0 --skew 2000000 --strict
	expect "--strict, the limit does not hold" 3 "NOT HELD" \
		bench --checks 20 --tries 0 --interval 1 --strict
fi
tap_end
