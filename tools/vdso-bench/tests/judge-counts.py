# SPDX-License-Identifier: GPL-2.0
"""Judge the JSON that vdso-bench --count wrote.

Prints a line for each claim: 0 or 1, as the exit status of a command, a tab, and
the claim in words.
"""
import json
import sys

TRACE = ("CLOCK_TRACE", "CLOCK_TRACE_UNORDERED", "CLOCK_TRACE_FREQ")
MORE_INSTRUCTIONS = 0
# On i386 the counter and the epoch take all three registers that a function may
# change: each of the other four may be saved, but once.
PUSHES = {"x86-64": 0, "i386": 4}


def claim(holds, text):
    print(f"{0 if holds else 1}\t{text}")


def name(count):
    call = f"{count['entry']}({count['clock']})"
    return f"{count['abi']} {call}" + (", kernel asked" if count["fallback"] else "")


def judge_other_clock(with_trace, without):
    more = with_trace["instructions"] - without["instructions"]
    claim(more <= MORE_INSTRUCTIONS,
          f"{name(with_trace)}: {with_trace['instructions']} instructions, "
          f"{without['instructions']} unpatched, at most {MORE_INSTRUCTIONS} more")
    claim(with_trace["system_calls"] == without["system_calls"],
          f"{name(with_trace)}: as many system calls as unpatched")


def judge_trace_clock(count):
    if count["fallback"]:
        claim(count["system_calls"] == 1, f"{name(count)}: one system call")
        return
    claim(count["system_calls"] == 0, f"{name(count)}: no system call")
    claim(count["callee_saved_pushes"] <= PUSHES[count["abi"]],
          f"{name(count)}: at most {PUSHES[count['abi']]} pushes of callee-saved registers "
          f"({count['callee_saved_pushes']} in {count['instructions']} instructions)")
    claim(count["multiplications"] == 0 and count["divisions"] == 0,
          f"{name(count)}: neither multiplies nor divides")
    claim(count["repeated"] == 0, f"{name(count)}: no loop")


def main():
    counts = json.load(open(sys.argv[1]))["counts"]
    unpatched = {(c["abi"], c["entry"], c["clock"]): c
                 for c in counts if c["image"] == "unpatched"}
    patched = [c for c in counts if c["image"] == "patched"]
    claim({c["abi"] for c in patched} == {"x86-64", "i386"}, "both ABIs were counted")
    claim({c["clock"] for c in patched if c["entry"].startswith("clock_gettime")} >= set(TRACE),
          "the patched images have the trace clocks")
    for count in patched:
        is_gettime = count["entry"].startswith("clock_gettime")
        if count["clock"] in TRACE and is_gettime:
            judge_trace_clock(count)
        elif count["clock"] not in TRACE:
            judge_other_clock(count, unpatched[count["abi"], count["entry"], count["clock"]])


main()
