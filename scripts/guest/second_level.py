# SPDX-License-Identifier: GPL-2.0
"""
In the guest of scripts/boot: a guest of its own, which samples CLOCK_TRACE.

QEMU runs it with KVM, and its samples arrive in a file.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import time

# How long something may take before it counts as hanging. On a busy machine an
# emulated guest of an emulated guest takes its time.
LIMIT = int(os.environ.get("GUEST_PATIENCE", "300"))
# The record of tools/trace/readers/samples/sample.h
RECORD = struct.Struct("=IIIIQHHI")
PORT = "org.clock_trace.samples"
MEMORY = "64M"
# The kernel has data for each CPU that there may be: with QEMU 10, 64M are too few.
LARGE_MEMORY = "128M"
CPU = "qemu64"
# Nothing that is accessed in memory, see scripts/guest/kvm
FEATURES = ",+x2apic"
PORT_IO = ",disable-modern=on"
# 129 cores take eight bits of an APIC ID, so that the first core of the second socket has 256.
# Interrupts reach it where KVM leaves the I/O APIC to QEMU.
LARGE_ID = 256
LARGE_SMP = "1,maxcpus=258,sockets=2,cores=129"
LARGE_MACHINE = ",kernel-irqchip=split"
KERNEL_ARGUMENTS = ("console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check "
                    "i8042.noprobe=1")


class GuestError(Exception):
    """What went wrong with a guest."""


def wait_for(what, condition):
    """Wait until condition() is true."""
    end = time.monotonic() + LIMIT
    while not (result := condition()):
        if time.monotonic() > end:
            raise GuestError(f"{what}: not within {LIMIT} s")
        time.sleep(0.1)
    return result


class Guest:
    """A QEMU process with a guest of two CPUs."""

    def __init__(self, name, directory, image, initramfs, incoming=False, disk=None,
                 large_ids=False):
        self.name = name
        self.vcpus = (0, LARGE_ID if large_ids else 1)
        self.path = os.path.join(directory, name)
        self.samples_path = f"{self.path}.samples"
        self.read_to = 0
        self.save_from = 0
        self.counts = {}
        self.boots = []
        self.events = []
        command = [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
            "-machine", "q35,i8042=off" + (LARGE_MACHINE if large_ids else ""),
            "-accel", "kvm", "-cpu", CPU + FEATURES, "-m", LARGE_MEMORY if large_ids else MEMORY,
            # The second CPU has a name, so that it can be unplugged.
            "-smp", LARGE_SMP if large_ids else "1,maxcpus=2",
            "-device", f"{CPU}-x86_64-cpu,id=cpu1," +
            ("socket-id=1,core-id=0,thread-id=0" if large_ids else
             "socket-id=0,core-id=1,thread-id=0"),
            "-kernel", image, "-initrd", initramfs, "-append", KERNEL_ARGUMENTS,
            "-chardev", f"file,id=console,path={self.path}.console",
            "-serial", "chardev:console",
            "-chardev", f"file,id=samples,path={self.samples_path}",
            "-device", "virtio-serial-pci" + PORT_IO,
            "-device", f"virtserialport,chardev=samples,name={PORT}",
            "-chardev", f"socket,id=qmp,path={self.path}.qmp,server=on,wait=off",
            "-mon", "chardev=qmp,mode=control",
        ]
        if disk:
            command += ["-drive", f"if=none,id=state,format=qcow2,file={disk}"]
        if incoming:
            command += ["-incoming", "defer"]
        # pylint: disable-next=consider-using-with # it outlives this function
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.socket = wait_for("QEMU's monitor", self._connect)
        self.monitor = self.socket.makefile("rw")
        self._read_message()
        self.qmp("qmp_capabilities")

    @property
    def pid(self):
        return self.process.pid

    def _connect(self):
        self.check_alive()
        monitor = socket.socket(socket.AF_UNIX)
        try:
            monitor.connect(f"{self.path}.qmp")
        except OSError:
            monitor.close()
            return None
        monitor.settimeout(LIMIT)
        return monitor

    def _read_message(self):
        try:
            line = self.monitor.readline()
        except TimeoutError as error:
            raise GuestError(f"{self.name}: QEMU says nothing for {LIMIT} s") from error
        if not line:
            time.sleep(1)
            self.check_alive()
            raise GuestError(f"{self.name}: QEMU closed its monitor")
        return json.loads(line)

    def qmp(self, command, **arguments):
        """Have QEMU do something, and return what it answers."""
        json.dump({"execute": command, "arguments": arguments}, self.monitor)
        self.monitor.write("\n")
        self.monitor.flush()
        while True:
            message = self._read_message()
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                raise GuestError(f"{command}: {message['error']['desc']}")
            else:
                return message["return"]

    def hmp(self, line):
        """Have QEMU do what only its monitor for people can."""
        answer = self.qmp("human-monitor-command", **{"command-line": line})
        if answer.strip():
            raise GuestError(f"{line}: {answer.strip()}")

    def wait_for_event(self, name):
        """Wait for an event of QEMU, and forget all before it."""
        end = time.monotonic() + LIMIT
        while True:
            while self.events:
                if self.events.pop(0)["event"] == name:
                    return
            if time.monotonic() > end:
                raise GuestError(f"{self.name}: no event {name} within {LIMIT} s")
            message = self._read_message()
            if "event" in message:
                self.events.append(message)

    def check_alive(self):
        status = self.process.poll()
        if status is not None:
            raise GuestError(f"{self.name}: QEMU ended with {status}")

    def count_samples(self):
        """Number of samples that have arrived, by vCPU"""
        size = 0
        if os.path.exists(self.samples_path):
            size = os.path.getsize(self.samples_path)
        size -= size % RECORD.size
        if size > self.read_to:
            with open(self.samples_path, "rb") as samples:
                samples.seek(self.read_to)
                data = samples.read(size - self.read_to)
            for _, boot, _, _, _, _, vcpu, _ in RECORD.iter_unpack(data):
                self.counts[vcpu] = self.counts.get(vcpu, 0) + 1
                if boot not in self.boots:
                    self.boots.append(boot)
            self.read_to = size
        return dict(self.counts)

    def forget_samples(self):
        """The samples that have arrived are of before the trace."""
        self.count_samples()
        self.save_from = self.read_to

    def save_samples(self, path):
        """Copy what has arrived since."""
        with open(self.samples_path, "rb") as samples, open(path, "wb") as copy:
            samples.seek(self.save_from)
            copy.write(samples.read())

    def collect(self, number, vcpus=None):
        """Wait until so many more samples of each of these vCPUs have arrived, or of all."""
        vcpus = vcpus or self.vcpus
        before = self.count_samples()

        def enough():
            self.check_alive()
            now = self.count_samples()
            return all(now.get(vcpu, 0) >= before.get(vcpu, 0) + number
                       for vcpu in vcpus)

        wait_for(f"{self.name}: {number} samples of {vcpus}", enough)

    def kill(self):
        """SIGKILL, and wait for its end"""
        self.process.send_signal(signal.SIGKILL)
        wait_for(f"{self.name}: the end of QEMU after SIGKILL",
                 lambda: self.process.poll() is not None)

    def quit(self):
        if self.process.poll() is None:
            self.qmp("quit")
            wait_for(f"{self.name}: the end of QEMU",
                     lambda: self.process.poll() is not None)
