#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The conversions of clock_trace.h, against bc, which counts in whole numbers of
# any size: extreme values with each other, and random ones of any magnitude.

set -euo pipefail
HERE=$(dirname -- "$0")
. "$HERE/../../../scripts/tap.sh"

RANDOM_CASES=3000
# Told, so that a failure can be had again.
SEED=${SEED:-$RANDOM}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Expressions of bc, two words each to stay within what awk's numbers hold.
extremes()
{
	cat <<-'END'
		0
		1
		2
		999999999
		10^9
		10^9+1
		2^31-1
		2^32-1
		2^32
		2^32+1
		2399999937
		5*10^9
		2^53+1
		2^63-1
		2^63
		(2^64-1)/10^9
		(2^64-1)/10^9+1
		2^64-10^9
		2^64-2
		2^64-1
	END
}

# What bc is to compute: every line a call of a function below
cases()
{
	local a b
	for a in $(extremes); do
		for b in $(extremes); do
			printf 'x=n(%s,%s)\nx=t(%s,%s)\n' "$a" "$b" "$a" "$b"
			printf 'x=p(%s,%s,%s,%s)\n' \
				0 "$a" 2399999937 "$b" "2^63-1" "$a" "$b" "2^64-1" \
				"-(2^63)" "$a" "$b" 0 "-(2^63)" "$a" 1 "$b" \
				"($a)/2-2^62" "$b" 3 "$a"
		done
	done
	# Rounding down takes this one from the last that fits to the first that does not.
	echo 'x=p(2^63-1,((2^64-1)*999999999+10^9-1)/10^9,999999999,0)'
	awk -v seed="$SEED" -v cases="$RANDOM_CASES" '
		function word() { return sprintf("%.0f", int(rand() * 4294967296)) }
		# Of any magnitude: 64 random bits, of which as many as chance says are left.
		function value() {
			return "(" word() "*2^32+" word() ")/2^" int(rand() * 64)
		}
		BEGIN {
			srand(seed)
			for (i = 0; i < cases; i++) {
				print "x=n(" value() "," value() ")"
				print "x=t(" value() "," value() ")"
				print "x=p(" value() "-2^63," value() "," value() "," value() ")"
			}
		}'
}

expected()
{
	BC_LINE_LENGTH=0 bc -q <<-END
		g = 10^9
		m = 2^64-1
		define n(a,h) {
			auto r
			print "ns ", a, " ", h, " "
			if (h == 0) { print "invalid\n"; return 0 }
			r = a*g/h
			if (r > m) { print "overflow\n"; return 0 }
			print r, "\n"
			return 0
		}
		define t(a,h) {
			auto r
			print "ticks ", a, " ", h, " "
			if (h == 0) { print "invalid\n"; return 0 }
			r = a*h/g
			if (r > m) { print "overflow\n"; return 0 }
			print r, "\n"
			return 0
		}
		define p(o,v,h,t) {
			auto d, q, r
			print "pair ", o, " ", v, " ", h, " ", t, " "
			if (h == 0) { print "invalid\n"; return 0 }
			d = (t-v)*g
			q = d/h
			if (q*h > d) q = q-1
			r = o+q
			if (r > 2^63-1 || r < -(2^63)) { print "overflow\n"; return 0 }
			print r, "\n"
			return 0
		}
		$(cases)
	END
}

# agrees PROGRAM: PROGRAM computes what bc does
agrees()
{
	sed 's/ [^ ]*$//' "$work/expected" | "$1" >"$work/got"
	cmp "$work/expected" "$work/got" || {
		diff "$work/expected" "$work/got" | head -10
		return 1
	}
}

tap_begin
if ! type bc >/dev/null 2>&1; then
	tap_skip "conversions" "there is no bc: install the package bc"
	tap_end
	exit 0
fi

expected >"$work/expected" 2>"$work/errors"
printf '# seed %d: SEED=%d repeats it\n' "$SEED" "$SEED"
tap_run "bc understood every case" test ! -s "$work/errors" || true
# shellcheck disable=SC2016 # awk expands these
tap_run "there are cases with a result, and without" awk '
	$1 == "ns" && $NF ~ /^[0-9]/ { ns++ }
	$1 == "ticks" && $NF ~ /^[0-9]/ { ticks++ }
	$1 == "pair" && $NF ~ /^-?[0-9]/ { pair++ }
	$NF == "overflow" { overflow++ }
	$NF == "invalid" { invalid++ }
	END { exit !(ns > 2000 && ticks > 2000 && pair > 2000 && overflow > 500 && invalid > 20) }
	' "$work/expected" || true
for mode in native noint128 m32 musl ubsan; do
	name="$mode: $(wc -l <"$work/expected") conversions are as bc's"
	if [[ -x $PROGRAMS/convert-$mode ]]; then
		tap_run "$name" agrees "$PROGRAMS/convert-$mode" || true
	else
		tap_skip "$name" "the compiler cannot build this"
	fi
done
tap_end
