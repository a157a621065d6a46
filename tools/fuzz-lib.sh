# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the fuzz.sh of several directories share. Sourced with O and CLANG set; the script
# then sets POINT, its point, and defines usage(), build(), fuzz_for SECONDS, and
# fuzz_as_test(), which prints what the point is to say besides its name.

FUZZ_REASON='no clang with libFuzzer: apt-get install clang libclang-rt-dev'
SANITIZERS=fuzzer,address,undefined

has_fuzzer()
{
	"$CLANG" -fsanitize=$SANITIZERS -x c - -o "$O/fuzzer-probe" 2>/dev/null <<-'END'
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

wrong_usage()
{
	usage >&2
	exit 2
}

fuzz_long()
{
	has_fuzzer || { printf 'fuzz.sh: %s\n' "$FUZZ_REASON" >&2; exit 1; }
	build
	mkdir -p "$O/corpus"
	fuzz_for "$1"
}

# One point, whose output on failure is what may be printed of the log
fuzz_point()
{
	local log=$O/fuzz.log said

	printf 'TAP version 13\n1..1\n'
	if ! has_fuzzer; then
		printf 'ok 1 - %s # SKIP %s\n' "$POINT" "$FUZZ_REASON"
	elif build >"$log" 2>&1 && said=$(fuzz_as_test "$log"); then
		printf 'ok 1 - %s\n' "$POINT$said"
	else
		tail -n 40 "$log" | tr -cd '\11\12\40-\176' | sed 's/^/# /'
		printf 'not ok 1 - %s\n' "$POINT"
		exit 1
	fi
}

fuzz_main()
{
	case ${1-} in
	-h | --help) usage ;;
	--seconds)
		[[ ${2-} =~ ^[1-9][0-9]*$ ]] || wrong_usage
		fuzz_long "$2" ;;
	"") fuzz_point ;;
	*) wrong_usage ;;
	esac
}
