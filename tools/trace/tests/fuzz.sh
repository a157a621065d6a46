#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fuzz the readers and the model with libFuzzer, from the inputs in fuzz/corpus: for a
# minute as a TAP test, or for longer.

set -euo pipefail

SECONDS_OF_TEST=60
POINT='libFuzzer: readers and model'

usage()
{
	cat <<END
Usage: fuzz.sh [--seconds N]
Without an option: $SECONDS_OF_TEST seconds, as a TAP test. With --seconds: N seconds;
inputs are kept in \$O/corpus, and one that fails in \$O/crash-*.
O is the directory of the products, CLANG the compiler.
END
}

seconds=
case ${1-} in
-h | --help)
	usage
	exit 0
	;;
--seconds)
	[[ ${2-} =~ ^[1-9][0-9]*$ ]] || { usage >&2; exit 2; }
	seconds=$2
	;;
"") ;;
*)
	usage >&2
	exit 2
	;;
esac

cd "$(dirname -- "$0")/.."
: "${O:=../../out/tools/trace}" "${CLANG:=clang}"
target=$O/fuzz_readers
log=$O/fuzz.log

has_fuzzer()
{
	printf '%s\n' '#include <stddef.h>' 'int LLVMFuzzerTestOneInput(const char *d, size_t s);' \
		'int LLVMFuzzerTestOneInput(const char *d, size_t s) { return !d && s; }' |
		"$CLANG" -fsanitize=fuzzer,address,undefined -x c - -o "$target.probe" 2>/dev/null
}

build()
{
	make --no-print-directory -s O="$O" CLANG="$CLANG" "$target"
}

reason='no clang with libFuzzer: apt-get install clang libclang-rt-dev'
if [[ $seconds ]]; then
	has_fuzzer || { printf 'fuzz.sh: %s\n' "$reason" >&2; exit 1; }
	build
	mkdir -p "$O/corpus"
	exec "$target" -max_total_time="$seconds" -max_len=9000 -artifact_prefix="$O/" \
		"$O/corpus" fuzz/corpus
fi

printf 'TAP version 13\n1..1\n'
if ! has_fuzzer; then
	printf 'ok 1 - %s # SKIP %s\n' "$POINT" "$reason"
elif build >"$log" 2>&1 &&
	nice -n 10 "$target" -max_total_time="$SECONDS_OF_TEST" -max_len=9000 \
		-artifact_prefix="$O/" "$(mktemp -d "$O/corpus-XXXXXX")" fuzz/corpus >>"$log" 2>&1 &&
	grep -q '^Done [1-9]' "$log"; then
	printf 'ok 1 - %s: %s\n' "$POINT" "$(sed -n 's/^Done \([0-9]*\) runs.*/\1 inputs/p' "$log")"
else
	tail -n 40 "$log" | tr -cd '\11\12\40-\176' | sed 's/^/# /'
	printf 'not ok 1 - %s\n' "$POINT"
	exit 1
fi
