# SPDX-License-Identifier: GPL-2.0
"""Print what syscall-cost wrote as JSON, from one or more files, as one table.

Usage: table.py FILE...
"""
import json
import sys


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    columns = []
    costs = {}
    for path in sys.argv[1:]:
        document = json.load(open(path))
        for row in document["rows"]:
            column = (row["abi"], row["path"], document["state"])
            if column not in columns:
                columns.append(column)
            costs[row["clock"], column] = row["cost"]

    print(f"clock_gettime(), {document['unit']} per call, and what drives CLOCK_TRACE meanwhile")
    for line, what in enumerate(("", "", "clock")):
        print(f"{what:<24}" + "".join(f"{column[line]:>16}" for column in columns))
    for clock in dict.fromkeys(clock for clock, _ in costs):
        print(f"{clock:<24}" +
              "".join(f"{costs.get((clock, column), '-'):>16}" for column in columns))
    print()


main()
