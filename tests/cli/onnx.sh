#!/bin/bash
# Exported ONNX files: onnx.checker passes, and ONNX Runtime gives what predict gives, for every cell, activation, kind of
# skip, readout, number of layers and directions, with lengths down to 0, and for words.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=python.inc
. "$cli/python.inc"
python_with numpy onnx onnxruntime
data=$root/data/cat-mat-rat.csv

cat >"$folder/check.py" <<'PYTHON'
import json, subprocess, sys
import numpy, onnx, onnxruntime

program, words = sys.argv[1], sys.argv[2]
ACTIVATIONS = "tanh relu leaky_relu elu sigmoid softsign softplus hardtanh linear".split()
SKIPS = ["", "--skip 3", "--skip 2 --skip-kind dilated", "--skip-kind learned"]
N, T, F = 8, 9, 3
random = numpy.random.default_rng(1)
lengths = numpy.array([T, 0, 1, 2, 5, T, 3, 8])
x = random.standard_normal((N, T, F)).astype("f4")
tokens = random.integers(0, 7, (N, T))
y = random.standard_normal((N, 2)).astype("f4")
numpy.savez("x.npz", x=x, y=y, lengths=lengths)
numpy.savez("steps.npz", x=x, y=random.standard_normal((N, T, 2)).astype("f4"), lengths=lengths)
numpy.savez("tokens.npz", x=tokens, y=y, lengths=lengths)

def run(*arguments):
    got = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
    assert got.returncode == 0, (arguments, got.stderr)
    return got

def check(what, data, options, feed):
    run("train", "--data", data, *options.split(), "--hidden", "5", "--updates", "2", "--lr", "0.1", "--device", "cpu",
        "--out", "m", "--overwrite", "--quiet", "--diagnose", "none")
    run("export", "--model", "m/model.safetensors", "--out", "m.onnx")
    run("predict", "--model", "m/model.safetensors", "--data", data, "--device", "cpu", "--out", "p.npy")
    model = onnx.load("m.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 14)]
    constants = {tensor.name for tensor in model.graph.initializer}
    graphs = [model.graph] + [a.g for node in model.graph.node for a in node.attribute if a.name == "body"]
    read = {name for graph in graphs for node in graph.node for name in node.input}
    assert constants <= read, (what, "constants that nothing reads", constants - read)
    session = onnxruntime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"])
    wanted = numpy.load("p.npy")
    got = session.run(None, dict(feed))[0]
    assert got.shape == wanted.shape, (what, got.shape, wanted.shape)
    assert numpy.abs(got - wanted).max() <= 1e-5, (what, numpy.abs(got - wanted).max())
    one = [v[2:3] if k == "lengths" else v[2:3, :4] for k, v in feed.items()]
    if "steps" not in what:  # other sizes than those of the export do as well
        assert numpy.abs(session.run(None, dict(zip(feed, one)))[0] - wanted[2:3]).max() <= 1e-5, what
    return model

feed = {"x": x, "lengths": lengths.astype("i4")}
done = 0
cells = ["--cell rnn --activation " + a for a in ACTIVATIONS] + ["--cell lstm", "--cell gru"]
for i, cell in enumerate(cells):
    for j, skip in enumerate(SKIPS):
        # every cell with every skip; readouts and shapes take turns, so that each meets each
        shapes = ["", "--layers 2", "--bidirectional", "--layers 2 --bidirectional"]
        readouts = ["--readout last", "--readout final", "--readout mean", "--readout max", "--target steps"]
        for k, readout in enumerate(readouts):
            options = "%s %s %s %s" % (cell, skip, readout, shapes[(i + j + k) % 4])
            if 0 < i < 9 and (i + j + k) % 5:
                continue
            check(options, "steps.npz" if "steps" in readout else "x.npz", options, feed)
            done += 1
for options in ("--embed 4 --cell lstm", "--embed 3 --cell rnn --skip 2 --bidirectional"):
    check(options, "tokens.npz", options, {"x": numpy.where(tokens < 0, 0, tokens), "lengths": feed["lengths"]})
    done += 1

# inputs that are scaled by the training data
numpy.savez("far.npz", x=1e3 * x + 2e4, y=y, lengths=lengths)
for options in ("--cell gru", "--cell lstm --skip 2 --bidirectional"):
    check(options, "far.npz", options + " --normalize", {"x": 1e3 * x + 2e4, "lengths": feed["lengths"]})
    done += 1

# words by name, as predict reads those that it does not know; the names are in the metadata
vocabulary = "cat mat rat".split()
rows = [line.split(",")[0].split() for line in open(words).read().split("\n")[1:] if line] + [["dog", "cat", "mat"]]
open("new.csv", "w").write("text\n" + "\n".join(" ".join(row) for row in rows) + "\n")
numbers = numpy.array([[vocabulary.index(w) if w in vocabulary else -1 for w in row] for row in rows])
for options in ("--cell gru", "--cell gru --embed 3"):
    model = check(options, words, options, {"x": numbers[:3], "lengths": numpy.full(3, 3, "i4")})
    config = json.loads({p.key: p.value for p in model.metadata_props}["config"])
    assert config["vocabulary"] == vocabulary and config["cell"] == "gru", config
    run("predict", "--model", "m/model.safetensors", "--data", "new.csv", "--device", "cpu", "--out", "p.npy")
    session = onnxruntime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"])
    got = session.run(None, {"x": numbers, "lengths": numpy.full(len(rows), 3, "i4")})[0]
    assert numpy.abs(got - numpy.load("p.npy")).max() <= 1e-5, "an unknown word"
    done += 1
print("%d models" % done)
PYTHON
expect_status 0 "$python" "$folder/check.py" "$program" "$data"
checked "onnx.checker and ONNX Runtime on $(cat "$folder/stdout")"

model=m/model.safetensors
refused 2 'm.txt: the name must end in .onnx' "$program" export --model "$model" --out m.txt
refused 2 'export needs --out PATH' "$program" export --model "$model"
refused 2 'export needs --model FILE' "$program" export --out n.onnx
refused 4 'none.safetensors' "$program" export --model none.safetensors --out n.onnx
refused 8 'nowhere/n.onnx' "$program" export --model "$model" --out nowhere/n.onnx
expect_status 0 "$program" --data x.npz --hidden 2 --updates 1 --skip 5000 --device cpu --quiet --out far
refused 2 'skip 5000' "$program" export --model far/model.safetensors --out n.onnx
checked "what cannot be exported is refused in a line"
