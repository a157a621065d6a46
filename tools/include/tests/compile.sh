#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# clock_trace.h compiles without a warning, in every language, with every
# compiler, and for every C library and ABI that this machine has.

set -euo pipefail
HERE=$(cd -- "$(dirname -- "$0")" && pwd)
. "$HERE/../../../scripts/tap.sh"

SOURCE=$HERE/every-function.c
WARNINGS=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wundef -Wcast-align
	-Wwrite-strings -Werror -O2 -I"$HERE/..")
C_WARNINGS=(-Wstrict-prototypes -Wmissing-prototypes -Wredundant-decls
	-Wdeclaration-after-statement)
CXX_WARNINGS=(-Wold-style-cast)
POSIX=-D_POSIX_C_SOURCE=200809L

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Headers of the kernel that a compiler for another ABI does not search for.
after=$("${CC:-cc}" -print-multiarch 2>/dev/null || true)
AFTER=(-idirafter "/usr/include/$after")

# usable LANGUAGE COMPILER OPTION...: they compile what includes <errno.h>, as not
# every ABI that a compiler knows has its headers installed
usable()
{
	local language=$1
	shift

	echo '#include <errno.h>' | "$@" -x "$language" -fsyntax-only - 2>/dev/null
}

# compile LANGUAGE NAME COMPILER OPTION...: a test point
compile()
{
	local language=$1 name=$2 extra
	shift 2

	if ! type "$1" >/dev/null 2>&1; then
		tap_skip "$name" "there is no $1"
	elif ! usable "$language" "$@"; then
		tap_skip "$name" "$1 cannot compile this"
	else
		extra=("${C_WARNINGS[@]}")
		[[ $language == c ]] || extra=("${CXX_WARNINGS[@]}")
		tap_run "$name" "$@" "${WARNINGS[@]}" "${extra[@]}" -x "$language" -c \
			-o "$work/object" "$SOURCE" || true
	fi
}

# link COMPILER LANGUAGE: two files of one program include the header, and it runs
link()
{
	local compiler=$1 language=$2

	"$compiler" -I"$HERE/.." -x "$language" -DPART=first -c -o "$work/first.o" "$SOURCE" &&
		"$compiler" -I"$HERE/.." -x "$language" -c -o "$work/second.o" "$SOURCE" &&
		"$compiler" -o "$work/both" "$work/first.o" "$work/second.o" && "$work/both"
}

strict_mode_advises()
{
	! gcc -std=c11 -I"$HERE/.." -fsyntax-only "$SOURCE" 2>"$work/advice" &&
		grep -q "define _GNU_SOURCE" "$work/advice"
}

# The example of README.md, as it is printed, with the command that is printed with it
readme_example_compiles()
{
	# shellcheck disable=SC2016 # nothing is to be expanded
	sed -n '/^```c$/,/^```$/{/^```/!p}' "$HERE/../../../README.md" >"$work/example.c"
	(cd "$work" && ln -s "$HERE/../.." tools && gcc -Itools/include example.c -o example \
		-Wall -Wextra -Werror) || return
	# It measures, or says that there is no clock.
	if "$work/example" >"$work/result" 2>"$work/advice"; then
		grep -qxE '[0-9]+ ns' "$work/result"
	else
		cat "$work/advice"
		grep -qE 'has no CLOCK_TRACE|was switched' "$work/advice"
	fi
}

# The advice is all that is said: no syntax error follows it.
strict_c89_advises()
{
	local compiler=$1 standard=$2

	! echo '#include "clock_trace.h"' | "$compiler" -std="$standard" -D_GNU_SOURCE \
		-I"$HERE/.." -x c -fsyntax-only - 2>"$work/advice" || return
	cat "$work/advice"
	grep -q "needs C99 or later" "$work/advice" &&
		[[ $(grep -c "error:" "$work/advice") == 1 ]]
}

tap_begin
for cc in gcc clang; do
	for standard in "c99 $POSIX" gnu99 "c11 $POSIX" "c11 -D_GNU_SOURCE" gnu11 gnu17 gnu2x \
		"gnu11 -DCLOCK_TRACE_NO_INT128" "gnu11 -O0" "gnu11 -O3 -flto"; do
		# shellcheck disable=SC2086 # a standard and its options
		compile c "$cc -std=$standard" "$cc" -std=$standard
	done
	compile c "$cc -m32" "$cc" -m32 "${AFTER[@]}"
	compile c "$cc -m32 -std=c11 $POSIX" "$cc" -m32 "${AFTER[@]}" -std=c11 "$POSIX"
	compile c "$cc -m32 with 64-bit time_t" "$cc" -m32 "${AFTER[@]}" \
		-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64
	compile c "$cc -mx32" "$cc" -mx32 "${AFTER[@]}"
done
for cxx in g++ clang++; do
	for standard in c++11 c++14 c++17 gnu++20 "c++11 -DCLOCK_TRACE_NO_INT128"; do
		# shellcheck disable=SC2086 # a standard and its options
		compile c++ "$cxx -std=$standard" "$cxx" -std=$standard
	done
	compile c++ "$cxx -m32" "$cxx" -m32 "${AFTER[@]}"
	compile c++ "$cxx -m32 with 64-bit time_t" "$cxx" -m32 "${AFTER[@]}" \
		-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64
done
compile c "musl-gcc" musl-gcc
compile c "musl-gcc -std=c11 $POSIX" musl-gcc -std=c11 "$POSIX"
for cc in aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc riscv64-linux-gnu-gcc; do
	compile c "$cc" "$cc"
done

tap_run "C program of two files" link gcc c || true
if type g++ >/dev/null 2>&1; then
	tap_run "C++ program of two files" link g++ c++ || true
else
	tap_skip "C++ program of two files" "there is no g++"
fi
tap_run "the example of README.md compiles" readme_example_compiles || true
tap_run "-std=c11 alone is refused with advice" strict_mode_advises || true
for standard in c89 iso9899:199409; do
	for cc in gcc clang; do
		if type "$cc" >/dev/null 2>&1; then
			tap_run "$cc -std=$standard is refused with advice" \
				strict_c89_advises "$cc" "$standard" || true
		else
			tap_skip "$cc -std=$standard is refused with advice" "there is no $cc"
		fi
	done
done
tap_end
