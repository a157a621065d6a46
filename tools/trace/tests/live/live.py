#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
clocktrace merge --live with a real lttng-relayd and lttng-sessiond, and programs that LTTng
traces: what comes is printed while it comes, and nothing that goes away stops it. Figures are
printed as comments, and no point depends on them. Prints TAP.
"""

import json
import os
import re
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
# pylint: disable=wrong-import-position
from points import Failed, check, main

TOOLS = os.environ.get("O", "../../out/tools/trace")
MERGE = os.path.join(TOOLS, "clocktrace-merge")
WORK = tempfile.mkdtemp()
# Beyond this, something hangs.
LIMIT = 60
HZ = 2_000_000_000
NS = 1_000_000_000

# Who has started this may have it ignored, and then so would those that are started here.
signal.signal(signal.SIGINT, signal.default_int_handler)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Lines:
    """The lines of a pipe, each waited for up to the limit"""

    def __init__(self, pipe):
        self.pipe, self.rest = pipe, b""

    def next(self, limit=LIMIT):
        """A line without its end, None at the end of all"""
        until = time.monotonic() + limit
        while b"\n" not in self.rest:
            left = until - time.monotonic()
            check(left > 0 and select.select([self.pipe], [], [], left)[0],
                  f"nothing has come for {limit} s")
            data = os.read(self.pipe.fileno(), 65536)
            if not data:
                return None
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()


class Relayd:
    """A lttng-relayd, which may be killed and started again at the same ports"""

    def __init__(self):
        self.control, self.data, self.live = free_ports(3)
        self.process = None
        self.start()

    def start(self):
        where = tempfile.mkdtemp(dir=WORK)
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            ["lttng-relayd", "-o", where, "-C", f"tcp://127.0.0.1:{self.control}",
             "-D", f"tcp://127.0.0.1:{self.data}", "-L", f"tcp://127.0.0.1:{self.live}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": where, "LTTNG_HOME": where})
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            with socket.socket() as one:
                if not one.connect_ex(("127.0.0.1", self.live)):
                    return
            time.sleep(0.02)
        raise Failed("lttng-relayd does not come")

    def stop(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait(LIMIT)

    def url(self, host):
        return f"net://127.0.0.1:{self.live}/host/{host}/s"


class Host:
    """A machine with a session and a program"""

    def __init__(self, name, relayd, number, **environment):
        self.name = name
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [os.path.join(HERE, "host.sh"), name, str(relayd.control), str(relayd.data),
             os.path.join(WORK, "writer")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "LTTNG_UST_CLOCK_PLUGIN": os.path.join(WORK, "clock.so"),
                 "TEST_CLOCK_HZ": str(HZ), "LTTNG_UST_REGISTER_TIMEOUT": "-1",
                 "TEST_CLOCK_UUID": f"6ba7b810-9dad-41d1-80b4-00c04fd430{number:02x}",
                 **environment})
        self.lines = Lines(self.process.stdout)
        self.is_ready = False

    def await_program(self):
        """They take a second each, and start all at once."""
        if not self.is_ready:
            check(self.lines.next() == "ready", "the program does not come")
        self.is_ready = True
        return self

    def say(self, text):
        self.await_program()
        self.process.stdin.write(f"{text}\n".encode())
        self.process.stdin.flush()

    def do(self, text):
        self.say(text)
        return self.lines.next()

    def leave(self):
        self.process.stdin.close()

    def close(self):
        self.process.wait(LIMIT)
        self.process.stdout.close()


class Merge:
    """A live merge that is running"""

    def __init__(self, *words):
        self.error = tempfile.TemporaryFile(dir=WORK)
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([MERGE, "--live", *words], stdout=subprocess.PIPE,
                                        stderr=self.error)
        self.lines = Lines(self.process.stdout)

    def event(self, limit=LIMIT):
        line = self.lines.next(limit)
        return json.loads(line) if line else None

    def numbers(self, count):
        """The numbers of the next events"""
        return [number_of(self.event()) for _ in range(count)]

    def end(self, number=None):
        """Exit status, what else is printed, and standard error"""
        if number:
            self.process.send_signal(number)
        rest = []
        while (line := self.lines.next()) is not None:
            rest.append(line)
        status = self.process.wait(LIMIT)
        self.process.stdout.close()
        return status, rest, self.said()

    def said(self):
        self.error.seek(0)
        return self.error.read().decode()

    def children(self):
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as file:
            return [int(word) for word in file.read().split()]


def number_of(event):
    return int(event["fields"]["msg"].split()[-1])


def refuse(*words, what):
    done = subprocess.run([MERGE, "--live", *words], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, timeout=LIMIT, check=False)
    check(done.returncode == 2, f"exit status {done.returncode}: {done.stderr}")
    check(re.search(what, done.stderr), f"not said: {what}: {done.stderr}")


def resident(process):
    with open(f"/proc/{process}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))


def ask(merge, host, relayd):
    """Wait until a session is read: of what is written before, nobody knows."""
    for _ in range(LIMIT * 4):
        host.do("write 1 0")
        try:
            return number_of(merge.event(0.25))
        except Failed:
            check(merge.process.poll() is None, merge.said())
    raise Failed(f"{relayd.url(host.name)} is not read: {merge.said()}")


# The relay daemons and hosts by name; alpha is that of most tests
RELAYDS = {}
HOSTS = {}


def test_wrong_urls():
    HOSTS["alpha"].await_program()
    refuse("somewhere", what="not the URL of a live session")
    refuse("net://127.0.0.1/host/a/", what="not the URL of a live session")
    refuse("net://127.0.0.1/host/a/s", "net://127.0.0.1/host/a/s", what="named twice")
    refuse(f"net://127.0.0.1:{free_ports(1)[0]}/host/a/s", what="Connection refused")
    refuse(RELAYDS["alpha"].url("alpha").replace("/s", "/other"),
           what="no live session of that name.*(?s:.)*alpha/s")
    refuse("-o", "x.html", RELAYDS["alpha"].url("alpha"), what="writes text or json")
    refuse("--from", "1", RELAYDS["alpha"].url("alpha"), what="--from is not for --live")
    refuse("--patience", "x", RELAYDS["alpha"].url("alpha"), what="not a number")


def test_what_is_no_relayd():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        # pylint: disable=consider-using-with
        merge = subprocess.Popen([MERGE, "--live", f"net://127.0.0.1:{port}/host/a/s"],
                                 stderr=subprocess.PIPE, text=True)
        connection, _ = server.accept()
        # A relayd of a version that does not exist: the head of an answer, and 99.99
        connection.recv(4096)
        connection.sendall(bytes(8) + (99).to_bytes(4, "big") * 2 + bytes(4))
        error = merge.communicate(timeout=LIMIT)[1]
        connection.close()
        check(merge.returncode == 2, f"exit status {merge.returncode}")
        check("no live session can be read from lttng-relayd" in error, error)


def test_another_clock():
    relayd, host = RELAYDS["alpha"], HOSTS["gamma"].await_program()
    merge = Merge(relayd.url("gamma"))
    until = time.monotonic() + LIMIT
    # The clock is known when something has come.
    while merge.process.poll() is None and time.monotonic() < until:
        host.do("write 1 1000")
    status, _, error = merge.end()
    check(status == 2 and "clocktrace-lttng setup" in error, f"{status}: {error}")


def test_events_are_printed_while_they_come():
    merge = Merge("--format", "json", RELAYDS["alpha"].url("alpha"))
    ask(merge, HOSTS["alpha"], RELAYDS["alpha"])
    HOSTS["alpha"].say("write 40 50000")
    times = []
    last = None
    while len(times) < 38:
        event = merge.event()
        took = time.monotonic_ns() - event["ticks"] * NS // HZ
        number = number_of(event)
        check(last is None or number == last + 1, f"{number} follows {last}")
        last = number
        times.append(took / 1e6)
    HOSTS["alpha"].lines.next()
    status, _, error = merge.end(signal.SIGINT)
    check(status == 0, f"exit status {status}: {error}")
    check("alpha: host" in error, error)
    print(f"# from an event to its line: {statistics.median(times):.0f} ms (median), "
          f"{max(times):.0f} ms (worst), with a live timer of 100 ms")


def test_signals_end_it_with_a_summary():
    for number in signal.SIGINT, signal.SIGTERM:
        merge = Merge("--json", RELAYDS["alpha"].url("alpha"))
        for _ in range(LIMIT * 10):
            if merge.children():
                break
            time.sleep(0.1)
        time.sleep(0.5)
        status, rest, error = merge.end(number)
        check(status in (0, 1), f"exit status {status}: {error}")
        check(json.loads("".join(rest))["sessions"][0]["url"] == RELAYDS["alpha"].url("alpha"), rest)


def test_output_that_cannot_be_written():
    with open("/dev/full", "wb") as full:
        # pylint: disable=consider-using-with
        merge = subprocess.Popen([MERGE, "--live", RELAYDS["alpha"].url("alpha")], stdout=full,
                                 stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + LIMIT
        while merge.poll() is None and time.monotonic() < until:
            HOSTS["alpha"].do("write 100 1000")
        error = merge.communicate(timeout=LIMIT)[1]
    check(merge.returncode == 2 and "No space left" in error,
          f"exit status {merge.returncode}: {error}")
    merge = Merge(RELAYDS["alpha"].url("alpha"))
    merge.process.stdout.close()
    until = time.monotonic() + LIMIT
    while merge.process.poll() is None and time.monotonic() < until:
        HOSTS["alpha"].do("write 100 1000")
    check(merge.process.poll() == -signal.SIGPIPE, f"exit status {merge.process.poll()}")


def test_a_flood_takes_no_memory():
    merge = Merge("--format", "json", "--memory", "1", RELAYDS["alpha"].url("alpha"))
    first = ask(merge, HOSTS["alpha"], RELAYDS["alpha"])
    # Nobody takes the lines, so that all of it has to wait.
    last = int(HOSTS["alpha"].do("write 100000 0")) - 1
    time.sleep(1)
    peak = max(resident(process) for process in [merge.process.pid, *merge.children()])
    HOSTS["alpha"].do("write 1 0")
    got, number = 1, first
    while number < last:
        event = merge.event()
        check(number_of(event) > number, "not in order")
        number = number_of(event)
        got += 1
        if got % 20000 == 0:
            peak = max(peak, *(resident(one)
                               for one in [merge.process.pid, *merge.children()]))
    status, _, error = merge.end(signal.SIGINT)
    missing = last - first + 1 - got
    check(status == 0, f"exit status {status}: {error}")
    check(not missing or "losses by the tracer" in error, f"{missing} are missing: {error}")
    # 100,000 events would take more than that.
    check(peak < 16384, f"{peak} KiB are resident")
    print(f"# of {last - first + 1} events without a pause {got} are printed, the tracer has "
          f"lost {missing}; at most {peak} KiB are resident")


def test_a_flood_that_has_to_wait_is_not_read_on():
    # Without a message between the two hosts, all waits for as long as the patience.
    merge = Merge("--format", "json", "--memory", "1", "--patience", "600", "--reference", "alpha",
                  RELAYDS["alpha"].url("alpha"), RELAYDS["beta"].url("beta"))
    until, steady = time.monotonic() + LIMIT, 0
    while len(merge.children()) < 2:
        check(time.monotonic() < until and merge.process.poll() is None, merge.said())
        time.sleep(0.01)
    base = peak = resident(merge.process.pid)
    while peak < base + 512 or steady < 5:
        check(time.monotonic() < until, f"{peak} KiB are resident")
        HOSTS["alpha"].do("write 20000 0")
        HOSTS["beta"].do("write 1 0")
        now = resident(merge.process.pid)
        steady = steady + 1 if now == peak else 0
        peak = max(peak, now)
        check(peak < base + 12288, f"{base} KiB became {peak} KiB")
    status, rest, error = merge.end(signal.SIGINT)
    check(status == 1 and len(rest) > 1000, f"exit status {status}, {len(rest)} events: {error}")


def test_a_relayd_that_stops_stops_nobody():
    relayd, host = RELAYDS["beta"], HOSTS["beta"].await_program()
    merge = Merge("--format", "json", "--patience", "1", "--reference", "alpha",
                  RELAYDS["alpha"].url("alpha"), relayd.url("beta"))
    ask(merge, HOSTS["alpha"], RELAYDS["alpha"])
    relayd.process.send_signal(signal.SIGSTOP)
    until = time.monotonic() + LIMIT
    while "beta/s: nothing has come for 1 s" not in merge.said():
        check(time.monotonic() < until, "beta is waited for")
        ask(merge, HOSTS["alpha"], RELAYDS["alpha"])
    relayd.process.send_signal(signal.SIGCONT)
    ask(merge, HOSTS["alpha"], RELAYDS["alpha"])
    status, _, error = merge.end(signal.SIGTERM)
    # Without a message between the two, there is no bound.
    check(status in (0, 1), f"exit status {status}: {error}")


def test_a_relayd_that_is_killed_and_started_again():
    relayd, host = RELAYDS["delta"], HOSTS["delta"].await_program()
    merge = Merge("--format", "json", relayd.url("delta"))
    first = ask(merge, host, relayd)
    relayd.stop()
    relayd.start()
    check(host.do("again") == "again", "no session")
    second = ask(merge, host, relayd)
    check(second > first, f"{second} comes after {first}")
    check(host.do("end") == "ended", "the session does not end")
    status, _, error = merge.end()
    check(status == 0, f"exit status {status}: {error}")
    check("it is tried again" in error and "it is there again" in error, error)
    check("1 reconnections" in error, error)


def build():
    """What is traced, and by which clock"""
    compiler = os.environ.get("CC", "cc")
    for words in (["-shared", "-fPIC", "-o", "clock.so", f"{HERE}/clock.c", "-llttng-ust"],
                  ["-o", "writer", f"{HERE}/writer.c", "-llttng-ust", "-ldl"]):
        done = subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", *words], cwd=WORK,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            return done.stderr
    return None


def lacking():
    """Why it cannot be tried here, or None"""
    for program in "lttng", "lttng-sessiond", "lttng-relayd":
        if not shutil.which(program):
            return f"there is no {program}: install the package lttng-tools"
    if subprocess.run([os.environ.get("CC", "cc"), "-E", "-o", os.devnull, "-include",
                       "lttng/tracef.h", "-xc", os.devnull],
                      stderr=subprocess.DEVNULL, check=False).returncode:
        return "there is no lttng/tracef.h: install the package liblttng-ust-dev"
    if subprocess.run(["unshare", "--mount", "--uts", "mount", "-t", "tmpfs", "tmpfs", "/run"],
                      stderr=subprocess.DEVNULL, check=False).returncode:
        return "no mount namespace can be made: run it as root"
    return None


if __name__ == "__main__":
    WHY = lacking()
    if WHY:
        print(f"TAP version 13\nok 1 - live: real daemons # SKIP {WHY}\n1..1")
        shutil.rmtree(WORK)
        sys.exit(0)
    ERROR = build()
    if ERROR:
        print(f"Bail out! {ERROR}")
        sys.exit(1)
    for NAME in "alpha", "beta", "delta":
        RELAYDS[NAME] = Relayd()
    for NUMBER, NAME in enumerate(("alpha", "beta", "delta"), 1):
        HOSTS[NAME] = Host(NAME, RELAYDS[NAME], NUMBER)
    HOSTS["gamma"] = Host("gamma", RELAYDS["alpha"], 9, LTTNG_UST_CLOCK_PLUGIN="")
    try:
        main("live", dict(globals()), WORK)
    finally:
        for ONE in HOSTS.values():
            ONE.leave()
        for ONE in HOSTS.values():
            ONE.close()
        for ONE in RELAYDS.values():
            ONE.stop()
