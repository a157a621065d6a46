#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fuzz the history against its plain model with libFuzzer: a short run that is
# the same each time, or a long one that keeps what it learns.

set -euo pipefail

RUNS=30000
POINT='libFuzzer: the library agrees with a plain model'

usage()
{
	cat <<END
Usage: fuzz.sh [--seconds N]
Without an option: $RUNS inputs from a fixed seed, as a TAP test.
With --seconds: fuzz for N seconds; inputs are kept in \$O/corpus, and one that
fails in \$O/crash-*.
O is the directory of the products, CLANG the compiler.
END
}

: "${O:?is to name the directory of the products}" "${CLANG:=clang}"
cd "$(dirname -- "$0")/.."
mkdir -p "$O"
. ../fuzz-lib.sh
target=$O/fuzz_history

build()
{
	"$CLANG" -std=c11 -O1 -g -Wall -Wextra -Werror -fsanitize=$SANITIZERS \
		-fno-sanitize-recover=all -o "$target" fuzz/*.c ./*.c
}

fuzz_for()
{
	exec "$target" -max_total_time="$1" -len_control=0 -max_len=600 \
		-artifact_prefix="$O/" "$O/corpus"
}

fuzz_as_test()
{
	"$target" -runs=$RUNS -seed=1 -len_control=0 -max_len=400 \
		-artifact_prefix="$O/" >>"$1" 2>&1 &&
		grep -q "^Done $RUNS runs" "$1"
}

fuzz_main "$@"
