#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
clocktrace verify on traces that are made here: which VM samples are of, and what it says
where that is not clear. Prints TAP.
"""

import bisect
import json
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


def write_guest(guest):
    path = f"{WORK}/guest"
    shutil.rmtree(path, ignore_errors=True)
    return guest.write(path)


def traced(seed, pairs, told=None):
    """The traces of a host and of a guest with these pairs of CPU and vCPU"""
    world = World(seed)
    guest, vm = world.guest("guest"), Vm(100, 7)
    for cpu, number in pairs:
        offset = (told or {}).get(number, -9_000_000)
        vcpu = Vcpu(world, vm, number, offset)
        vcpu.offset = -9_000_000
        vcpu.run(world.stays(200), guest if cpu is not None else None, cpu)
    return write(world), write_guest(guest)


def found(status, pairs, *words):
    """What CPUs of the guest are found to be, by CPU"""
    got, out, err = verify("--json", *words)
    check(got == status, words, "gave", got, out, err)
    result = json.loads(out)
    check(result["passed"] == (status == 0), out)
    vcpus = {one["cpu"]: (one["vcpu"], one["identity"]) for one in result["vcpus"]}
    check(vcpus == pairs, vcpus)
    return result


def test_vcpus_with_gaps():
    """A CPU that was plugged at the second socket, and ids above 255; one without events"""
    host, guest = traced(10, ((0, 0), (1, 4)))
    result = found(0, {0: (0, "found"), 1: (4, "found")}, host, f"100:{guest}")
    check(result["inside"] == result["samples"] == 2000, result)
    gives(0, "CPU 1 of the guest of process 100 is vCPU 4", host, f"100:{guest}")
    host, guest = traced(11, ((0, 0), (1, 300), (2, 1), (None, 2), (3, 4)))
    found(0, {0: (0, "found"), 1: (300, "found"), 2: (1, "found"), 3: (4, "found")},
          host, f"100:{guest}")


def test_fits_no_vcpu():
    """The offset that was told is wrong, whatever vCPU is tried; and times of nowhere"""
    for wrong in 40_000, -40_000:
        host, guest = traced(12, ((0, 0), (1, 4), (None, 5)), {4: -9_000_000 + wrong})
        result = found(1, {0: (0, "found"), 1: (0, "none")}, host, f"100:{guest}")
        check(result["outside"], result)
    world = World(13)
    guest, vcpu = world.guest("guest"), Vcpu(world, Vm(100, 7), 0, -9_000_000)
    times = world.stays(100)
    vcpu.run(times, None, 0)
    for number, time in enumerate(times[1:-1:2]):
        guest.add(3, vcpu.guest_time(time + 1), "test_event", number=number)
    gives(1, "CPU 3 of the guest of process 100 fits no vCPU", write(world),
          f"100:{write_guest(guest)}")


def test_two_fit():
    """Neither is guessed, and each can be named"""
    world = World(15)
    guest, vm = world.guest("guest"), Vm(100, 7)
    for cpu in (0, 1):
        Vcpu(world, vm, cpu, -9_000_000).run([world.now + 100 + cpu, world.now + 900_000 + cpu],
                                             guest, cpu, 0)
    for events in guest.streams.values():
        events[:] = [(time + 50_000 * (1 - 2 * at), *rest)
                     for at, (time, *rest) in enumerate(events)]
    host, path = write(world), write_guest(guest)
    got, out, _ = verify(host, f"100:{path}")
    check(got == 1 and "ambiguous: vCPU 1 fits as well as vCPU 0" in out or
          "ambiguous: vCPU 0 fits as well as vCPU 1" in out, got, out)
    found(0, {0: (0, "named"), 1: (1, "named")}, host, f"100:{path}", "--vcpu", "100:0=0",
          "--vcpu", "100:1=1")
    found(0, {0: (1, "named"), 1: (0, "found")}, host, f"100:{path}", "--vcpu", "100:0=1")
    found(1, {0: (0, "none"), 1: (1, "named")}, host, f"100:{path}", "--vcpu", "100:0=5",
          "--vcpu", "100:1=1")
    for wrong in "100:0", "100:0=x", "x:0=0", "100:-1=0", "100:0=1x", "":
        gives(2, "is not PID:CPU=VCPU", "--vcpu", wrong, host, f"100:{path}")


def test_fits_by_chance():
    """A vCPU that is in the guest nearly all the time holds what no other one does"""
    world = World(16)
    guest, vm = world.guest("guest"), Vm(100, 7)
    begin = world.now
    for cpu, number in ((0, 0), (1, 1), (None, 2)):
        vcpu = Vcpu(world, vm, number, -9_000_000 + 40_000 * (cpu == 1))
        vcpu.offset = -9_000_000
        times = world.stays(30, begin + cpu * 30_000) if cpu is not None else \
            [begin + 500, begin + 10_000_000]
        vcpu.run(times, guest if cpu is not None else None, cpu)
    host, path = write(world), write_guest(guest)
    got, out, err = verify(host, f"100:{path}")
    check(got == 1 and "CPU 1 of the guest of process 100 fits vCPU 2, which may be by chance"
          in out, got, out, err)


def test_vcpus_in_turn():
    """What is in no stay of the one is in one of the other: a shift is seen all the same"""
    for wrong in 0, 10_000:
        world = World(17)
        guest, vm = world.guest("guest"), Vm(100, 7)
        vcpus = [Vcpu(world, vm, number, -9_000_000) for number in (0, 1)]
        for cpu, vcpu in enumerate(vcpus):
            entries = [world.now + 1000 + 10_000 * cpu + 20_000 * turn for turn in range(20)]
            vcpu.run([time for entry in entries for time in (entry, entry + 9000)], None, 0)
            for entry in entries[:-1]:
                world.guest_event(guest, cpu, entry + 4500, vcpu.guest_time(entry + 4500 + wrong))
        host, path = write(world), write_guest(guest)
        if wrong:
            gives(1, "which may be by chance", host, f"100:{path}")
            gives(1, "38 fell outside", host, f"100:{path}", "--vcpu", "100:0=0", "--vcpu", "100:1=1")
            found(0, {0: (1, "named"), 1: (0, "named")}, host, f"100:{path}", "--vcpu", "100:0=1",
                  "--vcpu", "100:1=0")
            continue
        found(0, {0: (0, "found"), 1: (1, "found")}, host, f"100:{path}")
        for shift in "-10000", "10000":
            result = found(1, {0: (0, "found"), 1: (1, "found")}, "--shift", shift, host,
                           f"100:{path}")
            check(result["outside"], result)


def test_plugged_vcpu():
    """-smp 1,maxcpus=6,sockets=2,cores=3: a VM has no vCPU 1 when its second one is vCPU 4"""
    world = World(18)
    guest, vm = world.guest("guest"), Vm(100, 7)
    for cpu, number in ((0, 0), (1, 4)):
        Vcpu(world, vm, number, -9_000_000).run(world.stays(25), guest, cpu)
    found(0, {0: (0, "found"), 1: (4, "found")}, write(world), f"100:{write_guest(guest)}")


if __name__ == "__main__":
    main("verify", dict(globals()), WORK)
