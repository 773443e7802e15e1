#!/usr/bin/env python3
"""What data in files cost: how fast they are opened, and trainings on them against the same training on a built-in task.
usage: bench/files.py [--megabytes N] [--folder DIR] [--rounds R] [OPTION...]   (OPTION: of train, such as --device opencl)
It needs numpy. RNN_GPU names the program. The files, some N megabytes each, are removed at the end."""
import argparse, json, os, resource, shutil, statistics, subprocess, sys, tempfile, time

import numpy as np

parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
parser.add_argument("--megabytes", type=int, default=400)
parser.add_argument("--folder")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--only", help="open or train")
given, options = parser.parse_known_args()
program = os.environ.get("RNN_GPU") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rnn-gpu")
folder = tempfile.mkdtemp(dir=given.folder)


def run(words):
    """Lines of JSON, seconds, and seconds of all processors."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    got = subprocess.run([program] + words + ["--json", "--quiet", "--diagnose", "none"] + options, capture_output=True, text=True)
    took, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if got.returncode != 0:
        sys.exit("%s: exit %d: %s" % (" ".join(words), got.returncode, got.stderr))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [json.loads(line) for line in got.stdout.splitlines()], took, cpu


def open_file(name, what, *words):
    """Seconds from the command line to the first update, without those of a small file."""
    path = os.path.join(folder, name)
    size = os.path.getsize(path)
    small, large = [], []
    for _ in range(given.rounds):
        small.append(run(["--data", os.path.join(folder, "small" + name[name.rindex("."):] if "ubyte" not in name else "small-" + name)] + list(words))[1:])
        large.append(run(["--data", path] + list(words))[1:])
    took, cpu = (statistics.median(row[i] for row in large) - statistics.median(row[i] for row in small) for i in (0, 1))
    print("open %-34s %7.0f MB %7.2f s %8.0f MB/s %8.0f MB/s a core" % (what, size / 1e6, took, size / 1e6 / took, size / 1e6 / cpu), flush=True)


def write_csv(path, n, steps, labels):
    random = np.random.default_rng(1)
    with open(path, "w") as file:
        file.write("series,a,b,c,d,label\n")
        for i in range(n):
            rows = random.normal(size=(steps, 4))
            file.write("".join("%d,%.6f,%.6f,%.6f,%.6f,%s\n" % (i, *row, labels[i % len(labels)]) for row in rows))


def write_idx(folder, name, n, rows):
    with open(os.path.join(folder, name + "images-idx3-ubyte"), "wb") as file:
        file.write(np.array([0x803, n, rows, rows], ">i4").tobytes())
        file.write(np.random.default_rng(1).integers(0, 256, n * rows * rows, np.uint8).tobytes())
    with open(os.path.join(folder, name + "labels-idx1-ubyte"), "wb") as file:
        file.write(np.array([0x801, n], ">i4").tobytes() + bytes(i % 10 for i in range(n)))


def measure_opening():
    few = ["--hidden", "4", "--batch", "16", "--updates", "0"]
    for name, megabytes in (("small", 0.05), ("large", given.megabytes)):
        n = max(20, int(megabytes * 1e6 / 4 / 100 / 8))
        x = np.random.default_rng(1).normal(size=(n, 100, 8)).astype(np.float32)
        y = x[:, 0, 0].copy()
        np.savez(os.path.join(folder, name + ".npz"), x=x, y=y)
        write_csv(os.path.join(folder, name + ".csv"), max(20, int(megabytes * 1e6 / 100 / 50)), 100, ("good", "worn"))
        write_idx(folder, "small-" if name == "small" else "", max(20, int(megabytes * 1e6 / 784)), 28)
        text = "".join(chr(97 + i * i % 23) + (" " if i % 6 == 0 else "") for i in range(65536))
        with open(os.path.join(folder, name + ".txt"), "w") as file:
            file.write(text * max(1, int(megabytes * 1e6 / len(text))))
    open_file("large.npz", ".npz, 4-byte floats", *few)
    open_file("large.csv", ".csv, 4 numbers and a word a row", *few)
    open_file("images-idx3-ubyte", "IDX images", *few)
    open_file("large.txt", ".txt, characters", *few)


def measure_training():
    sizes = ["--batch", "256", "--steps", "100", "--hidden", "64", "--cell", "gru"]
    n = int(given.megabytes * 1e6 / 4 / 100 / 2)
    path = os.path.join(folder, "adding.npz")
    subprocess.run([program, "export", "--task", "adding", "--sequences", str(n), "--steps", "100", "--out", path, "--quiet"], check=True)
    size = os.path.getsize(path)
    for updates in (60,):
        rates = {}
        for _ in range(given.rounds):
            for what, words in (("task", ["--task", "adding"]), ("file", ["--data", path]),
                                ("file, --memory of half its size", ["--data", path, "--memory", str(max(size // 2, 1 << 26))])):
                lines, _, _ = run(sizes + words + ["--updates", str(updates)])
                rates.setdefault(what, []).append(updates * 256 / lines[-1]["seconds"])
        best = {what: statistics.median(values) for what, values in rates.items()}
        for what, rate in best.items():
            print("train %-33s %7.0f sequences/s %6.1f %% of the task" % (what, rate, 100 * rate / best["task"]), flush=True)


try:
    if given.only != "train":
        measure_opening()
    if given.only != "open":
        measure_training()
finally:
    shutil.rmtree(folder)
