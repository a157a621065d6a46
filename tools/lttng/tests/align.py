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
from pathlib import Path

ALIGN = os.environ["ALIGN"]
UUID = "691ca340-122e-4e91-b7ea-8157f92c07d8"
OTHER_UUID = "691ca340-122e-4e91-b7ea-8157f92c07d9"
MAGIC = 0x75d11d57


def text(offset, uuid=UUID, freq=2100000000, domain="ust", extra=""):
    return f'''/* CTF 1.8 */

typealias integer {{ size = 8; align = 8; signed = false; }} := uint8_t;

trace {{
	major = 1;
	uuid = "{OTHER_UUID}";
}};

env {{
	hostname = "a \\"clock {{ offset = 1; }};\\" name";
	domain = "{domain}";
}};

// clock {{ offset = 2; }};
clock {{
	name = "clock_trace";
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
    check(done.returncode in (0, 1, 2, 3) and "Sanitizer" not in done.stderr and
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
    before = text(3770951632009637810)
    write(directory, a=packets(before), kernel=packets(text(7, domain="kernel")))
    run(directory)
    after = (directory / "a/metadata").read_bytes()
    wanted = before.replace(" 3770951632009637810;", f"{7:20d};")
    check(after == packets(wanted), after)


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
    write(directory, a=text(1000), b=text(2000, uuid=OTHER_UUID),
          c=text(3000, freq=1000000000), d=text(4000, extra=" offset_s = 5;"))
    check(run(directory).returncode == 0)
    check(reported(directory) == {"a": 1000, "b": 2000, "c": 3000, "d": 4000})


def no_room_for_the_kernels(directory):
    write(directory, a=text(12), kernel=text(3770951632009636413, domain="kernel"))
    check(run(directory).returncode == 0)
    check(set(reported(directory).values()) == {12})


def extremes(directory):
    write(directory, a=text(-2**63), b=text(2**63 - 1))
    check(run(directory).returncode == 0)
    check(len(set(reported(directory).values())) == 1)


def an_error_changes_nothing(directory):
    damaged = {
        "cut": packets(text(3))[:-1], "checksum": packets(text(3), scheme=1),
        "compressed": packets(text(3), compression=1), "empty": b"",
        "ctf2": b"\x1e{\"type\":\"preamble\"}", "no-uuid": text(3, uuid=""),
        "no-clock": text(3).replace("clock {", "crock {"),
        "two-clocks": text(3) + "clock { name = \"b\"; };",
        "too-large": text(2**63), "frequency": text(3, freq=0),
        "open": text(3)[:text(3).index("offset = 3")],
    }
    for name, content in damaged.items():
        write(directory, a=text(1), b=text(2), damaged=content)
        done = run(directory)
        check(done.returncode == 3 and "damaged/metadata: " in done.stderr, name,
              done.returncode, done.stderr)
        check((directory / "a/metadata").read_text() == text(1), name)
        check((directory / "b/metadata").read_text() == text(2), name)
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
    check(run(directory / "none").returncode == 3)
    check(run(directory).returncode == 3, "no trace")


def hostile_metadata(directory):
    """Damage of any kind leads to no crash, and to no other size."""
    chance = random.Random(6)
    good = packets(text(3770951632009637810), 256)
    write(directory, a=good, b=text(5))
    path = directory / "a/metadata"
    for _ in range(400):
        content = bytearray(good)
        for _ in range(chance.choice((1, 2, 8))):
            content[chance.randrange(len(content))] = chance.choice(
                b"\0\xff{}\";=*/\\ 0-" + bytes([chance.randrange(256)]))
        del content[chance.choice((len(content), chance.randrange(len(content)))):]
        path.write_bytes(content)
        json.loads(run("--check", "--json", directory).stdout)
        run(directory)
        check(path.stat().st_size == len(content))
        (directory / "b/metadata").write_text(text(5))


def main():
    tests = (kernel_offset_wins, only_the_number_changes, every_cut,
             other_byte_order_and_plain, other_clocks_stay, no_room_for_the_kernels,
             extremes, an_error_changes_nothing, links_are_not_followed, wrong_usage,
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
