# SPDX-License-Identifier: GPL-2.0
"""What the tests of the analyzer's commands share: a check, and TAP of all test functions."""

import shutil
import subprocess
import sys

LIMIT = 120


class Failed(Exception):
    """What is not as it should be."""


def check(condition, *what):
    if not condition:
        raise Failed(" ".join(map(str, what)))


def run(program, *words):
    """Status, standard output and error"""
    done = subprocess.run([program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, errors="replace", timeout=LIMIT, check=False)
    return done.returncode, done.stdout, done.stderr


def main(command, functions, work):
    """A point for each function named test_*; ends the program, and removes its directory"""
    tests = [value for name, value in functions.items() if name.startswith("test_")]
    failed = 0
    print("TAP version 13")
    try:
        for number, test in enumerate(tests, 1):
            name = test.__name__[5:].replace("_", " ")
            try:
                test()
                print(f"ok {number} - {command}: {name}", flush=True)
            except (Failed, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
                failed += 1
                for line in f"{type(error).__name__}: {error}".splitlines():
                    print(f"# {line}")
                print(f"not ok {number} - {command}: {name}", flush=True)
        print(f"1..{len(tests)}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(1 if failed else 0)
