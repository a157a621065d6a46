#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Do the scenarios find arithmetic that is broken? Each edit of hosts/ makes a bound false
somewhere; some scenario must say so. Prints TAP.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
# pylint: disable=wrong-import-position
from mutate import Mutants

OTHERS = ("tests/hosts/simulate.c", "tests/hosts/rivals.c", "../common/array.c", "../common/message.c",
          "../common/number.c", "../common/plain.c", "../common/statistics.c")

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


if __name__ == "__main__":
    sys.exit(Mutants("hosts", "tests/hosts/scenarios", OTHERS,
                     ["--count", "500", "--until-false"]).run(MUTANTS, "hosts: found by a scenario"))
