#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The library as others meet it: its header in each language, its symbols, both
# ways to link it, its installation and its man page.

set -euo pipefail

: "${O:?is to name the directory of the products}" "${CC:=cc}" "${CXX:=c++}"
cd "$(dirname -- "$0")/.."
man=../../Documentation/man/clocktrace_guest.3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failed=0

# point STATUS NAME: with the last output as comment if it failed
point()
{
	count=$((count + 1))
	if (($1 == 0)); then
		printf 'ok %d - %s\n' "$count" "$2"
	else
		failed=1
		sed 's/^/# /' "$work/log"
		printf 'not ok %d - %s\n' "$count" "$2"
	fi
}

skip()
{
	count=$((count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$count" "$1" "$2"
}

# try NAME COMMAND...
try()
{
	local name=$1 status=0
	shift

	"$@" >"$work/log" 2>&1 || status=$?
	point "$status" "$name"
}

has()
{
	command -v "$1" >/dev/null
}

printf 'TAP version 13\n'
strict=(-Wall -Wextra -Wpedantic -Werror -I. -fsyntax-only)
printf '#include "clocktrace_guest.h"\n' >"$work/header.c"
try "header in C99" "$CC" -std=c99 "${strict[@]}" "$work/header.c"
if has "$CXX"; then
	try "header in C++11" "$CXX" -std=c++11 "${strict[@]}" -x c++ "$work/header.c"
else
	skip "header in C++11" "no C++ compiler: apt-get install g++"
fi

declared()
{
	grep -o '\bclocktrace_[a-z_]*(' clocktrace_guest.h | tr -d '(' | sort -u
}

exported()
{
	nm -D --defined-only "$O/libclocktrace.so" | awk '{ print $3 }' | sort
}

try "exports what the header declares, and nothing else" \
	diff <(declared) <(exported)

cat >"$work/program.c" <<'END'
#include <clocktrace_guest.h>

int main(void)
{
	struct clocktrace_guest_counter tsc = { -100, 3ull << 31, 32 };
	struct clocktrace_ticks all = { 0, 100000 }, host;
	struct clocktrace_guests *guests;
	uint64_t guest;

	if (clocktrace_guest_from_host(&tsc, 1000, &guest) || guest != 1400)
		return 1;
	if (clocktrace_host_first(&tsc, guest, all, &host) || host.first != 1000)
		return 1;
	if (clocktrace_guests_new(0, &guests))
		return 1;
	clocktrace_guests_free(guests);
	return 0;
}
END

# Into a directory of its own, and used from there
installed()
{
	make -s O="$O" DESTDIR="$work/root" PREFIX=/usr install &&
		"$CC" -I"$work/root/usr/include" -o "$work/shared" "$work/program.c" \
			-L"$work/root/usr/lib" -lclocktrace &&
		readelf -d "$work/shared" | grep 'NEEDED.*libclocktrace.so.0' &&
		LD_LIBRARY_PATH=$work/root/usr/lib "$work/shared" &&
		"$CC" -I"$work/root/usr/include" -o "$work/static" "$work/program.c" \
			"$work/root/usr/lib/libclocktrace.a" &&
		"$work/static" &&
		[[ -f $work/root/usr/share/man/man3/clocktrace_guest.3 ]]
}

try "installed, a program links to it, shared and static" installed

documented()
{
	local name
	while read -r name; do
		grep -q "\\b$name\\b" "$man" || { printf '%s is not in %s\n' "$name" "$man"; return 1; }
	done < <(declared)
}

try "the man page names every function" documented
if has mandoc; then
	try "the man page is well-formed" mandoc -T lint -W warning "$man"
else
	skip "the man page is well-formed" "no mandoc: apt-get install mandoc"
fi
printf '1..%d\n' "$count"
((failed == 0))
