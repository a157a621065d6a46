# SPDX-License-Identifier: GPL-2.0
"""
Traces of several hosts and their guests that are made here, with clocks that drift, packets
between the hosts in the form of LTTng, and the true time of each event.
"""

import math
import os
import random
import struct

import synthetic
from synthetic import CREATED, DESTROYED, HLT, NAMES, Trace, metadata

NS = 1_000_000_000
TYPES = """
typealias integer { size = 16; align = 8; signed = false; byte_order = be; } := net16;
typealias integer { size = 32; align = 8; signed = false; byte_order = be; } := net32;
"""
# A network header as LTTng writes it: IPv4 and TCP
NETWORK = """
enum : u8 { _unknown = 0, _ipv4 = 1, _ipv6 = 2 } _network_header_type;
variant <_network_header_type> {
    struct { } _unknown;
    struct { u8 _version; u8 _ihl; u8 _tos; net16 _tot_len; net16 _id; net16 _frag_off; u8 _ttl;
        u8 _protocol; net16 _checksum; u8 _saddr[4]; u8 _daddr[4];
        enum : u8 { _unknown = 0, _tcp = 1, _udp = 2, _icmp = 3 } _transport_header_type;
        variant <_transport_header_type> {
            struct { } _unknown;
            struct { net16 _source_port; net16 _dest_port; net32 _seq; net32 _ack_seq;
                u8 _data_offset; u8 _reserved; net16 _flags; net16 _window_size;
                net16 _checksum; net16 _urg_ptr; } _tcp;
            struct { } _udp;
            struct { } _icmp;
        } _transport_header;
    } _ipv4;
    struct { } _ipv6;
} _network_header;
"""
PACKETS = ("net_dev_queue", "netif_receive_skb")
SYN, PSH, ACK = 2, 8, 16


class NetTrace(Trace):
    """A trace that may have packets"""

    offset_ns = 0
    uuid = None

    def write(self, path):
        os.makedirs(path)
        hertz = self.hertz
        uuid = self.uuid or synthetic.BOOT % (self.number % 256)
        text = metadata(self.clock, uuid, self.host, hertz)
        seconds, rest = divmod(self.offset_ns, NS)
        text = text.replace("offset_s = 0; offset = 0;",
                            f"offset_s = {seconds}; offset = {rest * hertz // NS};")
        text = text.replace("trace { major", TYPES + "trace { major", 1)
        for number, name in enumerate(PACKETS):
            text += (f"event {{ name = \"{name}\"; id = {len(NAMES) + number}; stream_id = 0; "
                     "fields := struct { u64 _skbaddr; u32 _len; string _name; " + NETWORK +
                     "}; };\n")
        with open(f"{path}/metadata", "w", encoding="ascii") as file:
            file.write(text)
        for cpu in self.streams:
            self.streams[cpu].sort(key=lambda event: event[0])
            with open(f"{path}/kernel_{cpu}", "wb") as file:
                for discarded, events in enumerate(self.packets(cpu)):
                    self.write_events(file, cpu, events, discarded)
        return path

    def write_events(self, file, cpu, events, discarded):
        body = b"".join(pack_packet(*event) if event[1] in PACKETS else Trace.pack(*event)
                        for event in events)
        bits = 8 * (8 + 44 + len(body))
        file.write(struct.pack("<IIQQQQQI", 0xc1fc1fc1, 0, events[0][0], events[-1][0], bits,
                               bits, discarded, cpu) + body)


def pack_packet(time, name, tid, fields):
    """A packet of IPv4 and TCP as bytes"""
    size = 40 + fields["size"]
    head = struct.pack("<IQI", len(NAMES) + PACKETS.index(name), time, tid)
    head += struct.pack("<QI", fields["number"], size) + b"eth0\0" + bytes([1])
    head += struct.pack(">BBBHHHBBH", 4, 5, 0, size, fields["number"] & 0xffff, 0, 64, 6, 0)
    head += bytes(fields["source"]) + bytes(fields["destination"]) + bytes([1])
    return head + struct.pack(">HHIIBBHHHH", fields["ports"][0], fields["ports"][1],
                              fields["sequence"] & 0xffffffff, fields["ack"] & 0xffffffff, 5, 0,
                              fields["flags"], 1000, 0, 0)


class Clock:
    """The counter of a host, as a function of the true time in ns"""

    # pylint: disable=too-many-arguments,too-many-positional-arguments
    def __init__(self, hertz, base, ppm=0, wave_ppm=0, period=40, phase=0, step_at=None,
                 step=0):
        self.hertz, self.base, self.ppm = hertz, base, ppm
        # A wave of the rate with a period in seconds: it bends by 2 pi wave / period a second
        self.wave, self.period, self.phase = wave_ppm, period, phase
        self.step_at, self.step = step_at, step

    def exact(self, time):
        """In ns of the counter, without its base and its steps"""
        seconds = time / NS
        angle = 2 * math.pi * seconds / self.period + self.phase
        wave = self.wave * self.period / (2 * math.pi) * (math.sin(angle) - math.sin(self.phase))
        return time + 1000 * (self.ppm * seconds + wave)

    def ticks(self, time):
        """What the counter reads at a true time"""
        value = self.base + int(self.exact(time) * self.hertz / NS)
        if self.step_at is not None and time >= self.step_at:
            value += self.step * self.hertz // NS
        return value


class Node:
    """A host, with CPU 0 for packets and events, and one for each vCPU"""

    def __init__(self, cluster, number, name, clock):
        self.cluster, self.number, self.clock = cluster, number, clock
        self.trace = NetTrace(name, number)
        self.trace.hertz = clock.hertz
        self.trace.offset_ns = cluster.epoch_ns - clock.base * NS // clock.hertz
        self.address = (10, 0, 0, number + 1)
        self.cpus = 1
        self.vms = 0

    def event(self, time):
        """An event of the host that knows when it truly was"""
        self.trace.add(0, self.clock.ticks(time), "test_event",
                       number=self.cluster.number_of(time))


class Running:
    """A vCPU on a host, until it is destroyed"""

    def __init__(self, node, guest, time, offset):
        self.node, self.guest, self.offset = node, guest, offset
        self.cpu, node.cpus = node.cpus, node.cpus + 1
        self.tid = 1000 + self.cpu
        node.vms += 1
        self.vm = 10 * node.number + node.vms
        # True times
        self.entries = []
        self.tell(time, CREATED)

    def tell(self, time, reason):
        self.node.trace.add(self.cpu, self.node.clock.ticks(time), "kvm_guest_counter", self.tid,
                            vm_pid=100 + self.vm, vm_id=self.vm, vcpu_id=0, offset=self.offset,
                            ratio=1 << 32, frac_bits=32, reason=reason)

    def run(self, begin, end, events=3):
        """Stays from one true time to another, as many as fit"""
        node, rng = self.node, self.node.cluster.random
        time, last = begin, begin
        while True:
            entry = time + rng.randint(50_000, 3_000_000)
            leave = entry + rng.randint(20_000, 400_000)
            if leave >= end:
                return last
            self.entries.append(entry)
            node.trace.add(self.cpu, node.clock.ticks(entry), "kvm_x86_entry", self.tid)
            for when in sorted(rng.randint(entry, leave) for _ in range(events)):
                ticks = min(max(node.clock.ticks(when), node.clock.ticks(entry)),
                            node.clock.ticks(leave))
                self.guest.add(0, ticks + self.offset, "test_event",
                               number=node.cluster.number_of(when))
            node.trace.add(self.cpu, node.clock.ticks(leave), "kvm_x86_exit", self.tid,
                           exit_reason=HLT, isa=2)
            time = last = leave

    def destroy(self, time):
        self.tell(time, DESTROYED)


class Cluster:
    """Hosts, and when each of their events truly was"""

    def __init__(self, seed, duration=2 * NS):
        self.random = random.Random(seed)
        self.duration = duration
        self.epoch_ns = 1_700_000_000 * NS
        self.nodes = []
        # By number of the event, its true time
        self.truth = []
        self.ports = 40000
        self.sent = 0

    def number_of(self, time):
        self.truth.append(time)
        return len(self.truth) - 1

    def node(self, name=None, **clock):
        number = len(self.nodes)
        rng = self.random
        settings = {"hertz": rng.choice((2_000_000_000, 2_400_000_000, 1_000_000_000)),
                    "base": rng.randint(10**9, 10**12), "ppm": rng.uniform(-45, 45),
                    "wave_ppm": 0.2, "period": rng.uniform(30, 60),
                    "phase": rng.uniform(0, 6)}
        settings.update(clock)
        node = Node(self, number, name or f"node{number}", Clock(**settings))
        self.nodes.append(node)
        return node

    def events(self, count=400):
        """Events of each host, also of before and after all packets"""
        for node in self.nodes:
            for _ in range(count):
                node.event(self.random.randint(0, self.duration))

    # pylint: disable=too-many-arguments,too-many-positional-arguments
    def packet(self, source, target, time, ports, sequence, ack, size, flags, loss=0.02):
        self.sent += 1
        fields = {"source": source.address, "destination": target.address, "ports": ports,
                  "sequence": sequence, "ack": ack, "size": size, "flags": flags,
                  "number": self.sent}
        arrival = time + 15_000 + int(self.random.expovariate(1 / 20_000))
        source.trace.add(0, source.clock.ticks(time), "net_dev_queue", 0, **fields)
        # Not every packet that arrives is in the trace.
        if flags & SYN or self.random.random() >= loss:
            target.trace.add(0, target.clock.ticks(arrival), "netif_receive_skb", 0, **fields)
        return arrival

    def talk(self, one, other, begin=None, end=None, every=5_000_000):
        """A connection over which both send, in turns, about each so many ns"""
        begin = 10_000_000 if begin is None else begin
        end = self.duration - 10_000_000 if end is None else end
        self.ports += 1
        ports, back = (self.ports, 80), (80, self.ports)
        seqs = [self.random.getrandbits(32), self.random.getrandbits(32)]
        time = self.packet(one, other, begin, ports, seqs[0], 0, 0, SYN)
        seqs[0] += 1
        time = self.packet(other, one, time + 5000, back, seqs[1], seqs[0], 0, SYN | ACK)
        seqs[1] += 1
        time = self.packet(one, other, time + 5000, ports, seqs[0], seqs[1], 0, ACK)
        while time < end:
            size = self.random.randint(1, 1400)
            time = self.packet(one, other, time + self.random.randint(1, 2 * every), ports,
                               seqs[0], seqs[1], size, ACK | PSH)
            seqs[0] += size
            size = self.random.randint(1, 1400)
            time = self.packet(other, one, time + self.random.randint(1000, 100_000), back,
                               seqs[1], seqs[0], size, ACK | PSH)
            seqs[1] += size

    def stream(self, source, target, chunks):
        """
        A connection over which data goes the one way: (true time, bytes) of each packet. Return:
        when each arrived.
        """
        self.ports += 1
        ports, back = (self.ports, 4444), (4444, self.ports)
        seqs = [self.random.getrandbits(32), self.random.getrandbits(32)]
        time = chunks[0][0] - 1_000_000
        time = self.packet(source, target, time, ports, seqs[0], 0, 0, SYN)
        time = self.packet(target, source, time + 5000, back, seqs[1], seqs[0] + 1, 0, SYN | ACK)
        seqs = [seqs[0] + 1, seqs[1] + 1]
        self.packet(source, target, time + 5000, ports, seqs[0], seqs[1], 0, ACK)
        arrivals = []
        for time, size in chunks:
            arrivals.append(self.packet(source, target, time, ports, *seqs, size, ACK | PSH, 0))
            seqs[0] += size
            self.packet(target, source, arrivals[-1] + 5000, back, seqs[1], seqs[0], 0, ACK, 0)
        return arrivals

    def write(self, root, guests=()):
        """Paths of the hosts, then of the guests"""
        os.makedirs(root)
        return ([node.trace.write(f"{root}/host-{node.number}") for node in self.nodes] +
                [guest.write(f"{root}/guest-{number}") for number, guest in enumerate(guests)])

