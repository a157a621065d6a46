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


def called_ordered_read(abi):
    reads = [mean(abi, "inline", f"called {name}") for name in ("lfence rdtsc", "rdtscp")]
    return min((read for read in reads if not math.isnan(read)), default=math.nan)


def expected():
    """For each limit its value, and the limit, NAN for a figure."""
    limits = {}
    for abi in ("x86-64", "i386"):
        trace = mean(abi, "patched", TRACE)
        unordered = mean(abi, "patched", UNORDERED)
        monotonic = mean(abi, "patched", MONOTONIC)
        ordered_read, read = called_ordered_read(abi), mean(abi, "inline", "called rdtsc")
        limits[f"{abi}: {TRACE} / called ordered read"] = trace / ordered_read, 1.03
        limits[f"{abi}: {UNORDERED} / called rdtsc"] = unordered / read, 1.03
        limits[f"{abi}: {TRACE} / {MONOTONIC}"] = (
            trace / monotonic, 0.80 if ordered_read / monotonic <= 0.80 else math.nan)
        limits[f"{abi}: {UNORDERED} / {MONOTONIC}"] = (
            unordered / monotonic, 0.50 if read / monotonic <= 0.50 else math.nan)
        limits[f"{abi}: {TRACE} with tick writer / quiet"] = (
            mean(abi, "patched", TRACE, "tick-writer") / trace, 1.02)
        for clock in OTHER_CLOCKS:
            limits[f"{abi}: {clock}, patched / unpatched"] = (
                mean(abi, "patched", clock) / mean(abi, "unpatched", clock), 1.02)
            limits[f"{abi}: {clock}, instructions more than unpatched"] = (
                instructions[abi, "patched", clock] - instructions[abi, "unpatched", clock], 0)
    for path in ("syscall", "syscall-time32"):
        # Without --syscall-counts
        for state, limit in (("", 0.93), (" in fallback", 1.05)):
            limits[f"i386: {path}{state}, instructions, {TRACE} / {MONOTONIC}"] = math.nan, limit
    return limits


def verdict(value, spread, limit):
    if math.isnan(value):
        return "NOT MEASURED"
    if math.isnan(limit):
        return "figure"
    if value <= limit:
        return "held"
    if math.isnan(spread) or value - spread > limit:
        return "NOT HELD"
    return "at limit" if spread <= 0.01 * limit else "UNCLEAR"


def is_same(written, value):
    if written is None:
        return math.isnan(value)
    # What is written has four digits after the point.
    return abs(written - value) <= 0.0001


def number(written):
    return math.nan if written is None else written


def main():
    limits = expected()
    names = {limit["name"] for limit in document["limits"]}
    print(f"{int(names != set(limits))}\tthe limits are those that are known")
    for written in document["limits"]:
        value, limit = limits.get(written["name"], (math.nan, math.nan))
        agrees = (is_same(written["value"], value) and is_same(written["limit"], limit) and
                  written["verdict"] == verdict(value, number(written["spread"]), limit))
        print(f"{int(not agrees)}\t"
              f"from the rows and counts: {written['name']}")


main()
