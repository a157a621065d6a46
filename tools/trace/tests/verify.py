#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
clocktrace verify on traces that are made here: which VM samples are of, and what it says
where that is not clear. Prints TAP.
"""

import bisect
import os
import shutil
import struct
import sys
import tempfile

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import synthetic
from points import check, main, run
from synthetic import DESTROYED, Vcpu, Vm, World

VERIFY = os.path.join(os.environ.get("O", "../../out/tools/trace"), "clocktrace-verify")
WORK = tempfile.mkdtemp()


def verify(*words):
    """Status, standard output and error"""
    return run(VERIFY, *words)


def gives(status, text, *words):
    got, out, err = verify(*words)
    check(got == status and text in out + err, words, "gave", got, out, err)


def samples(name, values, boot=1, vcpu=0, flags=1):
    """A file of clocktrace-guest-sampler"""
    path = f"{WORK}/{name}"
    with open(path, "wb") as file:
        for sequence, value in enumerate(values):
            file.write(struct.pack("=IIIIQHHI", 0x53475443, boot, sequence, 2, value, vcpu, vcpu,
                                   flags))
    return path


def write(world):
    path = f"{WORK}/host"
    shutil.rmtree(path, ignore_errors=True)
    return world.host.write(path)


def run_vm(world, pid, number, offset, created=True, begin=None):
    """A VM of one vCPU; what its guest reads in the midst of each stay"""
    vcpu = Vcpu(world, Vm(pid, number), 0, offset, created=created)
    times = world.stays(50, begin)
    vcpu.run(times, None, 0)
    world.now = times[-1] + 1000
    return vcpu, [vcpu.guest_time((a + b) // 2) for a, b in zip(times[::2], times[1::2])]


def test_two_vms_at_once():
    """Both of one process: neither is guessed, and each can be named"""
    world = World(1)
    begin = world.now
    _, first = run_vm(world, 100, 7, -9_000_000)
    world.now = begin
    _, second = run_vm(world, 100, 8, -5_000_000)
    host, one, other = write(world), samples("one", first), samples("other", second, boot=2)
    gives(2, "name one of 100/7, 100/8", host, f"100:{one}")
    gives(0, "50 of 50 samples", host, f"100/7:{one}")
    gives(0, "100 of 100 samples", host, f"100/7:{one}", f"100/8:{other}")
    gives(1, "fell outside", host, f"100/8:{one}")


def test_two_vms_in_turn():
    """As of a process that creates another one, or of a PID that is used again"""
    world = World(2)
    vcpu, first = run_vm(world, 100, 7, -9_000_000)
    vcpu.tell(world.now, DESTROYED)
    world.now += 1000
    _, second = run_vm(world, 100, 8, -5_000_000)
    host, one, other = write(world), samples("one", first), samples("other", second, boot=2)
    gives(2, "its PID was used again: name one of 100/7, 100/8", host, f"100:{one}")
    gives(0, "100 of 100 samples", host, f"100/7:{one}", f"100/8:{other}")
    gives(0, "100 of 100 samples", host, f"100/7:{one},100/8:{other}")


def test_unknown_vm():
    world = World(3)
    _, values = run_vm(world, 100, 7, -9_000_000)
    run_vm(world, 200, 8, -5_000_000)
    host, one = write(world), samples("one", values)
    gives(2, "101:" + one + ": the trace has no such VM; the VMs in it are: 100/7, 200/8",
          host, f"101:{one}")
    gives(2, "no such VM", host, f"100/8:{one}")
    gives(2, "no such VM", host, f"100:{one},101:{samples('more', values, boot=2)}")
    for wrong in "100/:x", "100/x:x", "100/7", "/7:x", "100/-7:x", " 100:x", "100/0:x":
        gives(2, "is not PID:FILE", host, wrong)


def test_same_samples():
    """Given twice, they would prove nothing twice"""
    world = World(4)
    _, values = run_vm(world, 100, 7, -9_000_000)
    host, one, copy = write(world), samples("one", values), samples("copy", values)
    link = f"{WORK}/link"
    os.symlink(one, link)
    for other in one, copy, link:
        gives(2, "are the same samples", host, f"100:{one}", f"100:{other}")
    gives(2, "are the same samples", host, f"100:{one},100:{link}")
    # Part of them may come again, as when a snapshot is loaded.
    gives(0, "50 of 50 samples", host, f"100:{samples('half', values[:25])},"
          f"100:{samples('rest', values[25:], boot=2)}")


def tell_epoch(trace, time, epoch, state=1):
    """The event of the clock, in its place"""
    bisect.insort(trace.streams[0], (time, "clock_trace_epoch", 1, {
        "epoch": epoch, "state": state, "frequency": synthetic.HZ}), key=lambda event: event[0])


def test_epochs():
    """The event that tells the epoch is repeated; another epoch is another time line"""
    for second, status, text in ((5, 1), 0, "50 of 50 samples"), ((6, 1), 2, "began a new epoch"), \
            ((5, 0), 2, "not driven by the counter"):
        world = World(9)
        _, values = run_vm(world, 100, 7, -9_000_000)
        begin, end = (world.host.streams[0][i][0] for i in (0, -1))
        tell_epoch(world.host, begin, 5)
        tell_epoch(world.host, (begin + end) // 2, *second)
        gives(status, text, write(world), f"100:{samples('epoch', values)}")


def test_no_counter():
    """A guest without a TSC it trusts: the message names the remedy"""
    world = World(5)
    _, values = run_vm(world, 100, 7, -9_000_000)
    host = write(world)
    path = samples("monotonic", values, flags=0)
    traced = World(6).guest("guest")
    traced.add(0, 1000, "test_event", number=0)
    traced.hertz = 10**9
    shutil.rmtree(f"{WORK}/guest", ignore_errors=True)
    directory = traced.write(f"{WORK}/guest")
    for given in path, directory:
        for word in "-cpu host,migratable=off", "+invtsc", "tsc=reliable":
            gives(2, word, host, f"100:{given}")


if __name__ == "__main__":
    main("verify", dict(globals()), WORK)
