"""A copy of the tree, its builds, and its tests as ctest lists them."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

LABELS = ("unit", "kernels", "cli")
LONG = "long"  # the label of tests that tests/run leaves out
ADDRESS_SPACE = 32 << 30  # a mutant that asks for endless memory stops here
FILE_SIZE = 16 << 30
# Two pointers of different types exchanged are a warning by default, and would never reach a user of this project.
FLAGS = "-O2 -Werror=incompatible-pointer-types -Werror=int-conversion"


class BuildFailed(Exception):
    pass


def files_of(tree):
    """The project's own files in `tree`, sorted: git's list, or every file outside build/ in a copy without git."""
    listed = subprocess.run(
        ["git", "-C", tree, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True
    )
    if listed.returncode == 0 and (tree / ".git").exists():
        names = [name for name in listed.stdout.split("\0") if name]
    else:
        names = [str(path.relative_to(tree)) for path in tree.rglob("*")]
        names = [name for name in names if Path(name).parts[0] not in ("build", ".git")]
    return sorted({name for name in names if (tree / name).is_file()})


def copy_tree(tree, copy):
    """Make `copy` equal to the project's files in `tree`; a file that is the same already is not touched."""
    names = files_of(tree)
    for name in names:
        source, target = tree / name, copy / name
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for target in sorted(copy.rglob("*")):
        if target.is_file() and str(target.relative_to(copy)) not in set(names):
            target.unlink()


# What a test starts under: the limits, and the signals that a shell's background job, or nohup, ignores.
UNDER = ["env", "--default-signal=INT,QUIT,HUP", "prlimit", f"--fsize={FILE_SIZE}:"]
# The build of tests/run sanitize, without what only shortens its compilation.
SANITIZED = ("-DRG_SANITIZE=address,undefined", "-DRG_OPENCL=OFF", "-DRG_ONE_ISA=ON", "-DRG_QUICK_BUILD=ON")
HELPERS = ("oclgrind_kernels", "faulty_layer", "faulty_threads", "failing_calls", "off_defaults")  # of the cli tests


class Build:
    """A build of `tree` in `folder`, without debugging information, so that object files can be compared."""

    def __init__(self, tree, folder, *options, skip=(), has_long=False):
        self.tree, self.folder, self.options = tree, folder, options
        self.tests, self.skip, self.has_long = {}, skip, has_long
        # A sanitizer's own memory takes terabytes of addresses.
        self.under = UNDER if options == SANITIZED else [*UNDER, f"--as={ADDRESS_SPACE}:"]
        self.cli_targets, self.clean = [], {}
        self.cache = folder.parent / "cache"  # of compiled OpenCL kernels, which all builds share
        self.cache.mkdir(parents=True, exist_ok=True)

    def _call(self, *command):
        """(exit status, output)"""
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        return done.returncode, done.stdout

    def configure(self):
        ninja = ["-G", "Ninja"] if shutil.which("ninja") and not (self.folder / "Makefile").exists() else []
        command = ["cmake", "-S", self.tree, "-B", self.folder, *ninja, "-DCMAKE_BUILD_TYPE=Mutant"]
        status, output = self._call(*map(str, command), f"-DCMAKE_C_FLAGS_MUTANT={FLAGS}", *self.options)
        if status:
            raise BuildFailed(output)
        self.make_all()
        self.list_tests()
        listed = self._call("cmake", "--build", str(self.folder), "--target", "help")[1]
        self.cli_targets = ["rnn-gpu"] + [name for name in HELPERS if name in listed]
        self.clean = self._objects()

    def make_all(self):
        status, output = self._call("cmake", "--build", str(self.folder))
        if status:
            raise BuildFailed(output)

    def list_tests(self):
        status, output = self._call("ctest", "--test-dir", str(self.folder), "--show-only=json-v1")
        if status:
            raise BuildFailed(output)
        for test in json.loads(output[output.index("{") :])["tests"]:
            properties = {entry["name"]: entry["value"] for entry in test.get("properties", [])}
            labels = set(properties.get("LABELS", []))
            wanted = labels & set(LABELS) and (self.has_long or LONG not in labels)
            if wanted and test["name"] not in self.skip:
                self.tests[test["name"]] = {
                    "command": test["command"],
                    "cwd": properties["WORKING_DIRECTORY"],
                    "skip": properties.get("SKIP_RETURN_CODE"),
                    "environment": dict(entry.split("=", 1) for entry in properties.get("ENVIRONMENT", [])),
                }

    def source_of(self, test):
        """The file that a test is written in."""
        for suffix in (".c", ".sh"):
            source = self.tree / "tests" / (test + suffix)
            if source.exists():
                return source
        return Path(self.tests[test]["command"][-1])

    def _objects(self):
        """{object file: digest} of the library and the program."""
        found = [file for file in self.folder.rglob("*.o") if self.folder / "tests" not in file.parents]
        return {file: hashlib.sha256(file.read_bytes()).digest() for file in found}

    def is_clean(self):
        """Are all objects those of the tree without a mutant?"""
        return self._objects() == self.clean

    def compile(self):
        """Bring the library and the program up to date; False where a source does not compile."""
        return self._call("cmake", "--build", str(self.folder), "--target", "rnn-gpu")[0] == 0

    def make(self, test):
        """Bring up to date what `test` runs."""
        is_program = test.startswith(("unit/", "kernels/"))
        targets = [Path(self.tests[test]["command"][0]).name] if is_program else self.cli_targets
        return self._call("cmake", "--build", str(self.folder), "--target", *targets)[0] == 0

    def run(self, test, seconds=None, environment=()):
        """(passed, why not). `seconds`: what it takes without a mutant, which sets the time limit."""
        about = self.tests[test]
        limit = 1800.0 if seconds is None else 10.0 * seconds + 60.0  # a loaded machine is no fault
        process = subprocess.Popen(
            [*self.under, *about["command"]],
            cwd=about["cwd"],
            env={**os.environ, **about["environment"], **self._own_environment(), **dict(environment)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            output = None
        finally:
            try:  # what a test left running goes with it
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            process.stdout.close()
        if output is None:
            return False, f"no end in {limit:.0f} s"
        skip = about["skip"]
        if process.returncode == 0 or (skip is not None and process.returncode == int(skip)):
            return True, ""
        return False, _first_failure(output.decode(errors="replace"), process.returncode)

    def _own_environment(self):
        leaks = f"suppressions={self.tree}/tests/leaks.supp:print_suppressions=0"
        return {"XDG_CACHE_HOME": str(self.cache), "LSAN_OPTIONS": leaks}

    def timed(self, test, environment=()):
        """(passed, seconds)"""
        start = time.monotonic()
        passed, why = self.run(test, None, environment)
        return passed, time.monotonic() - start, why


def _first_failure(output, status):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for word in ("FAILED:", ":F:", ":E:", "SUMMARY:", "rror", "ssert"):
        for line in lines:
            if word in line:
                return line[:120]
    return lines[-1][:120] if lines else f"exit {status}"
