# SPDX-License-Identifier: GPL-2.0
"""
In one of the two hosts of scripts/hosts: how it meets the other one, and messages between them.

They have a directory in common, a network, and a page of memory.
"""

import glob
import os
import socket
import struct
import subprocess
import threading
import time

ADDRESSES = {"a": "10.0.0.1", "b": "10.0.0.2"}
OTHER = {"a": "b", "b": "a"}
LIMIT = int(os.environ.get("GUEST_PATIENCE", "300"))
CLOCK_PORT, TCP_PORT, UDP_PORT = 4000, 4001, 4002
# Messages of each kind, and bytes that a stream has in one piece
MESSAGES, BULK = 40, 1 << 19
CLOCK_QUESTIONS = 32


class HostError(Exception):
    """What went wrong between two hosts."""


def shared_memory():
    """The page that both hosts have, as a file"""
    for path in glob.glob("/sys/bus/pci/devices/*/device"):
        with open(path, encoding="ascii") as device:
            if device.read().strip() != "0x1110":
                continue
        directory = os.path.dirname(path)
        with open(f"{directory}/enable", "w", encoding="ascii") as enable:
            enable.write("1")
        return f"{directory}/resource2"
    raise HostError("there is no ivshmem device")


class Host:
    """This host, and how it meets the other one."""

    def __init__(self, name, directory):
        self.name, self.other, self.directory = name, OTHER[name], directory

    def is_first(self):
        return self.name == "a"

    def meet(self, step):
        """Wait until the other host has come as far."""
        with open(f"{self.directory}/meet/{step}.{self.name}", "w", encoding="ascii"):
            pass
        end = time.monotonic() + LIMIT
        while not os.path.exists(f"{self.directory}/meet/{step}.{self.other}"):
            if os.path.exists(f"{self.directory}/meet/failed.{self.other}"):
                raise HostError("the other host has failed")
            if time.monotonic() > end:
                raise HostError(f"{step}: the other host did not come within {LIMIT} s")
            time.sleep(0.05)

    def hand_over(self, program, burst, rounds, seconds=5):
        """Hand the shared page back and forth; what was read goes to a file."""
        path = f"{self.directory}/handover-{self.name}-{burst}"
        with open(path, "w", encoding="ascii") as file:
            subprocess.run([program, "first" if self.is_first() else "second",
                            str(burst * rounds), str(rounds), str(seconds), shared_memory()],
                           stdout=file, check=True)


def address(name, port):
    return (ADDRESSES[name], port)


def set_clock(host):
    """The second host sets CLOCK_REALTIME by the first, as it would by NTP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(address(host.name, CLOCK_PORT))
        link.settimeout(LIMIT)
        host.meet("clock")
        if host.is_first():
            while (question := link.recvfrom(8))[0] != b"end":
                link.sendto(struct.pack("=q", time.time_ns()), question[1])
            return
        link.connect(address(host.other, CLOCK_PORT))
        best = None
        for _ in range(CLOCK_QUESTIONS):
            sent = time.time_ns()
            link.send(b"time")
            theirs, = struct.unpack("=q", link.recv(8))
            received = time.time_ns()
            answer = (received - sent, theirs - (sent + received) // 2)
            best = min(best or answer, answer)
        link.send(b"end")
        time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns() + best[1])


def receive(stream, size):
    data = bytearray()
    while len(data) < size:
        piece = stream.recv(size - len(data))
        if not piece:
            raise HostError("the stream ended")
        data += piece
    return data


def answer_stream(listener):
    """Give back each message of 64 bytes, and then take a long one."""
    stream, _ = listener.accept()
    with stream, listener:
        for _ in range(MESSAGES):
            stream.sendall(receive(stream, 64))
        receive(stream, BULK)
        stream.sendall(b"done")


def answer_datagrams(link):
    with link:
        for _ in range(MESSAGES):
            data, sender = link.recvfrom(2048)
            link.sendto(data, sender)


def serve(host):
    """Threads that answer what ask() of the other host sends"""
    listener = socket.create_server(address(host.name, TCP_PORT))
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind(address(host.name, UDP_PORT))
    threads = [threading.Thread(target=answer_stream, args=(listener,), daemon=True),
               threading.Thread(target=answer_datagrams, args=(link,), daemon=True)]
    for thread in threads:
        thread.start()
    return threads


def ask(host):
    """Short messages and a long one by TCP, and short ones by UDP"""
    with socket.create_connection(address(host.other, TCP_PORT), LIMIT) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(MESSAGES):
            stream.sendall(struct.pack("=Q56x", number))
            receive(stream, 64)
        stream.sendall(bytes(BULK))
        receive(stream, 4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.connect(address(host.other, UDP_PORT))
        link.settimeout(LIMIT)
        for number in range(MESSAGES):
            link.send(struct.pack("=Q24x", number))
            link.recv(2048)


def exchange(host, step):
    """Each host asks, in turn."""
    threads = serve(host)
    host.meet(f"{step}-serve")
    if host.is_first():
        ask(host)
    host.meet(f"{step}-first")
    if not host.is_first():
        ask(host)
    for thread in threads:
        thread.join(LIMIT)
    host.meet(f"{step}-end")
