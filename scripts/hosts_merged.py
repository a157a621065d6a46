# SPDX-License-Identifier: GPL-2.0
"""
What scripts/hosts-judge says of a merge of both hosts, beside two other ways to place the
events of the one on the time line of the other: a plain convex hull, and CLOCK_REALTIME.
"""

import collections
import json
import os
import statistics
import subprocess
import sys
import tempfile

# How far apart the rates of two counters may be for the plain hull
RATE_MAX = 1e-3


class Merged:
    """Bounds that clocktrace merge gives the second host's events, on the first one's axis"""

    def __init__(self, tool, paths, reference="host-a", other="host-b"):
        # By how much the second's counter is ahead, at its own time: (time, low, high)
        self.bounds = []
        # How many events of a guest are placed on each host
        self.of_guest = collections.Counter()
        with tempfile.TemporaryDirectory() as work:
            output = os.path.join(work, "merged.json")
            done = subprocess.run([tool, "--reference", reference, "-o", output, "--summary",
                                   "--json", *paths], stdout=subprocess.PIPE, text=True,
                                  check=False)
            if done.returncode:
                sys.exit(f"hosts-judge: {tool} ends with {done.returncode}")
            self.summary = json.loads(done.stdout)
            with open(output, encoding="utf-8") as file:
                for line in file:
                    self._take(json.loads(line), other)

    def _take(self, event, other):
        if event["machine"] != event["host"]:
            self.of_guest[event["host"]] += 1
        if event["host"] != other or "own_ticks" not in event:
            return
        ahead = event["own_ticks"] - event["ticks"]
        self.bounds.append((event["own_ticks"], ahead - event["uncertainty"],
                            ahead + event["earlier"]))

    def false_bounds(self, truth, shift=0):
        """Number of events whose bound holds no offset that may be the true one"""
        return sum(low > truth["high"] + shift or high < truth["low"] + shift
                   for _, low, high in self.bounds)

    def common(self):
        """The offsets that all bounds hold"""
        return (max(low for _, low, _ in self.bounds), min(high for _, _, high in self.bounds))


def widths(bounds, hertz):
    """Median and greatest width of bounds, in ns"""
    all_widths = [(high - low) * 1e9 / hertz for _, low, high in bounds]
    return statistics.median(all_widths), max(all_widths)


def clip(polygon, a, b, c):
    """The part of a convex polygon where a * x + b * y <= c"""
    result = []
    for (x, y), (u, v) in zip(polygon, polygon[1:] + polygon[:1]):
        one, other = a * x + b * y - c, a * u + b * v - c
        if one <= 0:
            result.append((x, y))
        if (one < 0 < other) or (other < 0 < one):
            part = one / (one - other)
            result.append((x + part * (u - x), y + part * (v - y)))
    return result


def plain_hull(there, back, times):
    """
    Bounds of the second's offset at its times by all straight lines that contradict no
    message, over the whole trace.
    """
    # The second's time, and the offset that is not exceeded or not fallen below
    upper = [(received, received - sent) for sent, received in there]
    lower = [(sent, sent - received) for sent, received in back]
    center = sum(x for x, _ in upper) // len(upper)
    base = upper[0][1]
    far = max(abs(y - base) for _, y in upper + lower) * 10
    polygon = [(-far, -RATE_MAX), (far, -RATE_MAX), (far, RATE_MAX), (-far, RATE_MAX)]
    for x, y in upper:
        polygon = clip(polygon, 1, x - center, y - base)
    for x, y in lower:
        polygon = clip(polygon, -1, center - x, base - y)
    if not polygon:
        return []
    return [(time, base + min(offset + rate * (time - center) for offset, rate in polygon),
             base + max(offset + rate * (time - center) for offset, rate in polygon))
            for time in times]


def realtime_offsets(truth):
    """The second's offset as CLOCK_REALTIME of both has it, at each burst of hand-overs"""
    for burst in truth["bursts"]:
        one, other = burst["clocks"]["a"], burst["clocks"]["b"]
        hertz = truth["frequencies"]["a"]
        yield (other["ticks"] - one["ticks"] -
               (other["realtime_ns"] - one["realtime_ns"]) * hertz // 10**9)
