#!/usr/bin/env python3
"""Which faults do the tests see? Makes small faults in host/ and kernels/, one at a time, and runs the tests on each.

usage: tests/mutate.py [N] [SEED] [OPTIONS]       60 mutants of seed 1 where nothing is said

  --only PREFIX        only files whose path begins with PREFIX, such as host/report; may be given again
  --list               print the mutants without building anything
  --budget SECONDS     leave out tests that would take a mutant past so much test time (default: 300), with the sanitizers
                       as much again. A mutant that no other test sees counts as not seen, and is told apart as stopped
  --skip TEST          never run that test, such as kernels/test_selftest; may be given again
  --long               also run the tests with the labels long and exhaustive
  --keep-coverage      do not measure anew which test reaches which line, although the sources have changed
  --jobs J             work on J mutants at a time, each in its own copy of the tree with its own build (default: 1)
  --work DIR           where the copy of the tree, its builds and the coverage are kept (default: build/mutants)
  --tree DIR           the tree to change, which is never written to (default: the one that holds this script)

A mutant is one change that mutation/operators.py makes: < to <=, + to -, && to ||, a constant off by one, a condition
negated, a statement left out, two arguments exchanged, an else branch dropped, a failure returned as success. The seed
and the tree decide the mutants: a folder is drawn by its number of lines, then the kind of change, then the place.
A mutant that does not compile, or compiles to the same object code, is not counted; another one takes its place.

The tests are those of ctest with the labels unit, kernels and cli. A first run, with a build that counts executed lines
(-DRG_COVERAGE=ON), finds the lines of host/ that each test reaches; it is kept in WORK/coverage.json until a source or
a test changes. A mutant then meets only the tests that reach its line, up to the first failure: first those that are
fast and reach few other lines. The kernels are not counted; every test that launches a kernel may see a change there,
and the tests of the kernels come first. A test that takes much longer than without the change has seen it too. What no
test sees meets the tests with the labels unit and kernels once more, built with the address and undefined-behaviour
sanitizers as `tests/run --all` does: they see memory that is lost, or read beyond its end.

Prints a line for each mutant (seen, NOT SEEN or STOPPED, place, change, test), the share seen by folder, and those that
were not seen.
Exits 0 unless something could not be built. Works at a low priority.
"""
import argparse
import os
import queue
import random
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "mutation"))
import operators  # noqa: E402
from builds import SANITIZED, Build, BuildFailed, copy_tree, files_of  # noqa: E402
from coverage import Coverage  # noqa: E402

FOLDERS = ("host/", "kernels/")


def folder_of(path):
    """host/device/native/pool.c: host/device; host/cli/report/plot.c: host/cli/report; kernels/cells/gru.cl: kernels."""
    parts = Path(path).parent.parts
    return "/".join(parts[: 1 if parts[0] == "kernels" else 3 if parts[:2] == ("host", "cli") else 2])


class Drawer:
    """Draws mutants, each at most once, from `texts`: {path: text}."""

    def __init__(self, texts, seed):
        self.texts, self.random = texts, random.Random(seed)
        self.places, self.lines = {}, {}  # {folder: {operator: [(path, mutant)]}}, {folder: lines}
        for path in sorted(texts):
            folder = folder_of(path)
            self.lines[folder] = self.lines.get(folder, 0) + texts[path].count("\n")
            by_operator = self.places.setdefault(folder, {name: [] for name in operators.OPERATORS})
            for name, mutants in operators.mutants_of(texts[path]).items():
                by_operator[name] += [(path, mutant) for mutant in mutants]

    def __iter__(self):
        while True:
            folders = [folder for folder in self.places if any(self.places[folder].values())]
            if not folders:
                return
            folder = self.random.choices(folders, [self.lines[folder] for folder in folders])[0]
            name = self.random.choice([name for name in operators.OPERATORS if self.places[folder][name]])
            places = self.places[folder][name]
            yield places.pop(self.random.randrange(len(places)))


def described(text, mutant):
    """The changed line before and after, side by side, and its number."""
    number = text.count("\n", 0, mutant.start)
    before, after = (part.split("\n")[number].strip() for part in (text, mutant.apply(text)))
    return number, f"{mutant.kind}: {before} -> {after or '(nothing)'}"


SEEN, NOT_SEEN, STOPPED = "seen", "NOT SEEN", "STOPPED"  # stopped: a test that might have seen it takes too long
SANITIZED_SLOWER = 3.0  # a test takes about so many times longer with the sanitizers


class Trial:
    """One mutant after another in a copy of the tree.

    What a mutant changed is compiled again together with the next mutant, so each costs one build.
    """

    def __init__(self, build, sanitized, coverage, budget):
        self.build, self.sanitized, self.coverage, self.budget = build, sanitized, coverage, budget

    def test(self, path, mutant, text):
        """None if the mutant does not count, else (SEEN, NOT_SEEN or STOPPED, remark)."""
        source = self.build.tree / path
        source.write_text(mutant.apply(text))
        try:
            if not self.build.compile() or (self.build.is_clean() and not path.startswith("kernels/")):
                return None
            tests = self.coverage.tests_of(path, text.count("\n", 0, mutant.start), text)
            return self.run_tests(tests) or self.run_sanitized(tests) or self.unseen(tests)
        finally:
            source.write_text(text)

    def affordable(self, tests, slower=1.0):
        """Those of `tests` that fit the budget together, in their order; the first one always. `slower`: how much longer
        each takes than it was measured."""
        spent, chosen = 0.0, []
        for test in tests:
            seconds = slower * self.coverage.seconds[test]
            if not chosen or spent + seconds <= self.budget:
                chosen.append(test)
                spent += seconds
        return chosen

    def run_tests(self, tests):
        """(SEEN, the test that failed and why), or None."""
        for test in self.affordable(tests):
            if not self.build.make(test):
                return SEEN, f"{test}: does not link"
            passed, why = self.build.run(test, self.coverage.seconds[test])
            if not passed:
                return SEEN, f"{test}: {why}"
        return None

    def run_sanitized(self, tests):
        """The same of the tests that a user of the sanitizers runs."""
        tests = [test for test in tests if test.startswith(("unit/", "kernels/")) and test in self.sanitized.tests]
        for test in self.affordable(tests, SANITIZED_SLOWER):
            if not self.sanitized.make(test):
                return SEEN, f"{test}, sanitized: does not compile"
            passed, why = self.sanitized.run(test, SANITIZED_SLOWER * self.coverage.seconds[test])
            if not passed:
                return SEEN, f"{test}, sanitized: {why}"
        return None

    def unseen(self, tests):
        n, chosen = len(tests), len(self.affordable(tests))
        if chosen < n:
            return STOPPED, f"after {chosen} of {n} tests"
        return NOT_SEEN, f"by any of {n} tests" if tests else "no test reaches the line"


def verdicts(trials, drawn, texts):
    """(path, mutant, what Trial.test says) in the order of `drawn`, while all `trials` work."""
    free = queue.SimpleQueue()
    for trial in trials:
        free.put(trial)

    def test(path, mutant):
        trial = free.get()
        try:
            return trial.test(path, mutant, texts[path])
        finally:
            free.put(trial)

    pool, under_way = ThreadPoolExecutor(len(trials)), deque()
    try:
        for path, mutant in drawn:
            under_way.append((path, mutant, pool.submit(test, path, mutant)))
            if len(under_way) == 2 * len(trials) - 1:  # one that takes long does not hold up the others
                path, mutant, done = under_way.popleft()
                yield path, mutant, done.result()
        for path, mutant, done in under_way:
            yield path, mutant, done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def report(results):
    """The share by folder, and the mutants not seen."""
    print("\n%-28s %8s %8s %8s %8s" % ("folder", "mutants", "seen", "stopped", "share"))
    folders = sorted({folder for folder, _, _ in results})
    for name, of in [(folder, [r for r in results if r[0] == folder]) for folder in folders] + [("all", results)]:
        seen, stopped = (sum(r[1] == verdict for r in of) for verdict in (SEEN, STOPPED))
        print("%-28s %8d %8d %8d %7.0f%%" % (name, len(of), seen, stopped, 100.0 * seen / max(1, len(of))))
    for verdict, title in ((NOT_SEEN, "Not seen"), (STOPPED, "Stopped")):
        if any(r[1] == verdict for r in results):
            print(f"\n{title}:")
            for _, _, what in (r for r in results if r[1] == verdict):
                print(what)


def main():
    parser = argparse.ArgumentParser(usage="tests/mutate.py [N] [SEED] [OPTIONS]; the head of the file explains them")
    parser.add_argument("n", nargs="?", type=int, default=60)
    parser.add_argument("seed", nargs="?", type=int, default=1)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--budget", type=float, default=300.0)
    parser.add_argument("--skip", action="append", default=[])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--keep-coverage", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--tree", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--work", type=Path)
    options = parser.parse_args()
    if options.n < 1:
        parser.error(f"N is {options.n}: give the number of mutants, 1 or more")
    if options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}: give 1 or more")
    tree = options.tree.resolve()
    work = (options.work or tree / "build" / "mutants").resolve()

    texts = {
        path: (tree / path).read_text()
        for path in files_of(tree)
        if path.startswith(FOLDERS) and path.endswith((".c", ".h", ".cl"))
        and (not options.only or path.startswith(tuple(options.only)))
    }
    if not texts:
        parser.error(f"no file of host/ or kernels/ begins with {' or '.join(options.only)}: give the beginning of a path")
    drawn = iter(Drawer(texts, options.seed))
    if options.list:
        for _, (path, mutant) in zip(range(options.n), drawn):
            line, change = described(texts[path], mutant)
            print(f"{path}:{line + 1}  {change}")
        return

    os.nice(5)
    builds, about = [], {"skip": options.skip, "has_long": options.long}
    for name in ["", *map(str, range(2, options.jobs + 1))]:
        copy_tree(tree, work / f"tree{name}")
        builds.append((Build(work / f"tree{name}", work / f"build{name}", **about),
                       Build(work / f"tree{name}", work / f"sanitized{name}", *SANITIZED, **about)))
        for build in builds[-1]:
            build.configure()
    coverage = Coverage(work, builds[0][0])
    coverage.measure(options.keep_coverage)
    trials, results, uncounted = [Trial(*pair, coverage, options.budget) for pair in builds], [], 0
    for path, mutant, verdict in verdicts(trials, drawn, texts):
        if verdict is None:
            uncounted += 1
            continue
        outcome, remark = verdict
        line, change = described(texts[path], mutant)
        results.append((folder_of(path), outcome, f"{path}:{line + 1}  {change}"))
        print(f"{len(results):3d} {outcome:8} {results[-1][2]}  [{remark}]", flush=True)
        if len(results) == options.n:
            break
    report(results)
    print(f"\nseed {options.seed}; {uncounted} more did not compile or changed no object code")


if __name__ == "__main__":
    try:
        main()
    except BuildFailed as failure:
        sys.exit(f"tests/mutate.py: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
