#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The plugin of Babeltrace 2, in graphs that "babeltrace2 run" runs: what comes out has to be
what clocktrace merge writes of the same traces. Prints TAP.
"""

import functools
import json
import os
import shutil
import sys

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import merge
import synthetic_dat
from points import check, main, run
from synthetic import Vcpu, Vm, World

PLUGINS = os.environ.get("PLUGINS", merge.TOOLS)


def parameters(**values):
    """As babeltrace2 takes them"""
    return ",".join(f"{name}={json.dumps(value)}" for name, value in values.items())


def babeltrace(*words):
    """Status, standard output and error of babeltrace2 with the plugin"""
    return run("babeltrace2", "--plugin-path", PLUGINS, *words)


def graph(sources, model, sink, *options, status=0):
    """Run traces through the filter; each source is its class and a list of traces"""
    words = [*options, "run", "-c", "line:filter.clocktrace.timeline", "-p",
             parameters(model=model)]
    for number, (name, traces) in enumerate(sources):
        words += ["-c", f"in{number}:source.{name}", "-p", parameters(inputs=traces),
                  "-x", f"in{number}:line"]
    name, values = sink
    words += ["-c", f"out:sink.{name}", *(["-p", parameters(**values)] if values else ()),
              "-x", "line:out"]
    got, out, err = babeltrace(*words)
    check(got == status, f"exit status {got}, not {status}: {err}")
    return out, err


def from_ctf(paths):
    """One source for each, for source.ctf.fs takes the traces of one machine"""
    return [("ctf.fs", [path]) for path in paths]


def from_here(paths):
    return [("clocktrace.trace", paths)]


def learn(paths, *options, status=0):
    """The model, and what merge prints"""
    model = os.path.join(merge.WORK, "plugin-model")
    if os.path.exists(model):
        os.unlink(model)
    got, out, err = merge.merge("--model", model, "--format", "json", *options, *paths)
    check(got == status, f"merge: exit status {got}: {err}")
    return model, out, err


def compare(world, guests, *options, status=0, unplaced=0, sources=(from_ctf, from_here)):
    """In place of merge.judge(): each line is the same, with each of the sources"""
    paths = merge.write(world, guests)
    model, wanted, told = learn(paths, *options, status=status)
    sink = "clocktrace.output", {"model": model, "format": "json"}
    for source in sources:
        out, err = graph(source(paths), model, sink)
        check(wanted and out == wanted, "not the events of merge:\n" + "\n".join(
            f"{a}\n{b}" for a, b in zip(wanted.splitlines(), out.splitlines()) if a != b)[:1000])
        check(not unplaced or "not placed" in err, f"not said: {err}")
    return merge.events_of(out), told


def like_merge(*tests, **values):
    """Tests of merge, with the judge of these"""
    judge, merge.judge = merge.judge, functools.partial(compare, **values)
    try:
        for test in tests:
            test()
    finally:
        merge.judge = judge


def is_old():
    """Babeltrace 2.0, which does not know CTF 2"""
    return babeltrace("--version")[1].startswith("Babeltrace 2.0")


def simple():
    """The traces of a host and a guest"""
    world, guest = merge.simple()
    return merge.write(world, [guest])


def test_found():
    status, out, _ = babeltrace("list-plugins")
    check(status == 0, out)
    for name in ("source.clocktrace.trace", "filter.clocktrace.timeline",
                 "sink.clocktrace.output"):
        check(f"'{name}'" in out, f"{name} is not there: {out}")


def test_installed():
    """Where babeltrace2 looks for its own plugins"""
    root = merge.directory("installed")
    make = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    status, _, err = run("make", "-s", "--no-print-directory", "-C", make, "install-plugin",
                         f"O={os.path.abspath(merge.TOOLS)}", f"DESTDIR={root}",
                         "PREFIX=/usr/local")
    check(status == 0, err)
    found = [os.path.join(place, name) for place, _, names in os.walk(root) for name in names]
    check(len(found) == 1 and found[0].endswith("/babeltrace-plugin-clocktrace.so"), found)
    _, out, _ = run("babeltrace2", "list-plugins")
    check(f"Path: {os.path.dirname(found[0])[len(root):]}/babeltrace-plugin-ctf.so" in out,
          f"{found[0]}, and not with {out}")


test_two_guests = functools.partial(like_merge, merge.test_two_guests)
test_migration = functools.partial(like_merge, merge.test_migration, merge.test_loadvm)
test_one_tick = functools.partial(like_merge, merge.test_scaled, merge.test_one_tick)
test_not_placed = functools.partial(like_merge, merge.test_loss, merge.test_before_and_after)
for function in ("two_guests", "migration", "one_tick", "not_placed"):
    globals()[f"test_{function}"].__name__ = f"test_{function}"


def test_trace_cmd():
    """The events of files of trace-cmd are where merge has them"""
    world = World(40)
    guest = world.guest("guest")
    Vcpu(world, Vm(100, 7), 0, -9_000_000).run(world.stays(100), guest, 0)
    root = merge.directory("plugin-dat")
    os.mkdir(root)
    paths = [synthetic_dat.write(trace, f"{root}/{name}.dat")
             for trace, name in ((guest, "guest"), (world.host, "host"))]
    model, wanted, _ = learn(paths)
    out, err = graph(from_here(paths), model, ("clocktrace.output", {"model": model}))
    check("does not tell the frequency" in err, err)
    out, _ = graph(from_here(paths), model,
                   ("clocktrace.output", {"model": model, "format": "json"}))
    events = merge.events_of(out)
    for event in events:
        # The thread, which CTF has no other place for
        check(event.pop("context") == {"tid": event["thread"]}, event)
    check(events == merge.events_of(wanted) and len(events) == 701, "not the events of merge")


def test_forms():
    """All forms that merge writes, byte for byte"""
    paths = simple()
    model = learn(paths)[0]
    for form in ("html", "svg", "perfetto-trace", "json", "txt"):
        wanted, got = (f"{merge.WORK}/{name}.{form}" for name in ("wanted", "got"))
        status, _, err = merge.merge("--quiet", "--model", model, "-o", wanted, *paths)
        check(status == 0, err)
        graph(from_ctf(paths), model, ("clocktrace.output", {"model": model, "path": got}))
        with open(wanted, "rb") as one, open(got, "rb") as other:
            check(one.read() == other.read(), f"{form} is another")


def test_ctf():
    """What others' sinks get, and what they write of it"""
    world, guest = merge.simple()
    world.host.streams[0].sort(key=lambda event: event[0])
    world.host.losses[0] = {100}
    paths = merge.write(world, [guest])
    model, wanted, _ = learn(paths)
    events = merge.events_of(wanted)
    clock = "--clock-seconds"
    lines, _ = graph(from_ctf(paths), model, ("text.pretty", {"clock-seconds": True}))
    path = merge.directory("plugin-ctf")
    values = {"path": path, "ignore-discarded-events": True}
    if not is_old():
        # CTF 2 is of a newer protocol of messages.
        values["ctf-version"] = "1"
    graph(from_ctf(paths), model, ("ctf.fs", values))
    status, written, err = babeltrace(clock, path)
    check(status == 0, err)
    for text in lines, written:
        lines = text.splitlines()
        check(len(lines) == len(events), f"{len(lines)} lines of {len(events)} events")
        # Babeltrace orders by nanoseconds, and so may swap what one of them holds.
        got = sorted((line[1:].split("]")[0], *line.split(") ")[1].split(":")[0].split())
                     for line in lines)
        want = sorted((f"{e['ticks'] // 2 // 10**9}.{e['ticks'] // 2 % 10**9:09}", e["machine"],
                       e["name"]) for e in events)
        check(got == want, "other events: ", [pair for pair in zip(got, want)
                                              if pair[0] != pair[1]][:2])
    check('placed_vcpu = 1, placed_raw = ' in written and 'placed_certainty = "known"' in written,
          "not said how an event was placed")


def refused(text, sources, model, sink=("utils.dummy", {})):
    """An error with this text, and no crash"""
    _, err = graph(sources, model, sink, status=1)
    check(text in " ".join(err.split()), f"not said: {text}: {err}")


def refused_words(text, *words):
    """The same of a graph that lacks nothing but what the words are about"""
    status, _, err = babeltrace("run", *words)
    check(status == 1 and text in " ".join(err.split()), f"{status}, not said: {text}: {err}")


def test_parameters():
    paths = simple()
    model = learn(paths)[0]
    host = ("-c", "in:source.ctf.fs", "-p", parameters(inputs=paths[1:]))
    line = ("-c", "line:filter.clocktrace.timeline")
    dummy = ("-c", "out:sink.utils.dummy")
    output = ("-c", "out:sink.clocktrace.output")
    for text, words in (
            ("the parameter 'model' is missing", ()),
            ("the parameter 'model' has to be a text", ("-p", "model=1")),
            ("there is no parameter 'modell'", ("-p", 'modell="x"'))):
        refused_words(text, *host, *line, *words, *dummy, "-x", "in:line", "-x", "line:out")
        refused_words(text, *host, *output, *words, "-x", "in:out")
    for text, values in (("there is no format 'x'", {"format": "x"}),
                         ("needs the parameter 'path'", {"format": "html"}),
                         ("connect sink.ctf.fs", {"format": "ctf", "path": "x"})):
        refused_words(text, *host, *output, "-p", parameters(model=model, **values), "-x", "in:out")
    for text, words in (("No such file", ("-p", parameters(inputs=[f"{merge.WORK}/none"]))),
                        ("array of paths", ()),
                        ("array of paths", ("-p", "inputs=[1]")),
                        ("number of Hz", ("-p", 'inputs=["x"],frequency="x"'))):
        refused_words(text, "-c", "in:source.clocktrace.trace", *words, *dummy, "-x", "in:out")
    mux = ("-c", "mux:filter.utils.muxer", "-x", "in:mux")
    refused_words("connect filter.clocktrace.timeline", *host, *mux, *output, "-p",
                  parameters(model=model), "-x", "mux:out")
    refused_words("without a muxer", *host, *mux, *line, "-p", parameters(model=model), *dummy,
                  "-x", "mux:line", "-x", "line:out")


def test_models():
    """A model that is missing, damaged or of other traces"""
    paths = simple()
    model = learn(paths)[0]
    sources = from_ctf(paths)
    refused("No such file", sources, f"{merge.WORK}/none")
    with open(model, "rb") as file:
        data = file.read()
    with open(f"{model}-cut", "wb") as file:
        file.write(data[:len(data) // 2])
    refused("it is damaged", sources, f"{model}-cut")
    refused("no stream is of the model's host", sources[:1], model)
    refused("none/x.svg", sources, model,
            ("clocktrace.output", {"model": model, "path": f"{merge.WORK}/none/x.svg"}))
    world, guest = merge.simple(2)
    guest.number = 77
    refused("the model is of other traces", from_ctf(merge.write(world, [guest], "other")), model)


def test_ctf2():
    """What source.ctf.fs reads for newer components alone"""
    if not is_old():
        like_merge(merge.test_ctf2, sources=[from_here])
        return
    world, guest = merge.simple()
    model = learn(merge.write(world, [guest]))[0]
    guest.ctf2 = True
    refused("reads from version 2.1 on", from_here(merge.write(world, [guest])), model)


def test_clones():
    """Two guests whose clocks have one UUID are told apart by their files, or not at all"""
    world = World(41)
    guests = world.guest("one"), world.guest("other")
    guests[1].number = guests[0].number
    for number, guest in enumerate(guests):
        Vcpu(world, Vm(100, 7 + number), 0, -9_000_000 - number).run(world.stays(100), guest, 0)
    paths = merge.write(world, guests)
    model, wanted, _ = learn(paths)
    refused("is that of several traces of the model", from_ctf(paths), model)
    out, _ = graph(from_here(paths), model,
                   ("clocktrace.output", {"model": model, "format": "json"}))
    check(out == wanted, "not the events of merge")


def test_damaged():
    """What is cut gives an error with either source, or what is before is used"""
    paths = simple()
    model = learn(paths)[0]
    data = f"{paths[0]}/kernel_1"
    path = f"{merge.WORK}/unfinished.json"
    sink = "clocktrace.output", {"model": model, "path": path}
    with open(data, "r+b") as file:
        # An event of no class, after a header of 52 bytes and 500 events of 24 each
        file.seek(52 + 500 * 24)
        file.write(b"\xff\xff\xff\xff")
    refused("what is upstream has failed", from_ctf(paths), model, sink)
    check(not os.path.exists(path), "what was not completed has a name")
    # This one is read as merge reads it.
    _, err = graph(from_here(paths), model, sink)
    check("ends after 500 events" in err and "what is before is used" in err, err)
    with open(path, encoding="utf-8") as file:
        count = sum(1 for _ in file)
    # libbabeltrace2 gives up the other stream of the trace, too.
    check("has given up" in err and 802 < count < 2302, f"{count} events: {err}")
    os.truncate(data, os.path.getsize(data) - 5)
    refused("Failed to index", from_ctf(paths), model)
    _, err = graph(from_here(paths), model, sink)
    check("ends after 500 events: the file kernel_1 is cut; what is before is used" in err, err)
    with open(path, encoding="utf-8") as file:
        count = sum(1 for _ in file)
    check(count == 2302, f"{count} events: {err}")
    with open(f"{paths[0]}/metadata", "r+", encoding="ascii") as file:
        file.truncate(700)
    refused("cannot be read", from_here(paths), model)
    shutil.rmtree(paths[0])
    refused("No such file", from_here(paths), model)


if __name__ == "__main__":
    main("babeltrace2", dict(globals()), merge.WORK)
