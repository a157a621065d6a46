#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a guest proves: that the alternatives are applied as the kernel does it, and
# that the instructions of system calls are the same in each boot. SCRIPTS_BOOT is
# scripts/boot.

. "$(dirname -- "$0")/lib.sh"

for name in patched unpatched; do
	declare -n directory=${name^^}
	if ! is_built "$name" "$directory" || [[ ! -f $directory/arch/x86/boot/bzImage ]]; then
		skip_all "guests" "no kernel is built in $directory"
	fi
done

# CPUs that differ in what the images depend on: vendor, Zen 5, RDTSCP, RDPID
CPUS=("max,la57=off" "Skylake-Client,la57=off" "EPYC" "EPYC,family=26,model=2" "qemu64")

# same_as_kernel NAME DIR CPU: the images of a build, in a guest of that build.
# On a busy machine the timer may look as if it did not work; and the kernel warns of
# a Zen 5 that has no microcode.
same_as_kernel()
{
	"$SCRIPTS_BOOT" --build "$(basename "$2")" --tcg --qemu -cpu --qemu "$3" \
		--append no_timer_check --allow-splat -- \
		"$BENCH" "--$1" "$2" "--$1-layout" "$BIN/layout-$1.o" --compare
}

# count_in_guest STATE PREFIX
count_in_guest()
{
	BIN=$BIN syscall-cost/run-in-guest --state "$1" "$PATCHED" "$2"
}

# same_counts STATE: two boots
same_counts()
{
	local abi

	for abi in x86-64 i386; do
		diff <(sed 's/, "samples".*//' "$WORK/$1-a-$abi.json") \
			<(sed 's/, "samples".*//' "$WORK/$1-b-$abi.json") || return 1
	done
}

# vDSO paths: what the guest counts has to be what single steps count.
agree()
{
	"$BENCH" --count --json --patched "$PATCHED" --patched-layout "$BIN/layout-patched.o" \
		>"$WORK/steps.json"
	python3 - "$WORK/steps.json" "$WORK/counter-a-x86-64.json" "$WORK/counter-a-i386.json" <<-'END'
		import json, sys
		steps = {(c["abi"], c["clock"]): c["instructions"]
		         for c in json.load(open(sys.argv[1]))["counts"]
		         if c["entry"] == "clock_gettime" and not c["fallback"]}
		rows = [r for path in sys.argv[2:] for r in json.load(open(path))["rows"]
		        if r["path"] == "vdso"]
		differ = [(r["abi"], r["clock"], r["cost"], steps[r["abi"], r["clock"]])
		          for r in rows if r["cost"] != steps[r["abi"], r["clock"]]]
		print(len(rows), "compared; different:", differ)
		sys.exit(1 if differ or len(rows) < 10 else 0)
	END
}

# judge_syscalls FILE PATH LIMIT: the ratio of instructions, which is what the limits of
# system calls are about
judge_syscalls()
{
	python3 - "$@" <<-'END'
		import json, sys
		path, limit = sys.argv[2], float(sys.argv[3])
		cost = {r["clock"]: r["cost"] for r in json.load(open(sys.argv[1]))["rows"]
		        if r["path"] == path and r["unit"] == "instructions"}
		ratio = cost["CLOCK_TRACE"] / cost["CLOCK_MONOTONIC"]
		print(cost, "ratio", round(ratio, 4))
		sys.exit(ratio > limit)
	END
}

# no_dearer BASE PATCHED: what the clocks of the base kernel take, as system calls and through
# the vDSO, is no more with the series
no_dearer()
{
	python3 - "$@" <<-'END'
		import json, sys
		base, patched = ({(r["path"], r["clock"]): r["cost"] for r in json.load(open(path))["rows"]}
		                 for path in sys.argv[1:])
		for (path, clock), cost in base.items():
		    print(f"{path} {clock}: {patched[path, clock]}, base {cost}")
		dearer = [key for key in base if patched[key] > base[key]]
		print("dearer:", dearer)
		sys.exit(1 if dearer or len(base) < 10 else 0)
	END
}

tap_begin
for cpu in "${CPUS[@]}"; do
	tap_run "alternatives of the patched images on ${cpu%,la57=off} are the kernel's" \
		same_as_kernel patched "$PATCHED" "$cpu" || true
done
tap_run "alternatives of the unpatched images are the kernel's" \
	same_as_kernel unpatched "$UNPATCHED" "${CPUS[0]}" || true

for state in counter fallback monotonic; do
	tap_run "count system calls, CLOCK_TRACE driven by: $state" \
		count_in_guest "$state" "$WORK/$state-a" || true
	tap_run "count them again, in another boot" \
		count_in_guest "$state" "$WORK/$state-b" || true
	tap_run "the numbers repeat to the digit" same_counts "$state" || true
done
tap_run "count those of the base kernel" \
	env BIN="$BIN" syscall-cost/run-in-guest "$UNPATCHED" "$WORK/base" || true
for abi in x86-64 i386; do
	tap_run "$abi: no other clock takes more instructions than in the base kernel" \
		no_dearer "$WORK/base-$abi.json" "$WORK/counter-a-$abi.json" || true
done
tap_run "the guest's counts of the vDSO are those of single steps" agree || true
for path in syscall syscall-time32; do
	tap_run "i386 $path: CLOCK_TRACE takes at most 0.93 of CLOCK_MONOTONIC" \
		judge_syscalls "$WORK/counter-a-i386.json" "$path" 0.93 || true
done
for path in x86-64/syscall i386/syscall i386/syscall-time32; do
	tap_run "$path in fallback: CLOCK_TRACE takes at most 1.05 of CLOCK_MONOTONIC" \
		judge_syscalls "$WORK/fallback-a-${path%/*}.json" "${path#*/}" 1.05 || true
done
tap_end
