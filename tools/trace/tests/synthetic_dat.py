# SPDX-License-Identifier: GPL-2.0
"""
A trace of synthetic.py as a file of trace-cmd, in the form of version 6: of guests with
one vCPU, as the events of CTF do not tell its number.
"""

import struct

from synthetic import EVENTS

PAGE = 4096
DELTA_END = 1 << 27
NAMES = {"kvm_x86_entry": "kvm_entry", "kvm_x86_exit": "kvm_exit"}
SYSTEMS = {"kvm": ("kvm_x86_entry", "kvm_x86_exit", "kvm_guest_counter", "kvm_write_tsc_offset"),
           "test": ("test_event",)}
IDS = {name: 500 + number for number, name in enumerate(
    name for names in SYSTEMS.values() for name in names)}
TYPES = {"I": ("unsigned int", 4, 0), "Q": ("u64", 8, 0), "q": ("s64", 8, 1)}

HEADER_PAGE = """\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;
"""
HEADER_EVENT = """# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\ttime_stamp : type == 31
\tdata max type_len  == 28
"""
COMMON = """\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;
"""


def fields_of(name):
    fields = list(EVENTS[name])
    if name in ("kvm_x86_entry", "kvm_x86_exit"):
        fields.append(("vcpu_id", "I"))
    return fields


def format_of(name):
    """What the kernel's file "format" of the event has"""
    text, at = COMMON + "\n", 8
    for field, kind in fields_of(name):
        spelled, size, signed = TYPES[kind]
        text += f"\tfield:{spelled} {field};\toffset:{at};\tsize:{size};\tsigned:{signed};\n"
        at += size
    return f"name: {NAMES.get(name, name)}\nID: {IDS[name]}\nformat:\n{text}\nprint fmt: \"\"\n"


def sized(text):
    return struct.pack("<Q", len(text)) + text.encode()


def page_of(events):
    """A page of the ring buffer"""
    body, last = b"", events[0][0]
    for time, name, tid, fields in events:
        data = struct.pack("<HBBi", IDS[name], 0, 0, tid)
        for field, kind in fields_of(name):
            data += struct.pack("<" + kind, fields.get(field, 0))
        data += bytes(-len(data) % 4)
        body += struct.pack("<I", len(data) // 4 | time - last << 5) + data
        last = time
    return (struct.pack("<QQ", events[0][0], len(body)) + body).ljust(PAGE, b"\0")


def pages_of(events, count):
    """A page has so many events, or less where one comes so late that its delta would not fit"""
    pages, page = [], []
    for event in events:
        if page and (len(page) == count or event[0] - page[-1][0] >= DELTA_END):
            pages.append(page_of(page))
            page = []
        page.append(event)
    return b"".join(pages) + (page_of(page) if page else b"")


def write(trace, path, in_page=40):
    """The path of the file, with so many events in each page of a buffer"""
    cpus = max(trace.streams) + 1
    head = b"\x17\x08\x44tracing6\0" + struct.pack("<BBI", 0, 8, PAGE)
    head += b"header_page\0" + sized(HEADER_PAGE) + b"header_event\0" + sized(HEADER_EVENT)
    head += struct.pack("<II", 0, len(SYSTEMS))
    for system, names in SYSTEMS.items():
        head += system.encode() + b"\0" + struct.pack("<I", len(names))
        head += b"".join(sized(format_of(name)) for name in names)
    head += struct.pack("<IIQI", 0, 0, 0, cpus)
    # The option says that the name of the clock follows the places of the buffers.
    head += b"options  \0" + struct.pack("<HIH", 4, 0, 0) + b"flyrecord\0"
    clock = sized(f"local [{trace.clock}]\0")
    buffers = [pages_of(trace.streams.get(cpu, []), in_page) for cpu in range(cpus)]
    at = -(-(len(head) + 16 * cpus + len(clock)) // PAGE) * PAGE
    places = b""
    for buffer in buffers:
        places += struct.pack("<QQ", at, len(buffer))
        at += len(buffer)
    data = head + places + clock
    with open(path, "wb") as file:
        file.write(data.ljust(-(-len(data) // PAGE) * PAGE, b"\0") + b"".join(buffers))
    return path
