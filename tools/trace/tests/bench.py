#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
How fast clocktrace merge is, beside babeltrace2 reading the same traces and doing nothing
with them, and how much memory it takes for traces and ones ten times as long; and both for
more and more hosts.

Times are of the CPU, the least of several runs in turns. The traces are made here unless
some are named; the host's goes last. O= is where the tools are.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import scale
import scale_hosts

TOOLS = os.environ.get("O", "../../out/tools/trace")
MERGE = os.path.join(TOOLS, "clocktrace-merge")
STAYS = 50_000
# Of each host; and for how long the shorter traces of several hosts are, in seconds
VMS = 16
SECONDS = 0.125


def cpu_time(commands):
    """CPU seconds that the commands take"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for command in commands:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def heap_peak(work, words):
    """The most bytes that it had allocated at once"""
    name = f"{work}/heap"
    env = dict(os.environ, LD_PRELOAD=os.path.join(TOOLS, "heap_peak.so"), HEAP_PEAK=name)
    subprocess.run([MERGE, "--quiet", "--summary", *words], stdout=subprocess.DEVNULL,
                   check=True, env=env)
    with open(name, encoding="ascii") as file:
        peak = max(int(line) for line in file)
    os.unlink(name)
    return peak


def speed(work, paths, rounds):
    """The least times: babeltrace2, both passes, the second pass alone, and written as CTF"""
    model = f"{work}/model"
    merge = [MERGE, "--quiet", "--summary"]
    subprocess.run([*merge, "--model", model, *paths], stdout=subprocess.DEVNULL, check=True)
    # In one graph, it refuses clocks of two identities.
    ways = ([["babeltrace2", "-o", "dummy", path] for path in paths],
            [[*merge, *paths]],
            [[*merge, "--model", model, *paths]],
            [["rm", "-rf", f"{work}/ctf"], [*merge, "--model", model, "-o", f"{work}/ctf", *paths]])
    times = [[cpu_time(way) for way in ways] for _ in range(rounds)]
    return [min(column) for column in zip(*times)]


def several(work):
    """Hosts in a ring, of which each has VMs, and a trace of one of these"""
    print(f"{'hosts':>5} {'VMs':>5} {'events':>9} {'CPU s':>8} {'us/event':>9} {'heap KB':>9}")
    for hosts in (4, 16, 64):
        for seconds in (SECONDS, 4 * SECONDS):
            root = f"{work}/hosts"
            os.mkdir(root)
            paths, events = scale_hosts.write(root, hosts, VMS, seconds)
            took = cpu_time([[MERGE, "--quiet", "--summary", *paths]])
            print(f"{hosts:5} {hosts * VMS:5} {events:9} {took:8.2f} {1e6 * took / events:9.2f} "
                  f"{heap_peak(work, paths) / 1024:9.0f}", flush=True)
            shutil.rmtree(root)


def main():
    parser = argparse.ArgumentParser(prog="bench.py", description=__doc__.strip(),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="(%(default)s)")
    parser.add_argument("traces", nargs="*", help="traces of guests and their host")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        paths = args.traces
        if not paths:
            paths, count = scale.write(f"{work}/scale", STAYS)
            print(f"{count} events of a host and a guest, in CTF")
        dummy, both, second, written = speed(work, paths, args.rounds)
        print(f"{'':34}     CPU s   speed of babeltrace2")
        print(f"{'babeltrace2 -o dummy':34} {dummy:9.3f}")
        print(f"{'clocktrace merge, both passes':34} {both:9.3f}   {dummy / both:.2f} of it, "
              "at least 0.33 is wanted")
        print(f"{'clocktrace merge, re-stamping only':34} {second:9.3f}   {dummy / second:.2f} of it, "
              "at least 0.50 is wanted")
        print(f"{'re-stamping, written as CTF':34} {written:9.3f}   {dummy / written:.2f} of it")
        if not args.traces:
            ten = scale.write(f"{work}/ten", 10 * STAYS)[0]
            print(f"allocated at most: {heap_peak(work, paths) / 1024:.0f} KB, and "
                  f"{heap_peak(work, ten) / 1024:.0f} KB for ten times the events")
            several(work)


if __name__ == "__main__":
    main()
