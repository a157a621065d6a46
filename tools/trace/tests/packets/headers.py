#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Headers of packets in traces as lttng-modules 2.16 writes them, and the messages that follow:
what the reader of CTF makes of them. Prints TAP.
"""

import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import synthetic  # noqa: E402  pylint: disable=wrong-import-position

O = os.environ.get("O", os.path.join(os.path.dirname(__file__), "../../../../out/tools/trace"))
SENT, RECEIVED = "net_dev_queue", "net_if_receive_skb"
TCP, UDP, ICMP = 6, 17, 1
NONE, OF_TCP, OF_UDP, OF_ICMP = range(4)
SYN, ACK = 2, 16


def number(size, name, align=None):
    """A number in network order, as the metadata have it"""
    return (f"integer {{ size = {size}; align = {align or 8}; signed = 0; encoding = none; "
            f"base = 10; byte_order = be; }} _{name};\n")


PROTOCOL = """enum : integer { size = 8; align = 8; signed = 0; encoding = none; base = 10;
    byte_order = be; } { "_unknown" = 0, "_icmp" = 1, "_unknown" = 2 ... 5, "_tcp" = 6,
    "_unknown" = 7 ... 16, "_udp" = 17, "_unknown" = 18 ... 255, } """
TRANSPORT = (
    """enum : integer { size = 8; align = 8; signed = 0; encoding = none; base = 10; } {
    "_unknown" = 0, "_tcp" = 1, "_udp" = 2, "_icmp" = 3, } _transport_header_type;
    variant <_transport_header_type> { struct { } _unknown;
    struct { """ + number(16, "source_port") + number(16, "dest_port") + number(32, "seq") +
    number(32, "ack_seq") + number(4, "data_offset", 4) + number(3, "reserved", 1) +
    number(9, "flags", 1) + number(16, "window_size") + number(16, "checksum") +
    number(16, "urg_ptr") + "} _tcp; struct { " + number(16, "source_port") +
    number(16, "dest_port") + number(16, "len") + number(16, "check") + "} _udp; struct { " +
    number(8, "type") + number(8, "code") + number(16, "checksum") + number(32, "gateway") +
    "} _icmp; } _transport_header; ")


def array(size, name, count):
    return (f"struct {{ }} align(8) _{name}_padding;\n"
            + number(size, name).replace(f"_{name};", f"_{name}[{count}];"))


NETWORK = (
    """enum : integer { size = 8; align = 8; signed = 0; encoding = none; base = 10; } {
    "_unknown" = 0, "_ipv4" = 1, "_ipv6" = 2, } _network_header_type;
    variant <_network_header_type> { struct { } _unknown; struct { """ +
    number(4, "version", 4) + number(4, "ihl", 4) + number(8, "tos") + number(16, "tot_len") +
    number(16, "id") + number(16, "frag_off") + number(8, "ttl") + PROTOCOL + "_protocol;" +
    number(16, "checksum") + array(8, "saddr", 4) + array(8, "daddr", 4) + TRANSPORT +
    "} _ipv4; struct { " + number(4, "version", 4) + number(4, "prio", 4) +
    array(8, "flow_lbl", 3) + number(16, "payload_len") + PROTOCOL + "_nexthdr;" +
    number(8, "hop_limit") + array(16, "saddr", 8) + array(16, "daddr", 8) + TRANSPORT +
    "} _ipv6; } _network_header; ")


def tcp(sequence, acknowledgment=0, flags=ACK, words=5):
    return OF_TCP, struct.pack(">HHIIHHHH", 4001, 80, sequence, acknowledgment,
                               words << 12 | flags, 500, 0xabcd, 0)


def udp(size):
    return OF_UDP, struct.pack(">HHHH", 53, 5353, size, 7)


def echo(kind, rest):
    return OF_ICMP, struct.pack(">BBHI", kind, 0, 0x1234, rest)


# pylint: disable=too-many-arguments,too-many-positional-arguments
def ipv4(total, protocol, payload, identification=9, fragment=0x4000, words=5):
    kind, data = payload
    return bytes([1]) + struct.pack(">BBHHHBBH4s4sB", 4 << 4 | words, 0, total, identification,
                                    fragment, 64, protocol, 0, bytes((10, 0, 0, 1)),
                                    bytes((10, 0, 0, 2)), kind) + data


def ipv6(size, protocol, payload):
    kind, data = payload
    addresses = bytes.fromhex("fd01" + "00" * 13 + "01" + "fd01" + "00" * 13 + "02")
    return bytes([2]) + struct.pack(">IHBB", 6 << 28, size, protocol, 64) + addresses + \
        bytes([kind]) + data


class Packets(synthetic.Trace):
    """A trace of packets: [(time, name, length, header)]"""

    def write_packets(self, path, packets):
        """Lists of events with a number of lost ones before each"""
        os.makedirs(path)
        text = synthetic.metadata(self.clock, synthetic.BOOT % self.number, self.host, self.hertz)
        for index, name in enumerate((SENT, RECEIVED)):
            text += (f"event {{ name = \"{name}\"; id = {len(synthetic.NAMES) + index}; "
                     f"stream_id = 0; fields := struct {{ u64 _skbaddr; u32 _len; string _name; "
                     f"{NETWORK} }}; }};\n")
        with open(f"{path}/metadata", "w", encoding="ascii") as file:
            file.write(text)
        with open(f"{path}/kernel_0", "wb") as file:
            for discarded, begin, end, events in packets:
                body = b"".join(self.pack_packet(*event) for event in events)
                bits = 8 * (8 + 44 + len(body))
                file.write(struct.pack("<IIQQQQQI", 0xc1fc1fc1, 0, begin, end, bits, bits,
                                       discarded, 0) + body)
        return path

    @staticmethod
    def pack_packet(time, name, length, header):
        index = len(synthetic.NAMES) + (SENT, RECEIVED).index(name)
        return struct.pack("<IQIQI", index, time, 1, 0x1000, length) + b"eth0\0" + header


def output(*arguments):
    return subprocess.run([f"{O}/of_traces", *arguments], stdout=subprocess.PIPE, check=True,
                          text=True, timeout=60).stdout.splitlines()


V4 = "0a000001:{} 0a000002:{}"
V6 = "fd01" + "0" * 27 + "1:{} fd01" + "0" * 27 + "2:{}"

# What an event holds, and what is to be read from it
HEADERS = (
    (SENT, 66, ipv4(52, TCP, tcp(1000, 2000, words=8)),
     f"ipv4 6 {V4.format(4001, 80)} length 0 sequence 1000 acknowledgment 2000 flags 16 "
     "identification 9 type 0 checksum 0"),
    (RECEIVED, 1500, ipv4(1400, TCP, tcp(4294967295, 1), words=6),
     f"ipv4 6 {V4.format(4001, 80)} length 1356 sequence 4294967295 acknowledgment 1 flags 16 "
     "identification 9 type 0 checksum 0"),
    # More than 64 KiB: the length of the packet, with Ethernet's header where it is sent
    (SENT, 100014, ipv4(0, TCP, tcp(5, 6)),
     f"ipv4 6 {V4.format(4001, 80)} length 99974 sequence 5 acknowledgment 6 flags 16 "
     "identification 9 type 0 checksum 0"),
    (RECEIVED, 100000, ipv6(0, TCP, tcp(5, 6)),
     f"ipv6 6 {V6.format(4001, 80)} length 99940 sequence 5 acknowledgment 6 flags 16 "
     "identification 0 type 0 checksum 0"),
    (RECEIVED, 120, ipv6(80, TCP, tcp(7, 0, SYN)),
     f"ipv6 6 {V6.format(4001, 80)} length 60 sequence 7 acknowledgment 0 flags 2 "
     "identification 0 type 0 checksum 0"),
    (SENT, 142, ipv4(128, UDP, udp(108), 77),
     f"ipv4 17 {V4.format(53, 5353)} length 100 sequence 0 acknowledgment 0 flags 0 "
     "identification 77 type 0 checksum 0"),
    # A fragment has no identification of its own.
    (SENT, 1514, ipv4(1500, UDP, udp(3008), 77, 0x2000),
     f"ipv4 17 {V4.format(53, 5353)} length 3000 sequence 0 acknowledgment 0 flags 0 "
     "identification 0 type 0 checksum 0"),
    (SENT, 1514, ipv4(1500, TCP, tcp(1), 77, 0x2000), "ipv4 0 other"),
    (SENT, 1514, ipv4(1500, TCP, (NONE, b""), 77, 0x00b9), "ipv4 0 other"),
    (RECEIVED, 84, ipv4(84, ICMP, echo(8, 3 << 16 | 4), 78),
     f"ipv4 1 {V4.format(0, 0)} length 64 sequence 196612 acknowledgment 0 flags 0 "
     "identification 78 type 8 checksum 4660"),
    # What is no connection; what may be one, for all that the tracer knows
    (RECEIVED, 110, ipv6(70, 58, (NONE, b"")), "ipv6 0 other"),
    (SENT, 60, bytes([0]), "unknown"),
    (RECEIVED, 60, ipv4(46, 89, (NONE, b"")), "unknown"),
    (RECEIVED, 60, ipv4(46, TCP, (NONE, b"")), "unknown"),
    (RECEIVED, 60, ipv4(46, 89, tcp(1)), "unknown"),
    (SENT, 60, ipv4(30, TCP, tcp(1)), "unknown"),
)


def headers_problem(root):
    """Are all headers read as they are?"""
    events = [(1000 + index, name, length, header)
              for index, (name, length, header, _) in enumerate(HEADERS)]
    path = Packets("a", 1).write_packets(f"{root}/headers", [(0, 1000, 2000, events)])
    expected = [f"0 {1000 + index} {'sent' if name == SENT else 'received'} {text}"
                for index, (name, _, _, text) in enumerate(HEADERS)]
    lines = output("--packets", path)
    for line, wanted in zip(lines, expected):
        if line != wanted:
            return f"{line!r}, not {wanted!r}"
    return None if len(lines) == len(expected) else f"{len(lines)} lines"


def loss_problem(root):
    """Is the interval of a loss from the last packet's end to that of the one that tells?"""
    event = (SENT, 66, ipv4(52, TCP, tcp(1)))
    path = Packets("a", 1).write_packets(f"{root}/loss", [
        (0, 1000, 1500, [(1000, *event)]), (3, 2000, 2500, [(2000, *event)])])
    losses = [line for line in output("--packets", path) if "lost" in line]
    return None if losses == ["0 2000 lost 1500 2500"] else str(losses)


def messages_problem(root):
    """A connection between two hosts, one byte of which arrives in two parts"""
    def segment(time, name, sequence, size, flags=ACK, acknowledgment=77):
        return time, name, 54 + size, ipv4(40 + size, TCP, tcp(sequence, acknowledgment, flags))

    one = Packets("a", 1).write_packets(f"{root}/a", [(0, 2000, 9000, [
        segment(2000, SENT, 999, 0, SYN, 0), segment(4000, SENT, 1000, 200),
        segment(6000, SENT, 1200, 100)])])
    other = Packets("b", 2).write_packets(f"{root}/b", [(0, 12000, 19000, [
        segment(12000, RECEIVED, 999, 0, SYN, 0), segment(14001, RECEIVED, 1000, 100),
        segment(14101, RECEIVED, 1100, 100), segment(16001, RECEIVED, 1200, 100)])])
    found = [line for line in output(one, other) if line.startswith("message")]
    expected = ["message 1 from 0 at 2000 to 1 at 7001 protocol 6",
                "message 2 from 0 at 3000 to 1 at 8001 protocol 6"]
    return None if found == expected else str(found)


def main():
    tests = ((headers_problem, "headers of IPv4, IPv6, TCP, UDP and ICMP are read"),
             (loss_problem, "a loss tells where it may have been"),
             (messages_problem, "two traces give messages"))
    print(f"TAP version 13\n1..{len(tests)}")
    failed = False
    with tempfile.TemporaryDirectory() as root:
        for index, (test, claim) in enumerate(tests, 1):
            problem = test(root)
            if problem:
                print(f"# {problem}")
            failed = failed or bool(problem)
            print(f"{'not ' if problem else ''}ok {index} - packets: {claim}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
