#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Do the scenarios find arithmetic that is broken? Each edit of hosts/ makes a bound false
somewhere; some scenario must say so. Prints TAP.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

TRACE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
CC = os.environ.get("CC", "cc")
FLAGS = ["-O2", "-std=gnu11", "-D_GNU_SOURCE"]
OTHERS = ["tests/hosts/scenarios.c", "tests/hosts/simulate.c", "tests/hosts/rivals.c",
          "../common/array.c", "../common/message.c", "../common/statistics.c"]

# What is broken, the file, the text, what it becomes
MUTANTS = (
    ("quotients rounded down", "exact.h",
     "return quotient + (product > 0 && quotient * c != product);",
     "return quotient - (product < 0 && quotient * c != product);"),
    ("the end of the tick forgotten", "hosts.c",
     "const int64_t offset = message->received - message->sent;",
     "const int64_t offset = message->received - 1 - message->sent;"),
    ("drift forgotten", "relation.c",
     "return (exact_signed)exact_shr_up(product, 80);", "return 0;"),
    ("half of the drift", "relation.c",
     "exact_shr_up(product, 80)", "exact_shr_up(product, 81)"),
    ("half of the rate", "relation.c",
     "(exact_unsigned)distance * limits->rate;", "(exact_unsigned)distance * (limits->rate / 2);"),
    ("the wrong end of an interval on a path", "paths.c",
     "offset = relation_bound(rest, &hosts->limits, side, time, NULL);",
     "offset = -relation_bound(rest, &hosts->limits, !side, time, NULL);"),
    ("the line not split where a clock stepped", "hosts.c",
     "if (hosts->nr_splits == SPLITS_MAX)", "if (true)"),
    ("a step taken to be at the begin of where it can be", "hosts.c",
     "\told->to = to;\n", "\told->to = from;\n"),
    ("a step taken to be at the end of where it can be", "hosts.c",
     "\tnew->from = from;\n", "\tnew->from = to;\n"),
)


def false_bounds(work, file, text, becomes):
    """Does a scenario end with a false bound after this edit?"""
    copy = os.path.join(work, "hosts")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(os.path.join(TRACE, "hosts"), copy)
    path = os.path.join(copy, file)
    with open(path, encoding="utf-8") as source:
        code = source.read()
    if code.count(text) != 1:
        raise ValueError(f"{file} has {code.count(text)} times {text!r}")
    with open(path, "w", encoding="utf-8") as source:
        source.write(code.replace(text, becomes))
    program = os.path.join(work, "scenarios")
    subprocess.run([CC, *FLAGS, f"-I{work}", f"-I{TRACE}", f"-I{TRACE}/..", "-o", program,
                    *(os.path.join(TRACE, name) for name in OTHERS),
                    *glob.glob(f"{copy}/*.c"), "-lm"], check=True)
    done = subprocess.run([program, "--count", "500", "--until-false"], stdout=subprocess.PIPE,
                          check=False, text=True)
    print("# " + next(line for line in done.stdout.splitlines() if "ok 1" in line))
    return done.returncode == 1


def main():
    print(f"TAP version 13\n1..{len(MUTANTS)}")
    failed = False
    with tempfile.TemporaryDirectory() as work:
        for number, (what, *edit) in enumerate(MUTANTS, 1):
            found = false_bounds(work, *edit)
            failed = failed or not found
            print(f"{'' if found else 'not '}ok {number} - hosts: found by a scenario: {what}",
                  flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
