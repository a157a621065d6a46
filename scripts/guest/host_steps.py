#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
In one of the two hosts of scripts/hosts, when lttng-sessiond runs: trace what goes on in
KVM and on the network while the hosts exchange messages, and while a guest with KVM that
samples CLOCK_TRACE moves from one to the other and back.

To DIRECTORY go the trace (host-a or host-b), unless lttng-relayd gets it, what the guest has
sampled on this host, and what both hosts have read as they handed a page of memory to each
other.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import between_hosts
from between_hosts import Host, HostError
from host_trace import host_clock
from second_level import Guest, GuestError, wait_for

EVENTS = ("net_dev_queue,net_if_receive_skb,kvm_x86_entry,kvm_x86_exit,kvm_guest_counter,"
          "clock_trace_epoch")
MIGRATION_PORT = 4444
COLLECTOR = "10.0.2.2"
# How often a session is told to be alive, in microseconds
LIVE_TIMER = 1000000


def lttng(*arguments):
    subprocess.run(["lttng", "--no-sessiond", *arguments], check=True, stdout=subprocess.DEVNULL)


class Session:
    """A session of LTTng that records from its creation on."""

    def __init__(self, name, relayd):
        self.name = f"host-{name}"
        self.directory = None if relayd else f"/dev/shm/{self.name}"
        if relayd:
            control, data = (f"tcp4://{COLLECTOR}:{port}" for port in relayd.split(":"))
            lttng("create", self.name, f"--live={LIVE_TIMER}", "-C", control, "-D", data)
        else:
            lttng("create", self.name, "-o", self.directory)
        lttng("enable-channel", "-k", "--subbuf-size", "4M", "--num-subbuf", "8", "kernel")
        lttng("enable-event", "-k", "-c", "kernel", EVENTS)
        lttng("add-context", "-k", "-c", "kernel", "-t", "tid")
        lttng("start")

    def save(self, directory):
        lttng("stop")
        lttng("destroy", self.name)
        if self.directory:
            shutil.copytree(self.directory, os.path.join(directory, self.name))


class Moves:
    """The guest that moves between the hosts"""

    def __init__(self, host, args, work):
        self.host, self.args, self.work = host, args, work
        self.guest = None
        self.stays = []

    def start(self, number, **options):
        return Guest(f"guest{number}", self.work, self.args.kernel, self.args.initramfs, **options)

    def save(self, guest, number):
        """What the guest has written on this host"""
        name = f"stay{number}.samples"
        guest.save_samples(os.path.join(self.args.directory, name))
        self.stays.append({"number": number, "host": f"host-{self.host.name}",
                           "pid": guest.pid, "file": name})

    def send(self, number):
        """The guest goes to the other host."""
        source = self.guest
        if number == 0:
            source.collect(self.args.samples)
            source.qmp("stop")
            source.qmp("cont")
            source.collect(self.args.samples)
        self.host.meet(f"incoming{number}")
        address = between_hosts.ADDRESSES[self.host.other]
        source.qmp("migrate", uri=f"tcp:{address}:{MIGRATION_PORT + number}")
        wait_for("the migration", lambda: migrated(source))
        self.host.meet(f"moved{number}")
        self.host.meet(f"stayed{number}")
        self.save(source, number)
        source.quit()
        self.guest = None

    def receive(self, number):
        """The guest comes from the other host."""
        target = self.start(number + 1, incoming=True)
        target.qmp("migrate-incoming", uri=f"tcp:0.0.0.0:{MIGRATION_PORT + number}")
        self.host.meet(f"incoming{number}")
        self.host.meet(f"moved{number}")
        target.collect(self.args.samples)
        self.host.meet(f"stayed{number}")
        self.guest = target

    def run(self):
        if not self.args.moves:
            return
        if self.host.is_first():
            self.guest = self.start(0)
        for number in range(self.args.moves):
            if self.guest:
                self.send(number)
            else:
                self.receive(number)
            self.host.hand_over(self.args.handover, number + 1, self.args.rounds)
        if self.guest:
            self.save(self.guest, self.args.moves)
            self.guest.quit()


def migrated(guest):
    status = guest.qmp("query-migrate").get("status")
    if status == "failed":
        raise GuestError("the migration failed")
    return status == "completed"


def run(host, args, work):
    wait_for("the host trusts its counter", lambda: host_clock("state") == "counter")
    host.meet("up")
    between_hosts.set_clock(host)
    session = Session(host.name, args.relayd)
    host.meet("session")
    host.hand_over(args.handover, 0, args.rounds)
    between_hosts.exchange(host, "before")
    moves = Moves(host, args, work)
    moves.run()
    host.meet("moves")
    host.hand_over(args.handover, args.moves + 1, args.rounds)
    host.meet("end")
    session.save(args.directory)
    with open(f"{args.directory}/host-{host.name}.json", "w", encoding="ascii") as file:
        json.dump({"uuid": host_clock("uuid"), "stays": moves.stays}, file, indent=4)
    host.meet("saved")


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/guest/host_steps.py", description=__doc__.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", required=True, help="kernel of the guest")
    parser.add_argument("--initramfs", required=True,
                        help="where clocktrace-guest-sampler is /init")
    parser.add_argument("--handover", required=True, help="the program of handover.c")
    parser.add_argument("--rounds", type=int, default=2000, metavar="N",
                        help="hand the page over N times, at the begin, after each move "
                        "and at the end (%(default)s)")
    parser.add_argument("--samples", type=int, default=128, metavar="N",
                        help="wait for N samples of each vCPU on each host (%(default)s)")
    parser.add_argument("--moves", type=int, default=2, metavar="N",
                        help="the guest moves N times (%(default)s)")
    parser.add_argument("--relayd", metavar="CONTROL:DATA",
                        help="have lttng-relayd of the collector record, at these ports")
    parser.add_argument("host", choices=("a", "b"))
    parser.add_argument("directory", help="where to write to; both hosts have it")
    args = parser.parse_args()
    host = Host(args.host, args.directory)
    with tempfile.TemporaryDirectory() as work:
        try:
            run(host, args, work)
        except (GuestError, HostError, OSError, subprocess.CalledProcessError) as error:
            with open(f"{args.directory}/meet/failed.{args.host}", "w", encoding="ascii"):
                pass
            sys.exit(f"host-{args.host}: {error}")


if __name__ == "__main__":
    main()
