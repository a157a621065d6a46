# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Running a test program that was built in several ways. Source it.

# skip_build NAME REASON: a TAP document that says so
skip_build()
{
	printf 'TAP version 13\nok 1 - %s # SKIP %s\n1..1\n' "$1" "$2"
}

# run_builds PROGRAM BUILD...: run $PROGRAMS/PROGRAM-BUILD, each a TAP document
# of its own; returns whether all succeeded
run_builds()
{
	local name=$1 build program status failed=0
	shift

	for build in "$@"; do
		program=$PROGRAMS/$name-$build
		if [[ ! -x $program ]]; then
			skip_build "$name-$build" "the compiler cannot build this"
			continue
		fi
		printf '# %s-%s\n' "$name" "$build"
		status=0
		"$program" || status=$?
		if ((status == 126)); then
			skip_build "$name-$build" "this kernel does not run such programs"
		elif ((status != 0)); then
			printf 'TAP version 13\n1..1\nnot ok 1 - %s-%s: exit status %d\n' \
				"$name" "$build" "$status"
			failed=1
		fi
	done
	return "$failed"
}
