# SPDX-License-Identifier: GPL-2.0
"""
A trace of synthetic.py as a file of perf, with the CPUs' buffers read in rounds.
"""

import random
import struct

import synthetic_dat
from synthetic import HZ

TIME_CONV, FINISHED_ROUND, LOST, COMM, SAMPLE, LOST_SAMPLES = 79, 68, 2, 3, 9, 13
# Of a pipe
ATTR, TRACING_DATA_RECORD, EVENT_UPDATE, FEATURE = 64, 66, 78, 80
TRACING_DATA, HOSTNAME, EVENT_DESC, COMPRESSED, CLOCK_TRACE = 1, 3, 12, 27, 35
IP, TID, TIME, CPU, PERIOD, RAW, IDENTIFIER = 1, 2, 4, 1 << 7, 1 << 8, 1 << 10, 1 << 16
CLOCKS = {"monotonic": 1, "monotonic_raw": 4, "tai": 11, "clock_trace": 15}
SYSTEMS = {**synthetic_dat.SYSTEMS, "clock_trace": ("clock_trace_epoch",)}
synthetic_dat.IDS["clock_trace_epoch"] = 600
# What drives the clock, in perf's header
STATE_UNKNOWN, STATE_COUNTER, STATE_OTHER = 0, 1, 2
# Not a tracepoint
CYCLES = "cycles"
# perf's clock counts nanoseconds: ticks * MULT >> SHIFT, for ticks of 0.5 ns.
MULT, SHIFT, ZERO = 1 << 31, 32, 777


def record(kind, body, misc=0):
    return struct.pack("<IHH", kind, misc, 8 + len(body)) + body


def attribute(name, clock, fields):
    """A perf_event_attr, as long as that of Linux 4.1"""
    tracepoint = name != CYCLES
    flags = 1 << 18 | (1 << 25 if clock in CLOCKS else 0)
    return struct.pack("<IIQQQQQIIQQQQIi", 2 if tracepoint else 0, 96,
                       synthetic_dat.IDS[name] if tracepoint else 0, 1, fields, 0, flags,
                       0, 0, 0, 0, 0, 0, 0, CLOCKS.get(clock, 0)).ljust(96, b"\0")


def tracing_data(names):
    data = b"\x17\x08\x44tracing0.6\0" + struct.pack("<BBI", 0, 8, 4096)
    data += b"header_page\0" + synthetic_dat.sized(synthetic_dat.HEADER_PAGE)
    data += b"header_event\0" + synthetic_dat.sized(synthetic_dat.HEADER_EVENT)
    data += struct.pack("<I", 0)
    systems = {system: [name for name in members if name in names]
               for system, members in SYSTEMS.items()}
    systems = {system: members for system, members in systems.items() if members}
    data += struct.pack("<I", len(systems))
    for system, members in systems.items():
        data += system.encode() + b"\0" + struct.pack("<I", len(members))
        data += b"".join(synthetic_dat.sized(synthetic_dat.format_of(name)) for name in members)
    return data + struct.pack("<IIQ", 0, 0, 0)


def string(text):
    data = text.encode() + b"\0"
    data = data.ljust(-(-len(data) // 64) * 64, b"\0")
    return struct.pack("<I", len(data)) + data


class Writer:
    """What a file is made of"""

    def __init__(self, trace, fields, lines, uuid, state, mult):
        self.trace = trace
        self.lines = lines
        self.uuid = uuid
        self.state = state
        self.mult = mult
        self.ticks = trace.clock in CLOCKS
        names = {name for events in trace.streams.values() for _, name, _, _ in events}
        self.names = sorted(names)
        self.fields = {name: (IDENTIFIER | TIME | CPU | TID | fields |
                              (RAW if name != CYCLES else IP)) for name in self.names}
        # Entries and exits of LTTng do not tell the vCPU, those of ftrace and perf do.
        self.vcpus = {tid: values["vcpu_id"] for events in trace.streams.values()
                      for _, name, tid, values in events if name == "kvm_guest_counter"}
        self.ids = {name: 1000 + number for number, name in enumerate(self.names)}

    def stamp(self, time):
        return time if self.ticks else (time * self.mult >> SHIFT) + ZERO

    def sample(self, cpu, event):
        time, name, tid, values = event
        fields = self.fields[name]
        body = struct.pack("<Q", self.ids[name])
        if fields & IP:
            body += struct.pack("<Q", values.get("ip", 0x1234))
        body += struct.pack("<IIQII", tid, tid, self.stamp(time), cpu, 0)
        if fields & PERIOD:
            body += struct.pack("<Q", 1)
        if fields & RAW:
            raw = struct.pack("<HBBi", synthetic_dat.IDS[name], 0, 0, tid)
            for field, kind in synthetic_dat.fields_of(name):
                default = self.vcpus.get(tid, 0) if field == "vcpu_id" else 0
                raw += struct.pack("<" + kind, values.get(field, default))
            raw = raw.ljust(-(-(len(raw) + 4) // 8) * 8 - 4, b"\0")
            body += struct.pack("<I", len(raw)) + raw
        return record(SAMPLE, body)

    def identity(self, cpu, time):
        """What other records end with"""
        return struct.pack("<IIQIIQ", 1, 1, self.stamp(time), cpu, 0, 0)

    def records(self, cpu):
        """Pairs of a time and the record that is then in the buffer of a CPU"""
        losses = self.trace.losses.get(cpu, ())
        for number, event in enumerate(self.trace.streams[cpu]):
            if number in losses:
                yield (event[0], event[2],
                       record(LOST, struct.pack("<QQ", 0, 5) + self.identity(cpu, event[0])))
            yield event[0], event[2], self.sample(cpu, event)

    def clock_trace(self):
        return struct.pack("<II", 1, len(self.lines)) + b"".join(
            struct.pack("<8Q40sII", epoch, hertz, ticks, tod, 100, ticks + 1, tod + 1, 100,
                        self.uuid, self.state, 0)
            for epoch, hertz, ticks, tod in self.lines)

    def features(self):
        found = {HOSTNAME: string(self.trace.host)}
        tracepoints = [name for name in self.names if name != CYCLES]
        if tracepoints:
            found[TRACING_DATA] = tracing_data(tracepoints)
        if CYCLES in self.names:
            found[EVENT_DESC] = struct.pack("<II", 1, 96) + bytes(96) + \
                struct.pack("<I", 1) + string("cycles:P") + \
                struct.pack("<Q", self.ids[CYCLES])
        if self.lines and self.trace.clock == "clock_trace":
            found[CLOCK_TRACE] = self.clock_trace()
        return found

    def pipe(self, data, features):
        """What perf writes to a pipe: all that a file has in its headers as records before"""
        head = b"PERFILE2" + struct.pack("<Q", 16)
        for name in self.names:
            head += record(ATTR, attribute(name, self.trace.clock, self.fields[name]) +
                           struct.pack("<Q", self.ids[name]))
        for feature, body in features.items():
            if feature in (TRACING_DATA, EVENT_DESC):
                continue
            head += record(FEATURE, struct.pack("<Q", feature) + body)
        if TRACING_DATA in features:
            body = features[TRACING_DATA]
            body += bytes(-len(body) % 8)
            head += struct.pack("<IHHI", TRACING_DATA_RECORD, 0, 12, len(body)) + body
        if CYCLES in self.names:
            head += record(EVENT_UPDATE, struct.pack("<QQ16s", 2, self.ids[CYCLES], b"cycles:P"))
        return head + data

    def file(self, data, features):
        attrs_at = 104
        ids_at = attrs_at + 112 * len(self.names)
        attrs = b"".join(
            attribute(name, self.trace.clock, self.fields[name]) +
            struct.pack("<QQ", ids_at + 8 * number, 8) for number, name in enumerate(self.names))
        ids = struct.pack(f"<{len(self.names)}Q", *(self.ids[name] for name in self.names))
        data_at = ids_at + len(ids)
        bits = sum(1 << feature for feature in features)
        head = b"PERFILE2" + struct.pack("<8Q", 104, 112, attrs_at, 112 * len(self.names),
                                         data_at, len(data), 0, 0) + struct.pack("<4Q", bits, 0, 0, 0)
        table, at = b"", data_at + len(data) + 16 * len(features)
        for feature in sorted(features):
            table += struct.pack("<QQ", at, len(features[feature]))
            at += len(features[feature])
        return head + attrs + ids + data + table + b"".join(
            features[feature] for feature in sorted(features))


def in_rounds(buffers, rounds, rng):
    """
    The records in the order of the file. Each round takes what is in the buffers by then,
    one buffer after the other; an interrupt's record may be before that of what it has
    interrupted.
    """
    times = [time for entries in buffers.values() for time, _ in entries]
    begin, end = min(times), max(times) + 1
    at = dict.fromkeys(buffers, 0)
    for number in range(1, rounds + 1):
        part = (end - begin) // rounds + 1
        data = b""
        for place, (key, entries) in enumerate(sorted(buffers.items())):
            now = begin + part * (number - 1) + part * (place + 1) // len(buffers)
            first = at[key]
            while at[key] < len(entries) and (number == rounds or entries[at[key]][0] < now):
                at[key] += 1
            chosen = entries[first:at[key]]
            for index in range(0, len(chosen) - 1, 2):
                if rng.random() < 0.3 and chosen[index][0] < chosen[index + 1][0]:
                    chosen[index:index + 2] = reversed(chosen[index:index + 2])
            data += b"".join(body for _, body in chosen)
        yield data


def write(trace, path, rounds=5, *, by_thread=False, finish=True, fields=0, conversion=True,
          lines=((7, HZ, 1000, 1_700_000_000 * 10**9),), features=None, uuid=b"",
          state=STATE_COUNTER, counted=(), mult=MULT, piped=False):
    """
    The path of the file. With by_thread, threads have the buffers, not CPUs; without finish,
    perf does not tell where a round ends. Numbers of lost samples that perf has counted are
    at the end, each with the misc of its record.
    """
    writer = Writer(trace, fields, lines, uuid, state, mult)
    buffers = {}
    for cpu in trace.streams:
        for time, tid, body in writer.records(cpu):
            buffers.setdefault(tid if by_thread else cpu, []).append((time, body))
    for entries in buffers.values():
        entries.sort(key=lambda entry: entry[0])
    data = b""
    if not writer.ticks and conversion:
        data += record(TIME_CONV, struct.pack("<QQQ", SHIFT, mult, ZERO))
    tids = {tid for events in trace.streams.values() for _, _, tid, _ in events}
    for tid in sorted(tids):
        data += record(COMM, struct.pack("<II16s", tid, tid, f"task-{tid}".encode()) +
                       bytes(40))
    for part in in_rounds(buffers, rounds, random.Random(trace.number)):
        data += part + (record(FINISHED_ROUND, b"") if finish else b"")
    for count, misc in counted:
        data += record(LOST_SAMPLES, struct.pack("<Q", count) + writer.identity(0, 0), misc)
    found = writer.features()
    found.update(features or {})
    with open(path, "wb") as file:
        file.write((writer.pipe if piped else writer.file)(data, found))
    return path
