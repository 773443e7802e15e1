"""Which test reaches which line of host/, and how long each test takes.

Kept in coverage.json: a line is known by its function and its text, so that an older measurement still serves when lines
have moved.
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import operators
from builds import Build, BuildFailed

GCOV = "gcov"
LAUNCHES = "rg_device_launch"  # the function through which every kernel runs


def _digest(files):
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(file.name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def _with_included(source, shared):
    """The test's source and the files of `shared` that it names, or that these name."""
    files, waiting = {source}, [source]
    while waiting:
        for name in re.findall(r"\w+\.(?:h|inc)\b", waiting.pop().read_text()):
            if name in shared and shared[name] not in files:
                files.add(shared[name])
                waiting.append(shared[name])
    return files


class Coverage:
    """`seconds` of each test that passes without a mutant, and tests_of() a line."""

    def __init__(self, work, build):
        self.work, self.build, self.file = work, build, work / "coverage.json"
        self.stored = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.seconds, self.reached, self.breadth = {}, {}, {}

    def measure(self, keep):
        """Run every test that changed since it was last measured; all of them when a source changed, unless `keep`."""
        sources = _digest([file for top in ("host", "kernels", "include") for file in (self.build.tree / top).rglob("*.*")])
        shared = {file.name: file for file in (self.build.tree / "tests").rglob("*.*") if file.suffix in (".h", ".inc")}
        wanted = {}
        for test in self.build.tests:
            digest = _digest(_with_included(self.build.source_of(test), shared))
            known = self.stored.get(test)
            if not known or known["digest"] != digest or (known["sources"] != sources and not keep):
                wanted[test] = digest
        if wanted:
            counting = Build(self.build.tree, self.work / "counting", "-DRG_COVERAGE=ON", has_long=self.build.has_long)
            counting.configure()
            for number, (test, digest) in enumerate(wanted.items(), 1):
                self.stored[test] = {"digest": digest, "sources": sources, **self._measured(counting, test)}
                about = self.stored[test]
                print(f"coverage {number}/{len(wanted)}: {test}, {about['seconds']:.1f} s{about['failure']}", flush=True)
                self.file.write_text(json.dumps(self.stored))
        for test in self.build.tests:
            about = self.stored[test]
            if not about["failure"]:
                self.seconds[test] = about["seconds"]
                self.breadth[test] = len(about["reached"])
            for key in about["reached"]:
                self.reached.setdefault(key, set()).add(test)
            for key in about["lines"]:
                self.reached.setdefault(key, set())

    def _measured(self, counting, test):
        """{"seconds", "failure", "reached": keys of lines that it executes, "lines": keys of all that it could}"""
        counts = self.work / "counts"
        shutil.rmtree(counts, ignore_errors=True)
        passed, seconds, why = counting.timed(test, {"GCOV_PREFIX": str(counts)}.items())
        if not passed:  # a limit that counting breaks, or a fault of the tree
            passed, seconds, why = self.build.timed(test)
        reached, lines = _lines_in(counts, counting)
        shutil.rmtree(counts, ignore_errors=True)
        return {
            "seconds": round(seconds, 2),
            "failure": "" if passed else f"; fails without a mutant, left out: {why}",
            "reached": sorted(reached),
            "lines": sorted(lines - reached),
        }

    def tests_of(self, path, line, text):
        """The tests that may see a change in a line (counted from 0).

        First come those that are fast and reach few other lines: they look at it more closely than one that passes there.
        A change in a kernel meets the tests of the kernels before all others.
        """
        found = [test for test in self._reaching(path, line, text) if test in self.seconds]
        others = "kernels/" if path.startswith("kernels/") else ""
        return sorted(found, key=lambda test: (not test.startswith(others), self.cost(test), test))

    def cost(self, test):
        return (self.seconds[test] + 0.05) * self.breadth[test]

    def _reaching(self, path, line, text):
        if path.startswith("kernels/"):
            return self.reached.get(f"{LAUNCHES}()", self.build.tests)
        owners, lines = operators.functions_of(text), text.split("\n")
        function = owners[line]
        if function:
            for at in _counted_with(line, lines):
                if owners[at] != function:
                    break
                key = f"{function}()\0{lines[at].strip()}"
                if key in self.reached:
                    return self.reached[key]
            if f"{function}()" in self.reached:
                return self.reached[f"{function}()"]
        return self.reached.get(Path(path).name) or self.build.tests


def _counted_with(line, lines):
    """The lines whose count may be that of `line`, which need not have one: first itself, then those before it, of which
    the nearest with a count belongs to the same statement. What comes before an `else` is the other branch; then those
    after it."""
    is_else = lines[line].strip() in ("} else {", "else {", "else")
    return [line, *(range(line + 1, len(lines)) if is_else else range(line - 1, -1, -1))]


def _lines_in(counts, counting):
    """({keys reached}, {all keys}) of the counters below a folder. A key is a file, a function(), or a line in one."""
    counters = list(counts.rglob("*.gcda")) if counts.exists() else []
    for file in counters:  # gcov looks for the notes of the compiler beside the counters
        notes = Path("/") / file.relative_to(counts).with_suffix(".gcno")
        if notes.exists():
            os.symlink(notes, file.with_suffix(".gcno"))
    reached, known, texts = set(), set(), {}
    if not counters:
        return reached, known
    output = subprocess.run(
        [GCOV, "--json-format", "--stdout", *map(str, counters)], cwd=counts, capture_output=True, text=True
    )
    if output.returncode:
        raise BuildFailed(f"gcov: {output.stderr[:500]}")
    for document in output.stdout.splitlines():
        for file in json.loads(document)["files"]:
            path = Path(file["file"])
            if not path.is_relative_to(counting.tree):
                continue
            if path not in texts:
                texts[path] = path.read_text().split("\n")
            for line in file["lines"]:
                function = line.get("function_name", "").split(".")[0]
                text = texts[path][line["line_number"] - 1].strip()
                keys = {path.name, f"{function}()", f"{function}()\0{text}"}
                known |= keys
                if line["count"]:
                    reached |= keys
    return reached, known
