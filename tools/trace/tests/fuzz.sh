#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fuzz the readers, the model and the writers with libFuzzer, from the inputs in
# fuzz/corpus: for a minute as a TAP test, or for longer.

set -euo pipefail

SECONDS_OF_TEST=${FUZZ_TEST_SECONDS:-60}
POINT='libFuzzer: readers, model and writers'

usage()
{
	cat <<END
Usage: fuzz.sh [--seconds N]
Without an option: $SECONDS_OF_TEST seconds, or \$FUZZ_TEST_SECONDS, as a TAP test. With --seconds: N seconds;
inputs are kept in \$O/corpus, and one that fails in \$O/crash-*.
O is the directory of the products, CLANG the compiler.
END
}

cd "$(dirname -- "$0")/.."
: "${O:=../../out/tools/trace}" "${CLANG:=clang}"
. ../fuzz-lib.sh
target=$O/fuzz_readers

build()
{
	make --no-print-directory -s O="$O" CLANG="$CLANG" "$target"
}

fuzz_for()
{
	exec "$target" -max_total_time="$1" -max_len=9000 -artifact_prefix="$O/" \
		"$O/corpus" fuzz/corpus
}

fuzz_as_test()
{
	nice -n 10 "$target" -max_total_time="$SECONDS_OF_TEST" -max_len=9000 \
		-artifact_prefix="$O/" "$(mktemp -d "$O/corpus-XXXXXX")" fuzz/corpus >>"$1" 2>&1 &&
		sed -n 's/^Done \([1-9][0-9]*\) runs.*/: \1 inputs/p' "$1" | grep .
}

fuzz_main "$@"
