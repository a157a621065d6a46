# SPDX-License-Identifier: GPL-2.0
"""
Read as much of a Perfetto trace as is needed to check it: tracks have parents, stretches
nest, and flows have two ends.
"""

import collections


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return value, at


def fields(data):
    """The fields of a message, as (number, value)"""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 1:
            value, at = int.from_bytes(data[at:at + 8], "little"), at + 8
        elif tag & 7 == 2:
            size, at = varint(data, at)
            if size > len(data) - at:
                raise ValueError("a field is longer than its message")
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {tag & 7}")
        yield tag >> 3, value


def check(path):
    """Counts of what is in the trace; ValueError if it is wrong"""
    with open(path, "rb") as file:
        packets = [dict(fields(value)) for number, value in fields(file.read()) if number == 1]
    tracks, events = {}, []
    for packet in packets:
        if 60 in packet:
            track = dict(fields(packet[60]))
            if 5 in track and track[5] not in tracks:
                raise ValueError("a track has no parent")
            tracks[track[1]] = track
        elif 11 in packet:
            event = dict(fields(packet[11]))
            if event[11] not in tracks:
                raise ValueError("an event has no track")
            events.append((packet[8], event))
        else:
            raise ValueError("a packet with nothing in it")
    counts, depth = collections.Counter(), collections.Counter()
    flows, last = collections.Counter(), {}
    for time, event in events:
        track, kind = event[11], event[9]
        if kind in (1, 2) and time < last.get(track, 0):
            raise ValueError("a track goes back in time")
        if kind in (1, 2):
            last[track] = time
            depth[track] += 1 if kind == 1 else -1
            if depth[track] not in (0, 1):
                raise ValueError("stretches do not nest")
        counts[{1: "begin", 2: "end", 3: "instant", 4: "counter"}[kind]] += 1
        if 47 in event:
            flows[event[47]] += 1
    if any(depth.values()) or any(count != 2 for count in flows.values()):
        raise ValueError("a stretch or a flow has no end")
    counts["flows"] = len(flows)
    return counts
