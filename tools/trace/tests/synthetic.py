# SPDX-License-Identifier: GPL-2.0
"""
Traces of a host and its guests that are made here, in CTF 1.8 as LTTng writes it, with
the true host time of each event of a guest.
"""

import json
import os
import random
import struct

HZ = 2_000_000_000
BOOT = "6ba7b810-9dad-41d1-80b4-00c04fd430%02x"
KINDS = {"I": "u32", "Q": "u64", "q": "s64"}
EVENTS = {
    "kvm_x86_entry": [("rip", "Q")],
    "kvm_x86_exit": [("exit_reason", "I"), ("isa", "I")],
    "kvm_guest_counter": [("vm_pid", "I"), ("vm_id", "Q"), ("vcpu_id", "I"), ("offset", "q"),
                          ("ratio", "Q"), ("frac_bits", "I"), ("flags", "I"), ("reason", "I")],
    "kvm_write_tsc_offset": [("vcpu_id", "I"), ("previous_tsc_offset", "q"),
                             ("next_tsc_offset", "q")],
    "clock_trace_epoch": [("epoch", "I"), ("state", "I"), ("frequency", "Q")],
    "kvm_x86_inj_virq": [("irq", "I")],
    "irq_handler_entry": [("irq", "I")],
    "sched_switch": [("prev_tid", "I"), ("prev_state", "Q"), ("next_tid", "I")],
    "sched_waking": [("tid", "I")],
    "test_event": [("number", "Q")],
}
NAMES = list(EVENTS)
CREATED, OFFSET, REFRESH, DESTROYED = 0, 1, 3, 4
HLT = 0x78
# What drives the clock
ON_MONOTONIC, ON_COUNTER, ON_FALLBACK = 0, 1, 2


def metadata(clock, uuid, host, hertz=HZ, as_lttng=False):
    """The text that describes a trace, with the same packets, or with LTTng's"""
    context = """stamp timestamp_begin; stamp timestamp_end; u64 content_size;
        u64 packet_size; unsigned long events_discarded; u32 cpu_id;"""
    events = "".join(
        f"event {{ name = \"{name}\"; id = {number}; stream_id = 0; fields := struct {{ "
        + "".join(f"{KINDS[kind]} _{field}; " for field, kind in EVENTS[name]) + "}; };\n"
        for number, name in enumerate(NAMES))
    return f"""/* CTF 1.8 */
typealias integer {{ size = 32; align = 8; signed = false; }} := u32;
typealias integer {{ size = 8; align = 8; signed = false; }} := u8;
typealias integer {{ size = 64; align = 8; signed = false; }} := u64;
typealias integer {{ size = 64; align = 8; signed = false; }} := unsigned long;
typealias integer {{ size = 64; align = 8; signed = true; }} := s64;
trace {{ major = 1; minor = 8; uuid = "{uuid}"; byte_order = le;
    packet.header := struct {{ u32 magic; {"u8 uuid[16]; " * as_lttng}u32 stream_id; }}; }};
env {{ domain = "kernel"; tracer_name = "lttng-modules"; tracer_major = 2; tracer_minor = 13;
    hostname = "{host}"; }};
clock {{ name = "{clock}"; uuid = "{uuid}"; freq = {hertz}; offset_s = 0; offset = 0; }};
typealias integer {{ size = 64; align = 8; signed = false; map = clock.{clock}.value; }} := stamp;
struct packet_context {{ {context} }} align(8); /* not "struct packet_context {{ }}" */
stream {{ id = 0; event.header := struct {{ u32 id; stamp timestamp; }};
    event.context := struct {{ u32 _tid; }};
    packet.context := {"struct packet_context" if as_lttng else f"struct {{ {context} }}"}; }};
{events}"""


def integer(name, kind, role=None):
    """A member of a structure in CTF 2"""
    field = {"type": "fixed-length-signed-integer" if kind == "s64" else
             "fixed-length-unsigned-integer", "length": int(kind[1:]),
             "byte-order": "little-endian", "alignment": 8}
    if role:
        field["roles"] = [role]
    return {"name": name, "field-class": field}


def structure(*members):
    return {"type": "structure", "member-classes": members}


def metadata2(clock, host):
    """The same in CTF 2"""
    fragments = [
        {"type": "preamble", "version": 2},
        {"type": "clock-class", "id": "c", "name": clock, "frequency": HZ},
        {"type": "trace-class",
         "environment": {"domain": "kernel", "tracer_name": "lttng-modules", "hostname": host},
         "packet-header-field-class": structure(
             integer("magic", "u32", "packet-magic-number"),
             integer("stream_id", "u32", "data-stream-class-id"))},
        {"type": "data-stream-class", "id": 0, "default-clock-class-id": "c",
         "packet-context-field-class": structure(
             integer("timestamp_begin", "u64", "default-clock-timestamp"),
             integer("timestamp_end", "u64", "packet-end-default-clock-timestamp"),
             integer("content_size", "u64", "packet-content-length"),
             integer("packet_size", "u64", "packet-total-length"),
             integer("events_discarded", "u64", "discarded-event-record-counter-snapshot"),
             integer("cpu_id", "u32")),
         "event-record-header-field-class": structure(
             integer("id", "u32", "event-record-class-id"),
             integer("timestamp", "u64", "default-clock-timestamp")),
         "event-record-common-context-field-class": structure(integer("tid", "u32"))}]
    fragments += [
        {"type": "event-record-class", "id": number, "data-stream-class-id": 0, "name": name,
         "payload-field-class": structure(*(integer(field, KINDS[kind])
                                            for field, kind in EVENTS[name]))}
        for number, name in enumerate(NAMES)]
    return "".join(f"\x1e{json.dumps(fragment)}\n" for fragment in fragments)


class Trace:
    """A trace that is written at the end; lists of events by CPU"""

    def __init__(self, host, number, clock="clock_trace"):
        self.host = host
        self.number = number
        self.clock = clock
        self.streams = {}
        self.ctf2 = False
        self.as_lttng = False
        self.hertz = HZ
        # Per CPU, indexes of events before which others were lost
        self.losses = {}

    def add(self, cpu, time, name, tid=1, /, **fields):
        self.streams.setdefault(cpu, []).append((time, name, tid, fields))

    def lose(self, cpu):
        self.losses.setdefault(cpu, set()).add(len(self.streams.get(cpu, ())))

    def packets(self, cpu):
        """The events of a CPU, cut where some were lost"""
        events, at = self.streams[cpu], 0
        for end in sorted(self.losses.get(cpu, ())) + [len(events)]:
            if end > at:
                yield events[at:end]
            at = end

    def write(self, path):
        os.makedirs(path)
        with open(f"{path}/metadata", "w", encoding="ascii") as file:
            file.write(metadata2(self.clock, self.host) if self.ctf2 else
                       metadata(self.clock, self.uuid(), self.host, self.hertz, self.as_lttng))
        for cpu in self.streams:
            with open(f"{path}/kernel_{cpu}", "wb") as file:
                for discarded, events in enumerate(self.packets(cpu)):
                    self.write_packet(file, cpu, events, discarded)
        return path

    def uuid(self):
        return BOOT % self.number

    @staticmethod
    def pack(time, name, tid, fields):
        """An event as bytes"""
        return struct.pack("<IQI", NAMES.index(name), time, tid) + b"".join(
            struct.pack("<" + kind, fields.get(field, 0)) for field, kind in EVENTS[name])

    def write_packet(self, file, cpu, events, discarded):
        header = struct.pack("<I", 0xc1fc1fc1)
        if self.as_lttng:
            header += bytes.fromhex(self.uuid().replace("-", ""))
        header += struct.pack("<I", 0)
        body = b"".join(Trace.pack(*event) for event in events)
        bits = 8 * (len(header) + 44 + len(body))
        file.write(header + struct.pack("<QQQQQI", events[0][0], events[-1][0], bits, bits,
                                        discarded, cpu) + body)


class Vcpu:
    """A vCPU, on a CPU of the host that is its own"""

    def __init__(self, world, vm, number, offset, ratio=1 << 32, frac_bits=32, created=True):
        self.world, self.vm, self.number = world, vm, number
        self.cpu = world.cpus
        world.cpus += 1
        self.tid = 1000 + self.cpu
        self.ratio, self.frac_bits = ratio, frac_bits
        self.offset = offset
        self.tell(world.now, CREATED if created else REFRESH)

    def tell(self, time, reason):
        self.world.host.add(self.cpu, time, "kvm_guest_counter", self.tid, vm_pid=self.vm.pid,
                            vm_id=self.vm.number, vcpu_id=self.number, offset=self.offset,
                            ratio=self.ratio, frac_bits=self.frac_bits, reason=reason)

    def guest_time(self, host):
        return ((host * self.ratio >> self.frac_bits) + self.offset) % (1 << 64)

    def run(self, times, guest, cpu, events=3):
        """Stays from times[0] to times[1], and so on; each with events of the guest"""
        for entry, leave in zip(times[::2], times[1::2]):
            self.world.host.add(self.cpu, entry, "kvm_x86_entry", self.tid)
            self.world.host.add(self.cpu, leave, "kvm_x86_exit", self.tid, exit_reason=HLT, isa=2)
            if not guest:
                continue
            inside = sorted(self.world.random.randint(entry, leave) for _ in range(events))
            for time in [entry] + inside + [leave]:
                self.world.guest_event(guest, cpu, time, self.guest_time(time))


class Vm:
    def __init__(self, pid, number):
        self.pid, self.number = pid, number


class World:
    """A host, and the truth of its guests"""

    def __init__(self, seed, clock="clock_trace"):
        self.random = random.Random(seed)
        self.host = Trace("host", 0, clock)
        self.cpus = 0
        self.now = 10_000_000
        # By guest: the host time of each number
        self.truth = {}

    def guest(self, name, clock="clock_trace"):
        guest = Trace(name, len(self.truth) + 1, clock)
        self.truth[name] = {}
        return guest

    def guest_event(self, guest, cpu, time, value):
        truth = self.truth[guest.host]
        number = len(truth)
        truth[number] = time
        guest.add(cpu, value, "test_event", number=number)

    def stays(self, count, begin=None):
        """Times of entries and exits"""
        time, times = begin or self.now + 1000, []
        for _ in range(count):
            time += self.random.randint(10, 100_000)
            times.append(time)
            time += self.random.randint(1, 100_000)
            times.append(time)
        return times


def without_counter(seed, hertz=1_000_000_000, number=None, clock="clock_trace"):
    """A guest whose clock is CLOCK_MONOTONIC, 300 ppm too fast and then as much too slow"""
    world = World(seed, clock)
    guest, vm = world.guest("guest"), Vm(100, 7)
    for cpu in (0, 1):
        Vcpu(world, vm, 4 * cpu, 0).run(world.stays(200), guest, cpu)
    if number is not None:
        Vcpu(world, Vm(101, number), 0, 0).run(world.stays(200), None, 0)
    middle = world.now + 10_000_000
    for cpu, events in guest.streams.items():
        guest.streams[cpu] = [
            ((time + min(time - world.now, 2 * middle - time - world.now) * 3 // 10_000)
             * hertz // HZ + 5_000_000, *rest) for time, *rest in events]
    guest.hertz = hertz
    return world, guest
