# SPDX-License-Identifier: GPL-2.0
"""Print what syscall-cost wrote as JSON, a table for each state of the trace clock.

Usage: table.py FILE...
"""
import json
import sys


def print_table(state, unit, costs):
    columns = list(dict.fromkeys(column for _, column in costs))
    print(f"clock_gettime(), {unit} per call, CLOCK_TRACE driven by: {state}")
    for line, what in enumerate(("", "clock")):
        print(f"{what:<24}" + "".join(f"{column[line]:>16}" for column in columns))
    for clock in dict.fromkeys(clock for clock, _ in costs):
        print(f"{clock:<24}" +
              "".join(f"{costs.get((clock, column), '-'):>16}" for column in columns))
    print()


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    tables = {}
    for path in sys.argv[1:]:
        document = json.load(open(path))
        costs = tables.setdefault((document["state"], document["unit"]), {})
        for row in document["rows"]:
            costs[row["clock"], (row["abi"], row["path"])] = row["cost"]
    for (state, unit), costs in tables.items():
        print_table(state, unit, costs)


main()
