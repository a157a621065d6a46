#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command line of clocktrace verify, and input that it cannot use.

set -euo pipefail
HERE=$(cd -- "$(dirname -- "$0")" && pwd)
. "$HERE/../../../scripts/tap.sh"
VERIFY=${O:-../../out/tools/trace}/clocktrace-verify
MAN=$HERE/../../../Documentation/man

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# gives STATUS OUT ERR ARG...: exit status, and what standard output and error
# match, as extended regular expressions; "" is nothing at all
gives()
{
	local want=$1 out=$2 err=$3 status=0
	shift 3

	"$VERIFY" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	if ((status == want)) && matches "$work/out" "$out" && matches "$work/err" "$err"; then
		return
	fi
	printf '%s: exit status %d and:\n' "$*" "$status"
	cat "$work/out" "$work/err"
	return 1
}

matches()
{
	if [[ -z $2 ]]; then
		[[ ! -s $1 ]]
	else
		grep -qE -- "$2" "$1"
	fi
}

# record MAGIC FLAGS: a sample, its numbers in octal escapes
record()
{
	# shellcheck disable=SC2059 # it is the format that has the escapes
	printf "$1"'\1\0\0\0\0\0\0\0\2\0\0\0\0\20\0\0\0\0\0\0\0\0\0\0'"$2"'\0\0\0'
}

test_usage()
{
	gives 0 '^Usage: clocktrace verify' '' --help &&
		gives 0 '^clocktrace verify [0-9]' '' --version &&
		gives 2 '' 'name a trace and the samples' &&
		gives 2 '' 'name a trace and the samples' trace.dat &&
		gives 2 '' 'see clocktrace verify --help' --no-such-option &&
		gives 2 '' "'1x' is not a number" --shift 1x trace.dat 1:samples &&
		gives 2 '' "is not a number" --shift 99999999999999999999 trace.dat 1:samples
}

test_samples()
{
	local word

	for word in "$work/samples" :file 0:file 1: 1x:file 4294967296:file; do
		gives 2 '' 'is not PID:FILE' "$work/trace.dat" "$word" || return
	done
	gives 2 '' 'No such file' "$work/trace.dat" "1:$work/none" &&
		gives 2 '' 'No such file' "$work/trace.dat" "1:$work/good,2:$work/none" &&
		gives 2 '' 'record 1 is not a sample.*a directory with' "$work/trace.dat" "1:$work/bad" &&
		gives 2 '' 'sample 0 is not of the counter' "$work/trace.dat" "1:$work/monotonic"
}

# A cut sample at the end is no reason to stop: only the trace is.
test_cut()
{
	gives 2 '' 'none: No such file' "$work/none" "1:$work/cut"
}

test_traces()
{
	gives 2 '' 'none: No such file' "$work/none" "1:$work/good" &&
		gives 2 '' 'empty holds no trace that can be read' "$work/empty" "1:$work/good" &&
		gives 2 '' 'noise holds no trace that can be read' "$work/noise" "1:$work/good"
}

# Directories are of LTTng, for the host as for a guest.
test_lttng()
{
	gives 2 '' 'nothing holds no trace that can be read' "$work/nothing" "1:$work/good" &&
		gives 2 '' 'nothing holds no trace that can be read' "$work/none" "1:$work/nothing" &&
		gives 2 '' 'ctf-noise/kernel cannot be read: .' \
			"$work/ctf-noise" "1:$work/good" &&
		gives 2 '' 'ctf-cut/kernel cannot be read: its metadata: its packets are damaged' \
			"$work/ctf-cut" "1:$work/good" &&
		gives 2 '' 'ctf-empty/kernel cannot be read: its metadata: it is empty' \
			"$work/ctf-empty" "1:$work/good"
}

documented_merge()
{
	local option

	for option in output format summary json host vm trust-clock frequency from to progress quiet help version; do
		grep -qF -- "\\-\\-${option//-/\\-}" "$MAN/clocktrace-merge.1" || {
			printf "%s is not in clocktrace-merge.1\n" "--$option"
			return 1
		}
	done
}

documented()
{
	local option page

	for option in --shift --json --trust-clock --help --version; do
		grep -qF -- "${option//-/\\-}" "$MAN/clocktrace-verify.1" || {
			printf '%s is not in clocktrace-verify.1\n' "$option"
			return 1
		}
	done
	for page in clocktrace-merge clocktrace-verify clocktrace-guest-sampler; do
		if command -v mandoc >/dev/null; then
			mandoc -T lint -W warning "$MAN/$page.1" || return
		fi
	done
}

good='CTGS'
record "$good" '\1' >"$work/good"
{ cat "$work/good"; record 'XXXX' '\1'; } >"$work/bad"
record "$good" '\0' >"$work/monotonic"
{ cat "$work/good"; head -c 31 "$work/good"; } >"$work/cut"
: >"$work/empty"
head -c 100000 /dev/urandom >"$work/noise"
mkdir -p "$work/nothing" "$work/ctf-noise/kernel" "$work/ctf-empty/kernel" \
	"$work/ctf-cut/kernel"
cp "$work/noise" "$work/ctf-noise/kernel/metadata"
: >"$work/ctf-empty/kernel/metadata"
# The magic number of a packet, and what may have been written of the rest
{
	printf '\127\035\321\165'
	head -c 100 /dev/zero
} >"$work/ctf-cut/kernel/metadata"

tap_begin
tap_run "usage, --help and wrong arguments" test_usage || true
tap_run "samples that cannot be used" test_samples || true
tap_run "a sample that is cut at the end of its file" test_cut || true
tap_run "traces that cannot be used" test_traces || true
tap_run "directories that cannot be used" test_lttng || true
tap_run "the man pages are complete and well-formed" documented || true
tap_run "the man page of merge has all options" documented_merge || true
tap_end
