#!/bin/bash
# An allocation of a run fails, one run after the other: the run ends by itself, and what it printed as JSON is whole. With
# exit code 0 nothing is missing; with another one there is one line that says why. Of the allocations that are made with the
# same functions on the stack the first and the last fail: those between are in the same place of the program.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
library=${FAILING_CALLS:-}
if [ -z "$library" ]; then
    echo "a program with a sanitizer takes no library before it: not tried"
    exit 77
fi
cp "$root/data/cat-mat-rat.csv" data.csv
small=(--device cpu --threads 1 --hidden 2)
expect_status 0 "$program" --data data.csv "${small[@]}" --updates 1 --quiet --out model

cat >"$folder/fail_all.py" <<'PYTHON'
import json, os, re, subprocess, sys, tempfile
library, least, most, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
rest = os.environ.get("RG_REST") == "1"  # the second part has the numbers that the first leaves out
stacks = tempfile.NamedTemporaryFile()

def run(number, **more):
    environment = dict(os.environ, LD_PRELOAD=library, RG_FAIL_WHAT="malloc", RG_FAIL_CALL=str(number), **more)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

def shape(text):
    """The lines with their keys, and their values but for what differs from run to run."""
    def value(key, v):
        if isinstance(v, dict):
            return {k: value(k, v[k]) for k in v}
        if isinstance(v, list):
            return [value(key, x) for x in v]
        return None if re.search("seconds|_s$|device", key) else v  # a processor may stay without its name
    return [value("", json.loads(line)) for line in text.splitlines()]

whole = run(0, RG_CALL_STACKS=stacks.name)
assert whole.returncode == 0, whole.stderr
places = open(stacks.name).read().split()
expected, total = shape(whole.stdout), len(places)
assert total >= least and expected, total
codes = {}
numbers = [n for n in range(max(1, total + 1 - most), total + 1) if (n % 13 == 0) != rest]
if rest:
    ends = {number for i in (1, -1) for number in dict(list(zip(places, range(1, total + 1)))[::i]).values()}
    numbers = [n for n in numbers if n in ends]
for number in numbers:
    got = run(number)
    codes[got.returncode] = codes.get(got.returncode, 0) + 1
    where = "allocation %d of %d: exit %d, %r" % (number, total, got.returncode, got.stderr)
    lines = shape(got.stdout)  # fails for a line that is cut
    if got.returncode == 0:
        assert lines == expected, where + "\n%s\nfor\n%s" % (got.stdout, whole.stdout)
    else:
        assert got.returncode in (1, 3, 6, 7, 8), where
        assert got.stderr.startswith("rnn-gpu: "), where
        assert lines == expected[: len(lines)], where + "\n%s\nfor\n%s" % (got.stdout, whole.stdout)
assert codes.get(8, 0) > 0, codes
print("%d of %d allocations fail, exit codes %s" % (len(numbers), total, dict(sorted(codes.items()))))
PYTHON

# tried LEAST MOST COMMAND...: of at least LEAST allocations the last MOST.
tried() {
    expect_status 0 python3 "$folder/fail_all.py" "$library" "$1" "$2" "$program" "${@:3}"
    checked "$3: $(cat "$folder/stdout")"
}

tried 100 10000 probe fixed-point --json
tried 100 10000 predict --model model/model.safetensors --data data.csv --json --device cpu --threads 1
# a file that cannot be unpacked for want of memory is no damaged file (exit code 4)
for method in STORED DEFLATED; do
    tensors 'with zipfile.ZipFile("data.npz", "w", getattr(zipfile, "ZIP_" + sys.argv[1])) as file:
    file.writestr("x.npy", npy_bytes((3, 3), [0, 1, 2, 2, 1, 1, 0, 0, 0]))
    file.writestr("y.npy", npy_bytes((3,), [0, 1, 0]))' "$method"
    tried 100 10000 predict --model model/model.safetensors --data data.npz --json --device cpu --threads 1
done
tried 200 10000 grad --model model/model.safetensors --data data.csv --json --device cpu --threads 1 --out gradient.safetensors
tried 400 10000 sweep --data data.csv --updates 1 --seed 1-2 --json "${small[@]}"
tried 800 1500 train --data data.csv --updates 2 --json "${small[@]}" --log log.jsonl
# what comes before the last 400 is the self-test of more kernels than a training has
tried 800 400 compare --data data.csv --remedies tanh+plain --updates 1 --json "${small[@]}"

# export and import: a file is whole, or not there, and then one line says why
cat >"$folder/fail_files.py" <<'PYTHON'
import os, subprocess, sys, tempfile
library, out, command = sys.argv[1], sys.argv[2], sys.argv[3:] + ["--out", sys.argv[2]]
count = tempfile.NamedTemporaryFile()

def run(number):
    environment = dict(os.environ, LD_PRELOAD=library, RG_FAIL_WHAT="malloc", RG_FAIL_CALL=str(number),
                       RG_COUNT_CALLS=count.name)
    if os.path.exists(out):
        os.remove(out)
    got = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return got, open(out, "rb").read() if os.path.exists(out) else None

whole, wanted = run(0)
assert whole.returncode == 0 and wanted, whole.stderr
total, failed = int(open(count.name).read()), 0
rest = os.environ.get("RG_REST") == "1"
numbers = [n for n in range(1, total + 1) if (n % 5 == 0) != rest]
for number in numbers:
    got, written = run(number)
    where = "allocation %d of %d: exit %d, %r" % (number, total, got.returncode, got.stderr)
    failed += got.returncode != 0
    assert got.returncode in (0, 1, 3, 7, 8), where
    assert written == (wanted if got.returncode == 0 else None), where
    assert got.returncode == 0 or got.stderr.startswith("rnn-gpu: ") and got.stderr.count("\n") == 1, where
assert failed > 1, failed
print("%d of %d allocations fail, %d of them end it" % (len(numbers), total, failed))
PYTHON
files() {
    expect_status 0 python3 "$folder/fail_files.py" "$library" "$1" "$program" "${@:2}"
    checked "$2 to $1: $(cat "$folder/stdout")"
}
expect_status 0 "$program" --data data.csv "${small[@]}" --cell gru --skip 2 --updates 1 --quiet --out skip
for ending in onnx c py npz; do
    files "net.$ending" export --model model/model.safetensors
done
files skip.onnx export --model skip/model.safetensors
expect_status 0 "$program" export --model skip/model.safetensors --out skip.onnx
files back.safetensors import --onnx skip.onnx
