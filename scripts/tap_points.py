# SPDX-License-Identifier: GPL-2.0
"""The points that the judges print as TAP."""


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0
        print("TAP version 13")

    def point(self, good, name):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)

    def end(self):
        """Return: the exit status"""
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def comment(text):
    for line in text.splitlines():
        print(f"# {line}")
