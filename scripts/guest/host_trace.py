# SPDX-License-Identifier: GPL-2.0
"""
In the guest of scripts/boot: what KVM's host traces of its guests, with ftrace's
clock "clock_trace" or another one, in a trace instance of its own.
"""

import glob
import os
import shutil
import subprocess
import tempfile

TRACING = "/sys/kernel/tracing"
CLOCK = "/sys/kernel/clock_trace"
EVENTS = ("kvm_entry", "kvm_exit", "kvm_guest_counter")
# What a kernel without CLOCK_TRACE has
STOCK_CLOCK = "x86-tsc"
STOCK_EVENTS = ("kvm_entry", "kvm_exit", "kvm_write_tsc_offset")


class HostTraceError(Exception):
    """Why a trace is of no use."""


def host_clock(name):
    """The state or the epoch of the host's clock"""
    with open(f"{CLOCK}/{name}", encoding="ascii") as file:
        return file.read().strip()


class HostTrace:
    """A trace that is recorded from its creation on."""

    def __init__(self, name, kilobytes, clock="clock_trace", events=EVENTS):
        self.name, self.clock, self.events = name, clock, events
        self.directory = f"{TRACING}/instances/{name}"
        self.epoch = host_clock("epoch")
        os.mkdir(self.directory)
        self._write("trace_clock", clock)
        self._write("buffer_size_kb", str(kilobytes))
        # Entries and exits from one moment on; the values are told after it.
        self._write("tracing_on", "0")
        self._enable("kvm_entry", "kvm_exit")
        self._write("tracing_on", "1")
        self._enable(*events[2:])

    def _enable(self, *events):
        for event in events:
            self._write(f"events/kvm/{event}/enable", "1")

    def _write(self, name, text):
        with open(f"{self.directory}/{name}", "w", encoding="ascii") as file:
            file.write(text)

    def overwritten(self):
        """Number of events that each CPU has overwritten, of those that recorded any"""
        numbers = []
        for path in glob.glob(f"{self.directory}/per_cpu/*/stats"):
            with open(path, encoding="ascii") as stats:
                fields = dict(line.split(":", 1) for line in stats)
            if int(fields["entries"]):
                numbers.append(int(fields["overrun"]))
        return numbers

    def stop(self):
        """Record no more. All times have to be of one time line, the counter's."""
        self._write("tracing_on", "0")
        if host_clock("state") != "counter" or host_clock("epoch") != self.epoch:
            raise HostTraceError(f"{self.name}: the host's clock changed its time line: "
                                 f"{host_clock('state')}, {host_clock('reason')}")
        for event in self.events:
            self._write(f"events/kvm/{event}/enable", "0")

    def save(self, path):
        """Write what was recorded to a file, and forget it."""
        # Without the kernel's symbols, which are most of such a file; and not right into
        # a file system of the machine, for trace-cmd copies it several times.
        script = 'mount --bind /dev/null /proc/kallsyms && exec trace-cmd "$@"'
        # The file names the clock of the top buffer, whichever buffer it holds.
        with open(f"{TRACING}/trace_clock", "w", encoding="ascii") as file:
            file.write(self.clock)
        with tempfile.TemporaryDirectory() as directory:
            copy = os.path.join(directory, "trace.dat")
            subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", "extract",
                            "-B", self.name, "-o", copy, "--compression", "none"],
                           check=True, capture_output=True)
            shutil.move(copy, path)
        # Some versions of trace-cmd remove the instance by themselves.
        if os.path.isdir(self.directory):
            os.rmdir(self.directory)
