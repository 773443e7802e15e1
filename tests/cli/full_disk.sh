#!/bin/bash
# A disk that fills at every write of a training: the run ends by itself with exit code 8 and says why, every file that has its
# name is whole, and the run goes on from what was saved, with the weights of one that was never stopped.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
if [ -z "${FAILING_CALLS:-}" ]; then
    echo "a program with a sanitizer takes no library before it: not tried"
    exit 77
fi
cat >"$folder/fill.py" <<'PYTHON'
import collections, json, os, re, shutil, subprocess, sys
library, program, kind = sys.argv[1:4]
options = ("--device cpu --threads 1 --hidden 3 --cell gru --data data.csv --val-frac 0.4 --diagnose none --optimizer adam "
           "--updates 4 --json").split()

# What a training writes, by its name in messages.
FILES = {"checkpoint": "checkpoint-", "best": "best.safetensors", "model": "model.safetensors", "log": "log.jsonl", "page": "report.html"}

def call(words, **environment):
    got = subprocess.run([program] + words, env=dict(os.environ, **environment), capture_output=True, text=True, timeout=60)
    return got, [json.loads(line) for line in got.stdout.splitlines() if line.startswith("{")]

def train(fails_at, some):
    """A training whose disk is full from that write on, of which `some` bytes are still written; 0: one with room."""
    shutil.rmtree("run", ignore_errors=True)
    return call(["train"] + options + ["--save-every", "2", "--out", "run"], LD_PRELOAD=library,
                RG_FAIL_WHAT=kind, RG_FAIL_CALL=str(fails_at), RG_FAIL_BYTES=str(some), RG_COUNT_CALLS="count")

def whole_end(lines):
    return lines[-1]["event"] == "end" and lines[-1]

got, lines = train(0, 0)
assert got.returncode == 0, got.stderr
wanted, total = whole_end(lines)["weights_hash"], int(open("count").read())
assert total >= 15, total
codes, ends, full = collections.Counter(), collections.Counter(), set()
for n in range(1, total + 1, int(sys.argv[4])):
    got, lines = train(n, 7 if n % 2 else 0)
    where = "%s: write %d of %d: exit %d, %s" % (kind, n, total, got.returncode, got.stderr)
    codes[got.returncode] += 1
    # one that is full for a moment may be made up for later
    assert got.returncode == 8 or (kind == "write" and got.returncode == 0), where
    assert got.returncode == 0 or "No space left" in got.stderr, where
    assert [l["update"] for l in lines if l["event"] == "update"] == list(range(1, 5)) or not lines, where
    full |= {kind for kind, word in FILES.items() if re.search(word + "[^;]*No space left", got.stderr)}
    files = os.listdir("run") if os.path.isdir("run") else []
    for name in files:
        if not name.endswith((".safetensors", ".ckpt")):
            continue
        check, _ = call(["verify", "run/" + name])
        assert check.returncode == 0, where + check.stderr
    assert not [name for name in files if "tmp" in name or name.startswith(".")], (where, files)
    saved = [name for name in files if name.endswith(".ckpt")]
    if saved:
        got, lines = call(["--resume", "run", "--json", "--quiet"])
        assert got.returncode == 0 and whole_end(lines)["weights_hash"] == wanted, where + got.stderr
        ends["resumed"] += 1
    else:
        got, _ = call(["--resume", "run", "--quiet"])
        assert got.returncode == 4, where + got.stderr
        got, lines = call(["train"] + options + ["--out", "run", "--overwrite"])
        assert got.returncode == 0 and whole_end(lines)["weights_hash"] == wanted, where + got.stderr
        ends["begun anew"] += 1
    log = [json.loads(line) for line in open("run/log.jsonl")]
    assert [l["update"] for l in log if l["event"] == "update"] == list(range(1, 5)), where
    check, _ = call(["verify", "run"])
    assert check.returncode == 0, where + check.stderr
assert ends["resumed"] > 5 and codes[8] > (5 if kind == "disk" else 0), (ends, codes)
assert kind != "disk" or full == set(FILES), full
print("%d writes, exit codes %s, %s" % (total, dict(sorted(codes.items())), dict(ends)))
PYTHON
{
    echo 'series,a,label'
    for n in 1 2 3 4 5 6 7; do printf '%d,0.%d,%d\n%d,0.%d,%d\n' $n $n $((n % 2)) $n $((9 - n)) $((n % 2)); done
} >data.csv
expect_status 0 python3 "$folder/fill.py" "$FAILING_CALLS" "$program" disk 1
checked "full from a write on: $(cat "$folder/stdout")"
expect_status 0 python3 "$folder/fill.py" "$FAILING_CALLS" "$program" write 5
checked "full for one write: $(cat "$folder/stdout")"
