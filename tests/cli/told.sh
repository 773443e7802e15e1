#!/bin/bash
# What a command says is what ran. Each option of train, compare, sweep, grad, bench and predict, taken from the program's own
# table, is given a value that is not its default; the start of the JSON, the log, the page, the screen's opening and the
# model's file then have this value, and the others have what they had.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
: "${OFF_DEFAULTS:?the program that lists options and values}"
cp "$root/data/cat-mat-rat.csv" words.csv
tensors 'write_npz("pads.npz", {"x": ((3, 4, 1), [i / 9 for i in range(12)]), "y": ((3,), [0, 1, 1]), "lengths": ((3,), [4, 2, 3])})'
{ printf 'text,label\n'; for _ in 1 2 3 4 5 6; do printf 'cat mat rat,1\nmat mat cat,0\n'; done; } >many.csv
printf 'ab Ab ac abc cab ab\nab a b c\n' >text.txt
printf 'series,a,label\n0,3,0.5\n1,5,0.1\n2,4,0.7\n3,4,0.2\n' >numbers.csv
printf '\0\0\10\3\0\0\0\4\0\0\0\2\0\0\0\2abcdefghijklmnop' >i-images-idx3-ubyte
printf '\0\0\10\1\0\0\0\4\0\1\2\0' >i-labels-idx1-ubyte
expect_status 0 "$program" --data words.csv --device cpu --quiet --updates 1 --hidden 3 --cell lstm --layers 2 --skip 2 \
    --bidirectional --out lstm

cat >"$folder/told.py" <<'PYTHON'
import json, html, os, re, struct, subprocess, sys

program, table = sys.argv[1], [line.split("\t") for line in sys.argv[2].splitlines()]
BASE = {
    "train": "--batch 4 --steps 6 --hidden 5 --updates 2 --device cpu --json --report r.html --log l.jsonl --out o --overwrite",
    "compare": "--batch 4 --steps 6 --hidden 5 --updates 2 --remedies tanh+clip --device cpu --json --report r.html",
    "sweep": "--batch 4 --steps 6 --hidden 5 --updates 2 --device cpu --json --report r.html",
    "grad": "--model lstm/model.safetensors --data words.csv --out g.safetensors --device cpu --json --report r.html",
    "grad --task": "--task adding --batch 4 --steps 6 --hidden 5 --out g.safetensors --device cpu --json --report r.html",
    "bench": "--batch 4 --steps 6 --hidden 5 --repeats 2 --device cpu --json",
}
# What else an option needs, or has by itself; "no" for those that this test cannot give.
NEEDS = {
    "ignore-label": "--data many.csv",
    "skip-kind": "--skip 2", "skip-budget": "--skip-kind learned", "forget-bias": "--cell lstm", "dropout": "--layers 2",
    "momentum": "--optimizer momentum", "rmsprop-alpha": "--optimizer rmsprop", "embed": "--data words.csv", "level": "--data text.txt", "vocab": "--data text.txt", "min-count": "--data text.txt", "lowercase": "--data text.txt", "target": "--task copy", "pad": "--data pads.npz",
    "pixels": "--data i-images-idx3-ubyte", "permute": "--data i-images-idx3-ubyte --pixels",
    "probe-time": "--task copy --target steps", "probe-times": "no",
    "val-frac": "--data many.csv", "fold": "--data many.csv", "folds": "--data many.csv --fold 2", "val-every": "--data many.csv --val-frac 0.4",
    "patience": "--data many.csv --val-frac 0.4", "normalize": "--data numbers.csv",
    "epochs": "no", "freeze": "no", "fill": "no", "target-column": "no", "window": "no", "stride": "no", "horizon": "no", "class-weights": "no", "tbptt": "no", "math": "no", "device": "no", "plan": "no", "shape": "no", "tune": "no", "compare": "no", "peers": "no", "roofline": "no", "grid": "no",
}
# Options that change others, as their help says.
FOLLOW = {"cell": {"activation", "init", "init-input", "forget-bias"}, "clip-value": {"clip-norm"},
          "optimizer": {"momentum", "rmsprop-alpha", "beta1", "beta2", "epsilon"}, "task": {"loss", "target"}, "skip": {"skip-kind"}, "bidirectional": {"readout"}, "pixels": {"steps", "permute"}, "val-frac": {"val-every", "patience"}, "fold": {"val-every", "patience", "folds"}}
# For compare the remedies decide, and grad has what the model's file says.
DECIDED = {"compare": {"forget-bias", "clip-value", "clip-norm", "schedule", "warmup", "skip", "skip-kind", "skip-budget"},
           "grad": {"head", "cell", "activation", "skip", "skip-kind", "skip-budget", "target", "model", "data", "out", "loss",
                    "probe-time", "pad", "task", "batch", "seed", "hidden", "layers", "bidirectional", "init", "init-input",
                    "forget-bias"},
           "grad --task": {"data", "model", "out", "head", "pad", "ignore-label"}}
FILES = {"model", "data", "val", "test", "out", "report", "plot", "plot-theme", "figure", "figure-size", "trace", "trace-latex", "sequence", "set", "log", "tensorboard", "json", "quiet", "color", "verbose", "dry-run", "keep",
         "overwrite", "save-every", "resume", "config", "dump-config", "remedies", "rates"}

def run(words, expected=0):
    got = subprocess.run([program] + words, capture_output=True, text=True, timeout=120)
    assert got.returncode == expected, "%s: exit %d, %s" % (" ".join(words), got.returncode, got.stderr)
    return got

def page():
    text = open("r.html").read().split("<h2>Options</h2>")[1]
    return {k: html.unescape(v) for k, v in re.findall(r"<dt>([^<]*)</dt><dd[^>]*>([^<]*)</dd>", text)}

def told(command, words):
    """The options as the JSON and the page of a run have them."""
    lines = [json.loads(line) for line in run([command.split()[0]] + words).stdout.splitlines()]
    if command == "bench":
        return {k: v for k, v in lines[-1].items()}, {}
    said = [line["options"] for line in lines if "options" in line]
    assert said and all(s == said[0] for s in said), words
    if command == "train":
        assert [json.loads(line) for line in open("l.jsonl")] == lines == [json.loads(l) for l in open("o/log.jsonl")]
        check_model(said[0])
    return said[0], page()

def check_model(said):
    data = open("o/model.safetensors", "rb").read()
    config = json.loads(json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]["config"])
    assert config["cell"] == ("rnn" if said["cell"] == "irnn" else said["cell"]), (config, said)
    assert config["layers"] == said["layers"] and config["hidden"] == said["hidden"], (config, said)
    assert (config["directions"] == 2) == said["bidirectional"], (config, said)
    assert config["loss"] == said["loss"] and config["target"] == said["target"], (config, said)
    assert config["skip"] == said.get("skip", 1) and config["skip_kind"] == said.get("skip-kind", "add"), (config, said)
    assert config["cell"] != "rnn" or config["activation"] == said["activation"], (config, said)
    assert config.get("words", 0) == (3 if said["embed"] else 0), (config, said)

def same(said, text):
    """A value of JSON against the text of an option."""
    if isinstance(said, bool):
        return said == (text == "yes")
    if isinstance(said, (int, float)):
        scale = {"K": 2**10, "M": 2**20, "G": 2**30}.get(text[-1], 1)
        return float(said) == float(text.rstrip("KMG")) * scale
    return said == text

# The first part of the test takes all options of train, and every third of the other commands; the second part takes the
# others of these.
rest = os.environ.get("RG_REST") == "1"
without = {}  # what a command says without an option, by its words
checked = seen = 0
for command in BASE:
    base = BASE[command].split()
    for _, option, value, text in (row for row in table if row[0] == command.split()[0]):
        needs = NEEDS.get(option, "")
        if option in FILES or needs == "no" or option in DECIDED.get(command, ()):
            continue
        if command in ("compare", "grad", "bench"):  # these have no --cell, or no skips and the like
            needs = needs if command == "compare" and "--cell" not in needs else ""
        seen += command != "train"
        if rest != (command != "train" and seen % 3 > 0):
            continue
        if (command, needs) not in without:
            without[command, needs] = told(command, base + needs.split())
        before_page = without[command, needs][1]
        words = base + needs.split() + (["--" + option] if value == "-" else ["--%s=%s" % (option, value)])
        after_json, after_page = told(command, words)
        where = "%s --%s %s" % (command, option, value)
        if command == "bench":
            text = "rnn" if text == "irnn" and after_json["activation"] == "relu" else text
            assert option not in after_json or same(after_json[option], text), (where, after_json)
            checked += option in after_json
            continue
        assert same(after_json[option], text), (where, after_json.get(option))
        assert after_page[option] == text, (where, after_page.get(option))
        changed = {k for k in set(before_page) | set(after_page) if before_page.get(k) != after_page.get(k)}
        assert changed <= {option} | FOLLOW.get(option, set()), (where, changed)
        for k, v in after_json.items():
            assert k not in after_page or same(v, after_page[k]), (where, k, v, after_page[k])
        if command == "train":
            opening = run([w for w in words if w != "--json"]).stderr
            in_words = value if value != "-" else option
            assert re.search(r"(^|[^0-9.])%s([^0-9.]|$)" % re.escape(in_words), opening) or option in (
                "gemm", "memory", "threads", "precision", "cell"), (where, opening)
        checked += 1

if rest:
    print("%d options" % checked)
    sys.exit()

# lists of a sweep: all values on the page, each run's own in its line
lines = [json.loads(line) for line in run("sweep --batch 4 --steps 5,6 --hidden 5 --updates 1 --device cpu --json --cell "
                                          "rnn,lstm --lr 0.5,0.25 --seed 1-20 --report r.html".split()).stdout.splitlines()]
runs = [line for line in lines if line["event"] == "run"]
assert len(runs) == 160
assert all(line["settings"][k] == line["options"][k] for line in runs for k in line["settings"])
said = page()
assert (said["cell"], said["lr"], said["steps"]) == ("rnn, lstm", "0.5, 0.25", "5, 6"), said
assert said["seed"].startswith("1, 2, 3,") and said["seed"].endswith("20 (20 values)"), said["seed"]

# data decide batch and steps; a fashion of remedies decides what compare has
for command in ("train", "compare", "sweep"):
    words = [command] + "--data words.csv --updates 1 --hidden 3 --device cpu --json --report r.html".split()
    line = [json.loads(line) for line in run(words + (["--remedies", "irnn+rate"] if command == "compare" else []))
            .stdout.splitlines()][0]
    assert line["options"]["batch"] == line["batch"] == 3 and page()["batch"] == "3", (command, line)
    assert line["options"]["steps"] == line["steps"] == 3 and page()["steps"] == "3", (command, line)
    assert page()["loss"] == "bce" and page()["data"] == "words.csv" and "task" not in page(), page()
    if command == "compare":
        assert page()["schedule"] == line["schedule"] == "cosine" and page()["clip-norm"] == "0", page()

# grad: what the file of the model says
said, shown = told("grad", BASE["grad"].split())
assert (said["cell"], said["skip"], said["target"], said["loss"]) == ("lstm", 2, "last", "bce"), said
assert "activation" not in said and shown["cell"] == "lstm" and shown["loss"] == "bce", shown
assert "lstm, 2 layers, bidirectional, readout final, skip 2 add; 3 -&gt; 3 -&gt; 1" in open("r.html").read()

# what is learned from a file: the opening or a line before the results, JSON; the readout on every page
for command in ("train", "compare", "sweep"):
    words = [command] + "--data words.csv --updates 1 --hidden 3 --device cpu --report r.html".split()
    got = run(words)
    assert got.stderr.count("labels   2 classes: 0, 1\n") == 1, (command, got.stderr)
    assert [line["labels"] for line in map(json.loads, run(words + ["--json"]).stdout.splitlines())
            if "labels" in line][0] == "2 classes: 0, 1", command
    for option, readout in (([], "last"), (["--bidirectional"], "final"), (["--readout", "mean"], "mean")):
        if command == "compare" and option:
            continue
        run(words + option)
        assert page()["readout"] == readout, (command, option, page())
    got = run([command] + "--batch 4 --steps 6 --hidden 5 --updates 1 --device cpu".split())
    assert "labels " not in got.stderr, (command, got.stderr)

# bench: its file has every option that was given, as a shell takes it
words = ("bench --cell=rnn --activation relu --batch 4 --steps 6 --hidden 5 --repeats 1 --device cpu --precision double "
         "--threads 1 --memory 64M --out").split() + ["a file.jsonl"]
run(words)
command = json.loads(open("a file.jsonl").readline())["bench"]["command"]
assert command == "rnn-gpu " + " ".join(words[:-1]) + " 'a file.jsonl'", command

# predict: what an option says that the model's file says otherwise is refused and named; the others change no output
def outputs(words):
    return [json.loads(line)["output"] for line in run(words).stdout.splitlines()]

base = "predict --model lstm/model.safetensors --data words.csv --device cpu --json".split()
expected = outputs(base)
for _, option, value, _ in (row for row in table if row[0] == "predict"):
    words = base + {"skip-kind": ["--skip", "2"]}.get(option, []) + ["--%s=%s" % (option, value)]
    if option in ("cell", "activation", "skip", "skip-kind", "target", "readout", "head", "math"):
        value = {"cell": "gru"}.get(option, value)
        words = [w for w in words if not w.startswith("--cell=")] + (["--cell=gru"] if option == "cell" else [])
        words = [w.replace("readout=final", "readout=mean") for w in words]
        got = subprocess.run([program] + words, capture_output=True, text=True, timeout=120)
        assert got.returncode != 0 and "--" + option.replace("-kind", "") in got.stderr, (words, got)
    elif option not in FILES | {"device", "threads", "stride", "shape", "pad"}:
        for a, b in zip(expected, outputs(words)):
            assert all(abs(x - y) <= 1e-5 * abs(x) + 1e-6 for x, y in zip(a, b)), (words, a, b)
    checked += 1

# probe: what is shown is of the sizes that were given
def probe(words):
    return {line["quantity"]: line["measured"] for line in map(json.loads, run(["probe"] + words.split() + ["--json",
            "--device", "cpu"]).stdout.splitlines())}

assert "exponent 20 of 20" in probe("lyapunov --hidden 20") and "|delta_1/delta_20|, linear, 1 Q" in probe("orthogonal --steps 20")
assert probe("power --matrix 0.5,0;0,0.25")["spectral radius of W"] == 0.5
assert "|grad E| there, w = 5.4" in probe("wall --weight 5.4")
assert probe("lyapunov --hidden 16 --seed 1") != probe("lyapunov --hidden 16 --seed 2")
for option, text in (("hidden", "3"), ("steps", "3"), ("matrix", "here")):
    got = subprocess.run([program, "probe", "power", "--" + option, text], capture_output=True, text=True, timeout=120)
    assert got.returncode == 2 and "--" + option in got.stderr, got
print("%d options" % checked)
PYTHON

expect_status 0 "$OFF_DEFAULTS"
expect_status 0 python3 "$folder/told.py" "$program" "$(cat "$folder/stdout")"
checked "every option off its default: JSON, log, page, opening and model's file say what ran: $(cat "$folder/stdout")"
