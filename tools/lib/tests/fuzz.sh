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

: "${O:?is to name the directory of the products}" "${CLANG:=clang}"
cd "$(dirname -- "$0")/.."
mkdir -p "$O"
target=$O/fuzz_history
log=$O/fuzz.log

sanitizers=fuzzer,address,undefined

has_fuzzer()
{
	"$CLANG" -fsanitize=$sanitizers -x c - -o "$target.probe" 2>/dev/null <<-'END'
		#include <stddef.h>
		int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
		int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
		{
			(void)data;
			(void)size;
			return 0;
		}
	END
}

build()
{
	"$CLANG" -std=c11 -O1 -g -Wall -Wextra -Werror -fsanitize=$sanitizers \
		-fno-sanitize-recover=all -o "$target" fuzz/*.c ./*.c
}

reason='no clang with libFuzzer: apt-get install clang libclang-rt-dev'
if [[ $seconds ]]; then
	has_fuzzer || { printf 'fuzz.sh: %s\n' "$reason" >&2; exit 1; }
	build
	mkdir -p "$O/corpus"
	exec "$target" -max_total_time="$seconds" -len_control=0 -max_len=600 \
		-artifact_prefix="$O/" "$O/corpus"
fi

printf 'TAP version 13\n1..1\n'
if ! has_fuzzer; then
	printf 'ok 1 - %s # SKIP %s\n' "$POINT" "$reason"
elif build >"$log" 2>&1 &&
	"$target" -runs=$RUNS -seed=1 -len_control=0 -max_len=400 \
		-artifact_prefix="$O/" >>"$log" 2>&1 &&
	grep -q "^Done $RUNS runs" "$log"; then
	printf 'ok 1 - %s\n' "$POINT"
else
	tail -n 40 "$log" | tr -cd '\11\12\40-\176' | sed 's/^/# /'
	printf 'not ok 1 - %s\n' "$POINT"
	exit 1
fi
