#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
clocktrace merge on traces that are made here: each event has to be at its true host time,
and what cannot be known has to be said. Prints TAP.
"""

import bisect
import collections
import ctypes
import json
import os
import pty
import random
import re
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import xml.dom.minidom

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import perfetto
import scale
import synthetic
import synthetic_dat
from points import LIMIT, check, main, run
from synthetic import (DESTROYED, HZ, OFFSET, ON_COUNTER, ON_FALLBACK, ON_MONOTONIC, REFRESH,
                       Trace, Vcpu, Vm, World)

TOOLS = os.environ.get("O", "../../out/tools/trace")
MERGE = os.path.join(TOOLS, "clocktrace-merge")
WORK = tempfile.mkdtemp()
# 1 in "make check"; files of trace-cmd then are cut at one byte in 151
CUT_STEP = int(os.environ.get("CUT_STEP", "1"))
# Options that judge() adds
MODEL = []


def merge(*words):
    """Status, standard output and error"""
    return run(MERGE, *words)


def directory(name):
    path = os.path.join(WORK, name)
    shutil.rmtree(path, ignore_errors=True)
    return path


def write(world, guests, name="world"):
    """The traces; the guests come first, for the order must not matter"""
    root = directory(name)
    os.mkdir(root)
    paths = [guest.write(f"{root}/{guest.host}") for guest in guests]
    return paths + [world.host.write(f"{root}/host")]


def events_of(output):
    return [json.loads(line) for line in output.splitlines()]


def judge(world, guests, *options, status=0, unplaced=0):
    """
    All events of the guests are where they belong, between their entry and exit in the
    order of the output, and those of the host keep their order.
    """
    paths = write(world, guests)
    got, out, err = merge("--format", "json", *options, *MODEL, *paths)
    check(got == status, f"exit status {got}, not {status}: {err}")
    events = events_of(out)
    times = [event["ticks"] for event in events]
    check(times == sorted(times), "not in the order of time")
    placed, inside = collections.Counter(), {}
    for event in events:
        name = event["name"]
        if name == "kvm_x86_entry":
            inside[event["vm"], event["vcpu"]] = True
        elif name == "kvm_x86_exit":
            inside[event["vm"], event["vcpu"]] = False
        elif name == "test_event":
            machine, number = event["machine"], event["fields"]["number"]
            truth = world.truth[machine][number]
            check(event["ticks"] <= truth <= event["ticks"] + event["uncertainty"],
                  f"{machine} {number} is at {event['ticks']}, not {truth}")
            check(inside.get((event["vm"], event["vcpu"])),
                  f"{machine} {number} is not between entry and exit")
            placed[machine] += 1
    total = sum(len(truth) for truth in world.truth.values())
    check(sum(placed.values()) == total - unplaced,
          f"{sum(placed.values())} of {total} events are placed: {err}")
    count = sum(len(stream) for stream in world.host.streams.values())
    check(len(events) == count + total - unplaced, "events of the host are missing")
    return events, err


def simple(seed=1, clock="clock_trace"):
    """A host with one guest of two vCPUs"""
    world = World(seed, clock)
    guest, vm = world.guest("guest"), Vm(100, 7)
    for cpu in (0, 1):
        Vcpu(world, vm, cpu, -9_000_000 + cpu).run(world.stays(200), guest, cpu)
    return world, guest


def test_plain():
    world, guest = simple()
    events, _ = judge(world, [guest])
    check({event["vcpu"] for event in events if event["name"] == "test_event"} == {0, 1},
          "not two vCPUs")


def test_two_guests():
    """One process, two VMs at once, and one after the other with the same PID"""
    world = World(2)
    one, other, later = world.guest("one"), world.guest("other"), world.guest("later")
    first, second, third = Vm(100, 7), Vm(100, 8), Vm(100, 9)
    vcpu = Vcpu(world, first, 0, -5_000_000)
    times = world.stays(200)
    vcpu.run(times, one, 0)
    Vcpu(world, second, 0, -8_000_000).run(world.stays(200), other, 0)
    vcpu.tell(times[-1] + 5, DESTROYED)
    world.now = times[-1] + 100
    Vcpu(world, third, 0, -15_000_000).run(world.stays(200), later, 0)
    judge(world, [later, other, one])


def test_untraced():
    """A VM without a trace of its own, with the same offset"""
    world, guest = simple(3)
    Vcpu(world, Vm(101, 8), 0, -9_000_000).run(world.stays(200), None, 0)
    judge(world, [guest])


def test_vcpu_ids():
    """Guest CPU 1 is vCPU 4, guest CPU 2 is vCPU 300, guest CPU 3 is vCPU 1"""
    world = World(4)
    guest, vm = world.guest("guest"), Vm(100, 7)
    for cpu, number in ((0, 0), (1, 4), (2, 300), (3, 1)):
        Vcpu(world, vm, number, -9_000_000).run(world.stays(300), guest, cpu)
    events, _ = judge(world, [guest])
    pairs = {(event["cpu"], event["vcpu"]) for event in events if event["name"] == "test_event"}
    check(pairs == {(0, 0), (1, 4), (2, 300), (3, 1)}, str(pairs))


def test_migration():
    """One trace of a guest that moves to another VM of the host"""
    world = World(5)
    guest = world.guest("guest")
    source, target = Vm(100, 7), Vm(200, 8)
    times = world.stays(200)
    Vcpu(world, source, 0, -9_000_000).run(times, guest, 0)
    world.now = times[-1] + 1000
    moved = Vcpu(world, target, 0, -world.now)
    moved.offset = -9_500_000
    moved.tell(world.now + 10, OFFSET)
    moved.run(world.stays(200, world.now + 600_000), guest, 0)
    judge(world, [guest])


def test_loadvm():
    """The guest goes back, and its trace with it"""
    world = World(6)
    guest, vm = world.guest("guest"), Vm(100, 7)
    vcpu = Vcpu(world, vm, 0, -9_000_000)
    times = world.stays(200)
    vcpu.run(times, guest, 0)
    # What ran between savevm and loadvm is in no trace of the guest.
    lost = world.stays(200, times[-1] + 10)
    vcpu.run(lost, None, 0)
    vcpu.offset -= lost[-1] - times[-1] - 5
    vcpu.tell(lost[-1] + 1, OFFSET)
    vcpu.run(world.stays(200, lost[-1] + 10), guest, 0)
    judge(world, [guest])


def test_scaled():
    """Ratios below and above 1.0"""
    for number, ratio in enumerate((0.7, 1.9)):
        world = World(7 + number)
        guest = world.guest("guest")
        Vcpu(world, Vm(100, 7), 0, 12345, int(ratio * (1 << 48)), 48).run(world.stays(300), guest, 0)
        judge(world, [guest])


def test_one_tick():
    """Entry, event and exit in one tick"""
    world = World(9)
    guest = world.guest("guest")
    vcpu = Vcpu(world, Vm(100, 7), 0, -9_000_000)
    time = world.now + 100
    vcpu.run([time, time, time, time + 1, time + 1, time + 1, time + 50, time + 90], guest, 0)
    judge(world, [guest])


def test_late():
    """The trace begins in the middle, and a refresh comes after the first stays"""
    world = World(10)
    guest, vm = world.guest("guest"), Vm(100, 7)
    vcpu = Vcpu(world, vm, 0, -9_000_000, created=False)
    told = world.host.streams[vcpu.cpu].pop()
    times = world.stays(100)
    vcpu.run(times[:20], guest, 0)
    world.host.add(vcpu.cpu, times[19] + 1, told[1], told[2], **told[3])
    vcpu.run(times[20:], guest, 0)
    events, _ = judge(world, [guest])
    words = {event["certainty"] for event in events if event["name"] == "test_event"}
    check(words <= {"known", "assumed"}, str(words))


def test_loss():
    """The host's trace has lost events: what is in the gap is counted as that"""
    world = World(11)
    guest = world.guest("guest")
    vcpu = Vcpu(world, Vm(100, 7), 0, -9_000_000)
    times = world.stays(100)
    vcpu.run(times[:80], guest, 0)
    kept = len(world.host.streams[vcpu.cpu])
    vcpu.run(times[80:120], guest, 0)
    del world.host.streams[vcpu.cpu][kept:]
    world.host.lose(vcpu.cpu)
    vcpu.run(times[120:], guest, 0)
    _, err = judge(world, [guest], unplaced=100)
    check("100 fall where the host's trace has lost events" in err, err)


def test_before_and_after():
    """Events of before the host's trace, and of after it"""
    world = World(12)
    guest = world.guest("guest")
    vcpu = Vcpu(world, Vm(100, 7), 0, -9_000_000)
    guest.add(0, vcpu.guest_time(world.now - 900_000), "test_event", number=-1 % (1 << 64))
    times = world.stays(100)
    vcpu.run(times, guest, 0)
    guest.add(0, vcpu.guest_time(times[-1] + 1000), "test_event", number=-2 % (1 << 64))
    _, err = judge(world, [guest])
    check("1 are of before the host's trace" in err, err)
    check("1 are of after the host's trace" in err, err)


def test_outside():
    """An event in no stay is not placed, and the answer is no"""
    world, guest = simple(13)
    time, name, tid, fields = guest.streams[0][300]
    world.truth["guest"].clear()
    guest.streams[0][300:300] = [(time - 1, name, tid, dict(fields, number=0))] * 0
    gap = next(i for i in range(4, len(guest.streams[0]), 5)
               if guest.streams[0][i + 1][0] - guest.streams[0][i][0] > 2)
    guest.streams[0].insert(gap + 1, (guest.streams[0][gap][0] + 1, name, tid, {"number": 0}))
    status, _, err = merge("--format", "json", *write(world, [guest]))
    check(status == 1 and re.search("1 lie in NO stay", err), f"{status}: {err}")


def test_no_vm():
    world, guest = simple(14)
    for cpu, events in guest.streams.items():
        guest.streams[cpu] = [(time * 3 % 99_991 + 1_000_000 + i * 100_000, *rest)
                              for i, (time, *rest) in enumerate(events)]
    status, out, err = merge("--format", "json", *write(world, [guest]))
    check(status == 1 and "fits no VM of host" in err or "NOT all" in err, f"{status}: {err}")
    check(status == 1 and out, "the host's events are missing")


def test_ambiguous():
    """Two VMs that are in their guests all the time, and equal"""
    world = World(15)
    guest = world.guest("guest")
    for number, vm in ((0, Vm(100, 7)), (1, Vm(200, 8))):
        Vcpu(world, vm, 0, -9_000_000).run([world.now + 100, world.now + 900_000],
                                           None if number else guest, 0, 50)
    paths = write(world, [guest])
    status, _, err = merge("--format", "json", *paths)
    check(status == 1 and "fits VM 7 (process 100) as well as VM 8 (process 200)" in err, err)
    status, _, err = merge("--format", "json", "--vm", f"{paths[0]}=8", *paths)
    check(status == 0 and "is VM 8" in err, err)


def busy_world(offset, lengths=((0, 900_000), (1, 900_001))):
    """Two vCPUs, 4 and 5, that are in the guest all the time; CPU 1 is vCPU 5"""
    world = World(15)
    guest, vm = world.guest("guest"), Vm(100, 7)
    vcpus = [Vcpu(world, vm, 4 + number, -9_000_000 + number * offset) for number in (0, 1)]
    begin = world.now + 100
    for vcpu, (first, last) in zip(vcpus, lengths):
        vcpu.run([begin + first, begin + last], None, 0)
    for time in range(begin + 100_000, begin + 800_000, 10_000):
        world.guest_event(guest, 1, time, vcpus[1].guest_time(time))
    return world, guest


def test_busy_vcpus_with_other_times():
    """A CPU fits two vCPUs whose TSCs differ, as after a hotplug: no event is placed"""
    world, guest = busy_world(20_000)
    paths = write(world, [guest])
    for name in ([], ["--model", f"{WORK}/busy-model"], ["--model", f"{WORK}/busy-model"]):
        status, out, err = merge("--format", "json", *name, *paths)
        check(status == 1 and "CPU 1 fits vCPU 4 as well as vCPU 5" in err and
              "70 are of a CPU or guest that fits no vCPU" in err, f"{status}: {err}")
        check({event["machine"] for event in events_of(out)} == {"host"}, "events were placed")
    # The same, but vCPU 4 was not in the guest all that time
    world, guest = busy_world(20_000, ((0, 400_000), (1, 900_001)))
    events, err = judge(world, [guest])
    check("more than one vCPU" not in err, err)
    check({event["vcpu"] for event in events if event["name"] == "test_event"} == {5}, err)


def test_busy_vcpus_with_one_time():
    """The vCPU is a choice, the time is not"""
    world, guest = busy_world(0)
    _, err = judge(world, [guest])
    check("guest: more than one vCPU fits CPU 1: " in err, err)
    status, out, err = merge("--json", *write(world, [guest]))
    check(status == 0 and json.loads(out)["machines"][1]["sections"][0]["cpus"][0]["choice"], err)


def test_vcpus_of_others():
    """CPU 0 fits each vCPU and is 2; CPUs 1 and 2 fit 0 and 1 alone"""
    world = World(15)
    guest, vm = world.guest("guest"), Vm(100, 7)
    vcpus = [Vcpu(world, vm, number, -9_000_000) for number in (0, 1, 2)]
    begin = world.now + 100
    for number in (0, 1):
        vcpus[number].run([begin + number, begin + 900_000 + number], None, 0)
    entries = range(begin + 20_000, begin + 820_000, 40_000)
    vcpus[2].run([time for entry in entries for time in (entry, entry + 20_000)], None, 0)
    for entry in entries:
        world.guest_event(guest, 0, entry + 5000, vcpus[2].guest_time(entry + 5000))
    for time in range(begin + 30_000, begin + 800_000, 7000):
        world.guest_event(guest, 1, time, vcpus[0].guest_time(time))
        world.guest_event(guest, 2, time + 50, vcpus[1].guest_time(time + 50))
    events, err = judge(world, [guest])
    check("guest: more than one vCPU fits CPU 1, CPU 2: " in err, err)
    check({event["vcpu"] for event in events
           if event["name"] == "test_event" and event["cpu"] == 0} == {2}, err)


def test_stranger():
    """A few events of another host's guest that fit a busy VM: that is no proof"""
    world = World(15)
    guest = world.guest("guest")
    begin = world.now + 100
    vcpu = Vcpu(world, Vm(100, 7), 0, -9_000_000)
    vcpu.run([time for entry in range(begin, begin + 20_000_000, 100_000)
              for time in (entry, entry + 95_000)], None, 0)
    for entry in range(begin, begin + 16_000_000, 2_000_000):
        world.guest_event(guest, 0, entry + 1000, vcpu.guest_time(entry + 1000))
    events, err = judge(world, [guest])
    check("may be by chance" in err and "8 of them by a formula" in err, err)
    words = {event["certainty"] for event in events if event["name"] == "test_event"}
    check(words == {"assumed"}, str(words))
    paths = write(world, [guest])
    for name in ([], [], ["--vm", f"{paths[0]}=7"]):
        model = [] if name else ["--model", f"{WORK}/stranger-model"]
        status, out, err = merge("--format", "json", *model, *name, *paths)
        words = {event["certainty"] for event in events_of(out) if event["machine"] == "guest"}
        check(status == 0 and words == {"known" if name else "assumed"}, f"{words}: {err}")
        check(("may be by chance" in err) != bool(name), err)
    strange = f"{WORK}/strange\x1b[31m\nname"
    shutil.copytree(paths[0], strange)
    _, _, err = merge(strange, paths[1])
    check("by chance" in err and "strange\\x1b[31m\\x0aname=7" in err, err)
    world, guest = simple()
    check("by chance" not in judge(world, [guest])[1], "1000 events in 400 stays")


def refused(world, guests, text):
    status, out, err = merge("--format", "json", *write(world, guests))
    check(status == 2 and not out and re.search(text, err), f"{status}: {err}")


def test_wrong_clock():
    for clock in ("monotonic", "boot", "tai"):
        world, guest = simple(16, clock)
        refused(world, [guest], f'clock "{clock}".*\n.*clocktrace-lttng setup')
    world = World(17)
    guest = world.guest("guest", "monotonic")
    Vcpu(world, Vm(100, 7), 0, -9_000_000).run(world.stays(20), guest, 0)
    refused(world, [guest], 'guest was recorded with the clock "monotonic"')


def tell_epoch(trace, cpu, time, epoch, state=ON_COUNTER, hertz=HZ):
    """The event of the clock, in its place"""
    bisect.insort(trace.streams[cpu], (time, "clock_trace_epoch", 1, {
        "epoch": epoch, "state": state, "frequency": hertz}), key=lambda event: event[0])


def test_epoch_repeated():
    """The event comes once a second, and then is no change"""
    world, guest = simple(18)
    last = world.host.streams[0][-1][0]
    for time in range(world.now, last, (last - world.now) // 20):
        tell_epoch(world.host, 0, time, 5)
    for event in guest.streams[1][::50]:
        tell_epoch(guest, 1, event[0], 77)
    paths = write(world, [guest])
    status, out, err = merge("--json", *paths)
    check(status == 0 and json.loads(out)["machines"][1]["other_epoch"] == 0, err)


def halves(seed, state):
    """A host's trace with another epoch in its second half"""
    world, guest = simple(seed)
    events = world.host.streams[0]
    middle = events[len(events) // 2][0] + 1
    tell_epoch(world.host, 0, world.now + 1, 5)
    tell_epoch(world.host, 0, middle, 6, state)
    for stream in world.host.streams.values():
        _, name, tid, fields = stream[0]
        bisect.insort(stream, (middle + 1, name, tid, dict(fields, reason=REFRESH)),
                      key=lambda event: event[0])
    before = sum(event[0] < middle for events in world.host.streams.values() for event in events)
    whole = sum(len(events) for events in world.host.streams.values())
    return write(world, [guest]), world, middle, before, whole


def placed_truly(out, world, low, high):
    """How many events of the guest there are; all are where they belong, from low to high"""
    placed = 0
    for event in events_of(out):
        if event["name"] == "test_event":
            check(event["ticks"] == world.truth["guest"][event["fields"]["number"]],
                  f"a wrong time: {event}")
            check(low <= event["ticks"] <= high, "of the other epoch")
            placed += 1
    return placed


def test_epoch_lost():
    """The counter loses trust: what is before is placed, the rest left out and counted"""
    paths, world, middle, before, whole = halves(18, ON_FALLBACK)
    status, out, err = merge("--format", "json", *paths)
    check(status == 0, err)
    check(f"{whole - before} are of another epoch" in err, err)
    check(placed_truly(out, world, 0, middle) > 500, "too few")
    check(sum(event["machine"] == "host" for event in events_of(out)) == before, "host's events")
    name = f"{WORK}/model-of-epoch"
    for _ in range(2):
        check(merge("--format", "json", "--model", name, *paths)[1] == out, "with a model")
    status, _, err = merge("--model", name, "--epoch", "5", *paths)
    check(status == 2 and "another option --epoch" in err, err)


def test_epoch_split():
    """Two epochs of the counter: each by itself, never both on one line"""
    paths, world, middle, before, whole = halves(18, ON_COUNTER)
    status, out, err = merge("--format", "json", *paths)
    check(status == 2 and not out and "--epoch 5 " in err and "--epoch 6 " in err, err)
    count = 0
    for epoch, low, high, others in ((5, 0, middle, whole - before), (6, middle, 1 << 63, before)):
        status, out, err = merge("--format", "json", "--epoch", str(epoch), *paths)
        check(status in (0, 1) and f"{others} are of another epoch" in err, err)
        count += placed_truly(out, world, low, high)
    check(count > 900, f"{count} in both")
    status, _, err = merge("--epoch", "9", *paths)
    check(status == 2 and "has no epoch 9" in err, err)


def test_epoch_never_counter():
    """The first event that tells is of the fallback: nothing can be placed"""
    world, guest = simple(18)
    tell_epoch(world.host, 0, world.now + 100_000, 5, ON_FALLBACK)
    refused(world, [guest], "host: CLOCK_MONOTONIC drove the clock")


def test_epoch_of_guest():
    """A guest whose clock goes on from CLOCK_MONOTONIC: no event of that time is placed"""
    world, guest = simple(18)
    events = guest.streams[0]
    middle = events[len(events) // 2][0] + 1
    tell_epoch(guest, 0, events[0][0], 5)
    tell_epoch(guest, 0, middle, 6, ON_FALLBACK)
    after = sum(event[0] >= middle for events in guest.streams.values() for event in events)
    status, out, err = merge("--format", "json", *write(world, [guest]))
    check(status == 0 and f"{after} are of another epoch" in err, err)
    placed_truly(out, world, 0, middle + 9_000_000)


def without_counter(seed, hertz=1_000_000_000, told=None, number=None):
    """A guest whose clock is CLOCK_MONOTONIC, and may tell that"""
    world, guest = synthetic.without_counter(seed, hertz, number)
    if told is not None:
        tell_epoch(guest, 0, guest.streams[0][0][0], 3, told, hertz)
    return world, guest


def in_bounds(world, out, err, least=1500):
    """How many events there are; the truth of each is within its bound"""
    placed, widest = 0, 0
    for event in events_of(out):
        if event["name"] != "test_event":
            continue
        truth = world.truth["guest"][event["fields"]["number"]]
        check(event["ticks"] <= truth <= event["ticks"] + event["uncertainty"],
              f"{event} is not at {truth}")
        check(event["certainty"] == "bounded" and event["vcpu"] == 4 * event["cpu"] and
              event["uncertainty_ns"] == -(-event["uncertainty"] * 1_000_000_000 // HZ), event)
        widest = max(widest, event["uncertainty_ns"])
        placed += 1
    check(placed >= least, f"{placed} events are placed: {err}")
    check(f"{placed} of them within bounds, of at most {widest} ns" in err, err)
    check(f"ticks, {widest} ns" in err, err)
    return placed


def test_no_counter():
    """A guest without a TSC is placed by bounds; and what to do is told"""
    for hertz, told in (10**9, None), (10**9, ON_MONOTONIC), (2_500_000_000, ON_FALLBACK):
        world, guest = without_counter(31, hertz, told, number=8)
        paths = write(world, [guest])
        model = os.path.join(WORK, "bound-model")
        status, out, err = merge("--format", "json", *paths)
        check(status == 0 and "guest had no TSC" in err and "+invtsc" in err and
              "-cpu host,migratable=off" in err and "tsc=reliable" in err, f"{status}: {err}")
        check("guest is VM 7" in err, err)
        in_bounds(world, out, err)
        for _ in range(2):
            check(merge("--format", "json", "--model", model, *paths) == (status, out, err),
                  "another result with a model")
        os.unlink(model)


def test_no_counter_stopped():
    """The VM is stopped for 1 ms, and the few events after that fit without it, too"""
    world = World(37)
    guest = world.guest("guest")
    guest.hertz = 1_000_000_000
    vcpu = Vcpu(world, Vm(100, 7), 0, 0)
    times = world.stays(400)
    stopped, length = times[-1] + 10, 2_000_000
    vcpu.run(times, None, 0)
    later = world.stays(200, stopped + length)
    vcpu.run(later, None, 0)

    def inside(time):
        return any(entry < time < leave for entry, leave in zip(later[::2], later[1::2]))
    after = [time for time in range(stopped + 2 * length, stopped + 3 * length, 100)
             if inside(time) and inside(time - length)]
    for entry, leave in zip(times[::2], times[1::2]):
        for time in (entry, (entry + leave) // 2, leave):
            world.guest_event(guest, 0, time, time // 2)
    for time in after[::len(after) // 4]:
        world.guest_event(guest, 0, time, (time - length) // 2)
    status, out, err = merge("--format", "json", *write(world, [guest]))
    check(status == 0 and "are too near an end of its trace to be proved" in err, f"{status}: {err}")
    check(800 < in_bounds(world, out, err, 800) < 1200, err)


def test_no_counter_restored():
    """Another offset of the TSC tells that the guest was restored: one side of it is placed"""
    for first, second in ((300, 150), (150, 300)):
        world = World(38)
        guest = world.guest("guest")
        guest.hertz = 1_000_000_000
        vcpu = Vcpu(world, Vm(100, 7), 0, 0)
        times = world.stays(first)
        vcpu.run(times, None, 0)
        vcpu.offset = -1_000_000
        vcpu.tell(times[-1] + 5, OFFSET)
        later = world.stays(second, times[-1] + 10)
        vcpu.run(later, None, 0)
        for time in times + later:
            world.guest_event(guest, 0, time, time // 2)
        status, out, err = merge("--format", "json", *write(world, [guest]))
        check(status == 0, f"{status}: {err}")
        in_bounds(world, out, err, 400)
        ticks = [event["ticks"] for event in events_of(out) if event["name"] == "test_event"]
        check(max(ticks) < times[-1] if first > second else min(ticks) > times[-1],
              "of the other side")


def test_no_counter_in_perfetto():
    """The bound of each event is on a track of its own"""
    world, guest = without_counter(32)
    status, out, err = merge("--json", *write(world, [guest]))
    summary = json.loads(out)
    check(status == 0 and summary["machines"][1]["bounded"] == summary["machines"][1]["placed"] and
          summary["machines"][1]["uncertainty"] == summary["uncertainty"] > 0, out, err)
    path = os.path.join(WORK, "bound.perfetto-trace")
    status, _, err = merge("-o", path, *write(world, [guest]))
    check(status == 0 and b"uncertainty (ticks)" in open(path, "rb").read(), err)


def test_no_counter_of_damaged_host():
    """Where a part of the host's trace is missing, a stay may be: none is placed"""
    world, guest = without_counter(35)
    events = world.host.streams[0]
    events[200] = (events[0][0], *events[200][1:])
    status, out, err = merge("--format", "json", *write(world, [guest]))
    check(status == 1 and "goes back in time" in err and "the host's trace is damaged" in err and "+invtsc" in err, status, err)
    check({event["machine"] for event in events_of(out)} == {"host"}, "events were placed")


def test_no_counter_and_stays_of_nobody():
    """They may be the guest's"""
    world, guest = without_counter(36)
    last = world.host.streams[0][-1][0]
    world.host.add(9, last - 500, "kvm_x86_entry", 4321)
    world.host.add(9, last - 100, "kvm_x86_exit", 4321, exit_reason=1, isa=2)
    status, out, err = merge("--format", "json", *write(world, [guest]))
    check(status == 1 and "does not tell of all stays whose they are" in err, status, err)
    check({event["machine"] for event in events_of(out)} == {"host"}, "events were placed")


def test_no_counter_fits_nothing():
    """Events that are in no VM's stays, and too few to prove anything: none is placed"""
    world, guest = without_counter(33)
    for cpu, events in guest.streams.items():
        guest.streams[cpu] = [(4_000_000 + at * 7_777, *rest)
                              for at, (_, *rest) in enumerate(events)]
    status, out, err = merge("--format", "json", *write(world, [guest]))
    check(status == 1 and "fits no VM" in err, status, err)
    check({event["machine"] for event in events_of(out)} == {"host"}, "events were placed")
    world, guest = without_counter(34)
    for cpu, events in guest.streams.items():
        guest.streams[cpu] = events[500:508]
    status, out, err = merge("--format", "json", *write(world, [guest]))
    check(status == 1 and "may do so by chance" in err and "record more of it" in err, status, err)
    check({event["machine"] for event in events_of(out)} == {"host"}, "events were placed")


def stock_world(clock):
    """A guest whose offset changes, on a kernel without kvm_guest_counter; and what was read"""
    world = World(32, clock)
    guest = world.guest("guest", clock)
    vcpu = Vcpu(world, Vm(100, 7), 0, -9_000_000)
    times = world.stays(100)
    vcpu.run(times, guest, 0)
    vcpu.offset += 777_000
    vcpu.tell(times[-1] + 5, OFFSET)
    vcpu.run(world.stays(100, times[-1] + 10), guest, 0)
    events = world.host.streams[vcpu.cpu]
    lines = "clocktrace-guests 1\n"
    for number, (time, name, tid, fields) in reversed(list(enumerate(events))):
        if name != "kvm_guest_counter":
            continue
        del events[number]
        if fields["reason"] == OFFSET:
            events.insert(number, (time, "kvm_write_tsc_offset", tid, {
                "vcpu_id": 0, "next_tsc_offset": fields["offset"]}))
    for time, offset in ((world.now - 100, -9_000_000), (events[-1][0] + 100, vcpu.offset)):
        lines += f"reading {time}\nvcpu 7 100 0 {offset} {1 << 32} 32 {vcpu.tid}\n"
    return world, guest, lines


def test_stock_kernel():
    """kvm_write_tsc_offset and two readings, from LTTng and from trace-cmd: all is assumed"""
    for tracer, clock in (("lttng", "clock_trace"), ("trace-cmd", "x86-tsc")):
        world, guest, lines = stock_world(clock)
        root = directory("stock")
        os.makedirs(f"{root}/host")
        if tracer == "lttng":
            world.host.write(f"{root}/host/kernel")
        else:
            synthetic_dat.write(world.host, f"{root}/host/trace.dat")
        with open(f"{root}/host/guests", "w", encoding="ascii") as file:
            file.write(lines)
        paths = [guest.write(f"{root}/guest") if tracer == "lttng" else
                 synthetic_dat.write(guest, f"{root}/guest.dat"), f"{root}/host"]
        for name in ([], ["--model", f"{root}/model"], ["--model", f"{root}/model"]):
            status, out, err = merge("--format", "json", *name, *paths)
            check(status == 0, f"{tracer}: {err}")
            count = placed_truly(out, world, 0, 1 << 63)
            check(count == len(world.truth["guest"]), f"{tracer}: {count} events are placed")
            words = {event["certainty"] for event in events_of(out)
                     if "raw" in event}
            check(words == {"assumed"}, f"{tracer}: {words}")
            check(len([event for event in events_of(out) if "raw" not in event]) ==
                  len(world.host.streams[0]), f"{tracer}: events of the host")
        os.unlink(f"{root}/host/guests")
        status, _, err = merge(*paths)
        check(status == 2 and "clocktrace guests --save" in err, err)


def test_guests():
    """What clocktrace guests reads and saves"""
    root = directory("kvm")
    for vcpu, offset in ((0, -5), (1, 9)):
        below = f"{root}/1234-11/vcpu{vcpu}"
        os.makedirs(below)
        for name, number in (("tsc-offset", offset), ("pid", 77 + vcpu),
                             ("tsc-scaling-ratio", 1 << 48), ("tsc-scaling-ratio-frac-bits", 48)):
            with open(f"{below}/{name}", "w", encoding="ascii") as file:
                file.write(f"{number}\n")
    guests, name = os.path.join(TOOLS, "clocktrace-guests"), f"{WORK}/readings"
    lines = {f"vcpu {(1234 << 32) + 11} 1234 {vcpu} {offset} {1 << 48} 48 {77 + vcpu}"
             for vcpu, offset in ((0, -5), (1, 9))}
    done = subprocess.run([guests, "--debugfs", root], stdout=subprocess.PIPE, text=True,
                          check=True)
    check(set(done.stdout.splitlines()) == lines, done.stdout)
    done = subprocess.run([guests, "--debugfs", root, "--json"], stdout=subprocess.PIPE,
                          text=True, check=True)
    check({vcpu["offset"] for vcpu in json.loads(done.stdout)["vcpus"]} == {-5, 9}, done.stdout)
    for _ in range(2):
        subprocess.run([guests, "--debugfs", root, "--save", name], check=True)
    with open(name, encoding="ascii") as file:
        saved = file.read().splitlines()
    check(saved[0] == "clocktrace-guests 1" and set(saved[2:4]) == set(saved[5:]) == lines,
          str(saved))
    times = [int(line.split()[1]) for line in (saved[1], saved[4])]
    check(0 < times[0] < times[1], str(times))
    size = os.path.getsize(name)
    done = subprocess.run([guests, "--debugfs", root, "--save", name], stderr=subprocess.PIPE,
                          text=True, check=False, preexec_fn=lambda: resource.setrlimit(
                              resource.RLIMIT_FSIZE, (size + 10, size + 10)))
    check(done.returncode == 2 and "File too large" in done.stderr, done.stderr)
    check(os.path.getsize(name) == size, "a reading that is half there")
    os.mkdir(directory("no-guests"))
    done = subprocess.run([guests, "--debugfs", f"{WORK}/no-guests"], check=False)
    check(done.returncode == 1, "no guests")
    done = subprocess.run([guests, "--debugfs", f"{WORK}/missing"], stderr=subprocess.PIPE,
                          text=True, check=False)
    check(done.returncode == 2 and "missing: No such file" in done.stderr, done.stderr)


def test_no_host():
    world, guest = simple(19)
    paths = write(world, [guest])
    status, _, err = merge(paths[0])
    check(status == 2 and "no trace is of a host" in err, err)
    status, _, err = merge(f"{WORK}/none", paths[1])
    check(status == 2 and "none: No such file" in err, err)
    os.mkdir(directory("empty"))
    status, _, err = merge(f"{WORK}/empty", paths[1])
    check(status == 2 and "holds no trace that can be read" in err, err)


def cut(step, name, guest, host):
    """Merge what is left of a file that is cut at every step-th byte; see tests/cut.c"""
    done = subprocess.run([os.path.join(TOOLS, "cut"), str(step), name, guest, host],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=LIMIT, check=False)
    check(done.returncode == 0, f"{name}: {done.stdout}{done.stderr}")
    return [int(word) for word in re.findall("[0-9]+", done.stdout)]


def test_cut():
    """A trace that is cut anywhere: an error or a shorter result, never a wrong time"""
    world = World(20)
    guest = world.guest("guest")
    vcpu = Vcpu(world, Vm(100, 7), 0, -9_000_000)
    vcpu.run(world.stays(2), guest, 0, 1)
    paths = write(world, [guest])
    for path in paths:
        # Every byte, and of the metadata every byte in 29: a cut there is refused anyhow.
        # Without the first entry, a host's trace is refused.
        _, refused_cuts, shorter, _ = cut(CUT_STEP, f"{path}/kernel_0", *paths)
        check(2 * shorter > refused_cuts, f"{path}: {refused_cuts} cuts refused, {shorter} used")
        cut(29 * CUT_STEP, f"{path}/metadata", *paths)


def test_cut_packets():
    """Of a file that is cut, all events before the cut are used, in whatever packet"""
    for as_lttng in (False, True):
        world, guest = simple(22)
        guest.as_lttng = world.host.as_lttng = as_lttng
        # Packets of 300, 200 and 500 events
        guest.losses = {0: {300, 500}, 1: {500}}
        paths = write(world, [guest])
        whole = {path: (os.path.getsize(f"{path}/kernel_0"), run(MERGE, "--format", "json", *paths)[1])
                 for path in paths}
        head = 8 + 44 + 16 * as_lttng
        size, output = whole[paths[0]]
        events = [event for event in events_of(output) if event["machine"] == "guest"]
        each = (size - 3 * head) // 1000
        for cut_at, count in ((size - 1, 999), (size - each, 999), (size - each - 1, 998),
                              (3 * head + 501 * each, 501), (3 * head + 500 * each + 1, 500),
                              (2 * head + 500 * each + 5, 500), (2 * head + 400 * each, 400),
                              (head + each, 1), (head, 0), (10, 0)):
            os.truncate(f"{paths[0]}/kernel_0", cut_at)
            status, out, err = merge("--format", "json", *paths)
            got = [event for event in events_of(out) if event["machine"] == "guest"]
            want = {0: count, 1: 1000}
            check(status == 0 and "the file kernel_0 is cut; what is before is used" in err,
                  f"cut at {cut_at}: {status}: {err}")
            for cpu in (0, 1):
                check([event for event in got if event["cpu"] == cpu] ==
                      [event for event in events if event["cpu"] == cpu][:want[cpu]],
                      f"cut at {cut_at}: other events than the first {count} of CPU 0 and all of CPU 1")
            with open(f"{paths[0]}/kernel_0", "wb") as file:
                for number, packet in enumerate(guest.packets(0)):
                    guest.write_packet(file, 0, packet, number)
        os.truncate(f"{paths[0]}/kernel_0", size - 1)
        os.environ["TMPDIR"] = f"{WORK}/missing"
        status, _, err = merge(*paths)
        del os.environ["TMPDIR"]
        check(status == 2 and "set TMPDIR" in err and "are cut" in err, f"{status}: {err}")
        # What the host lacks is no fault of the guest.
        os.truncate(f"{paths[1]}/kernel_0", whole[paths[1]][0] * 2 // 3)
        status, out, err = merge("--format", "json", *paths)
        check(status == 0 and "fall where the host's trace has lost events" in err and
              "in NO stay" not in err, f"{status}: {err}")


def test_damaged_packet():
    """What is before a packet whose header is damaged is used, and all of the other files"""
    # The magic number, the size of the content, that of the packet, and the stream's number
    for at, value, count in ((0, 0, 300), (8 + 16 + 3, 0x7f, 300), (8 + 24 + 3, 0x7f, 500),
                             (4, 9, 300)):
        world, guest = simple(22)
        guest.losses = {0: {300, 500}, 1: {500}}
        paths = write(world, [guest])
        name = f"{paths[0]}/kernel_0"
        each = (os.path.getsize(name) - 3 * 52) // 1000
        with open(name, "r+b") as file:
            file.seek(52 + 300 * each + at)
            file.write(bytes([value]))
        status, out, err = merge("--format", "json", *paths)
        counts = collections.Counter(event["cpu"] for event in events_of(out)
                                     if event["name"] == "test_event")
        # libbabeltrace2 2.1 reads a packet whose magic number is wrong like any other one.
        if at == 0 and status == 0 and counts == {0: 1000, 1: 1000}:
            continue
        check(status == 0 and counts == {0: count, 1: 1000}, f"{at}: {status}: {counts}: {err}")
        check(re.search("the file kernel_0 is (damaged|cut); what is before is used", err) and
              "1 streams or traces" in err, f"{at}: {err}")


# What packets may begin with: of the metadata a text and what it is instead, then how the header
# and the context are packed, and whether a cut in the packets is found
HEADER = "u32 magic; u32 stream_id; }"
BOUNDS = "stamp timestamp_begin; stamp timestamp_end;"
SIZES = "u64 content_size;\n        u64 packet_size;"
LAYOUTS = (
    (HEADER, "u32 magic; u8 _rest[4][4]; u32 stream_id; }", "<I16xI", "<QQQQQI", True),
    ("u32 cpu_id; };", "u32 cpu_id; } align(128);", "<II8x", "<QQQQQI", True),
    (HEADER, "u32 magic; u32 stream_id; integer { size = 8; } _one; }", "<IIx", "<QQQQQI", True),
    (HEADER, "u32 magic; integer { size = 32; byte_order = le; } stream_id; }", "<II", "<QQQQQI",
     True),
    (BOUNDS, "stamp timestamp_begin; u64 _other;", "<II", "<Q8xQQ8xI", True),
    # One byte order for these, another one for the rest
    (SIZES, SIZES.replace("u64", "integer { size = 64; byte_order = be; }"), "<II", "swapped",
     False),
)


def packed(header, context, cpu, events):
    """A packet of such a trace"""
    body = b"".join(Trace.pack(*event) for event in events)
    head = struct.pack(header, 0xc1fc1fc1, 0)
    bits = 8 * (len(head) + (44 if context == "swapped" else struct.calcsize(context)) + len(body))
    begin, end = events[0][0], events[-1][0]
    if context == "swapped":
        return (head + struct.pack("<QQ", begin, end) + struct.pack(">QQ", bits, bits) +
                struct.pack("<QI", 0, cpu) + body)
    values = (begin, bits, bits, cpu) if "8x" in context else (begin, end, bits, bits, 0, cpu)
    return head + struct.pack(context, *values) + body


def test_cut_layouts():
    """Packets as other tracers write them: what is before a cut is used, or nothing of the file"""
    for text, other, header, context, is_known in LAYOUTS:
        world, guest = simple(22)
        guest.losses = {0: {300, 500}, 1: {500}}
        path = write(world, [guest])[0]
        with open(f"{path}/metadata", encoding="ascii") as file:
            metadata = file.read()
        check(text in metadata, text)
        with open(f"{path}/metadata", "w", encoding="ascii") as file:
            file.write(metadata.replace(text, other))
        for cpu in (0, 1):
            with open(f"{path}/kernel_{cpu}", "wb") as file:
                for events in guest.packets(cpu):
                    file.write(packed(header, context, cpu, events))
        paths = (path, f"{WORK}/world/host")
        status, out, err = merge("--format", "json", *paths)
        check(status == 0 and out.count("test_event") == 2000, f"{other}: {status}: {err}")
        os.truncate(f"{path}/kernel_0", os.path.getsize(f"{path}/kernel_0") - 1)
        status, out, err = merge("--format", "json", *paths)
        check((status, out.count("test_event")) == ((0, 1999) if is_known else (2, 0)) and
              f"{path} cannot be read: Failed to index" * (not is_known) in err and
              "the file kernel_0 is cut" * is_known in err and
              "kernel_1" not in err, f"{other}: {status}: {err}")


def obey_modes():
    """Root, too: without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, which it loses by execve()"""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def merge_obeying(*words):
    """The same as merge(), for a user who may not read everything"""
    done = subprocess.run([MERGE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False, timeout=LIMIT, preexec_fn=obey_modes)
    return done.returncode, done.stdout, done.stderr


def test_cut_and_unreadable():
    """No file of a trace is left out because another one is cut."""
    world, guest = simple(22)
    paths = write(world, [guest])
    os.truncate(f"{paths[0]}/kernel_0", os.path.getsize(f"{paths[0]}/kernel_0") - 1)
    os.chmod(f"{paths[0]}/kernel_1", 0)
    status, _, err = merge_obeying(*paths)
    check(status == 2 and "kernel_1: Permission denied" in err, f"{status}: {err}")


def test_unreadable():
    """What may not be read is no trace that is not there: it may be the one that matters"""
    world, guest = simple(47)
    paths = write(world, [guest])
    for path in (paths[0], synthetic_dat.write(guest, f"{WORK}/unreadable.dat")):
        os.chmod(path, 0)
        status, out, err = merge_obeying(path, paths[1])
        os.chmod(path, 0o755)
        check(status == 2 and not out and f"{path}: Permission denied" in err, f"{status}: {err}")
    # Beside one that can be read, each is named and counted, be it a file or a directory.
    os.mkdir(directory("closed"))
    shutil.move(paths[0], f"{WORK}/closed/kernel")
    synthetic_dat.write(guest, f"{WORK}/closed/trace.dat")
    os.makedirs(f"{WORK}/closed/ust/inner")
    for name in "trace.dat", "ust":
        os.chmod(f"{WORK}/closed/{name}", 0)
    status, out, err = merge_obeying("--format", "json", f"{WORK}/closed", paths[1])
    os.chmod(f"{WORK}/closed/ust", 0o755)
    check(status == 0 and out.count("test_event") == len(world.truth["guest"]), f"{status}: {err}")
    for name in "trace.dat", "ust":
        check(f"{WORK}/closed/{name}: Permission denied" in err, err)
    check("2 streams or traces could not be read" in err, err)


def test_cut_without_room():
    """Where the directory can be made, but no links in it"""
    world, guest = simple(22)
    paths = write(world, [guest])
    os.truncate(f"{paths[0]}/kernel_0", os.path.getsize(f"{paths[0]}/kernel_0") - 1)
    place = directory("long")
    while len(place) < 4070:
        place += "/" + "x" * min(250, 4070 - len(place) - 1)
    os.makedirs(place)
    os.environ["TMPDIR"] = place
    status, _, err = merge(*paths)
    del os.environ["TMPDIR"]
    check(status == 2 and "set TMPDIR" in err and "File name too long" in err, f"{status}: {err}")
    check(not os.listdir(place), "what is left in TMPDIR?")


def test_cut_trace_cmd():
    """The same of a file of trace-cmd; what is before the cut is used"""
    world = World(20)
    guest = world.guest("guest")
    Vcpu(world, Vm(100, 7), 0, -9_000_000).run(world.stays(12), guest, 0, 1)
    paths = [synthetic_dat.write(trace, f"{WORK}/{trace.host}.dat", 10)
             for trace in (guest, world.host)]
    status, out, err = merge("--format", "json", *paths)
    check(status == 0 and len(events_of(out)) == 61, err)
    for path in paths:
        _, refused_cuts, shorter, _ = cut(151 * CUT_STEP, path, *paths)
        check(shorter > refused_cuts, f"{path}: {refused_cuts} cuts refused, {shorter} used")


def test_damaged_neighbour():
    """A trace that cannot be read does not stop the others"""
    world, guest = simple(21)
    paths = write(world, [guest])
    shutil.move(paths[0], f"{paths[0]}-kernel")
    os.mkdir(paths[0])
    shutil.move(f"{paths[0]}-kernel", f"{paths[0]}/kernel")
    os.mkdir(f"{paths[0]}/ctf2")
    with open(f"{paths[0]}/ctf2/metadata", "wb") as file:
        file.write(b"\x1e{\"type\": \"preamble\", \"version\": 2}\n")
    os.mkdir(f"{paths[0]}/noise")
    with open(f"{paths[0]}/noise/metadata", "wb") as file:
        file.write(b"noise")
    status, out, err = merge("--format", "json", *paths)
    check(status == 0 and "ctf2" in err and "noise" in err and
          "2 streams or traces could not be read" in err, f"{status}: {err}")
    count = sum(event["name"] == "test_event" for event in events_of(out))
    check(count == len(world.truth["guest"]), f"{count} events")


def test_ctf2():
    """Read where libbabeltrace2 can; else refused, with the version that can"""
    world, guest = simple(29)
    world.host.ctf2 = guest.ctf2 = True
    version = subprocess.run(["babeltrace2", "--version"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    if re.match(r"Babeltrace 2\.0", version):
        refused(world, [guest], "guest cannot be read: it is of CTF 2, which libbabeltrace2 reads "
                                "from version 2.1 on, and this is 2.0")
    else:
        judge(world, [guest])


def test_summary():
    world, guest = simple(22)
    status, out, err = merge("--summary", *write(world, [guest]))
    check(status == 0 and "all of its events that the trace can tell of" in out, out + err)
    check("HLT" in out and "largest uncertainty of an event: 0 ticks" in out, out)
    status, out, _ = merge("--json", *write(world, [guest]))
    result = json.loads(out)
    check(status == 0 and result["passed"] and result["frequency"] == HZ, out)
    check(result["machines"][1]["placed"] == len(world.truth["guest"]), out)


def test_ctf():
    """What is written is read by babeltrace2 without options, in the same order"""
    world, guest = simple(23)
    paths = write(world, [guest])
    _, out, _ = merge("--format", "json", *paths)
    status, _, err = merge("-o", directory("ctf"), *paths)
    check(status == 0, err)
    text = subprocess.run(["babeltrace2", "--clock-cycles", "--no-delta", f"{WORK}/ctf"],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    got = [int(time) for time in re.findall(r"^\[0*([0-9]+)\]", text, re.M)]
    want = [event["ticks"] for event in events_of(out)]
    check(len(got) == len(want) and sorted(got) == sorted(want), "not the same times")
    again, out2, err = merge("--json", f"{WORK}/ctf/host", paths[0])
    check(again == 0 and json.loads(out2)["passed"], err)
    status, _, err = merge("-o", f"{WORK}/ctf", *paths)
    check(status == 2 and "not empty" in err, err)
    # An empty directory is used as it is, and a link to one is as good.
    os.mkdir(directory("private"), 0o700)
    os.symlink("private", f"{WORK}/link-to-private")
    status, _, err = merge("-o", f"{WORK}/link-to-private", *paths)
    check(status == 0 and sorted(os.listdir(f"{WORK}/private")) == ["guest", "host"], err)
    check(os.stat(f"{WORK}/private").st_mode & 0o777 == 0o700, "others may read it now")


def test_perfetto():
    world, guest = simple(24)
    name = f"{WORK}/one.perfetto-trace"
    status, _, err = merge("-o", name, *write(world, [guest]))
    check(status == 0, err)
    counts = perfetto.check(name)
    check(counts["begin"] == counts["end"] > 700, str(counts))
    check(counts["instant"] >= len(world.truth["guest"]), str(counts))


def test_html():
    world, guest = simple(25)
    name = f"{WORK}/one.html"
    status, _, err = merge("-o", name, *write(world, [guest]))
    check(status == 0, err)
    with open(name, encoding="utf-8") as file:
        page = file.read()
    check("http://" not in page and "https://" not in page, "it needs a network")
    data = json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.S)[1])
    check([machine["name"] for machine in data["machines"]] == ["host", "guest"], "machines")
    check(len([lane for lane in data["lanes"] if lane["kind"] == "vcpu"]) == 2, "lanes")


def flows_world():
    """The host injects an interrupt and wakes a vCPU before each of 20 entries"""
    world = World(33)
    guest = world.guest("guest")
    vcpu = Vcpu(world, Vm(100, 7), 0, -9_000_000)
    for _ in range(20):
        entry = world.now + 1000
        world.host.add(vcpu.cpu, entry - 90, "sched_waking", 55, tid=vcpu.tid)
        world.host.add(vcpu.cpu, entry - 10, "kvm_x86_inj_virq", vcpu.tid, irq=36)
        vcpu.run([entry, entry + 500], None, 0)
        for time, name in enumerate(("irq_handler_entry", "test_event", "irq_handler_entry"), 1):
            guest.add(0, vcpu.guest_time(entry + time), name)
        world.now = entry + 1000
    return world, guest


def test_flows():
    """An injected interrupt until the guest takes it, and a wake-up until the entry"""
    world, guest = flows_world()
    paths, name = write(world, [guest]), f"{WORK}/flows"
    check(merge("-o", f"{name}.html", *paths)[0] == 0, "html")
    with open(f"{name}.html", encoding="utf-8") as file:
        page = file.read()
    data = json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.S)[1])
    lanes = [(lane["machine"], lane["kind"]) for lane in data["lanes"]]
    arrows = data["arrows"]
    links = collections.Counter((lanes[one], lanes[other])
                                for one, other in zip(arrows[::6], arrows[1::6]))
    check(sorted(links.values()) == [20, 20], f"{links}")
    check({other for _, other in links} == {(1, "cpu"), (1, "vcpu")}, f"{links}")
    check(merge("-o", f"{name}.perfetto-trace", *paths)[0] == 0, "perfetto")
    perfetto.check(f"{name}.perfetto-trace")


def test_svg():
    world, guest = simple(26)
    name = f"{WORK}/one.svg"
    status, _, err = merge("-o", name, *write(world, [guest]))
    check(status == 0, err)
    picture = xml.dom.minidom.parse(name)
    check(len(picture.getElementsByTagName("rect")) > 100, "no rectangles")
    texts = [node.firstChild.data for node in picture.getElementsByTagName("text")]
    check(texts.count("host") == texts.count("guest") == 1, f"{texts}")
    check(texts.count("CPU 0") == texts.count("CPU 1") == 2, f"{texts}")
    times = [text for text in texts if text.endswith(" s")]
    check(5 <= len(times) <= 17 and len(set(times)) == len(times), f"{times}")
    world, guest = flows_world()
    check(merge("-o", name, *write(world, [guest]))[0] == 0, "flows")
    lines = xml.dom.minidom.parse(name).getElementsByTagName("line")
    check(0 < len(lines) <= 40, f"{len(lines)} arrows")


def test_picture_from():
    """What has begun before --from is shown from there on."""
    world = World(34)
    guest = world.guest("guest")
    vcpu = Vcpu(world, Vm(100, 7), 0, -9_000_000)
    times = [20_000_000, 21_000_000, 30_000_000, 31_000_000]
    world.host.add(5, 19_000_000, "sched_switch", 1, next_tid=77)
    vcpu.run(times, guest, 0)
    paths, name = write(world, [guest]), f"{WORK}/from.svg"
    for begin, end, wanted in ((20_100_000, 20_900_000, "in guest"),
                               (22_000_000, 30_500_000, "HLT"), (11_000_000, 31_500_000, None)):
        check(merge("-o", name, "--from", str(begin), "--to", str(end), *paths)[0] == 0, "svg")
        rects = xml.dom.minidom.parse(name).getElementsByTagName("rect")
        titles = [(float(rect.getAttribute("x")), title.firstChild.data) for rect in rects
                  for title in rect.getElementsByTagName("title")]
        first = min(x for x, _ in titles)
        begins = {text for x, text in titles if x == first}
        check(wanted in begins if wanted else "in guest" not in begins, f"{wanted}: {titles}")
        check(not wanted or " 77" in begins, f"CPU 5 runs thread 77: {titles}")
        lines = merge("--from", str(begin), "--to", str(end), *paths)[1].splitlines()
        check(not any("next_tid=77" in line for line in lines) or not wanted,
              "text has what is before")


def test_output():
    """A file that cannot be written is an error, and leaves nothing"""
    world, guest = simple(27)
    paths = write(world, [guest])
    status, _, err = merge("-o", f"{WORK}/none/x.json", *paths)
    check(status == 2 and "No such file" in err, err)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([MERGE, "--quiet", *paths], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False, timeout=LIMIT)
    check(done.returncode == 2 and "written" in done.stderr, done.stderr)


def test_killed():
    """What was not finished is gone, be it a file or a directory"""
    world = World(38)
    guest = world.guest("guest")
    Vcpu(world, Vm(100, 7), 0, -9_000_000).run(world.stays(400), guest, 0)
    paths, root = write(world, [guest]), directory("killed")
    for words in ("-o", f"{root}/x.json"), ("-o", f"{root}/x"):
        number, killed = 1, 0
        while True:
            os.mkdir(root)
            done = subprocess.run(
                [MERGE, "--quiet", *words, *paths], stderr=subprocess.PIPE, text=True,
                check=False, timeout=LIMIT,
                env=dict(os.environ, LD_PRELOAD=os.path.join(TOOLS, "fail_pread.so"),
                         KILL_PREAD=str(number)))
            if done.returncode == 0:
                break
            check(done.returncode == 2 and "signal 9" in done.stderr and not os.listdir(root),
                  f"{number}: {done.returncode}: {os.listdir(root)}, {done.stderr}")
            os.rmdir(root)
            number, killed = number + number // 4 + 1, killed + 1
        # The last ones were in the second pass, which reads the stays as often as the first.
        check(killed > 5, f"killed {killed} times only")
        shutil.rmtree(root)


def test_place_of_output():
    """Before anything is read: a directory that is not there, and one that is a trace itself"""
    world, guest = simple(43)
    paths = write(world, [guest])
    for option, name in (("-o", "x.html"), ("-o", "x"), ("--model", "x")):
        status, out, err = merge(option, f"{WORK}/nowhere/{name}", f"{WORK}/no-trace")
        check(status == 2 and not out and f"{option} {WORK}/nowhere/{name}: No such file" in err, err)
        status, out, err = merge(option, f"{paths[0]}/{name}", *paths)
        check(status == 2 and not out and "beside the metadata of a trace" in err and
              not os.path.exists(f"{paths[0]}/{name}"), f"{status}: {err}")
    status, out, err = merge("-o", "", *paths)
    check(status == 2 and not out and "-o needs a name" in err, err)
    os.makedirs(f"{directory('taken')}/inner")
    for words, text in ((("-o", f"{WORK}/taken"), "the directory is not empty"),
                        (("-o", f"{WORK}/taken", "--format", "json"), "Is a directory"),
                        (("--model", f"{WORK}/taken"), "Is a directory"),
                        (("-o", "/dev/null"), "Not a directory"),
                        (("--model", f"{WORK}/one.json", "-o", f"{WORK}/one.json"),
                         "would overwrite the file of --model")):
        # Before anything is read, for that may take long
        status, out, err = merge(*words, f"{WORK}/no-trace")
        check(status == 2 and not out and text in err, f"{words}: {status}: {err}")
    with open(f"{paths[0]}/alien", "wb") as file:
        file.write(b"<html>")
    status, _, err = merge(*paths)
    # In the words of libbabeltrace2, of 2.0 or of 2.1
    check(status == 2 and f"{paths[0]}/alien" in err and err.count("\n") == 1 and
          ("Invalid CTF magic number" in err or "Insufficient data in file" in err), err)
    os.unlink(f"{paths[0]}/alien")


def test_links():
    """A symbolic link is as good as what it leads to"""
    world, guest = simple(36)
    paths, links = write(world, [guest]), []
    for path in paths:
        links.append(f"{WORK}/link-{os.path.basename(path)}")
        os.symlink(path, links[-1])
    status, want, err = merge("--format", "json", *paths)
    check(status == 0, err)
    model = f"{WORK}/model-of-links"
    for _ in range(2):
        status, out, err = merge("--format", "json", "--model", model, *links)
        check(status == 0 and out == want, f"{status}: {err}")
    with open(f"{paths[0]}/kernel_0", "ab") as file:
        file.write(b"more")
    status, _, err = merge("--format", "json", "--model", model, *links)
    check(status == 2 and "not among these" in err, f"{status}: {err}")


def test_output_is_input():
    """A recording is never replaced by what is made of it"""
    world, guest = simple(37)
    host = synthetic_dat.write(world.host, f"{WORK}/kept.dat")
    other = guest.write(directory("kept"))
    os.symlink(host, f"{WORK}/kept-link")
    os.link(host, f"{WORK}/kept-hard.json")
    with open(host, "rb") as file:
        data = file.read()
    for option in "-o", "--model":
        for path in (host, f"{WORK}/kept-link", f"{WORK}/kept-hard.json", f"{other}/metadata"):
            for traces in ((host, other), (f"{WORK}/kept-link", other)):
                status, out, err = merge("--format", "json", option, path, *traces)
                check(status == 2 and not out and f"{option} {path} would overwrite" in err,
                      f"{option} {path}: {status}: {err}")
    with open(host, "rb") as file:
        check(file.read() == data, "it was overwritten")
    _, _, err = merge("-o", f"{WORK}/kept.json", host, other)
    check(os.path.exists(f"{WORK}/kept.json"), err)


def test_no_room():
    """A temporary file that cannot be written is not the fault of a trace"""
    world, guest = simple(39)
    paths, name = write(world, [guest]), f"{WORK}/no-room-model"
    check(merge("--model", name, *paths)[0] == 0, "a model")
    for options in [], ["--model", name]:
        done = subprocess.run(
            [MERGE, *options, *paths], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            check=False, timeout=LIMIT,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        check(done.returncode == 2 and not done.stdout and
              "the temporary file cannot be written: File too large; set TMPDIR" in done.stderr,
              options, done.returncode, done.stderr)
    # Of an output that is too large for the user's limit, nothing is left.
    os.mkdir(directory("limited"))
    for name in "x.html", "x.svg", "x.perfetto-trace", "x.json", "x.txt", "ctf":
        done = subprocess.run(
            [MERGE, "-o", f"{WORK}/limited/{name}", *paths], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, check=False, timeout=LIMIT,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20480, 20480)))
        check(done.returncode == 2 and "File too large" in done.stderr, name, done.stderr)
        check(not os.listdir(f"{WORK}/limited"), name, os.listdir(f"{WORK}/limited"))


def test_unreadable_stays():
    """A temporary file that cannot be read, in whatever pass: an error, and no wrong result"""
    world = World(40)
    guest = world.guest("guest")
    Vcpu(world, Vm(100, 7), 0, 0).run(world.stays(400), guest, 0)
    paths, name = write(world, [guest]), f"{WORK}/unreadable.json"
    whole, first, failed = merge("-o", name, *paths), 1, 0
    check(whole[0] == 0, whole)
    os.unlink(name)
    while True:
        env = dict(os.environ, LD_PRELOAD=os.path.join(TOOLS, "fail_pread.so"),
                   FAIL_PREAD=str(first))
        done = subprocess.run([MERGE, "-o", name, *paths], env=env, stderr=subprocess.PIPE,
                              text=True, check=False, timeout=LIMIT)
        if done.returncode == 0:
            break
        check(done.returncode == 2 and not os.path.exists(name) and
              "the temporary file cannot be read: Input/output error" in done.stderr,
              f"{first}: {done.returncode}: {done.stderr}")
        first, failed = first + 3, failed + 1
    check(failed > 5 and done.stderr == whole[2], f"{failed}: {done.stderr}")


def test_guest_of_guest():
    """A guest with a guest of its own: placed on its host, and host of its guest"""
    world = World(44)
    middle, vcpu = world.guest("middle"), Vcpu(world, Vm(100, 7), 0, -9_000_000)
    inner, offset = Trace("inner", 9), -500_000
    stays = world.stays(200)
    vcpu.run(stays, None, 0)
    for entry, leave in zip(stays[::2], stays[1::2]):
        if leave - entry < 60:
            continue
        if not middle.streams:
            middle.add(0, vcpu.guest_time(entry + 1), "kvm_guest_counter", 55, vm_pid=9, vm_id=3,
                       offset=offset, ratio=1 << 32, frac_bits=32)
        middle.add(0, vcpu.guest_time(entry + 5), "kvm_x86_entry", 55)
        middle.add(0, vcpu.guest_time(leave - 5), "kvm_x86_exit", 55, exit_reason=1, isa=2)
        for time in entry + 6, (entry + leave) // 2, leave - 6:
            inner.add(0, vcpu.guest_time(time) + offset, "test_event", number=time)
    outer, middle, inner = (trace.write(directory(trace.host))
                            for trace in (world.host, middle, inner))
    for words, vm in ((["--host", outer, middle, outer], 7), ([inner, middle], 3)):
        status, out, err = merge("--format", "json", *words)
        check(status == 0 and f" is VM {vm} (process" in err, f"{status}: {err}")
        for event in events_of(out):
            if event["name"] == "test_event":
                check(event["ticks"] == vcpu.guest_time(event["fields"]["number"]), event)
    status, _, err = merge("--host", outer, outer, middle, inner)
    check(status == 1 and "NOT all" in err, f"{status}: {err}")
    # Both tell of guests, and which one is the other's guest has to be said.
    status, _, err = merge(middle, outer)
    check(status == 1 and "none of its events has a bound" in err and
          "if it is a guest of one of them, name the hosts with --host" in err, f"{status}: {err}")


def test_several_machines():
    """A directory with the traces of host and guest, which are no two boots of one machine"""
    world, guest = simple(41)
    path = directory("several")
    for trace in world.host, guest:
        trace.write(f"{path}/{trace.host}")
    status, out, err = merge(path)
    check(status == 2 and not out and "several holds traces of several machines: of guest, in "
          in err and "name each by itself" in err, status, err)
    # Of one name they are boots of one.
    guest.host = "host"
    path = directory("boots")
    for number, trace in enumerate((world.host, guest)):
        trace.write(f"{path}/{number}")
    check("several machines" not in merge(path)[2], "boots of one machine")


def test_two_tools():
    """A host that two tools have recorded: a file of trace-cmd does not tell which clock's it is"""
    world, guest = simple(48)
    paths = write(world, [guest])
    os.mkdir(directory("two-tools"))
    shutil.move(paths[1], f"{WORK}/two-tools/kernel")
    synthetic_dat.write(world.host, f"{WORK}/two-tools/trace.dat")
    status, out, err = merge(paths[0], f"{WORK}/two-tools")
    check(status == 2 and not out and "do not name the identity of their clock" in err and
          "new epoch" not in err and "merge each by itself" in err, f"{status}: {err}")
    status, _, err = merge(paths[0], f"{WORK}/two-tools/kernel")
    check(status == 0, err)


def test_same_trace():
    """Under whatever name"""
    world, guest = simple(40)
    paths = write(world, [guest])
    link = f"{WORK}/same"
    os.symlink(paths[0], link)
    for other in paths[0], f"{paths[0]}/", link:
        for words in ([], ["--host", paths[1]]):
            status, out, err = merge(*words, *paths, other)
            check(status == 2 and not out and "are the same trace" in err, f"{status}: {err}")
    copy = shutil.copytree(paths[0], directory("copy"))
    parent = os.path.dirname(paths[0])
    for words, text in ((paths + [copy], "are copies of one trace"),
                        ([paths[1], f"{copy}/.", f"{copy}/../copy"], "are the same"),
                        ([*paths, parent], f"is a part of {parent}: name it once"),
                        ([parent, *paths], f"is a part of {parent}: name it once")):
        status, out, err = merge(*words)
        check(status == 2 and not out and text in err, f"{words}: {status}: {err}")
    # These are no copies of anything.
    empty = [directory("empty-one"), directory("empty-two")]
    for path in empty:
        open(path, "w").close()
    status, out, err = merge(*empty)
    check(status == 2 and f"{empty[0]} holds no trace" in err, f"{status}: {err}")


def test_no_files():
    """A pipe, a socket, a device or a loop of links, by itself or in the directory of a trace"""
    world, guest = simple(42)
    paths = write(world, [guest])
    os.mkfifo(f"{paths[0]}/pipe")
    os.symlink("loop", f"{paths[0]}/loop")
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{paths[0]}/socket")
    for model in [], ["--model", directory("model-of-pipe")]:
        status, out, err = merge(*model, *paths)
        check(status == 0 and out.count("test_event") == len(world.truth["guest"]), status, err)
    server.close()
    for name in "pipe", "loop", "socket", "../../../../../../../dev/null":
        status, out, err = merge(f"{paths[0]}/{name}", paths[1])
        check(status == 2 and not out and err.count("\n") == 1, f"{name}: {status}: {err}")


def test_model():
    """What is kept of the first pass gives the same result"""
    name = f"{WORK}/model"
    for test in (test_plain, test_two_guests, test_migration, test_loadvm, test_late, test_loss):
        if os.path.exists(name):
            os.unlink(name)
        MODEL[:] = "--model", name
        try:
            test()
            check(os.path.getsize(name) > 1000, "no model was written")
            test()
        finally:
            MODEL.clear()


def test_model_refused():
    """A model of other traces or options, and a damaged one"""
    world, guest = simple(30)
    paths, name = write(world, [guest]), f"{WORK}/refused"
    words = ("--format", "json", "--model", name)
    status, want, err = merge(*words, *paths)
    check(status == 0, err)
    check(merge(*words, *reversed(paths))[1] == want, "the order of the traces matters")
    for options, text in ((("--vm", f"{paths[0]}=7"), "other options --vm"),
                          (("--host", paths[0]), "another trace as the host's")):
        status, out, err = merge(*words, *options, *paths)
        check(status == 2 and not out and text in err, f"{status}: {err}")
    status, out, err = merge(*words, paths[1])
    check(status == 2 and not out and "belongs to other traces" in err, f"{status}: {err}")
    with open(name, "rb") as file:
        data = file.read()
    rng = random.Random(30)
    for number in range(60):
        cut = rng.randrange(len(data))
        with open(name, "wb") as file:
            file.write(data[:cut] if number % 2 else
                       data[:cut] + bytes([data[cut] ^ 1 << rng.randrange(8)]) + data[cut + 1:])
        status, out, err = merge(*words, *paths)
        check(status == 2 and not out and f"--model {name}" in err, f"{status}: {err}")
    with open(name, "wb") as file:
        file.write(data)
    with open(f"{paths[0]}/kernel_0", "ab") as file:
        file.write(b"more")
    status, out, err = merge(*words, *paths)
    check(status == 2 and not out and "that of guest is not among these" in err, err)


def heap_peak(*words):
    """The most bytes that merge had allocated at once"""
    name = f"{WORK}/heap"
    if os.path.exists(name):
        os.unlink(name)
    env = dict(os.environ, LD_PRELOAD=os.path.join(TOOLS, "heap_peak.so"), HEAP_PEAK=name)
    subprocess.run([MERGE, "--quiet", *words], stdout=subprocess.DEVNULL, check=True, env=env,
                   timeout=LIMIT)
    with open(name, encoding="ascii") as file:
        peak = max(int(line) for line in file)
    check(peak > 0, "no allocation was counted")
    return peak


def on_terminal(*words, **other):
    """What a terminal gets that is standard error, and standard output if no other one is named"""
    master, slave = pty.openpty()
    with subprocess.Popen([MERGE, *words], stderr=slave, **{"stdout": slave, **other}) as process:
        os.close(slave)
        out = b""
        try:
            while data := os.read(master, 65536):
                out += data
        except OSError:
            # So a terminal of which nobody has the other end is read.
            pass
        os.close(master)
        check(process.wait(LIMIT) == 0, out[-1000:])
    return out.decode().replace("\r\n", "\n")


def test_progress():
    """It is on a line of its own, on a terminal only, and not among events"""
    paths, _ = scale.write(directory("progress"), 8000)
    kernel = f"{WORK}/progress/guest/kernel_1"
    os.truncate(kernel, os.path.getsize(kernel) - 1)
    for words, other in ((["-o", f"{WORK}/progress.json"], {}), (["--summary"], {}),
                         ([], {"stdout": subprocess.DEVNULL})):
        text = on_terminal(*words, *paths, **other)
        shown = re.findall(r"\r\x1b\[K([^\r\n]*)(?=[\r\n])", text)
        check(any(re.fullmatch("merging: 0.1 million events", line) for line in shown), text)
        check(all(re.fullmatch("(reading|matching|merging).* million events", line) or
                  line.startswith(("clocktrace merge: ", "guest is")) for line in shown), shown)
        check(any("is cut" in line for line in shown), "the message is on that line", text)
    text = on_terminal("--to", "10100000", *paths)
    check("test_event" in text and "million events" not in text, text)
    check("million events" not in merge("--summary", *paths)[2], "progress in a file")
    check("merging: " in merge("--summary", "--progress", *paths)[2], "--progress")
    check("million events" not in on_terminal("--summary", "--progress", "--quiet", *paths),
          "--quiet")
    # What is said where standard error is closed is not in a file that is written.
    whole, closed = f"{WORK}/whole.json", f"{WORK}/closed.json"
    check(merge("-o", whole, *paths)[0] == 0, "to a file")
    done = subprocess.run(["bash", "-c", '"$@" 2>&-', "bash", MERGE, "--progress", "-o", closed,
                           *paths], check=False, timeout=LIMIT)
    with open(whole, "rb") as one, open(closed, "rb") as other:
        check(done.returncode == 0 and one.read() == other.read(), "with 2>&-")


def test_memory():
    """Ten times the events take the same memory, but for libbabeltrace2's list of packets"""
    traces = [scale.write(directory(f"scale{times}"), 1000 * times) for times in (1, 10)]
    for form in ("text", "perfetto", "ctf"):
        one, ten = (heap_peak("--format", form, "-o", directory(f"{form}-{count}"), *paths)
                    for paths, count in traces)
        check(ten < one + 32768, f"{form}: {one} bytes, {ten} for ten times the events")
    bytes_now = heap_peak("--format", "html", "-o", directory("html"), *traces[1][0])
    check(bytes_now < 64 << 20, f"html: {bytes_now} bytes")


def test_usage():
    status, out, _ = merge("--help")
    check(status == 0 and out.startswith("Usage: clocktrace merge"), out)
    status, out, _ = merge("--version")
    check(status == 0 and re.match(r"clocktrace merge [0-9]", out), out)
    for words in ((), ("--none",), ("--format", "x", "a"), ("--format", "html", "a"),
                  ("--vm", "a", "a"), ("--vm", "b=1", "a"), ("--host", "b", "a"),
                  ("--from", "-1", "a"), ("--frequency", "x", "a"), ("--frequency", "0", "a"),
                  ("--vm", "a=0", "a"), ("--vm", "a=", "a"), ("--vm", "a=1@", "a"), ("a", ""),
                  ("--epoch", "0", "a"), ("--from", "10", "--to", "9", "a")):
        status, _, err = merge(*words)
        check(status == 2 and err.startswith("clocktrace merge: "), f"{words}: {status}, {err}")
        check("No such file" not in err, f"{words}: {err}")
    world, guest = simple(46)
    guest, host = write(world, [guest])
    for words in (("--reference", "other"), ("--vm", f"{guest}=7@other")):
        status, _, err = merge(*words, guest, host)
        check(status == 2 and "no host 'other'" in err, f"{words}: {status}, {err}")
    for name in "host", host:
        status, _, err = merge("--reference", name, "--vm", f"{guest}=7@{name}", guest, host)
        check(status == 0, f"{name}: {status}, {err}")


if __name__ == "__main__":
    main("merge", dict(globals()), WORK)
