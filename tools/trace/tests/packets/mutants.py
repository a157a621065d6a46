#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Do the networks find a matcher that is broken? Each edit of packets/ makes a message false
somewhere; some network must say so. What no network finds, because it takes what they do not
have, a case on paper must find. Prints TAP.
"""

import glob
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
# pylint: disable=wrong-import-position
from mutate import TRACE, Mutants

OTHERS = ("tests/packets/network.c", "tests/hosts/simulate.c", "../common/array.c",
          "../common/message.c", "../common/number.c", "../common/plain.c",
          *glob.glob(f"{TRACE}/hosts/*.c"))

# What is broken, the file, the text, what it becomes
MUTANTS = (
    ("every transmission taken for the first one", "tcp.c",
     "\tlane->next = range.to;\n\tif (half", "\tlane->next = range.from;\n\tif (half"),
    ("losses ignored", "match.c",
     "if (time > host->next_gap_from) {", "if (false) {"),
    ("losses forgotten for a connection that goes on", "tcp.c",
     ".role = half->role,", ".role = half->role, .is_exact = half->is_exact,"),
    ("what is sent again soon after a gap", "tcp.c",
     "if (range->time <= view->since)\n\t\treturn false;",
     "if (range->time <= view->since || true)\n\t\treturn true;"),
    ("acknowledgments not compared", "tcp.c",
     "if (range->other == other)", "(void)other;"),
    ("first sequence numbers not compared", "tcp.c",
     "return one->is_anchored && other->is_anchored && one->first != other->first;",
     "(void)one; (void)other; return false;"),
    ("positions compared that do not begin at the same byte", "tcp.c",
     "from->halves[sender].is_exact && is_anchored(from, sender, kind) &&\n"
     "\t    is_anchored(to, sender, kind)", "from->halves[sender].is_exact"),
    ("a SYN taken for a message", "tcp.c",
     "half->lanes[KIND_DATA].next = half->position + 1 + packet->length;\n\t}",
     "half->lanes[KIND_DATA].next = half->position;\n\t}\n"
     "\tstruct range range = { .from = half->position, .to = half->position + 1,\n"
     "\t\t.time = seen->time, .other = packet->acknowledgment };\n"
     "\tif (seen->sent)\n"
     "\t\tadd_sent(packets, flow, view, seen->sender, KIND_DATA, range, packet);\n"
     "\telse\n"
     "\t\tadd_received(packets, flow, view, seen->sender, KIND_DATA, &range, packet);"),
    ("a host that forwards taken for one that sends", "tcp.c",
     "half->role == (seen->sent ? ROLE_SENDER : ROLE_RECEIVER)", "(half->role = ROLE_SENDER)"),
    ("a host that forwards what its tracer does not know taken for one that sends", "match.c",
     "return seen->time - host->opaque < FORWARD_MAX || seen->time - host->gap_to < FORWARD_MAX;",
     "return seen->time - host->gap_to < FORWARD_MAX;"),
    ("ranges of unknown past not judged by a message", "tcp.c",
     "message_is_recent(packets, from->host, range->time, to, received->time)", "(to || true)"),
    ("numbers that are used anew fast", "tcp.c",
     "return pace->was_slow && range->to - pace->position < PACE_MAX;", "return true;"),
    ("datagrams not judged by a message", "datagrams.c",
     "!message_is_recent(packets, from->host, from->first, to->host, to->first)", "false"),
    ("datagrams after a gap", "datagrams.c",
     "seen->time > from &&\n\t       seen->time - from > 2 * packets->kept.max_transit;", "true;"),
    ("the last of several datagrams taken for the first", "datagrams.c",
     "\town->last = seen->time;", "\town->first = own->last = seen->time; own->recent = own->sent;"),
    ("datagrams forgotten too early", "datagrams.c",
     "datagrams->forgotten[datagram->host] = datagram->last;", ";"),
)


# The same for the cases of test_packets.c
CASES = (
    ("a connection that begins within a gap taken to be known", "match.c",
     " || seen->time - host->gap_to < FORWARD_MAX", ""),
    ("an answer taken for the first one without the SYN", "tcp.c",
     "is_whole = other->by_plain_syn;", ";"),
    ("another connection with the same ends at the same time", "tcp.c",
     "if (lane->begun && from > lane->next && (half->is_exact || lane->track.count)) {",
     "if (false) {"),
    ("two hosts that send the same", "tcp.c",
     "packets->counts.conflicts++;\n\t\t\treturn NULL;", "continue;"),
)
LIBRARY = ("../common/array.c", "../common/message.c", "../common/plain.c",
           *glob.glob(f"{TRACE}/hosts/*.c"))


def main():
    print(f"TAP version 13\n1..{len(MUTANTS) + len(CASES)}")
    networks = Mutants("packets", "tests/packets/networks", OTHERS,
                       ["--count", "3000", "--until-false"])
    failed = networks.try_all(MUTANTS, "packets: found by a network")
    cases = Mutants("packets", "tests/packets/test_packets", LIBRARY, [], any_point=True)
    failed |= cases.try_all(CASES, "packets: found by a case", 1 + len(MUTANTS))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
