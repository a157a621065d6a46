# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Selftests that have the scheduler's code changed while it runs, as the function tracer
# does to know the names of tasks. QEMU before 8.1 may go on to run what another CPU has
# just changed, and the kernel dies of an int3 that is not there any more. (With sched_switch
# enabled and disabled in a loop it takes seconds.) They run with one CPU, as CPUs that are
# emulated in turn cannot be met, so that the counter would not be trusted.

# split_patching LIST PATCHING: have LIST without those, and all of them in PATCHING
split_patching()
{
	local name tests=(held_while_selected removal_while_in_use switched_at_once)

	grep -E '/ftrace_clock(_32)?$' "$1" >"$2" || die "$1 has no ftrace_clock"
	for name in "${tests[@]}"; do
		sed -i -E '/\/ftrace_clock(_32)?( |$)/s/$/ -T '"$name/" "$1"
		sed -i 's/$/ -t '"$name/" "$2"
	done
}
