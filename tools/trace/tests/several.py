#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
clocktrace merge on traces of several hosts that are made here: the bound of each event has
to hold its true time, events of a host keep their order, and what cannot be known has to be
said. Prints TAP.
"""

import base64
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.dom.minidom

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import perfetto
import synthetic_dat
from points import check, main, run
from synthetic import BOOT
from synthetic_hosts import NS, PACKETS, Cluster, NetTrace, Running

TOOLS = os.environ.get("O", "../../out/tools/trace")
MERGE = os.path.join(TOOLS, "clocktrace-merge")
WORK = tempfile.mkdtemp()


def merge(*words):
    """Status, standard output and error"""
    return run(MERGE, *words)


def directory(name):
    path = os.path.join(WORK, name)
    shutil.rmtree(path, ignore_errors=True)
    return path


def write(cluster, guests=(), name="cluster"):
    return cluster.write(directory(name), guests)


def judge_place(event, truth, reference):
    """Is the true time within the event's bound?"""
    want = reference.clock.ticks(truth)
    first = event["ticks"] - event.get("earlier", 0)
    last = event["ticks"] + event.get("uncertainty", 0)
    check(first <= want <= last, f"{event['machine']} {event['fields']['number']} is in {first} "
          f"to {last}, and not at {want}")
    if not event.get("estimate"):
        check(event["ticks"] <= want, "not exact")


def judge(cluster, paths, *options, status=0, unplaced=0, reference=0):
    """All events are there, in order, and where they truly were"""
    got, out, err = merge("--format", "json", *options, *paths)
    check(got == status, f"exit status {got}, not {status}: {err}")
    events = [json.loads(line) for line in out.splitlines()]
    times = [event["ticks"] for event in events]
    check(times == sorted(times), "not in the order of time")
    check(events[0]["ns"] == 0, "the first event is not at 0")
    last, placed = {}, 0
    for event in events:
        host = event["host"]
        if event["machine"] == host:
            own = event.get("own_ticks", event["ticks"])
            check(own >= last.get(host, own), f"{host} is not in its own order")
            last[host] = own
        if event["name"] == "test_event":
            placed += 1
            judge_place(event, cluster.truth[event["fields"]["number"]],
                        cluster.nodes[reference])
    check(placed == len(cluster.truth) - unplaced,
          f"{placed} of {len(cluster.truth)} events are placed: {err}")
    return events, err


def summary(*words):
    """The summary as an object, and the exit status"""
    status, out, err = merge("--summary", "--json", *words)
    check(status in (0, 1), f"{status}: {err}")
    return json.loads(out), status


def chain(seed, count=3):
    """Hosts of which each talks to the next one"""
    cluster = Cluster(seed)
    nodes = [cluster.node() for _ in range(count)]
    for one, other in zip(nodes, nodes[1:]):
        cluster.talk(one, other)
    cluster.events()
    return cluster


def test_hosts():
    for seed in range(3):
        cluster = chain(seed, 2 + seed)
        paths = write(cluster)
        events, _ = judge(cluster, paths)
        names = {event["machine"] for event in events}
        check(names == {node.trace.host for node in cluster.nodes}, str(names))
        what, _ = summary(*paths)
        worst = max(pair.get("worst_ns", 0) for pair in what["pairs"])
        check(0 < worst < 200_000 and what["passed"], str(what["pairs"]))
        widths = [event["earlier_ns"] + event["uncertainty_ns"] for event in events
                  if event.get("estimate")]
        check(max(widths) <= what["uncertainty_ns"] + 2, "the largest uncertainty is larger")


def test_reference():
    """Any host can be the one whose axis it is, by its name or its path"""
    cluster = chain(10)
    paths = write(cluster)
    for number, words in ((2, ("--reference", "node2")), (1, ("--reference", paths[1])),
                          (0, ())):
        events, _ = judge(cluster, paths, *words, reference=number)
        check(not any(event.get("estimate") for event in events
                      if event["host"] == f"node{number}"), "an estimate of the reference")
        check(all(event["estimate"] for event in events if event["host"] != f"node{number}"),
              "no estimate of another host")
    status, _, err = merge("--reference", "nobody", *paths)
    check(status == 2 and "no host has the name or the path 'nobody'" in err, err)


def test_before_reference():
    """What was before the reference's counter was 0"""
    cluster = Cluster(11)
    cluster.node(base=-NS, hertz=1_000_000_000)
    cluster.node()
    cluster.talk(*cluster.nodes, begin=NS + 10_000_000)
    for _ in range(100):
        cluster.nodes[0].event(cluster.random.randint(NS + 1, 2 * NS))
        cluster.nodes[1].event(cluster.random.randint(0, 2 * NS))
    paths = write(cluster)
    events, _ = judge(cluster, paths)
    check(events[0]["ticks"] < 0, "nothing is before 0")
    for name in ("before.html", "before.svg", "before.perfetto-trace", "before-ctf"):
        status, _, err = merge("-o", f"{WORK}/{name}", *paths)
        check(status == 0, err)
    done = subprocess.run(["babeltrace2", f"{WORK}/before-ctf"], stdout=subprocess.PIPE, text=True,
                          check=True)
    check(len(done.stdout.splitlines()) == len(events), "babeltrace2 reads other events")


def test_no_messages():
    """A host that exchanged nothing with the others has no bound, and that is said"""
    cluster = chain(12)
    lonely = cluster.node()
    for _ in range(50):
        lonely.event(cluster.random.randint(0, cluster.duration))
    paths = write(cluster)
    events, err = judge(cluster, paths, status=1, unplaced=50)
    check(not any(event["host"] == "node3" for event in events), "node3 was placed")
    check("node3: none of its events has a bound" in err and
          "50 have no bound on the reference's axis" in err, err)
    what, status = summary(*paths)
    pair = next(pair for pair in what["pairs"] if pair["hosts"] == ["node0", "node3"])
    check(status == 1 and pair["unbounded"] == 50 and pair["messages"] == 0, str(pair))


def test_one_way():
    """Messages of one direction alone bound one side, which is no bound"""
    cluster = Cluster(13)
    one, other = cluster.node(), cluster.node()
    cluster.talk(one, other)
    for node in cluster.nodes:
        node.event(NS)
    # What is received by the first host is not in its trace.
    one.trace.streams[0] = [event for event in one.trace.streams[0]
                            if event[1] != "netif_receive_skb"]
    paths = write(cluster)
    _, err = judge(cluster, paths, status=1, unplaced=1)
    check("node1: none of its events has a bound" in err and "0 the other" in err, err)


def step_of(number, seed):
    cluster = Cluster(seed, 4 * NS)
    for i in range(3):
        cluster.node(**({"step_at": 2 * NS, "step": 3_000_000} if i == number else {}))
    for one, other in zip(cluster.nodes, cluster.nodes[1:]):
        cluster.talk(one, other)
    cluster.events()
    return cluster


def test_step():
    """A counter that steps: the two messages are named, and the line is split there"""
    for number, pairs in ((2, 1), (1, 2), (0, 1)):
        cluster = step_of(number, 14 + number)
        paths = write(cluster)
        events, err = judge(cluster, paths, status=1)
        check("two messages contradict each other" in err and "the line is split there" in err,
              err)
        what, _ = summary(*paths)
        clashes = what["contradictions"]
        # Once a host's counter is split, its messages with a third host fit.
        check(1 <= len(clashes) <= pairs, f"{len(clashes)} contradictions")
        for clash in clashes:
            for place in clash["places"]:
                node = cluster.nodes[int(place["host"][-1])]
                ticks = node.clock.ticks(2 * NS)
                here = ticks * NS / node.clock.hertz
                check(place["from_ns"] - 4_000_000 <= here <= place["to_ns"] + 4_000_000,
                      f"{place} is not where the step was, {here}")
            check(all("sent_ns" in message for message in clash["messages"]), str(clash))
        check(any(event.get("stepped") for event in events) or number == 0, "no event is marked")


def test_limits():
    """Clocks that differ by more than is allowed contradict each other"""
    cluster = Cluster(18)
    cluster.node(ppm=40)
    cluster.node(ppm=-40)
    cluster.talk(*cluster.nodes)
    cluster.events(20)
    paths = write(cluster)
    status, _, err = merge("--quiet", *paths)
    check(status == 0, err)
    status, _, err = merge("--max-rate", "10", "-o", f"{WORK}/limits.txt", *paths)
    check(status == 1 and "two messages contradict each other" in err, err)
    for words in (("--max-rate", "x"), ("--max-rate", "-1"), ("--max-drift", "1e9"),
                  ("--max-drift", "nan")):
        status, _, err = merge(*words, *paths)
        check(status == 2 and "is not a number" in err, f"{words}: {status}: {err}")
    status, out, err = merge("--max-drift", "0.01", "--max-rate", "100", "--summary", *paths)
    check(status == 0 and "known to within" in out, err)


def test_same_name():
    """Two hosts of one name are told apart by their clocks"""
    cluster = Cluster(19)
    cluster.node("node")
    cluster.node("node")
    cluster.talk(*cluster.nodes)
    cluster.events(100)
    events, _ = judge(cluster, write(cluster))
    check({event["machine"] for event in events} == {"node", "node-2"}, "other names")


def with_guests(seed, **clock):
    """Two hosts, each with a guest of two VMs' worth of stays"""
    cluster = Cluster(seed)
    guests = []
    for number in range(2):
        node = cluster.node(**clock)
        guest = NetTrace(f"guest{number}", 100 + number)
        guest.hertz = node.clock.hertz
        running = Running(node, guest, 1_000_000, -node.clock.ticks(0) + 5_000_000)
        running.run(2_000_000, cluster.duration)
        guests.append(guest)
    cluster.talk(*cluster.nodes)
    cluster.events(100)
    return cluster, guests


def test_clones():
    """One identity of two clocks proves nothing where the names or the times of day differ"""
    for name in ("clone", "node0"):
        cluster, guests = with_guests(20)
        clone = cluster.nodes[1].trace
        clone.host, clone.uuid = name, BOOT % 0
        if name == "node0":
            # An hour apart, which no two recordings of one counter are
            clone.offset_ns = cluster.nodes[0].trace.offset_ns + 3600 * NS
        _, err = judge(cluster, write(cluster, guests))
        check("clocks of one identity" in err and "taken for clones" in err, err)


def judge_stays(events):
    """Guests' events are between entry and exit of their vCPU, on their own host"""
    inside, count = {}, collections.Counter()
    for event in events:
        if event["name"] == "kvm_x86_entry":
            inside[event["host"], event["vm"], event["vcpu"]] = True
        elif event["name"] == "kvm_x86_exit":
            inside[event["host"], event["vm"], event["vcpu"]] = False
        elif event["machine"] != event["host"]:
            check(inside.get((event["host"], event["vm"], event["vcpu"])),
                  f"{event['machine']} {event['fields']} is not in a stay")
            count[event["machine"], event["host"]] += 1
    return count


def test_guests():
    """Guests are exact on their host, and as far off as that on the axis"""
    cluster, guests = with_guests(21)
    paths = write(cluster, guests)
    events, err = judge(cluster, list(reversed(paths)), "--reference", "node0")
    count = judge_stays(events)
    check(set(count) == {("guest0", "node0"), ("guest1", "node1")}, str(count))
    check("guest1 is VM 11" in err and "guest0 is VM 1 " in err, err)
    for event in events:
        if event["machine"].startswith("guest"):
            check(event["certainty"] == "known", str(event))
            check(event.get("estimate", False) == (event["host"] == "node1"), str(event))


def moving(seed):
    """A guest that goes from one host to the other and back, twice"""
    cluster = Cluster(seed, 4 * NS)
    nodes = [cluster.node(hertz=2_000_000_000) for _ in range(2)]
    guest = NetTrace("mover", 100)
    guest.hertz = 2_000_000_000
    time, read = 1_000_000, 7_000_000
    for turn in range(4):
        node = nodes[turn % 2]
        # The guest's counter goes on from where it was, and a little later.
        running = Running(node, guest, time, read - node.clock.ticks(time) + 1000)
        last = running.run(time + 5000, time + 700_000_000)
        running.destroy(last + 1000)
        read = node.clock.ticks(last) + running.offset
        time = last + 60_000_000
    cluster.talk(*nodes)
    cluster.events(100)
    return cluster, guest


def test_moving():
    """One guest on two hosts, with lanes on both"""
    cluster, guest = moving(22)
    paths = write(cluster, [guest])
    events, _ = judge(cluster, paths)
    count = judge_stays(events)
    check(set(count) == {("mover", "node0"), ("mover", "node1")}, str(count))
    check(sum(count.values()) == sum(len(stream) for stream in guest.streams.values()),
          "events of the guest are missing")
    what, _ = summary(*paths)
    moves = [(move["from"], move["to"]) for move in what["moves"]]
    check(moves == [("node0", "node1"), ("node1", "node0"), ("node0", "node1")], str(moves))
    status, out, err = merge("--summary", *paths)
    check(status == 0 and "mover moved from node0 to node1" in out, err)
    status, _, err = merge("-o", f"{WORK}/moving.svg", *paths)
    check(status == 0, err)
    text = xml.dom.minidom.parse(f"{WORK}/moving.svg").toxml()
    check("guest mover on node0" in text and "guest mover on node1" in text, "no two lanes")
    check(text.count("<line ") == 3, "no arrow for each move")


BEHIND = 1_500_000


def migrated(seed, rest=(300_000, 800_000, 1_500_000), after=(), wait=2_000_000, beside=False):
    """
    A guest that goes from one host to the other, its counter 1.5 ms behind, with a stream that
    sends data before the guest stops, so many ns after that, and after it runs again. Return
    also what is true of that.
    """
    cluster = Cluster(seed, 2 * NS)
    nodes = [cluster.node(hertz=2_000_000_000) for _ in range(2)]
    guest = NetTrace("mover", 100)
    guest.hertz = 2_000_000_000
    first = Running(nodes[0], guest, 1_000_000, 7_000_000 - nodes[0].clock.ticks(1_000_000))
    stop = first.run(1_005_000, 700_000_000)
    before = [(time, 1000) for time in range(400_000_000, stop, 1_000_000)]
    down = [(stop + time, 500) for time in rest]
    begin = stop + max(rest, default=0) + wait
    chunks = before + down + [(begin + time, 700) for time in after]
    arrivals = cluster.stream(*nodes, chunks)
    if beside:
        # Sends more, but goes on when the guest runs
        cluster.stream(*nodes, [(time, 30_000)
                                for time in range(100_000_000, NS, 1_000_000)])
    counter = nodes[0].clock.ticks(stop) + first.offset + (begin - stop - BEHIND) * 2
    second = Running(nodes[1], guest, begin, counter - nodes[1].clock.ticks(begin))
    second.run(begin, begin + 700_000_000)
    for running in (first, second):
        running.destroy(begin + 800_000_000)
    cluster.talk(*nodes)
    sent = down[-1][0] if down else None
    received = arrivals[len(before) + len(down) - 1]
    return cluster, guest, {
        "stop": stop, "resume": second.entries[0], "begin": before[0][0],
        "bytes_before": 1000 * len(before), "bytes": 500 * len(down),
        "saving": down[0][0] - stop if down else None,
        "sending": sent - down[0][0] if down else None,
        "network": received - sent if down else None,
        "loading": second.entries[0] - received}


# By how much ns of two clocks may differ in a downtime, with the end of a tick
NEAR = 1000


def judge_down(cluster, guest, truth, longest):
    """Each part of the downtime is what it truly was. Return the move."""
    paths = write(cluster, [guest])
    what, _ = summary(*paths)
    check(len(what["moves"]) == 1, str(what["moves"]))
    down = what["moves"][0]["down"]
    length = truth["resume"] - truth["stop"]
    check(down["least_ns"] - NEAR <= length <= down["most_ns"] + NEAR, f"{length}: {down}")
    check(down["most_ns"] - down["least_ns"] < 300_000, "too wide")
    check(abs(down["guest_ns"] - (length - BEHIND)) <= NEAR, f"{length - BEHIND}: {down}")
    stream = down["stream"]
    check(stream["bytes_before"] == truth["bytes_before"], f"{truth}: {stream}")
    check((stream["source"], stream["destination"], stream["destination_port"]) ==
          ("10.0.0.1", "10.0.0.2", 4444), str(stream))
    if longest is None:
        check(stream["parts"] is None, str(stream))
        return paths, what["moves"][0]
    parts = stream["parts"]
    for name in ("saving", "sending", "network", "loading"):
        check(parts[f"{name}_least_ns"] - NEAR <= truth[name] <= parts[f"{name}_most_ns"] + NEAR,
              f"{name}: {truth[name]}: {parts}")
        check(name == "network" or parts[f"{name}_least_ns"] == parts[f"{name}_most_ns"], name)
    check(parts["bytes"] == truth["bytes"] and parts["longest"] == longest, f"{truth}: {parts}")
    return paths, what["moves"][0]


def test_downtime():
    """How long a guest was down, for itself and for the hosts, and what took so long"""
    for seed, rest, wait, longest in ((40, (300_000, 800_000, 1_500_000), 9_000_000, "loading"),
                                      (41, (300_000, 9_000_000, 20_000_000), 2_000_000, "sending"),
                                      (42, (11_000_000, 12_000_000), 2_000_000, "saving")):
        cluster, guest, truth = migrated(seed, rest, wait=wait)
        paths, move = judge_down(cluster, guest, truth, longest)
        check(not move["down"]["stream"]["goes_on"], "goes on")
        status, out, err = merge("--summary", *paths)
        check(status == 0 and f"from 10.0.0.1 port {move['down']['stream']['source_port']} to "
              f"10.0.0.2 port 4444: {truth['bytes_before']} bytes in " in out, out + err)
        check(f"for the guest {move['down']['guest_ns'] / 1e6:.6f} ms: its counter stepped by "
              f"{move['down']['guest_ns'] - move['down']['most_ns']} to " in out, out)
        # The reference is another one, and what it is does not change what was.
        what, _ = summary("--reference", "node1", *paths)
        other = what["moves"][0]["down"]
        check(other["stream"]["parts"]["loading_least_ns"] ==
              move["down"]["stream"]["parts"]["loading_least_ns"] and
              other["least_ns"] <= truth["resume"] - truth["stop"] + NEAR <=
              other["most_ns"] + 2 * NEAR, f"{other} and {move}")


def vcpu_lanes(data):
    """By machine's name, the texts of the stretches of its vCPUs"""
    texts = {}
    for lane in data["lanes"]:
        if lane["kind"] == "vcpu":
            name = data["machines"][lane["machine"]]["name"]
            texts.setdefault(name, []).append(page_items(lane["items"], data["texts"]))
    return texts


def page_items(text, texts):
    """(begin, length, text) of what a page has in a lane"""
    numbers, value, shift = [], 0, 0
    for byte in base64.b64decode(text):
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            numbers.append(value)
            value = shift = 0
    items, at = [], 0
    for begin, length, number in zip(*[iter(numbers)] * 3):
        at += begin
        items.append((at, length, texts[number]))
    return items


def test_downtime_pictures():
    """The guest's lane on the host that it leaves ends with the downtime; packets are flows"""
    cluster, guest, truth = migrated(46)
    paths = write(cluster, [guest])
    status, _, err = merge("-o", f"{WORK}/down.html", *paths)
    check(status == 0, err)
    with open(f"{WORK}/down.html", encoding="utf-8") as file:
        page = file.read()
    data = json.loads(re.search('<script id="data"[^>]*>(.*?)</script>', page, re.S).group(1))
    lanes = vcpu_lanes(data)
    (left,), (came,) = lanes["mover on node0"], lanes["mover on node1"]
    check(left[-1][2] == "moves to another host", str(left[-2:]))
    check(abs(left[-1][1] - (truth["resume"] - truth["stop"])) < 300_000, str(left[-1]))
    check(left[-1][0] + left[-1][1] == came[0][0] and came[0][2] == "in guest", str(came[0]))
    check(sum(text == "moves to another host" for _, _, text in left + came) == 1, "more")
    # Some before the stop, each of the three after that
    arrows = [data["arrows"][at:at + 6] for at in range(0, len(data["arrows"]), 6)]
    kinds = [data["lanes"][arrow[0]]["kind"] for arrow in arrows]
    check(len(arrows) > 100 and set(kinds) == {"cpu"}, f"{len(arrows)} {set(kinds)}")
    down = [arrow for arrow in arrows if arrow[3] >= left[-1][0] and arrow[2] == 0]
    check(len(down) == 3, f"{len(down)} while it is down")
    check(all(arrow[5] > arrow[3] for arrow in arrows), "received before it was sent")
    status, _, err = merge("-o", f"{WORK}/down.perfetto-trace", *paths)
    check(status == 0, err)
    perfetto.check(f"{WORK}/down.perfetto-trace")
    with open(f"{WORK}/down.perfetto-trace", "rb") as file:
        text = file.read()
    check(text.count(b"sends guest") == text.count(b"receives guest") == len(arrows) - 1,
          "other flows")
    status, _, err = merge("-o", f"{WORK}/down.svg", *paths)
    check(status == 0, err)
    text = xml.dom.minidom.parse(f"{WORK}/down.svg").toxml()
    check(text.count("<line ") == 1, "other arrows")


def test_downtime_stream():
    """Which connection it is, if there are others, or if it goes on, or is not seen"""
    cluster, guest, truth = migrated(43, beside=True)
    judge_down(cluster, guest, truth, "loading")
    cluster, guest, truth = migrated(44, after=(3_000_000, 5_000_000, 7_000_000))
    paths, move = judge_down(cluster, guest, truth, "loading")
    check(move["down"]["stream"]["goes_on"], "does not go on")
    _, out, err = merge("--summary", *paths)
    check("went on after that (post-copy)" in out, err)
    # A connection that was there before the guest, and is when it is no more, is none.
    cluster, guest, truth = migrated(45, rest=())
    paths = write(cluster, [guest])
    what, _ = summary(*paths)
    check(what["moves"][0]["down"]["stream"] is None, str(what["moves"]))
    _, out, err = merge("--summary", *paths)
    check("no connection between the two hosts is seen by which it may have come" in out, err)


def test_move_is_message():
    """Its last read on the one precedes its first on the other: there and back is a bound"""
    cluster, guest = moving(23)
    for node in cluster.nodes:
        node.trace.streams[0] = [event for event in node.trace.streams[0]
                                 if event[1] == "test_event"]
    paths = write(cluster, [guest])
    _, err = judge(cluster, paths)
    check("node0 and node1: 3 messages are used" in err, err)


def test_trace_cmd():
    """
    trace-cmd records no headers of packets: what is known of its hosts is that a guest was on
    one before it was on the other
    """
    cluster, guest = moving(47)
    root = directory("trace-cmd")
    os.makedirs(root)
    paths = []
    for node in cluster.nodes:
        for cpu, stream in node.trace.streams.items():
            node.trace.streams[cpu] = sorted((event for event in stream
                                              if event[1] not in PACKETS),
                                             key=lambda event: event[0])
        paths.append(synthetic_dat.write(node.trace, f"{root}/{node.trace.host}.dat"))
    paths.append(guest.write(f"{root}/guest"))
    status, _, err = merge(*paths)
    check(status == 2 and "does not tell the frequency of its counter" in err, err)
    frequency = ("--frequency", "2000000000")
    _, err = judge(cluster, paths, *frequency)
    check("3 messages are used" in err, err)
    what, _ = summary(*frequency, *paths)
    for move in what["moves"]:
        # A guest was gone for 60 ms and more, and how long there and back took is known.
        down = move["down"]
        check(down["least_ns"] <= 62_000_000 <= down["most_ns"] <= 200_000_000, str(down))
        check(down["stream"] is None, str(down))


def test_programs():
    """A trace of programs is of the host whose clock and name it has"""
    cluster, guests = with_guests(24)
    paths = write(cluster, guests)
    programs = NetTrace("node1", cluster.nodes[1].number)
    programs.hertz, programs.offset_ns = (cluster.nodes[1].clock.hertz,
                                          cluster.nodes[1].trace.offset_ns)
    times = [cluster.random.randint(0, cluster.duration) for _ in range(40)]
    for time in sorted(times):
        programs.add(0, cluster.nodes[1].clock.ticks(time), "test_event", 77,
                     number=cluster.number_of(time))
    name = programs.write(f"{WORK}/cluster/programs")
    with open(f"{name}/metadata", encoding="ascii") as file:
        text = file.read()
    with open(f"{name}/metadata", "w", encoding="ascii") as file:
        file.write(text.replace('domain = "kernel"', 'domain = "ust"'))
    events, _ = judge(cluster, [name, *paths], "--reference", "node0")
    check(sum(event.get("thread") == 77 and event["machine"] == "node1" for event in events)
          == 40, "not of node1")


def recorded_twice(seed, cut, again):
    """The first host's trace in two parts: up to a time, and from another one on"""
    cluster, guests = with_guests(seed)
    node = cluster.nodes[0]
    parts = []
    for number, keep in enumerate((lambda time: time < node.clock.ticks(cut),
                                   lambda time: time >= node.clock.ticks(again))):
        part = NetTrace(node.trace.host, node.number)
        part.hertz, part.offset_ns = node.trace.hertz, node.trace.offset_ns + 1000 * number
        part.streams = {cpu: [event for event in stream if keep(event[0])]
                        for cpu, stream in node.trace.streams.items()}
        parts.append(part)
    return cluster, guests, parts


def test_recorded_twice():
    """Two recordings of one host: one after the other they are one, at once they are refused"""
    cluster, guests, parts = recorded_twice(25, NS, NS + 200_000_000)
    paths = write(cluster, guests)[1:]
    paths += [part.write(f"{WORK}/cluster/part-{number}") for number, part in enumerate(parts)]
    status, out, err = merge("--format", "json", "--reference", "node0", *paths)
    events = [json.loads(line) for line in out.splitlines()]
    check(status == 0 and {event["host"] for event in events} == {"node0", "node1"}, err)
    for event in events:
        if event["name"] == "test_event":
            judge_place(event, cluster.truth[event["fields"]["number"]], cluster.nodes[0])
    check(re.search("guest0 .* fall where the host's trace has lost events", err), err)
    cluster, guests, parts = recorded_twice(25, NS + 200_000_000, NS)
    paths = write(cluster, guests)[1:]
    paths += [part.write(f"{WORK}/cluster/part-{number}") for number, part in enumerate(parts)]
    status, _, err = merge(*paths)
    check(status == 2 and "two recordings of one host, or of clones" in err, err)


def test_named_hosts():
    """A host without guests looks like a guest; --host tells that it is none"""
    cluster, guests = with_guests(26)
    quiet = cluster.node(hertz=2_000_000_000)
    cluster.talk(cluster.nodes[0], quiet)
    for _ in range(50):
        quiet.event(cluster.random.randint(0, cluster.duration))
    paths = write(cluster, guests)
    status, _, err = merge("--format", "json", *paths)
    check(status == 1 and "node2: fits no VM of any host" in err and "--host" in err, err)
    judge(cluster, paths, *(word for path in paths[:3] for word in ("--host", path)))


def test_vm_of_host():
    """VMs of two hosts may have one number"""
    cluster, guests = with_guests(27)
    paths = write(cluster, guests)
    judge(cluster, paths, "--vm", f"{paths[3]}=11@node1")
    status, _, err = merge("--format", "json", "--vm", f"{paths[3]}=11@node0", *paths)
    check(status == 1 and "fits no VM" in err, err)


def test_forms():
    """Each machine has a place in the pictures, and estimates their uncertainty"""
    cluster, guests = with_guests(28)
    paths = write(cluster, guests)
    for form in ("html", "svg", "perfetto-trace"):
        status, _, err = merge("-o", f"{WORK}/forms.{form}", *paths)
        check(status == 0, err)
    with open(f"{WORK}/forms.html", encoding="utf-8") as file:
        page = file.read()
    data = json.loads(re.search('<script id="data"[^>]*>(.*?)</script>', page, re.S).group(1))
    names = [machine["name"] for machine in data["machines"]]
    check(names == ["node0", "guest0 on node0", "node1", "guest1 on node1"], str(names))
    check({lane["machine"] for lane in data["lanes"]} == {0, 1, 2, 3}, "lanes are missing")
    check(data["uncertainty_ns"] > 1000, "no uncertainty")
    perfetto.check(f"{WORK}/forms.perfetto-trace")
    status, _, err = merge("-o", directory("forms"), *paths)
    check(status == 0 and set(os.listdir(f"{WORK}/forms")) == {
        "node0", "guest0 on node0", "node1", "guest1 on node1"}, err)
    done = subprocess.run(["babeltrace2", "--names", "context", f"{WORK}/forms"],
                          stdout=subprocess.PIPE, text=True, check=True)
    check("placed_earlier = " in done.stdout, "estimates are not told")
    status, want, _ = merge("--format", "json", *paths)
    check(len(done.stdout.splitlines()) == len(want.splitlines()), "other events")
    middle = json.loads(want.splitlines()[len(want.splitlines()) // 2])["ticks"]
    status, out, err = merge("--format", "json", "--from", str(middle), *paths)
    check(status == 0 and all(json.loads(line)["ticks"] >= middle for line in out.splitlines())
          and out, err)
    status, _, err = merge("--format", "text", *paths)
    check(status == 0, err)


def test_refused():
    cluster = chain(29)
    paths = write(cluster)
    for words, text in ((("--model", f"{WORK}/model"), "--model keeps what is found of one host"),
                        (("--epoch", "5"), "--epoch chooses an epoch of one host"),
                        ((paths[0],), "are the same trace")):
        status, _, err = merge(*words, *paths)
        check(status == 2 and text in err, f"{words}: {status}: {err}")


if __name__ == "__main__":
    main("several", dict(globals()), WORK)
