# SPDX-License-Identifier: GPL-2.0
"""Work out the limits again from the rest of a JSON document of vdso-bench.

Prints a line for each limit: 0 or 1, as the exit status of a command, a tab, and
the claim in words. Usage: recompute.py FILE
"""
import json
import math
import sys

OTHER_CLOCKS = ("CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW",
                "CLOCK_BOOTTIME", "CLOCK_MONOTONIC_COARSE")
TRACE, UNORDERED, MONOTONIC = "CLOCK_TRACE", "CLOCK_TRACE_UNORDERED", "CLOCK_MONOTONIC"

document = json.load(open(sys.argv[1]))
means = {(row["abi"], row["image"], row["clock"], row["mode"]): row["mean"]
         for row in document["rows"]}
instructions = {(count["abi"], count["image"], count["clock"]): count["instructions"]
                for count in document["counts"]
                if count["entry"] == "clock_gettime" and not count["fallback"]}


def mean(abi, image, clock, mode="throughput"):
    return means.get((abi, image, clock, mode), math.nan)


def ordered_read(abi):
    reads = [mean(abi, "inline", name) for name in ("lfence rdtsc", "rdtscp")]
    return min((read for read in reads if not math.isnan(read)), default=math.nan)


def expected():
    values = {}
    for abi in ("x86-64", "i386"):
        trace = mean(abi, "patched", TRACE)
        monotonic = mean(abi, "patched", MONOTONIC)
        values[f"{abi}: {TRACE} / {MONOTONIC}"] = trace / monotonic
        values[f"{abi}: {TRACE} with tick writer / quiet"] = (
            mean(abi, "patched", TRACE, "tick-writer") / trace)
        for clock in OTHER_CLOCKS:
            values[f"{abi}: {clock}, patched / unpatched"] = (
                mean(abi, "patched", clock) / mean(abi, "unpatched", clock))
            values[f"{abi}: {clock}, instructions more than unpatched"] = (
                instructions[abi, "patched", clock] - instructions[abi, "unpatched", clock])
    unordered = mean("x86-64", "patched", UNORDERED)
    values[f"x86-64: {TRACE} / inline ordered read"] = (
        mean("x86-64", "patched", TRACE) / ordered_read("x86-64"))
    values[f"x86-64: {UNORDERED} / inline rdtsc"] = (
        unordered / mean("x86-64", "inline", "rdtsc"))
    values[f"x86-64: {UNORDERED} / {MONOTONIC}"] = (
        unordered / mean("x86-64", "patched", MONOTONIC))
    for path in ("syscall", "syscall-time32"):
        # Without --syscall-counts
        values[f"i386: {path}, instructions, {TRACE} / {MONOTONIC}"] = math.nan
    return values


def is_same(written, value):
    if written is None:
        return math.isnan(value)
    # What is written has four digits after the point.
    return abs(written - value) <= 0.0001


def main():
    values = expected()
    names = {limit["name"] for limit in document["limits"]}
    print(f"{int(names != set(values))}\tthe limits are those that are known")
    for limit in document["limits"]:
        value = values.get(limit["name"], math.nan)
        agrees = (is_same(limit["value"], value) and
                  limit["held"] == (value <= limit["limit"]))
        print(f"{int(not agrees)}\t"
              f"from the rows and counts: {limit['name']}")


main()
