#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
clocktrace merge --live on traces that are made here, sent as lttng-relayd would: what comes out
is what "clocktrace merge" makes of the same traces as files. Prints TAP.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# pylint: disable=wrong-import-position
from collector import Collector
from points import check, main, run
from synthetic import OFFSET, HZ, Vcpu, Vm, World
from synthetic_hosts import Cluster

TOOLS = os.environ.get("O", "../../out/tools/trace")
MERGE = os.path.join(TOOLS, "clocktrace-merge")
WORK = tempfile.mkdtemp()
# Live, the first event of all is not known, nor whether a guest of few events fits by chance.
DIFFERS = {"ns", "certainty"}

# Who has started this may have it ignored, and then so would those that are started here.
signal.signal(signal.SIGINT, signal.default_int_handler)


def directory(name):
    path = os.path.join(WORK, name)
    shutil.rmtree(path, ignore_errors=True)
    os.mkdir(path)
    return path


def events_of(output):
    return [json.loads(line) for line in output.splitlines()]


def merge_live(paths, *options, hosts=1, status=0, breaks_after=None):
    """The first ones are of hosts, for all of them may have events that only hosts write."""
    collector = Collector(paths, breaks_after)
    words = [word for url in collector.urls()[:hosts] for word in ("--host", url)]
    try:
        got, out, err = run(MERGE, "--live", "--format", "json", "--patience", "20", *options,
                            *words, *collector.urls())
    finally:
        collector.close()
    check(got == status, f"exit status {got}, not {status}: {err}")
    check(all(float(wait) < 1e6 for wait in re.findall("([0-9.]+) ms", err)), err)
    return events_of(out), err


def judge(world, guests, *options, breaks_after=None):
    """The same events at the same places, in the same order"""
    root = directory("world")
    paths = [trace.write(f"{root}/{trace.host}") for trace in [world.host, *guests]]
    got, out, err = run(MERGE, "--format", "json", *paths)
    check(got == 0, f"offline: exit status {got}: {err}")
    want = events_of(out)
    events, err = merge_live(paths, *options, breaks_after=breaks_after)
    check(len(events) == len(want), f"{len(events)} events, not {len(want)}: {err}")
    for event, other in zip(events, want):
        one, two = ({key: value for key, value in line.items() if key not in DIFFERS}
                    for line in (event, other))
        check(one == two, f"{one}, and not {two}")
    return events, err


def test_a_host_and_its_guests():
    world = World(101)
    guests = []
    for number, name in enumerate(("first", "second")):
        guest, vm = world.guest(name), Vm(100 + number, 7 + number)
        for cpu in (0, 1):
            Vcpu(world, vm, cpu, world.random.getrandbits(63)).run(world.stays(300), guest, cpu)
        guests.append(guest)
    events, err = judge(world, guests)
    check("first: VM 7 of host" in err and "second: VM 8 of host" in err, err)
    known = sum(event.get("certainty") == "known" for event in events)
    check(known > 2900, f"{known} events are known")


def test_an_offset_that_changes():
    world = World(102)
    guest = world.guest("guest")
    vcpu = Vcpu(world, Vm(100, 7), 0, 1 << 40)
    times = world.stays(100)
    vcpu.run(times, guest, 0)
    for _ in range(5):
        vcpu.offset += world.random.randint(1, 1 << 30)
        vcpu.tell(times[-1] + 1, OFFSET)
        times = world.stays(50, times[-1] + 2)
        vcpu.run(times, guest, 0)
    judge(world, [guest])


def test_connections_that_are_lost():
    for breaks_after in range(1, 5):
        world = World(110 + breaks_after)
        guest, vm = world.guest("guest"), Vm(100, 7)
        for cpu in (0, 1):
            Vcpu(world, vm, cpu, 1 << 40).run(world.stays(100), guest, cpu)
        _, err = judge(world, [guest], breaks_after=breaks_after)
        check(err.count("it is tried again") == 1 and err.count("1 reconnections") == 1, err)


def test_a_guest_that_comes_late():
    world = World(120)
    guests = []
    for number, name in enumerate(("first", "second")):
        guest = world.guest(name)
        Vcpu(world, Vm(100 + number, 7 + number), 0, (number + 1) << 40).run(
            world.stays(100), guest, number)
        guests.append(guest)
    root = directory("late")
    paths = [trace.write(f"{root}/{trace.host}") for trace in [world.host, *guests]]
    collector = Collector(paths, held=3)
    urls = collector.urls()
    # pylint: disable=consider-using-with
    merge = subprocess.Popen([MERGE, "--live", "--format", "json", "--patience", "0.5", "--host",
                              urls[0], *urls], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True)
    events = []
    # All but the silent one is printed.
    while len(events) < 2 + 400 + 500:
        events.append(json.loads(merge.stdout.readline()))
    collector.go_on.set()
    out, err = merge.communicate(timeout=60)
    collector.close()
    check(merge.returncode == 1, f"exit status {merge.returncode}: {err}")
    check("second/s: nothing has come" in err, err)
    late = events_of(out)
    check(not any(event.get("late") for event in events), "late before it is")
    check(all(event["machine"] == "second" for event in late), "what was awaited?")
    check(len(late) == 500 and sum(event.get("late", False) for event in late) > 490,
          f"{len(late)} events come late: {err}")
    for event in late:
        check(event["ticks"] == world.truth["second"][event["fields"]["number"]], event)


def test_a_second_signal():
    """Nobody takes the output: the first signal waits for that, the second one does not."""
    world = World(121)
    Vcpu(world, Vm(100, 7), 0, 1 << 40).run(world.stays(2000), world.guest("guest"), 0)
    collector = Collector([world.host.write(directory("signals") + "/host")])
    # pylint: disable=consider-using-with
    merge = subprocess.Popen([MERGE, "--live", "--format", "json", *collector.urls()],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    # A pipe may be full with less than its size, as no write is split between its pages.
    waiting, before, same = bytearray(4), b"", 0
    until = time.monotonic() + 60
    while same < 50 and merge.poll() is None and time.monotonic() < until:
        fcntl.ioctl(merge.stdout, termios.FIONREAD, waiting)
        same = same + 1 if any(waiting) and waiting == before else 0
        before = bytes(waiting)
        time.sleep(0.01)
    merge.send_signal(signal.SIGINT)
    merge.send_signal(signal.SIGTERM)
    try:
        check(-merge.wait(timeout=20) in (signal.SIGINT, signal.SIGTERM), merge.returncode)
    except subprocess.TimeoutExpired:
        merge.kill()
        raise
    finally:
        merge.stdout.close()
        collector.close()


def test_a_scaled_guest():
    world = World(103)
    guest = world.guest("guest")
    Vcpu(world, Vm(100, 7), 0, 12345, 3 << 30).run(world.stays(200), guest, 0)
    judge(world, [guest])


def test_a_host_that_lost_events():
    world = World(104)
    guest = world.guest("guest")
    vcpu = Vcpu(world, Vm(100, 7), 0, 1 << 40)
    times = world.stays(100)
    vcpu.run(times, guest, 0)
    world.host.lose(vcpu.cpu)
    more = world.stays(100, times[-1] + HZ // 100)
    vcpu.run(more, guest, 0)
    # In what was lost, too
    world.guest_event(guest, 0, times[-1] + 1000, vcpu.guest_time(times[-1] + 1000))
    guest.streams[0].sort(key=lambda event: event[0])
    root = directory("lost")
    events, err = merge_live([world.host.write(f"{root}/host"), guest.write(f"{root}/guest")],
                             status=1)
    placed = sum(event["machine"] == "guest" for event in events)
    check(placed == len(world.truth["guest"]) - 1, f"{placed} events: {err}")
    check("1 losses by the tracer" in err and "1 not placed" in err, err)


def test_several_hosts():
    cluster = Cluster(105)
    nodes = [cluster.node() for _ in range(3)]
    for one, other in zip(nodes, nodes[1:]):
        cluster.talk(one, other)
    cluster.events()
    paths = cluster.write(directory("cluster") + "/traces", ())
    events, err = merge_live(paths, hosts=3)
    times = [event["ticks"] for event in events if not event.get("late")]
    check(times == sorted(times), "not in order")
    placed = 0
    for event in events:
        if event["name"] != "test_event":
            continue
        placed += 1
        want = nodes[0].clock.ticks(cluster.truth[event["fields"]["number"]])
        first = event["ticks"] - event.get("earlier", 0)
        last = event["ticks"] + event.get("uncertainty", 0)
        check(first <= want <= last, f"{event} was at {want}")
    check(placed == len(cluster.truth), f"{placed} of {len(cluster.truth)} events: {err}")
    check(not re.search("late|without a bound", err), err)
    print(f"# {err.splitlines()[1]}")


if __name__ == "__main__":
    main("live", dict(globals()), WORK)
