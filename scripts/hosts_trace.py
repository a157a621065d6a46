# SPDX-License-Identifier: GPL-2.0
"""
What scripts/hosts-judge takes from a host's trace: packets, and when the vCPUs of a guest
were in the guest. It shares no code with the analyzer.
"""

import bisect
import collections
import re
import subprocess
import sys

EVENT = re.compile(r"^\[([0-9]+)\] (?:\(\S+\) )?\S+ ([a-z0-9_]+): (.*)$")
# The name of an enumeration's value, the elements of an array, or a number
FIELD = re.compile(r"\b([a-z0-9_]+) = (?:\( \"(\w+)\"[^)]*\)|"
                   r"\[ ((?:\[[0-9]+\] = \w+,? ?)+)\]|(-?(?:0x)?[0-9A-Fa-f]+))")
MASK = (1 << 64) - 1


def read_events(trace, wanted):
    """(ticks, name, fields as text) of each event of these names"""
    with subprocess.Popen(["babeltrace2", "--clock-cycles", "--no-delta", trace],
                          stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            event = EVENT.match(line)
            if event and event[2] in wanted:
                yield int(event[1]), event[2], event[3]
    if process.returncode:
        sys.exit(f"hosts-judge: babeltrace2 cannot read {trace}")


def fields_of(text):
    # Names that are reserved words of CTF have a "_" in front.
    return {match[1]: (match[2] or match[3] or match[4]).lstrip("_")
            for match in FIELD.finditer(text)}


class Vcpu:
    """The stays of a vCPU in the guest, in ticks of the host and of the guest"""

    def __init__(self):
        self.offset = self.ratio = self.frac_bits = 0
        self.entered = None
        self.stays = []

    def to_guest(self, ticks):
        return (((ticks * self.ratio) >> self.frac_bits) + self.offset) & MASK

    def leave(self, ticks):
        if self.entered is not None and self.ratio:
            self.stays.append((self.to_guest(self.entered), self.to_guest(ticks),
                               self.entered, ticks))
        self.entered = None

    def holds(self, guest_ticks):
        at = bisect.bisect_right(self.stays, (guest_ticks, MASK, MASK, MASK)) - 1
        return at >= 0 and guest_ticks <= self.stays[at][1]


class HostEvents:
    """All that one host's trace has"""

    NAMES = ("net_dev_queue", "net_if_receive_skb", "kvm_x86_entry", "kvm_x86_exit",
             "kvm_guest_counter")

    def __init__(self, trace):
        self.packets = {name: {} for name in self.NAMES[:2]}
        # By process and number of the vCPU
        self.vcpus = collections.defaultdict(Vcpu)
        threads = {}
        for ticks, name, text in read_events(trace, self.NAMES):
            fields = fields_of(text)
            if name in self.packets:
                self._add_packet(ticks, name, fields)
            elif name == "kvm_guest_counter":
                vcpu = self.vcpus[int(fields["vm_pid"]), int(fields["vcpu_id"])]
                vcpu.offset, vcpu.ratio, vcpu.frac_bits = (
                    int(fields[field]) for field in ("offset", "ratio", "frac_bits"))
                # Another thread may change an offset.
                if fields["reason"] in ("CREATED", "REFRESH"):
                    threads[fields["tid"]] = vcpu
            elif fields["tid"] in threads:
                vcpu = threads[fields["tid"]]
                vcpu.leave(ticks)
                if name == "kvm_x86_entry":
                    vcpu.entered = ticks

    def _add_packet(self, ticks, name, fields):
        if fields.get("protocol") not in ("tcp", "udp") or "source_port" not in fields:
            return
        key = tuple(fields.get(field) for field in (
            "protocol", "saddr", "daddr", "id", "tot_len", "source_port", "dest_port", "seq",
            "ack_seq"))
        self.packets[name].setdefault(key, []).append(ticks)


def match_packets(sender, receiver):
    """
    By protocol, the times of each packet that left the one once and came to the other once.
    One that was cut or joined with others on its way is not among them.
    """
    pairs = {"tcp": [], "udp": []}
    for key, sent in sender.packets["net_dev_queue"].items():
        received = receiver.packets["net_if_receive_skb"].get(key, ())
        if len(sent) == len(received) == 1:
            pairs[key[0]].append((sent[0], received[0]))
    return pairs
