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


class Events:
    """The hosts' events in lines of JSON, the second one's with a bound on the first one's axis"""

    def __init__(self, other):
        self.other = other
        # By how much the second's counter is ahead, at its own time: (time, low, high)
        self.bounds = []
        # The times of each host's CPU, by its own counter
        self.times = collections.defaultdict(list)

    def take(self, event):
        if event["machine"] != event["host"]:
            return
        time = event.get("own_ticks", event["ticks"])
        self.times[event["machine"], event["cpu"]].append(time)
        if event["host"] == self.other and "own_ticks" in event:
            ahead = time - event["ticks"]
            self.bounds.append((time, ahead - event["uncertainty"], ahead + event["earlier"]))

    def false_bounds(self, truth, shift=0):
        """Number of events whose bound holds no offset that may be the true one"""
        return sum(low > truth["high"] + shift or high < truth["low"] + shift
                   for _, low, high in self.bounds)

    def common(self):
        """The offsets that all bounds hold"""
        return (max(low for _, low, _ in self.bounds), min(high for _, _, high in self.bounds))


class Merged(Events):
    """Bounds that clocktrace merge gives the second host's events, on the first one's axis"""

    def __init__(self, tool, paths, reference="host-a", other="host-b"):
        super().__init__(other)
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
                    event = json.loads(line)
                    self.take(event)
                    if event["machine"] != event["host"]:
                        self.of_guest[event["host"]] += 1


class Live(Events):
    """What clocktrace merge --live has written while the hosts recorded"""

    def __init__(self, path, other="host-b"):
        super().__init__(other)
        self.count = self.late = self.backwards = 0
        last = None
        with open(path, encoding="utf-8") as file:
            for line in file:
                event = json.loads(line)
                self.take(event)
                self.count += 1
                if event.get("late"):
                    self.late += 1
                    continue
                self.backwards += last is not None and event["ticks"] < last
                last = event["ticks"]

    def missing(self, merged):
        """
        How many events of the whole traces did not come, or came twice, on each CPU since the
        first that came. What was before a session was asked for, nobody is told.
        """
        wrong = 0
        for where, times in self.times.items():
            came = collections.Counter(times)
            recorded = collections.Counter(time for time in merged.times[where]
                                           if time >= min(times))
            wrong += sum(((came - recorded) + (recorded - came)).values())
        return wrong


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
