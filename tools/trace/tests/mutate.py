# SPDX-License-Identifier: GPL-2.0
"""Edits that break the code in one directory; a program that is built with each must see it."""

import glob
import os
import re
import shutil
import subprocess
import tempfile

TRACE = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
CC = [os.environ.get("CC", "cc"), "-O2", "-std=gnu11", "-D_GNU_SOURCE"]


class Mutants:
    """
    directory: of the code that is broken, in tools/trace
    program: path of the program's source, without .c
    others: what else the program is made of
    options: what the program is called with
    any_point: any of its points may fail, and not its first one
    """

    # pylint: disable-next=too-many-arguments,too-many-positional-arguments
    def __init__(self, directory, program, others, options, any_point=False):
        self.failure = re.compile("^not ok " if any_point else "^not ok 1 ", re.M)
        self.directory, self.program, self.options = directory, program, options
        self.sources = [os.path.join(TRACE, name) for name in (f"{program}.c", *others)]

    def compile_others(self, work):
        """What is the same for all mutants, as objects"""
        objects = []
        for source in self.sources:
            objects.append(os.path.join(work, f"{os.path.basename(source)}.o"))
            subprocess.run([*CC, f"-I{TRACE}", f"-I{TRACE}/..", f"-I{TRACE}/../include",
                            f"-I{TRACE}/../lib/tests", "-c", "-o", objects[-1], source], check=True)
        return objects

    def is_found(self, work, objects, file, text, becomes):
        """Does the program see this edit?"""
        copy = os.path.join(work, self.directory)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(os.path.join(TRACE, self.directory), copy)
        path = os.path.join(copy, file)
        with open(path, encoding="utf-8") as source:
            code = source.read()
        if code.count(text) != 1:
            raise ValueError(f"{file} has {code.count(text)} times {text!r}")
        with open(path, "w", encoding="utf-8") as source:
            source.write(code.replace(text, becomes))
        program = os.path.join(work, "program")
        subprocess.run([*CC, f"-I{work}", f"-I{TRACE}", f"-I{TRACE}/..", "-o", program, *objects,
                        *glob.glob(f"{copy}/*.c"), "-lm"], check=True)
        done = subprocess.run([program, *self.options], stdout=subprocess.PIPE, check=False,
                              text=True)
        print("# " + next(line for line in done.stdout.splitlines() if "ok 1" in line))
        return self.failure.search(done.stdout)

    def try_all(self, mutants, label, first=1):
        """
        A point for each of (what is broken, the file, the text, what it becomes). Return: was one
        not found?
        """
        failed = False
        with tempfile.TemporaryDirectory() as work:
            objects = self.compile_others(work)
            for number, (what, *edit) in enumerate(mutants, first):
                found = self.is_found(work, objects, *edit)
                failed = failed or not found
                print(f"{'' if found else 'not '}ok {number} - {label}: {what}", flush=True)
        return failed

    def run(self, mutants, label):
        """try_all(), and the plan; return the exit status."""
        print(f"TAP version 13\n1..{len(mutants)}")
        return int(self.try_all(mutants, label))
