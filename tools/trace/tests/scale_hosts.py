#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Traces of many hosts with many VMs, of any length, in packets as tracers write them. The hosts
talk in a ring, and one VM of each host has a trace of its own.
"""

import os
import random
import struct
import sys

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from scale import ENTRY, EXIT, TEST, Stream
from synthetic import CREATED, HLT, Trace
from synthetic_hosts import ACK, NS, PSH, SYN, NetTrace, pack_packet

HERTZ = 2_000_000_000
# A stay of each VM, and a packet from each host to the next and back, in so many ns
EVERY = 1_000_000
EVENTS_IN_STAY = 3


class Host:
    """A host whose counter runs at a rate of its own"""

    def __init__(self, number, root, rng):
        self.number = number
        self.base, self.rate = rng.randrange(1 << 40), 1 + rng.uniform(-45e-6, 45e-6)
        self.path = f"{root}/host{number}"
        self.address = (10, 0, number // 250, number % 250 + 1)
        self.packets = []
        trace = NetTrace(f"node{number}", number)
        trace.hertz, trace.offset_ns = HERTZ, 1_700_000_000 * NS - self.base * NS // HERTZ
        trace.write(self.path)

    def ticks(self, time):
        return self.base + int(time * self.rate * HERTZ / NS)


def talk(one, other, port, duration, rng):
    """A connection from one host to the next, both of which send in turns"""
    ports, back = (port, 80), (80, port)
    numbers = [rng.getrandbits(32), rng.getrandbits(32)]

    def send(source, target, time, flags, size):
        forth = source is one
        fields = {"source": source.address, "destination": target.address,
                  "ports": ports if forth else back, "sequence": numbers[not forth],
                  "ack": 0 if flags == SYN else numbers[forth], "size": size, "flags": flags,
                  "number": 1}
        arrival = time + 15_000 + int(rng.expovariate(1 / 20_000))
        for host, when, name in ((source, time, "net_dev_queue"),
                                 (target, arrival, "netif_receive_skb")):
            ticks = host.ticks(when)
            host.packets.append((ticks, pack_packet(ticks, name, 0, fields)))
        numbers[not forth] += size + bool(flags & SYN)
        return arrival

    time = send(one, other, 1_000_000, SYN, 0)
    time = send(other, one, time + 5000, SYN | ACK, 0)
    send(one, other, time + 5000, ACK, 0)
    for begin in range(2_000_000, duration, EVERY):
        time = send(one, other, begin + rng.randint(0, EVERY // 4), ACK | PSH, 100)
        send(other, one, time + rng.randint(1000, 100_000), ACK | PSH, 100)


def write_vm(host, number, guest, duration, rng):
    """The stays of a VM; and its own events, if there is a trace to write them to"""
    stream, tid, vm = Stream(host.path, 1 + number), 1000 + number, 1000 * host.number + number
    begin = host.ticks(500_000)
    offset = rng.randrange(1 << 40) - host.base
    stream.add(Trace.pack(begin, "kvm_guest_counter", tid, {
        "vm_pid": 100 + number, "vm_id": vm, "vcpu_id": 0, "offset": offset,
        "ratio": 1 << 32, "frac_bits": 32, "reason": CREATED}), begin, begin)
    for time in range(1_000_000, duration, EVERY):
        entry = host.ticks(time + rng.randint(0, EVERY // 3))
        leave = entry + rng.randint(1000, EVERY)
        stream.add(struct.pack("<IQIQIQIII", ENTRY, entry, tid, 0x1000, EXIT, leave, tid, HLT, 2),
                   entry, leave)
        for i in range(EVENTS_IN_STAY if guest else 0):
            value = entry + offset + i * (leave - entry) // EVENTS_IN_STAY
            guest.add(struct.pack("<IQIQ", TEST, value, 1, i), value, value)
    stream.close()


def write(root, hosts, vms, seconds):
    """Paths of the hosts, then of the guests; and the number of all events"""
    rng, duration = random.Random(hosts), int(seconds * NS)
    every = [Host(number, root, rng) for number in range(hosts)]
    guests = []
    for number, host in enumerate(every):
        talk(host, every[(number + 1) % hosts], 40000 + number, duration, rng)
    for host in every:
        host.packets.sort()
        stream = Stream(host.path, 0)
        for ticks, data in host.packets:
            stream.add(data, ticks, ticks)
        stream.close()
        path = f"{root}/guest{host.number}"
        trace = NetTrace(f"guest{host.number}", 100 + host.number)
        trace.hertz = HERTZ
        trace.write(path)
        guests.append(path)
        guest = Stream(path, 0)
        for number in range(vms):
            write_vm(host, number, None if number else guest, duration, rng)
        guest.close()
    stays = len(range(1_000_000, duration, EVERY))
    events = sum(len(host.packets) for host in every) + hosts * (
        vms * (1 + 2 * stays) + EVENTS_IN_STAY * stays)
    return [host.path for host in every] + guests, events


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("Usage: scale_hosts.py DIRECTORY HOSTS VMS SECONDS")
    os.makedirs(sys.argv[1])
    print(write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))[1])
