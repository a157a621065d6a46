#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Damage recorded traces of LTTng at random, and have clocktrace verify read them.

Whatever it makes of them, it has to end by itself, with a status that its manual page
names. Built with sanitizers, it ends with another one on any access out of bounds.
"""

import argparse
import collections
import os
import random
import shutil
import subprocess
import sys
import tempfile

STATUSES = (0, 1, 2)
LIMIT = 60


def files_of(directory):
    """The files of a trace that are read, in a fixed order"""
    for path, _, names in sorted(os.walk(directory)):
        for name in sorted(names):
            if not name.endswith(".idx"):
                yield os.path.join(path, name)


def damage(path, rng):
    """Change some bytes of a file, or cut it."""
    size = os.path.getsize(path)
    if not size:
        return
    with open(path, "r+b") as file:
        if rng.random() < 0.2:
            file.truncate(rng.randrange(size))
            return
        # Headers are at the beginning, of the file and of its packets.
        for _ in range(rng.choice((1, 4, 32))):
            file.seek(rng.randrange(min(size, rng.choice((128, 4096, size)))))
            file.write(bytes((rng.randrange(256),)))


def run(args, rng, work):
    """Damage one file of a copy, and return clocktrace verify's status."""
    copies = []
    for name, directory in (("host", args.trace), ("guest", args.samples)):
        copy = os.path.join(work, name)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(directory, copy)
        copies.append(copy)
    damage(rng.choice([path for copy in copies for path in files_of(copy)]), rng)
    return subprocess.run([args.tool, copies[0], f"{args.pid}:{copies[1]}"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=LIMIT, check=False).returncode


def main():
    parser = argparse.ArgumentParser(
        prog="damaged.py", description=__doc__.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True, help="the clocktrace verify to use")
    parser.add_argument("--pid", required=True, help="process that ran the guest")
    parser.add_argument("--runs", type=int, default=100, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32),
                        help="to repeat what was printed")
    parser.add_argument("trace", help="the host's traces")
    parser.add_argument("samples", help="the guest's")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as work:
        for number in range(args.runs):
            try:
                counts[run(args, rng, work)] += 1
            except subprocess.TimeoutExpired:
                counts["no end"] += 1
            if set(counts) - set(STATUSES):
                sys.exit(f"seed {args.seed}, run {number}: {dict(counts)}")
    print(f"seed {args.seed}, {args.runs} runs, by status: {dict(counts)}")


if __name__ == "__main__":
    main()
