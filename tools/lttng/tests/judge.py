#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Judge the brackets of bracket.c in a merged trace.

Reads the text that "babeltrace2 --clock-seconds" writes. Each UST event has to be
in it after the exit from its thread's getpgid() and before the entry to its getsid(),
both by its place in the merged trace and by its time stamp.
"""

import json
import re
import sys

LINE = re.compile(
    r"\[(\d+)\.(\d{9})\] .*?"
    r"(syscall_entry_getpgid|syscall_exit_getpgid|syscall_entry_getsid"
    r"|clock_trace_test:bracketed): (.*)")
TID = re.compile(r"\btid = (\d+)")
NUMBER = re.compile(r"\b(?:pid|number) = (\d+)")
CPU = re.compile(r"\bcpu_id = (\d+)")


def judge(lines):
    current = {}
    begins, ends, events = {}, {}, {}
    cpus = set()
    for place, line in enumerate(lines):
        match = LINE.match(line)
        if not match:
            continue
        seconds, nanoseconds, name, rest = match.groups()
        stamp = (int(seconds) * 10**9 + int(nanoseconds), place)
        tid = int(TID.search(rest).group(1))
        if name == "syscall_exit_getpgid":
            if tid in current:
                begins[tid, current.pop(tid)] = stamp
            continue
        number = int(NUMBER.search(rest).group(1))
        if name == "syscall_entry_getpgid":
            current[tid] = number
        elif name == "syscall_entry_getsid":
            ends[tid, number] = stamp
        else:
            events[tid, number] = stamp
            cpus.add(CPU.search(rest).group(1))

    judged = outside = misplaced = worst = 0
    widths = []
    for key, (time, place) in events.items():
        if key not in begins or key not in ends:
            continue
        judged += 1
        begin, end = begins[key], ends[key]
        off = max(begin[0] - time, time - end[0])
        worst = max(worst, off)
        if off > 0:
            outside += 1
        elif not begin[1] < place < end[1]:
            misplaced += 1
        widths.append(end[0] - begin[0])
    widths.sort()
    return {
        "events": len(events), "judged": judged, "outside": outside,
        "misplaced": misplaced, "worst_ns": worst, "cpus": len(cpus),
        "median_bracket_ns": widths[len(widths) // 2] if widths else None,
    }


if __name__ == "__main__":
    print(json.dumps(judge(sys.stdin)))
