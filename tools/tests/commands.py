#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The command line of all commands: whatever is installed below INSTALLED, which is in the
environment, and each of its sub-commands, keeps one contract. Exit status 0 is yes, 1 no,
2 wrong usage, unusable input or output. Prints TAP.

Commands are found by looking, so that a new one is tested. What none of the lists below
knows of it is a failure.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "tools/trace/tests"))
# pylint: disable=wrong-import-position
from synthetic import Vcpu, Vm, World

VERSION = (TOP / "VERSION").read_text(encoding="ascii").strip()
WORK = Path(tempfile.mkdtemp())
# Beyond this, a command hangs.
LIMIT = 600

# Operands of commands: what stands for a file that is not there, and for one that is
MISSING = WORK / "missing"
FILES = {
    "TRACE": (str(MISSING), str(WORK / "host")),
    "PID:SAMPLES": (f"100:{MISSING}", f"100:{WORK / 'guest'}"),
}
NO_FILES = {"COMMAND", "VALUE", "ARGUMENT"}

# Commands whose output no program reads
NO_JSON = {"clocktrace-lttng setup", "clocktrace-lttng undo", "clocktrace-guest-sampler"}
# How each command prints a result, here and now; a dict in front is environment
RUNS = {
    "clocktrace info": None,
    "clocktrace check": ["--last", "--sysfs", str(WORK / "sysfs"), "--debugfs", str(MISSING)],
    "clocktrace read": ["--fallback"],
    "clocktrace watch": ["--timeout", "0.01", "--sysfs", str(WORK / "sysfs")],
    "clocktrace convert": ["--frequency", "1", "1"],
    "clocktrace bench": ["--rounds", "1", "--calls", "1"],
    "clocktrace-merge": [str(WORK / "host"), str(WORK / "guest")],
    "clocktrace-record": ["--print", "--guest"],
    "clocktrace-verify": [str(WORK / "host"), f"100:{WORK / 'guest'}"],
    "clocktrace-guests": ["--debugfs", str(WORK / "kvm")],
    "clocktrace-lttng status": [],
    "clocktrace-lttng align": [str(WORK / "host")],
    "clocktrace-lttng-align": ["--check", str(WORK / "host")],
    # These change the machine, or need a kernel that has the clock.
    "clocktrace-lttng setup": None,
    "clocktrace-lttng undo": None,
    "clocktrace-guest-sampler": None,
}


class Failed(Exception):
    """What is not as it should be."""


def check(condition, *what):
    if not condition:
        raise Failed(" ".join(map(str, what)))


class Command:
    """A command or sub-command; words is how it is called"""

    def __init__(self, program, words=()):
        self.program = program
        self.words = list(words)
        self.name = " ".join([program.name, *self.words])
        self.help = None

    def run(self, *arguments, **options):
        """The finished process"""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": LIMIT,
                   "stdin": subprocess.DEVNULL, "text": True, "errors": "replace",
                   "check": False, "env": {**os.environ, "LC_ALL": "C"}, **options}
        return subprocess.run([self.program, *self.words, *arguments], **options)

    def expect(self, status, out, err, *arguments):
        """The process, after a look at its status and what it printed; None is nothing"""
        done = self.run(*arguments)
        shown = f"{self.name} {' '.join(arguments)}: {done.returncode}, {done.stdout!r}, " \
                f"{done.stderr!r}"
        check(done.returncode == status, "not status", status, shown)
        for text, pattern in (done.stdout, out), (done.stderr, err):
            if pattern is None:
                check(not text, "too much said:", shown)
            else:
                check(re.search(pattern, text), "not said:", pattern, shown)
        return done

    def fails_on_full_disk(self, *arguments):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = self.run(*arguments, stdout=full)
        check(done.returncode == 2 and "No space left on device" in done.stderr,
              f"{self.name} {' '.join(arguments)} > /dev/full: {done.returncode}", done.stderr)

    def operands(self):
        """The words in capitals of the usage, less those of options and what may be missing"""
        first = self.help.split("\n\n", maxsplit=1)[0]
        line = re.sub(r"^Usage: ", "", first.splitlines()[0])
        line = re.sub(r"\[-[^]]*\]|\[OPTION\](\.\.\.)?", "", line)
        return [word for word in re.findall(r"\[?,?[A-Z][A-Z:]+\]?", line) if word[0] != "["]

    def subcommands(self):
        listed = re.search(r"^Commands:\n((?:  .*\n)+)", self.help, re.MULTILINE)
        if not listed:
            return []
        names = [line.split()[0] for line in listed[1].splitlines()]
        return [Command(self.program, [*self.words, name]) for name in names]

    # What is asked of every command

    def test_help(self):
        # A command that leaves the work to another program goes by its name.
        self.help = self.expect(0, r"\AUsage: .*clocktrace", None, "--help").stdout
        check("--help" in self.help and "--version" in self.help,
              "--help does not name --help and --version:", self.help)
        check(self.help.splitlines()[0].find(self.words[-1] if self.words else "clocktrace") >= 0,
              "the help of another command:", self.help)
        self.fails_on_full_disk("--help")

    def test_version(self):
        done = self.expect(0, rf"\Aclocktrace[ a-z-]* {re.escape(VERSION)}\n\Z", None, "--version")
        for word in self.words:
            check(word in done.stdout, word, "is not in", done.stdout)
        self.fails_on_full_disk("--version")

    def test_usage(self):
        done = self.expect(2, None, "no-such-option", "--no-such-option")
        check(done.stderr.startswith("clocktrace"), "the message names no program:", done.stderr)
        check("--help" in done.stderr, "the message does not name --help:", done.stderr)
        if self.operands():
            self.expect(2, None, "--help")

    def test_empty(self):
        """No value and no operand may be empty, and what is refused is named"""
        if self.subcommands() or self.arguments() is None:
            return
        for option in re.findall(r"^ +(?:-\w, +)?(--[a-z-]+)[ =][A-Z]", self.help, re.MULTILINE):
            done = self.expect(2, None, "^clocktrace", *self.arguments(), f"{option}=")
            check(": : " not in done.stderr and r"\x0a" not in done.stderr, option, done.stderr)
        words = self.operands()
        for at, word in enumerate(words):
            if word in FILES:
                self.expect(2, None, "''|a name|PID", *(
                    FILES[other][1] if number != at else "" for number, other in enumerate(words)))

    def test_missing_file(self):
        words = self.operands()
        for word in words:
            check(word in FILES or word in NO_FILES, "what is the operand", word, "of", self.name)
        if NO_FILES & {"COMMAND"} & set(words):
            self.expect(2, None, "no-such-command", "no-such-command")
        for at, word in enumerate(words):
            if word in FILES:
                self.expect(2, None, f"{MISSING}: .*No such file or directory",
                            *(FILES[other][at != number] for number, other in enumerate(words)))

    def test_json(self):
        if self.subcommands():
            return
        check(("--json" in self.help) != (self.known_as() in NO_JSON),
              self.name, "has --json, or has not, against the list of this test")
        if "--json" not in self.help or self.arguments() is None:
            return
        done = self.run("--json", *self.arguments())
        check(done.returncode in (0, 1) or not done.stdout or "CLOCK_TRACE" in done.stderr,
              done.returncode, done.stderr)
        check(done.stdout.strip(), "--json prints nothing:", done.stderr)
        try:
            json.loads(done.stdout)
        except json.JSONDecodeError:
            for line in done.stdout.splitlines():
                json.loads(line)

    def arguments(self):
        check(self.known_as() in RUNS, "how to run", self.name, "is not in this test's list")
        return RUNS[self.known_as()]

    def known_as(self):
        """The name in the lists above: that of the program that does the work"""
        return re.sub(r"^clocktrace (record|merge|verify|guests|lttng)\b", r"clocktrace-\1", self.name)

    def test_full_disk(self):
        if not self.subcommands() and self.arguments() is not None:
            self.fails_on_full_disk(*self.arguments())

    def test_closed_output(self):
        if self.subcommands() or self.arguments() is None:
            return
        done = subprocess.run(["bash", "-c", '"$@" >&-', "bash", self.program, *self.words,
                               *self.arguments()], stderr=subprocess.PIPE, text=True,
                              stdin=subprocess.DEVNULL, timeout=LIMIT, check=False)
        check(done.returncode == 2 and "standard output" in done.stderr,
              f"{self.name} >&-: {done.returncode}", done.stderr)


def make_files():
    """A host, a guest, and what sysfs has"""
    world = World(1)
    guest, vm = world.guest("guest"), Vm(100, 7)
    Vcpu(world, vm, 0, -9_000_000).run(world.stays(50), guest, 0)
    guest.write(str(WORK / "guest"))
    world.host.write(str(WORK / "host"))
    sysfs = WORK / "sysfs"
    sysfs.mkdir()
    for name, text in {"epoch": 1, "frequency": 1000, "source": "tsc", "state": "counter",
                       "reason": "", "check": "passed", "checks": 1, "failures": 0,
                       "incomplete": 0, "check_interval": 60}.items():
        (sysfs / name).write_text(f"{text}\n", encoding="ascii")
    vcpu = WORK / "kvm" / "100-12" / "vcpu0"
    vcpu.mkdir(parents=True)
    (vcpu / "tsc-offset").write_text("-5\n", encoding="ascii")


class Tap:
    """Points, and how many failed"""

    def __init__(self):
        self.count = self.failed = 0
        print("TAP version 13")

    def point(self, name, test):
        self.count += 1
        try:
            test()
            print(f"ok {self.count} - {name}", flush=True)
        except (Failed, OSError, ValueError, subprocess.SubprocessError) as error:
            self.failed += 1
            for line in f"{type(error).__name__}: {error}".splitlines():
                print(f"# {line}")
            print(f"not ok {self.count} - {name}", flush=True)


def test_command(tap, command):
    tests = [name for name in vars(Command) if name.startswith("test_")]
    for name in tests:
        tap.point(f"{command.name}: {name[5:].replace('_', ' ')}", getattr(command, name))
        if command.help is None:
            return
    for other in command.subcommands():
        test_command(tap, other)


def all_are_found(programs):
    """Each program has a manual, and none hides under another name"""
    check(programs, "nothing is installed")
    for program in programs:
        check(re.fullmatch(r"clocktrace(-[a-z-]+)?", program.name),
              program.name, "is installed, which is no name of a command of clocktrace")
        manual = program.parents[1] / "share/man/man1" / f"{program.name}.1"
        check(manual.exists(), program.name, "has no manual")


def front_knows(programs):
    """What users run by itself is a command of clocktrace as well"""
    front = Command(next(program for program in programs if program.name == "clocktrace"))
    front.help = front.run("--help").stdout
    verbs = {command.words[0] for command in front.subcommands()}
    for program in programs:
        verb = program.name.removeprefix("clocktrace-")
        check(program.name in ("clocktrace", "clocktrace-guest-sampler", "clocktrace-lttng-align")
              or verb in verbs, "clocktrace does not know", verb)


def main():
    programs = sorted(Path(os.environ["INSTALLED"]).resolve().rglob("bin/*"))
    tap = Tap()
    try:
        make_files()
        tap.point("all that is installed is clocktrace", lambda: all_are_found(programs))
        if any(program.name == "clocktrace" for program in programs):
            tap.point("clocktrace knows all verbs", lambda: front_knows(programs))
        for program in programs:
            test_command(tap, Command(program))
        print(f"1..{tap.count}")
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
