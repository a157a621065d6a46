# SPDX-License-Identifier: GPL-2.0
"""The lines of TAP and KTAP that tap-count and kselftest-compare tell apart."""

import re
from dataclasses import dataclass

_POINT = re.compile(r"^( *)(not )?ok\b(?: (\d+))?(?: -)?(?: (.*))?$")
# A description ends at the first " # "; "\#" and "#1" belong to it.
_DIRECTIVE = re.compile(r"(?:^| )# (.*)$")
_SKIP = re.compile(r"SKIP(?![^\s:])[\s:-]*(.*)$", re.IGNORECASE)


@dataclass
class Point:
    """
    A test point. The number is None where there is none; the note is what follows
    the description, without the "#".
    """
    indent: int
    is_ok: bool
    number: int | None
    name: str
    note: str
    is_skip: bool = False
    reason: str = ""


def parse_point(line):
    """
    Return: the test point on a line, or None.

    KTAP lets a point that is "not ok" be a skip, but what failed is no skip
    here: nothing that goes wrong may look like a missing requirement.
    """
    match = _POINT.match(line)
    if not match:
        return None
    indent, failed, number, text = match.groups()
    text = (text or "").strip()
    note = ""
    if directive := _DIRECTIVE.search(text):
        text, note = text[:directive.start()].strip(), directive[1].strip()
    point = Point(len(indent), not failed, number and int(number), text or f"test {number}", note)
    if point.is_ok and (skip := _SKIP.match(note)):
        point.is_skip, point.reason = True, skip[1]
    return point
