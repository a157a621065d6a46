#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Test clocktrace-lttng-align on metadata that is made up here. Prints TAP.

The program is ALIGN in the environment; it should be built with sanitizers.
"""

import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

ALIGN = os.environ["ALIGN"]
UUID = "691ca340-122e-4e91-b7ea-8157f92c07d8"
OTHER_UUID = "691ca340-122e-4e91-b7ea-8157f92c07d9"
MAGIC = 0x75d11d57


def text(offset, uuid=UUID, freq=2100000000, domain="ust", extra="", host="a name",
         name="clock_trace"):
    return f'''/* CTF 1.8 */

typealias integer {{ size = 8; align = 8; signed = false; }} := uint8_t;

trace {{
	major = 1;
	uuid = "{OTHER_UUID}";
}};

env {{
	procname = "a \\"clock {{ offset = 1; }};\\" name";
	hostname = "{host}";
	domain = "{domain}";
}};

// clock {{ offset = 2; }};
clock {{
	name = "{name}";
	uuid = "{uuid}";
	description = "CLOCK_TRACE }};";
	freq = {freq}; /* Frequency, in Hz */
	/* clock value offset from Epoch is: offset * (1/freq) */
	offset = {offset};{extra}
}};

event {{
	name = "clock";
	fields := struct {{ integer {{ size = 8; }} clock; }};
}};
'''


def packets(content, size=4096, order="<", **header):
    """The content in packets with at most that many bytes of it"""
    result = b""
    content = content.encode()
    while content:
        piece, content = content[:size], content[size:]
        result += struct.pack(
            order + "I16sIIIBBBBB", MAGIC, bytes(16), header.get("checksum", 0),
            (37 + len(piece)) * 8, (37 + size) * 8, header.get("compression", 0),
            0, header.get("scheme", 0), 1, 8) + piece.ljust(size, b"\0")
    return result


class Failure(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def run(*arguments):
    done = subprocess.run([ALIGN, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    check(done.returncode in (0, 1, 2) and "Sanitizer" not in done.stderr and
          "runtime error" not in done.stderr, done.returncode, done.stderr)
    return done


def write(directory, **traces):
    for name, content in traces.items():
        (directory / name).mkdir()
        (directory / name / "metadata").write_bytes(
            content if isinstance(content, bytes) else content.encode())


def reported(directory, key="offset"):
    done = run("--check", "--json", directory)
    return {Path(trace["metadata"]).parent.name: trace[key]
            for trace in json.loads(done.stdout)}


def kernel_offset_wins(directory):
    write(directory, a=packets(text(3770951632009637810)),
          kernel=packets(text(3770951632009636413, domain="kernel")),
          c=packets(text(3770951632009636000)))
    check(run("--check", directory).returncode == 1)
    before = reported(directory)
    check(set(before.values()) == {3770951632009637810, 3770951632009636413,
                                   3770951632009636000}, before)
    check(run(directory).returncode == 0)
    check(run("--check", directory).returncode == 0)
    check(set(reported(directory).values()) == {3770951632009636413})


def only_the_number_changes(directory):
    before = text(100001)
    write(directory, a=packets(before), kernel=packets(text(99999, domain="kernel")))
    run(directory)
    wanted = before.replace(" 100001;", f"{99999:7d};")
    check((directory / "a/metadata").read_bytes() == packets(wanted))


def every_cut(directory):
    """The number may be cut by the end of a packet anywhere."""
    content = text(3770951632009637810)
    start = content.index("\toffset = 3")
    for size in range(start, start + 32):
        write(directory, a=packets(content, size),
              kernel=packets(text(3770951632009600000, domain="kernel")))
        check(run(directory).returncode == 0, size)
        wanted = content.replace("3770951632009637810", "3770951632009600000")
        check((directory / "a/metadata").read_bytes() == packets(wanted, size), size)
        for name in "a", "kernel":
            shutil.rmtree(directory / name)


def other_byte_order_and_plain(directory):
    write(directory, a=packets(text(3000), order=">"), b=text(2000),
          kernel=packets(text(1000, domain="kernel"), order="<"))
    check(run(directory).returncode == 0)
    check(set(reported(directory).values()) == {1000})


def other_clocks_stay(directory):
    write(directory, a=text(10**9), b=text(2 * 10**9, uuid=OTHER_UUID))
    check(run(directory).returncode == 0)
    check(reported(directory) == {"a": 10**9, "b": 2 * 10**9})


def seconds_of_their_own(directory):
    write(directory, a=text(5 * 2100000000 + 7), b=text("%20d" % 4, extra=" offset_s = 5;"))
    check(run(directory).returncode == 0)
    check(reported(directory) == {"a": 5 * 2100000000 + 7, "b": 7})


def packet(begin, number=0):
    """The header of a packet of LTTng, and a little more"""
    return struct.pack("=I16sIQQQQQQ", 0xc1fc1fc1, bytes(16), 0, 0, begin, begin + 1, 800, 800,
                       number) + bytes(32)


def dated(content, created, registered=None):
    """The same metadata, with what LTTng tells of the session and the process, in seconds"""
    dates = {"trace_creation_datetime": created, "vpid_datetime": registered}
    lines = "".join(f'\t{name} = "{datetime.fromtimestamp(date, timezone.utc):%Y%m%dT%H%M%S}+0000";\n'
                    for name, date in dates.items() if date is not None)
    return content.replace("env {\n", "env {\n" + lines)


def refused(directory, first, second, *words):
    """Nothing is changed, and the message says why"""
    write(directory, a=first, b=second)
    for arguments in [directory], ["--check", directory]:
        done = run(*arguments)
        check(done.returncode == 2 and not done.stdout, done.returncode, done.stdout)
        for word in ("a/metadata", "b/metadata", UUID, "clones", "nothing was changed", *words):
            check(word in done.stderr, word, "is not in", done.stderr)
        check((directory / "a/metadata").read_text() == first)
        check((directory / "b/metadata").read_text() == second)
    for trace in "a", "b":
        shutil.rmtree(directory / trace)


def one_identity_of_two_clocks(directory):
    second = 2100000000
    start = 3770951632009637810
    for apart in 3600 * second, second, second // 1000, -second // 1000, -3600 * second:
        refused(directory, text(start, domain="kernel"), text(start + apart),
                "CLOCK_REALTIME was stepped", f"{abs(apart) / second:.9g} s apart", "--tolerance")
    refused(directory, text(start), text(0, extra=f" offset_s = {start // second + 1};"),
            "CLOCK_REALTIME was stepped")
    refused(directory, text(start), text(start, freq=second + 1000), "epochs")
    # As far apart as two measurements may be
    write(directory, a=text(start), b=text(start + second // 10000))
    check(run(directory).returncode == 0)
    check(set(reported(directory).values()) == {start})


def time_between_measurements(directory):
    """While a trace begins later, NTP may have steered, but not by a second an hour."""
    second = 2100000000
    start = 3770951632009637810
    for apart, works in (second // 100, True), (second, False), (-second // 100, True):
        write(directory, a=text(start), b=text(start + apart))
        (directory / "a/stream_0").write_bytes(packet(1000))
        (directory / "a/stream_1").write_bytes(packet(2000))
        (directory / "b/stream_0").write_bytes(packet(1000 + 3600 * second))
        check(run(directory).returncode == (0 if works else 2), apart)
        (directory / "b/metadata").write_text(text(start + apart))
        (directory / "b/stream_1").write_bytes(packet(500))
        check(run(directory).returncode == 2, apart, "at one time")
        check(run("--tolerance", 2, directory).returncode == 0, apart, "as allowed")
        for trace in "a", "b":
            shutil.rmtree(directory / trace)
    check(run("--tolerance", "x", directory).returncode == 2)


def rotated(directory):
    """
    Two traces begin at one time, after a rotation, but their offsets were measured hours apart:
    the kernel's when the session was created, that of a process when it registered.
    """
    second, hour = 2100000000, 3600
    epoch = 1_795_846_192
    start = epoch * second
    end = packet(6 * hour * second, 3)
    process = dated(text(start + 5 * second // 10), epoch, epoch + 5 * hour)
    kernel = dated(text(start, domain="kernel"), epoch)
    user = dated(text(start + 5 * second // 10), epoch)

    def gives(status, number, *traces):
        for name, (content, packets_of) in zip("abcd", traces):
            write(directory, **{name: content})
            (directory / name / "stream_0").write_bytes(packets_of)
        done = run(directory)
        check(done.returncode == status, number, done.returncode, done.stderr)
        check(status != 2 or "clones" in done.stderr, number, done.stderr)
        for name, _ in zip("abcd", traces):
            shutil.rmtree(directory / name)

    gives(0, 1, (kernel, end), (process, end))
    gives(0, 2, (kernel, end), (user, end))
    # Not so much in five hours, and not at all without a rotation, or without dates
    gives(2, 3, (kernel, end), (process.replace(str(start + 5 * second // 10),
                                                str(start + 4 * second)), end))
    gives(2, 4, (kernel, packet(6 * hour * second)), (process, packet(6 * hour * second)))
    gives(2, 5, (text(start, domain="kernel"), end), (text(start + 5 * second // 10), end))
    # Of clones, what was measured at one time is as far apart as the clones
    for apart in second // 1000, second, hour * second:
        clone = dated(text(start + apart, domain="kernel"), epoch)
        gives(2, 6, (kernel, end), (clone, end))
        gives(2, 7, (process, end), (process.replace(str(start + 5 * second // 10),
                                                     str(start + 5 * second // 10 + apart)), end))
    # Where an earlier rotation tells when a user's offset was measured, that counts
    gives(2, 8, (kernel, end), (user, end), (user, packet(10 * second)))
    gives(0, 9, (kernel, end), (user, end), (user, packet(5 * hour * second)))
    # Dates of nonsense
    for date in "x", "20261399T999999+0000", "20261128T145756+0000x" * 9:
        gives(2, 10, *((content.replace('_datetime = "2026', f'_datetime = "{date}2026'), end)
                       for content in (kernel, process)))


def two_identities_of_one_clock(directory):
    start = 3770951632009637810
    kernel = text(start, domain="kernel", uuid=OTHER_UUID)
    user = text(start + 4000)
    traces = {"a": packets(user), "kernel": packets(kernel), "z": packets(user)}
    write(directory, **traces)
    done = run("--check", directory)
    check(done.returncode == 1 and "boot_id" in done.stderr and UUID in done.stderr and
          OTHER_UUID in done.stderr, done.returncode, done.stderr)
    for name, content in traces.items():
        check((directory / name / "metadata").read_bytes() == content, name)
    check(set(reported(directory, "aligned_uuid").values()) == {OTHER_UUID})
    check(run(directory).returncode == 0)
    done = run("--check", directory)
    check(done.returncode == 0 and not done.stderr, done.returncode, done.stderr)
    wanted = packets(text(start, uuid=OTHER_UUID))
    check((directory / "a/metadata").read_bytes() == wanted)
    check((directory / "z/metadata").read_bytes() == wanted)
    check((directory / "kernel/metadata").read_bytes() == packets(kernel))


def no_second_identity(directory):
    """Other machines, clocks and moments are not taken for one."""
    start = 3770951632009637810
    for other in (text(start, host="another"), text(start, name="monotonic"),
                  text(start + 2100000), text(start, freq=2100001000)):
        write(directory, a=text(start, uuid=OTHER_UUID), b=other)
        check(run("--check", directory).returncode == 0, other)
        check(len(set(reported(directory, "aligned_uuid").values())) == 2, other)
        for trace in "a", "b":
            shutil.rmtree(directory / trace)


def no_room_for_the_kernels(directory):
    write(directory, a=text(12), kernel=text(10**5, domain="kernel"))
    check(run(directory).returncode == 0)
    check(set(reported(directory).values()) == {12})


def extremes(directory):
    write(directory, a=text(-2**63), b=text(2**63 - 1))
    check(run(directory).returncode == 2)
    write(directory / "a", c=text(-2**63 + 9))
    check(run(directory / "a").returncode == 0)
    check(len(set(reported(directory / "a").values())) == 1)


def damage_stops_nobody_else(directory):
    damaged = {
        "cut": packets(text(3))[:-1], "checksum": packets(text(3), scheme=1),
        "compressed": packets(text(3), compression=1), "empty": b"",
        "ctf2": b"\x1e{\"type\":\"preamble\"}", "no-uuid": text(3, uuid=""),
        "long-uuid": text(3, uuid=UUID + "0"),
        "no-clock": text(3).replace("clock {", "crock {"),
        "two-clocks": text(3) + "clock { name = \"b\"; };",
        "too-large": text(2**63), "frequency": text(3, freq=0),
        "open": text(3)[:text(3).index("offset = 3")],
    }
    for name, content in damaged.items():
        write(directory, a=text(1), b=text(2), damaged=content)
        for arguments in ["--check", directory], [directory]:
            done = run(*arguments)
            check(done.returncode == 2 and "damaged/metadata: " in done.stderr, name,
                  done.returncode, done.stderr)
        check((directory / "a/metadata").read_text() == text(1), name)
        check((directory / "b/metadata").read_text() == text(1), name)
        content = content if isinstance(content, bytes) else content.encode()
        check((directory / "damaged/metadata").read_bytes() == content, name)
        for trace in "a", "b", "damaged":
            shutil.rmtree(directory / trace)


def links_are_not_followed(directory):
    (directory / "elsewhere").write_text(text(2))
    write(directory, a=text(1))
    (directory / "b").mkdir()
    (directory / "b/metadata").symlink_to(directory / "elsewhere")
    check(run(directory).returncode == 0)
    check((directory / "elsewhere").read_text() == text(2))


def wrong_usage(directory):
    check(run().returncode == 2)
    check(run("--nonsense", directory).returncode == 2)
    check(run("--help").stdout.startswith("Usage: "))
    done = run(directory / "none")
    check(done.returncode == 2 and "none: No such file" in done.stderr, done.stderr)
    check(run(directory).returncode == 2, "no trace")


def hostile_metadata(directory):
    """Damage of any kind leads to no crash, and to no other size."""
    chance = random.Random(6)
    good = packets(text(3770951632009637810), 256)
    near = text(3770951632009630000)
    write(directory, a=good, b=near)
    path = directory / "a/metadata"
    for _ in range(400):
        content = bytearray(good)
        for _ in range(chance.choice((1, 2, 8))):
            content[chance.randrange(len(content))] = chance.choice(
                b"\0\xff{}\";=*/\\ 0-" + bytes([chance.randrange(256)]))
        del content[chance.choice((len(content), chance.randrange(len(content)))):]
        path.write_bytes(content)
        done = run("--check", "--json", directory)
        check(done.stdout or done.returncode == 2)
        json.loads(done.stdout or "[]")
        run(directory)
        check(path.stat().st_size == len(content))
        (directory / "b/metadata").write_text(near)


def main():
    tests = (kernel_offset_wins, only_the_number_changes, every_cut,
             other_byte_order_and_plain, other_clocks_stay, seconds_of_their_own,
             one_identity_of_two_clocks, time_between_measurements, rotated,
             two_identities_of_one_clock, no_second_identity, no_room_for_the_kernels,
             extremes, damage_stops_nobody_else, links_are_not_followed, wrong_usage,
             hostile_metadata)
    print("TAP version 13")
    for number, test in enumerate(tests, 1):
        name = test.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory() as directory:
            try:
                test(Path(directory))
                print(f"ok {number} - align: {name}")
            except Failure as failure:
                for line in str(failure).splitlines():
                    print("#", line)
                print(f"not ok {number} - align: {name}")
        sys.stdout.flush()
    print(f"1..{len(tests)}")


main()
