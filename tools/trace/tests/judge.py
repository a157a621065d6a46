#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Judge what clocktrace merge has made of real traces: read its JSON lines, and count the
events of guests that stand between a kvm_entry and the next kvm_exit of their vCPU.

Nothing of the analyzer is used for it: whose entries they are follows from the threads of
the kvm_guest_counter events, here once more, and the order is that of the lines. Where an
event names its vCPU itself, as those of clocktrace-guest-sampler do, that one counts.
Prints one JSON object; the exit status is 0 if all events are inside, else 1.
"""

import collections
import json
import sys

ENTRIES = ("kvm_entry", "kvm_x86_entry")
EXITS = ("kvm_exit", "kvm_x86_exit")
TSC = ("kvm_guest_counter",)


def number(event, name):
    return event["fields"][name]


def thread_of(event):
    return event.get("thread", event.get("context", {}).get("tid"))


def vcpu_of(event):
    """What lttng-modules writes as vcpu_id of an entry is not the vCPU's number."""
    return event["fields"].get("vcpu_id") if event["name"] in ("kvm_entry", "kvm_exit") else None


class Owners:
    """Which vCPU a thread runs, at any place in the trace"""

    def __init__(self, events):
        self.told = collections.defaultdict(list)
        for place, event in enumerate(events):
            if event["name"] in TSC and number(event, "reason") != 4:
                self.told[thread_of(event)].append(
                    (place, (number(event, "vm_id"), number(event, "vcpu_id"))))

    def at(self, thread, place, vcpu):
        """The last one told before, or the first one after"""
        told = [one for one in self.told[thread] if vcpu is None or one[1][1] == vcpu]
        before = [owner for when, owner in told if when <= place]
        return before[-1] if before else told[0][1] if told else None


def judge(events):
    counts = collections.Counter()
    owners = Owners(events)
    entered, machines = {}, collections.Counter()
    last = 0
    for place, event in enumerate(events):
        counts["unordered"] += event["ticks"] < last
        last = event["ticks"]
        name, thread = event["name"], thread_of(event)
        if "raw" in event:
            vcpu = (event["vm"], event["fields"].get("vcpu_id", event["vcpu"]))
            counts["inside" if entered.get(vcpu) is not None else "outside"] += 1
            machines[event["machine"]] += 1
        elif name in ENTRIES:
            entered[owners.at(thread, place, vcpu_of(event))] = event["cpu"]
        elif name in EXITS:
            owner = owners.at(thread, place, vcpu_of(event))
            if entered.get(owner) == event["cpu"]:
                entered[owner] = None
        else:
            counts["host"] += 1
    return counts, machines


def main():
    events = [json.loads(line) for line in sys.stdin]
    counts, machines = judge(events)
    print(json.dumps({"inside": counts["inside"], "outside": counts["outside"],
                      "unordered": counts["unordered"], "machines": machines}))
    sys.exit(0 if counts["inside"] and not counts["outside"] and not counts["unordered"] else 1)


if __name__ == "__main__":
    main()
