#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Traces of a host and a guest of two vCPUs, of any length, in packets as tracers write
them: what is measured with them does not depend on Python, and is the same each time.
"""

import os
import random
import struct
import sys

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from synthetic import BOOT, CREATED, HLT, NAMES, Trace, metadata

# A sub-buffer of LTTng; and events of the guest in a stay
PACKET = 65536
EVENTS_IN_STAY = 5
OFFSET = -9_000_000
BEGIN = 10_000_000

ENTRY, EXIT, TEST, SWITCH, WAKING = (NAMES.index(name) for name in (
    "kvm_x86_entry", "kvm_x86_exit", "test_event", "sched_switch", "sched_waking"))


class Stream:
    """A stream that is written packet by packet"""

    def __init__(self, path, cpu):
        # pylint: disable=consider-using-with
        self.file, self.cpu = open(f"{path}/kernel_{cpu}", "wb"), cpu
        self.parts, self.size, self.begin, self.end = [], 0, None, None

    def add(self, data, begin, end):
        if self.begin is None:
            self.begin = begin
        self.end = end
        self.parts.append(data)
        self.size += len(data)
        if self.size >= PACKET - 1024:
            self.flush()

    def flush(self):
        if not self.parts:
            return
        self.file.write(struct.pack("<IIQQQQQI", 0xc1fc1fc1, 0, self.begin, self.end,
                                    8 * (52 + self.size), 8 * PACKET, 0, self.cpu)
                        + b"".join(self.parts) + bytes(PACKET - 52 - self.size))
        self.parts, self.size, self.begin = [], 0, None

    def close(self):
        self.flush()
        self.file.close()


def write_vcpu(rng, host, guest, vcpu, stays):
    """The stays of a vCPU, and what the guest writes in each"""
    tid, time = 1000 + vcpu, BEGIN + 1000
    host.add(Trace.pack(BEGIN, "kvm_guest_counter", tid, {
        "vm_pid": 100, "vm_id": 7, "vcpu_id": vcpu, "offset": OFFSET + vcpu,
        "ratio": 1 << 32, "frac_bits": 32, "reason": CREATED}), BEGIN, BEGIN)
    for number in range(stays):
        entry = time + rng.randint(200, 2000)
        time = entry + rng.randint(1000, 20_000)
        host.add(struct.pack("<IQIQIQIII", ENTRY, entry, tid, 0x1000, EXIT, time, tid, HLT, 2),
                 entry, time)
        value, step = entry + OFFSET + vcpu, (time - entry) // (EVENTS_IN_STAY - 1)
        guest.add(struct.pack("<IQIIIQIIQIIQIQIQIIQIIQIQ",
                              WAKING, value, 1, 40,
                              SWITCH, value + step, 0, 0, 0, 40,
                              TEST, value + 2 * step, 40, number,
                              SWITCH, value + 3 * step, 40, 40, 1, 0,
                              TEST, value + 4 * step, 0, number),
                  value, value + 4 * step)


def write(root, stays, vcpus=2):
    """Paths of the guest's trace and the host's, and the number of their events"""
    paths = [f"{root}/guest", f"{root}/host"]
    for number, path in enumerate(reversed(paths)):
        os.makedirs(path)
        with open(f"{path}/metadata", "w", encoding="ascii") as file:
            file.write(metadata("clock_trace", BOOT % number, os.path.basename(path)))
    rng = random.Random(1)
    for vcpu in range(vcpus):
        guest, host = (Stream(path, vcpu) for path in paths)
        write_vcpu(rng, host, guest, vcpu, stays)
        guest.close()
        host.close()
    return paths, vcpus * (stays * (2 + EVENTS_IN_STAY) + 1)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Usage: scale.py DIRECTORY STAYS")
    print(write(sys.argv[1], int(sys.argv[2]))[1])
