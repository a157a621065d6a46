#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
clocktrace merge on files of perf that are made here: each event of a guest has to be at its
true host time, in a stay of its vCPU. Prints TAP.
"""

import collections
import json
import os
import random
import re
import resource
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import synthetic_perf
from points import LIMIT, check, main, run
from synthetic import HZ, ON_COUNTER, ON_FALLBACK, Vcpu, Vm, World, without_counter

TOOLS = os.environ.get("O", "../../out/tools/trace")
MERGE = os.path.join(TOOLS, "clocktrace-merge")
WORK = tempfile.mkdtemp()
# 1 in "make check" means each byte in 41 of a file
CUT_STEP = int(os.environ.get("CUT_STEP", "1"))


def simple(seed=1, clock="clock_trace", count=200, margin=0):
    """A host with one guest of two vCPUs, whose events keep a distance from the exits"""
    world = World(seed, clock)
    guest, vm = world.guest("guest", clock), Vm(100, 7)
    for cpu in (0, 1):
        vcpu = Vcpu(world, vm, cpu, -9_000_000 + cpu)
        times = world.stays(count)
        if not margin:
            vcpu.run(times, guest, cpu)
            continue
        times = [time + (margin if index % 2 else 0) for index, time in enumerate(times)]
        times = sorted(set(times))[:len(times) // 2 * 2]
        vcpu.run(times, None, 0)
        for entry, leave in zip(times[::2], times[1::2]):
            if leave - entry > 2 * margin:
                middle = world.random.randint(entry + margin, leave - margin)
                world.guest_event(guest, cpu, middle, vcpu.guest_time(middle))
    return world, guest


def write(trace, **options):
    return synthetic_perf.write(trace, f"{WORK}/{trace.host}.data", **options)


def judge(world, paths, *options, status=0):
    """Events as dictionaries, after a look at the place of each, and what was said"""
    got, out, err = run(MERGE, "--format", "json", *options, *paths)
    check(got == status, f"exit status {got}: {err}")
    events = [json.loads(line) for line in out.splitlines()]
    times = [event["ticks"] for event in events]
    check(times == sorted(times), "not in the order of time")
    placed, inside = collections.Counter(), {}
    for event in events:
        if event["name"] in ("kvm_entry", "kvm_exit"):
            inside[event["vm"], event["vcpu"]] = event["name"] == "kvm_entry"
        elif event["name"] == "test_event":
            machine, number = event["machine"], event["fields"]["number"]
            truth = world.truth[machine][number]
            check(event["ticks"] <= truth <= event["ticks"] + event["uncertainty"],
                  f"{machine} {number} is at {event['ticks']}, not {truth}")
            check(inside.get((event["vm"], event["vcpu"])),
                  f"{machine} {number} is not between entry and exit")
            placed[machine] += 1
    for machine, truth in world.truth.items():
        check(placed[machine] == len(truth), f"{placed[machine]} of {len(truth)}: {err}")
    return events, err


def refused(world, guest, text, options=None, guest_options=None):
    paths = [write(guest, **(guest_options or {})), write(world.host, **(options or {}))]
    status, out, err = run(MERGE, "--format", "json", *paths)
    check(status == 2 and not out and re.search(text, err, re.S), f"{status}: {err}")


def test_plain():
    """Host and guest recorded with CLOCK_TRACE; buffers are read in rounds"""
    world, guest = simple()
    events, err = judge(world, [write(guest), write(world.host)])
    check(all(event["certainty"] == "known" for event in events if event["machine"] == "guest"),
          "not known")
    count = sum(len(stream) for stream in world.host.streams.values())
    check(sum(event["machine"] == "host" for event in events) == count, "host events are missing")
    status, out, err = run(MERGE, "--json", f"{WORK}/guest.data", f"{WORK}/host.data")
    check(status == 0 and json.loads(out), err)


def test_uuid():
    """The clock's UUID is the kernel's; bytes that are no UUID are refused, and not passed on."""
    uuid = "0c5f8bd2-6a0e-4a4b-9c1d-7f35e2a9d001"
    world, guest = simple(9)
    for number, text in enumerate((uuid, uuid.upper(), "")):
        paths = [write(guest), write(world.host, uuid=text.encode())]
        status, _, err = run(MERGE, "-o", f"{WORK}/uuid-{number}", *paths)
        check(status == 0, err)
        with open(f"{WORK}/uuid-{number}/host/metadata", "rb") as file:
            check((uuid.encode() in file.read()) == bool(text), text)
    for text in (uuid[:-1] + "g", uuid[:-1], uuid.replace("-", "0"), uuid + "0000", "\x1b]0;x"):
        refused(world, guest, "header of CLOCK_TRACE is damaged", {"uuid": text.encode()})


def test_state():
    """A counter has not driven the clock: the header says so, and no frequency is needed."""
    for state in (synthetic_perf.STATE_UNKNOWN, synthetic_perf.STATE_COUNTER):
        world, guest = simple(9)
        judge(world, [write(guest, state=state), write(world.host, state=state)])
    world, guest = simple(9)
    status, out, err = run(MERGE, "--json", write(guest, state=synthetic_perf.STATE_OTHER),
                           write(world.host))
    check(status in (0, 1) and json.loads(out)["machines"][1]["lacks_counter"],
          f"{status}: {out} {err}")
    refused(world, guest, "CLOCK_MONOTONIC drove the clock, not the counter",
            {"state": synthetic_perf.STATE_OTHER})


def test_mixed():
    """A guest of perf beside a host of LTTng, and the other way round"""
    world, guest = simple(2)
    os.mkdir(f"{WORK}/mixed")
    judge_names = [write(guest), world.host.write(f"{WORK}/mixed/host")]
    status, out, err = run(MERGE, "--format", "json", *judge_names)
    check(status == 0 and out.count('"test_event"') == len(world.truth["guest"]), err)
    judge(world, [guest.write(f"{WORK}/mixed/guest"), write(world.host)])


def test_threads():
    """A buffer for each thread: each CPU's events are in several, and rounds tell the order"""
    world, guest = simple(3)
    for stream in guest.streams.values():
        for index, (time, name, _, fields) in enumerate(stream):
            stream[index] = (time, name, 50 + index * 7 % 3, fields)
    for rounds in (1, 3, 40):
        events, _ = judge(world, [write(guest, rounds=rounds, by_thread=True),
                                  write(world.host, rounds=rounds)])
        check({event["thread"] for event in events if event["name"] == "test_event"} ==
              {50, 51, 52}, str(events[-1]))


def test_without_rounds():
    """A file that does not tell of rounds is put in order as far as memory goes"""
    world, guest = simple(4)
    judge(world, [write(guest, finish=False), write(world.host, finish=False)])


def test_own_clock():
    """perf's own clock, with the conversion of the counter: exact to the nanosecond"""
    world, guest = simple(5, "perf", margin=20)
    events, err = judge(world, [write(guest), write(world.host)])
    check({event["uncertainty"] for event in events if event["name"] == "test_event"} == {2},
          "not 2 ticks uncertain")
    check(all(event["certainty"] != "known" for event in events if event["machine"] == "guest"),
          "not assumed")
    check("assumed" in err or "x86-tsc" in err, err)


def test_own_clock_at_the_borders():
    """Events at the very ticks of entries and exits, whose times are cut to nanoseconds"""
    for number, (host, other) in enumerate((("perf", "perf"), ("perf", "clock_trace"),
                                            ("clock_trace", "perf"))):
        for ratio, mult in ((1 << 32, 1 << 31), (3 << 30, 0x9249_2492), (5 << 30, 0x4ccc_cccd)):
            world = World(51 + number, host)
            guest, vm = world.guest("guest", other), Vm(100, 7)
            for cpu in (0, 1):
                Vcpu(world, vm, cpu, 9_000_000 + cpu, ratio).run(world.stays(300), guest, cpu)
            events, _ = judge(world, [write(guest, mult=mult), write(world.host, mult=mult)])
            widest = max(event["uncertainty"] for event in events if event["name"] == "test_event")
            check(widest <= 8, f"{widest} ticks, where a nanosecond has 2 to 4")


def test_own_clock_without_counter():
    """A guest that is placed by its stays: a host's time that is cut is in the bounds"""
    world, guest = without_counter(31, clock="perf")
    paths = [write(world.host, conversion=True), guest.write(f"{WORK}/no-counter")]
    status, out, err = run(MERGE, "--format", "json", *paths)
    check(status == 0 and "guest had no TSC" in err, f"{status}: {err}")
    placed = 0
    for event in map(json.loads, out.splitlines()):
        if event["machine"] == "guest":
            truth = world.truth["guest"][event["fields"]["number"]]
            check(event["ticks"] <= truth <= event["ticks"] + event["uncertainty"],
                  f"not {truth}: {event}")
            placed += 1
    check(placed >= 1500, f"{placed} are placed: {err}")
    for _ in range(2):
        check(run(MERGE, "--format", "json", "--model", f"{WORK}/model", *paths) ==
              (status, out, err), "another result with a model")


def test_wrong_clock():
    for clock in ("monotonic", "monotonic_raw", "tai"):
        world, guest = simple(6, clock)
        refused(world, guest, f'clock "{clock}".*perf record -a -k CLOCK_TRACE')
    world, guest = simple(6, "perf")
    refused(world, guest, 'clock "perf".*perf record -a -k CLOCK_TRACE',
            {"conversion": False}, {"conversion": False})


def tell_epoch(trace, cpu, time, epoch, state=ON_COUNTER):
    events = trace.streams[cpu]
    place = sum(event[0] <= time for event in events)
    events.insert(place, (time, "clock_trace_epoch", 1,
                          {"epoch": epoch, "state": state, "frequency": HZ}))


def test_epochs():
    """Split by the clock's event, and refused where perf alone has seen a change"""
    world, guest = simple(7)
    lines = ((7, HZ, 1000, 10**18), (8, HZ, 10**10, 10**18 + 10**9))
    refused(world, guest, "new epoch.*no event tells where.*clock_trace_epoch", {"lines": lines})
    # The same epoch, once a second
    first, last = (world.host.streams[0][index][0] for index in (0, -1))
    tell_epoch(world.host, 0, first + 5, 7)
    tell_epoch(world.host, 0, (first + last) // 2, 7)
    judge(world, [write(guest), write(world.host)])
    # The counter loses trust in the middle
    tell_epoch(world.host, 0, (first + last) // 2 + 1, 8, ON_FALLBACK)
    status, out, err = run(MERGE, "--format", "json", write(guest), write(world.host, lines=lines))
    placed = out.count('"test_event"')
    check(status == 0 and 0 < placed < len(world.truth["guest"]) and
          "of another epoch" in err, f"{status}: {placed}, {err}")
    # Another epoch of the counter
    world, guest = simple(8)
    middle = world.host.streams[0][200][0]
    tell_epoch(world.host, 0, world.host.streams[0][0][0] + 5, 7)
    tell_epoch(world.host, 0, middle, 8)
    refused(world, guest, "merge each by itself.*--epoch 7.*--epoch 8", {"lines": lines})


def test_loss():
    """What is in no stay because the host lost events is said to be so"""
    world, guest = simple(9)
    stream = world.host.streams[0]
    world.host.losses[0] = {100}
    del stream[100:140]
    status, out, err = run(MERGE, "--json", write(guest), write(world.host))
    check(status == 0, f"{status}: {err}")
    summary = json.loads(out)
    guest = summary["machines"][1]
    check(summary["lost"] == 1 and guest["lost"] > 0 and not guest["outside"] and
          guest["placed"] + guest["lost"] == len(world.truth["guest"]), out)


def test_loss_at_end():
    """What was lost until perf ended stands in perf's own count alone"""
    world, guest = simple(15)
    kept = len(world.host.streams[0]) * 2 // 3
    lost = len(world.host.streams[0]) - kept
    del world.host.streams[0][kept:]
    # One loss was told by the kernel, of 5 events, and what a filter left out is none.
    world.host.losses[1] = {50}
    for counted, said in ((((lost, 0), (5, 0), (7, 1 << 15)), lost), (((5, 0), (7, 1 << 15)), 0),
                          ((((1 << 64) - 1, 0), (5, 0)), (1 << 64) - 6)):
        paths = [write(guest), write(world.host, counted=counted)]
        status, out, err = run(MERGE, "--json", *paths)
        summary = json.loads(out)
        host, other = summary["machines"]
        check((f"lacks {said} events that were lost at its end" in err) == bool(said), err)
        check(host["damaged"] == bool(said) and summary["lost"] == (3 if said else 1), out)
        check(status == (0 if said else 1) and bool(other["outside"]) == (not said) and
              other["lost"] + other["outside"] > 50, f"{status}: {out}")
    # A guest's own losses are told, and leave its events where they are.
    world, guest = simple(15)
    _, err = judge(world, [write(guest, counted=((9, 0),)), write(world.host)])
    check("lacks 9 events" in err, err)


def test_period():
    """Entries of which only each tenth was recorded"""
    world, guest = simple(16, count=20)
    for offset, data in ((16, struct.pack("<Q", 10)), (16, bytes(8)),
                         (40, struct.pack("<Q", 1 << 18 | 1 << 25 | 1 << 10))):
        paths = [write(guest), write(world.host)]
        overwrite(paths[1], 104 + offset, data)
        status, out, err = run(MERGE, "--format", "json", *paths)
        check(status == 2 and not out and "samples of them: record without -c and -F" in err,
              f"{offset}: {status}: {err}")


def test_svg_at_the_end_of_time():
    """The axis ends though the mark after the last one does not fit in 64 bits"""
    world, guest = simple(17, count=60)
    world.host.streams[0].insert(0, (0, "kvm_write_tsc_offset", 1, {}))
    world.host.add(0, (1 << 64) - 2, "kvm_write_tsc_offset", 1)
    # Ticks of a nanosecond
    lines, name = ((7, 1_000_000_000, 1000, 10**18),), f"{WORK}/late.svg"
    done = subprocess.run(
        [MERGE, "-o", name, write(guest, lines=lines), write(world.host, lines=lines)],
        stderr=subprocess.PIPE, text=True, check=False, timeout=LIMIT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
    check(done.returncode == 0, f"{done.returncode}: {done.stderr}")
    with open(name, encoding="ascii") as file:
        marks = re.findall(">([0-9]+) s<", file.read())
    check(marks == ["0", "5000000000", "10000000000", "15000000000"], f"{marks}")


def test_ctf_at_the_end_of_time():
    """babeltrace2 counts ns from 1970 in 63 bits: what it would not read is not written"""
    for end, hertz, year, status in (((1 << 63) - 2, 2_000_000_000, "2170", 0),
                                     ((1 << 64) - 2, 2_000_000_000, "2262", 0),
                                     ((1 << 64) - 2, 1_000_000_000, None, 2)):
        world = World(69)
        world.now = end - 10_000_000
        guest, vcpu = world.guest("guest"), Vcpu(world, Vm(100, 7), 0, -(1 << 62))
        vcpu.run(world.stays(20), guest, 0)
        lines = ((7, hertz, 1000, 1_700_000_000 * 10**9),)
        name = f"{WORK}/end-{hertz}-{year}"
        got, _, err = run(MERGE, "-o", name, write(guest, lines=lines),
                          write(world.host, lines=lines))
        check(got == status, f"{year}: {got}: {err}")
        if status:
            check("no reader of CTF takes times from 2^63 ns on" in err and
                  not os.path.exists(name), err)
            continue
        got, out, err = run("babeltrace2", "--clock-gmt", "--clock-date", name)
        check(got == 0 and out.count("test_event") == len(world.truth["guest"]) and
              f"[{year}" in out, f"{year}: {err}{out}"[:1000])


def test_names():
    """No name that a trace has chosen steers a terminal or begins a line"""
    evil = "\x1b]0;title\x07\x7f\x9b2J\xe4\u0085\nfalse: all is well"
    plain = (r"\x1b]0;title\x07\x7f\xc2\x9b2J" "\xe4" r"\xc2\x85\x0afalse: all is well")
    world, guest = simple(18, count=20)
    world.host.host, guest.host = f"h{evil}", f"g{evil}"
    for stream in guest.streams.values():
        time, _, tid, _ = stream[5]
        stream[5] = (time, synthetic_perf.CYCLES, tid, {"ip": 1})
    desc = struct.pack("<II", 1, 96) + bytes(96) + struct.pack("<I", 1) + \
        synthetic_perf.string(f"e{evil}") + struct.pack("<Q", 1000)
    paths = [synthetic_perf.write(guest, f"{WORK}/names-guest",
                                  features={synthetic_perf.EVENT_DESC: desc}),
             synthetic_perf.write(world.host, f"{WORK}/names-host")]
    for words in (["--summary"], ["--json"], ["--format", "text"], ["--format", "json"]):
        status, out, err = run(MERGE, *words, *paths)
        check(status == 0, f"{words}: {status}: {err}")
        check(not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]|^false", out + err, re.M),
              f"{words}: {out}{err}"[:1000].encode())
        check(words != ["--summary"] or f"g{plain} is VM 7" in out and f"\nh{plain} " in out, out)
        check(words != ["--format", "text"] or f"e{plain}:" in out, out)
        for line in out.splitlines() if "json" in "".join(words) else ():
            json.loads(line)
    # What a user names, and a message of several lines
    _, _, err = run(MERGE, f"{WORK}/{evil.replace('/', '')}")
    check(err.count("\n") == 1 and plain in err, err)
    world, guest = simple(18, "tai", count=20)
    _, _, err = run(MERGE, synthetic_perf.write(world.host, f"{WORK}/x\nfalse"))
    check(r"x\x0afalse was" in err and "record with\n    perf record" in err, err)


def test_samples():
    """Samples of a counter beside tracepoints"""
    world, guest = simple(10)
    numbers = collections.Counter()
    for stream in guest.streams.values():
        for index, (time, name, tid, fields) in enumerate(stream):
            if fields["number"] % 3 == 0:
                stream[index] = (time, synthetic_perf.CYCLES, tid, {"ip": fields["number"]})
                numbers["samples"] += 1
    _, out, err = run(MERGE, "--format", "json", write(guest, fields=synthetic_perf.PERIOD),
                      write(world.host))
    truth, found = world.truth["guest"], 0
    for event in map(json.loads, out.splitlines()):
        if event["name"] == "cycles:P":
            check(event["ticks"] == truth[event["fields"]["ip"]], str(event))
            found += 1
        elif event["name"] == "test_event":
            check(event["ticks"] == truth[event["fields"]["number"]], str(event))
    check(found == numbers["samples"] > 0, f"{found} of {numbers['samples']}: {err}")


def test_verify():
    """verify takes a host of perf, also by a link, and a directory with a guest of perf"""
    world, guest = simple(19)
    host, link = write(world.host), f"{WORK}/link.data"
    os.symlink(host, link)
    os.mkdir(f"{WORK}/verify")
    synthetic_perf.write(guest, f"{WORK}/verify/perf.data")
    for path in host, link:
        status, out, err = run(os.path.join(TOOLS, "clocktrace-verify"), "--json", path,
                               f"100:{WORK}/verify")
        check(status == 0 and json.loads(out)["passed"], f"{path}: {status}: {err}")


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def test_refused():
    """Forms that are not read, each with what to do"""
    world, guest = simple(11, count=20)
    refused(world, guest, "is compressed, .*record without --compression-level",
            {"features": {synthetic_perf.COMPRESSED: bytes(20)}})
    refused(world, guest, "several files: record without --threads", {"features": {24: bytes(8)}})
    cases = (
        (48, struct.pack("<Q", 0), "perf was killed"),
        (0, b"2ELIFREP", "other byte order"),
        (16, struct.pack("<Q", 1 << 40), "list of events is damaged"),
        (48, struct.pack("<Q", 1 << 40), "it is cut"),
        (48, struct.pack("<Q", (1 << 64) - 8), "it is cut"),
        # Two events without a number that tells them apart: sample_type of the first one
        (104 + 24, struct.pack("<Q", synthetic_perf.TIME), "cannot be told apart"),
        (104 + 24, struct.pack("<Q", 1 << 16 | synthetic_perf.TIME), "does not tell the CPU"),
        (104 + 92, struct.pack("<i", 1), "several clocks"),
    )
    for offset, data, text in cases:
        paths = [write(guest), write(world.host)]
        overwrite(paths[1], offset, data)
        status, out, err = run(MERGE, "--format", "json", *paths)
        check(status == 2 and not out and text in err, f"{offset}: {status}: {err}")


def test_piped():
    """What was written to a pipe: host or guest or both; samples and names beside tracepoints"""
    uuid = b"0c5f8bd2-6a0e-4a4b-9c1d-7f35e2a9d001"
    for number, (of_guest, of_host) in enumerate(((True, True), (True, False), (False, True))):
        world, guest = simple(60 + number)
        events, _ = judge(world, [write(guest, piped=of_guest, uuid=uuid),
                                  write(world.host, piped=of_host, uuid=uuid)])
        check({event["certainty"] for event in events if event["machine"] == "guest"} == {"known"},
              "not known")
    for clock in "perf", "clock_trace":
        world, guest = simple(64, clock, margin=20)
        for stream in guest.streams.values():
            time, _, tid, _ = stream[5]
            stream[5] = (time, synthetic_perf.CYCLES, tid, {"ip": 1})
        status, out, err = run(MERGE, "--format", "json", write(guest, piped=True),
                               write(world.host, piped=True))
        check(status == 0 and out.count('"cycles:P"') == 2, f"{status}: {err}")
    # The frequency is the file's
    world, guest = simple(65)
    status, out, err = run(MERGE, "--json", write(guest, piped=True), write(world.host, piped=True))
    check(status == 0 and json.loads(out)["frequency"] == HZ, f"{status}: {out} {err}")


def test_piped_refused():
    """What a pipe does not tell, or tells wrongly"""
    world, guest = simple(66, count=20)
    refused(world, guest, "is compressed, .*record without --compression-level",
            {"piped": True, "features": {synthetic_perf.COMPRESSED: bytes(20)}})
    path = write(world.host, piped=True)
    with open(path, "rb") as file:
        data = file.read()
    compressed = data + synthetic_perf.record(81, bytes(40))
    tracing = data.index(b"\x17\x08\x44tracing") - 12
    for content, text in ((data[:16], "no list of events"), (data[:24], "no list of events"),
                          (data[:22] + b"\x20\0" + data[24:], "list of events is damaged"),
                          (data[:28] + b"\xff\xff\0\0" + data[32:], "list of events is damaged"),
                          (data[:8] + bytes(8) + data[16:], "damaged or cut"),
                          (compressed, "is compressed, and perf inject leaves it so"),
                          (data[:tracing + 16] + bytes(8) + data[tracing + 24:],
                           "descriptions of tracepoints are damaged")):
        with open(path, "wb") as file:
            file.write(content)
        status, out, err = run(MERGE, "--format", "json", write(guest), path)
        check(status == 2 and not out and text in err, f"{text}: {status}: {err}")


def test_piped_cut():
    """A pipe that ends anywhere: the events up to there"""
    world, guest = simple(67, count=2)
    paths = [write(guest, rounds=2, piped=True), write(world.host, rounds=2, piped=True)]
    for path in paths:
        done = subprocess.run([os.path.join(TOOLS, "cut"), str(41 * CUT_STEP), path, *paths],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=LIMIT, check=False)
        check(done.returncode == 0, f"{path}: {done.stdout}{done.stderr}")
    world, guest = simple(68)
    paths = [write(guest, piped=True), write(world.host, piped=True)]
    size = os.path.getsize(paths[0])
    os.truncate(paths[0], size * 2 // 3 + 1)
    status, out, err = run(MERGE, "--format", "json", *paths)
    check(status == 0 and 0 < out.count('"test_event"') < len(world.truth["guest"]) and
          "damaged at byte" in err, f"{status}: {err}")


def test_damaged():
    """What is before damage is used, and the loss is told"""
    world, guest = simple(12)
    paths = [write(guest), write(world.host)]
    # The size of the first record after the middle of the data
    with open(paths[0], "rb") as file:
        data = file.read()
    begin, size = struct.unpack_from("<QQ", data, 40)
    places = [begin]
    while places[-1] < begin + size:
        places.append(places[-1] + struct.unpack_from("<H", data, places[-1] + 6)[0])
    # A size that no record has, and one beyond the end: of the last sample, before a round
    for at, damage in ((places[len(places) // 2], 4), (places[-3], 0xfff8)):
        overwrite(paths[0], 0, data)
        overwrite(paths[0], at + 6, struct.pack("<H", damage))
        status, out, err = run(MERGE, "--format", "json", *paths)
        placed = out.count('"test_event"')
        check(status == 0 and 0 < placed < len(world.truth["guest"]) and
              f"damaged at byte {at}" in err, f"{status}: {placed}, {err}")


def test_cut():
    """A file that is cut anywhere: an error or a shorter result, never a wrong time"""
    world, guest = simple(13, count=2)
    paths = [write(guest, rounds=2), write(world.host, rounds=2)]
    for path in paths:
        done = subprocess.run([os.path.join(TOOLS, "cut"), str(41 * CUT_STEP), path, *paths],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=LIMIT, check=False)
        check(done.returncode == 0, f"{path}: {done.stdout}{done.stderr}")
    judge(world, paths)
    # What the guard of libraries would hide
    rng = random.Random(13)
    with open(paths[1], "rb") as file:
        data = file.read()
    for number in range(40):
        with open(paths[1], "wb") as file:
            file.write(data[:rng.randrange(len(data))])
        status, _, err = run(MERGE, *paths)
        check(status == 2 and "crashes" not in err, f"{number}: {status}: {err}")


def heap_peak(*words):
    """The most bytes that merge had allocated at once"""
    name = f"{WORK}/heap"
    if os.path.exists(name):
        os.unlink(name)
    env = dict(os.environ, LD_PRELOAD=os.path.join(TOOLS, "heap_peak.so"), HEAP_PEAK=name)
    subprocess.run([MERGE, "--quiet", "--format", "json", *words], stdout=subprocess.DEVNULL,
                   check=True, env=env, timeout=LIMIT)
    with open(name, encoding="ascii") as file:
        return max(int(line) for line in file)


def test_memory():
    """Ten times the events in ten times the rounds take the same memory"""
    peaks = []
    for times in (1, 10):
        world, guest = simple(14, count=500 * times)
        peaks.append(heap_peak(write(guest, rounds=10 * times),
                               write(world.host, rounds=10 * times)))
    check(peaks[1] < peaks[0] + 32768, f"{peaks} bytes")


if __name__ == "__main__":
    main("perf.data", dict(globals()), WORK)
