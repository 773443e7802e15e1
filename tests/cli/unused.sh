#!/bin/bash
# No option is ignored without a word: beside every kind of model, task and remedy, each option of the command either changes
# the result, or is refused, or is named on stderr. Also one that is given with its default's value.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
import random
random.seed(3)
N, T, F = 12, 6, 2
x = [random.uniform(-1, 1) for _ in range(N * T * F)]
write_npz("values.npz", {"x": ((N, T, F), x), "y": ((N,), [0.1 * i for i in range(N)])})
write_npz("steps.npz", {"x": ((N, T, F), x), "y": ((N, T), [0.1 * (i % 7) for i in range(N * T)])})
with open("classes.csv", "w") as file:
    file.write("series,a,b,label\n")
    for i in range(N):
        for t in range(3 + i % 4):
            file.write("%d,%.3f,%.3f,%d\n" % (i, random.uniform(-1, 1), random.uniform(-1, 1), i % 3 // 2))
with open("long.csv", "w") as file:
    file.write("series,a\n")
    for t in range(40):
        file.write("0,%.3f\n" % random.uniform(-1, 1))
'
for _ in $(seq 9); do printf 'The cat sat on a mat. a rat ate The Cat\n'; done >text.txt

# model NAME OPTION...: a model that was trained with them.
model() {
    local name=$1
    shift
    expect_status 0 "$program" --quiet --device cpu --hidden 3 --updates 2 --diagnose none --out "$name" "$@"
}
model classes --data classes.csv
model relu --data classes.csv --activation relu
model lstm --data values.npz --cell lstm
model skips --data values.npz --skip 2
model learned --data values.npz --skip-kind learned
model steps --data steps.npz --target steps
model windows --data long.csv --window 6 --horizon 2
model words --data text.txt --level word --steps 5
model task --task adding --steps 6 --batch 4

# The labels of a file of another kind than the model's are told, and not scored.
expect_status 0 "$program" predict --model steps/model.safetensors --data classes.csv --device cpu --out other.npy
expect_line 'classes\.csv: the labels are not of the kind that the model was trained on; they are not scored' stderr
checked "predict: labels that the model does not have"

refused_rows <<'ROWS'
# a default's value, where the model has another one
4|lstm/model\.safetensors holds a cell lstm, which has its own activations, not tanh|eval --model lstm/model.safetensors --data values.npz --activation tanh
4|relu/model\.safetensors was made with --activation relu, not tanh|predict --model relu/model.safetensors --data classes.csv --activation tanh
4|skips/model\.safetensors was made with --skip 2 --skip-kind add, not 0 and add|eval --model skips/model.safetensors --data values.npz --skip 0
4|learned/model\.safetensors was made with --skip 1 --skip-kind learned, not 0|grad --model learned/model.safetensors --data values.npz --skip 0
4|steps/model\.safetensors was made with --target steps, not last|export --model steps/model.safetensors --out m.c --target last
2|--horizon 1, but the horizon of windows/model\.safetensors is 2|train --model windows/model.safetensors --data long.csv --horizon 1
# what the model decides
2|--loss mse, but classes/model\.safetensors was trained with --loss bce; leave --loss out|train --model classes/model.safetensors --data classes.csv --loss mse
2|--loss ce, but lstm/model\.safetensors was trained with --loss mse|export --model lstm/model.safetensors --out m.c --loss ce
2|--level is determined by the model|train --model words/model.safetensors --data text.txt --level char
2|--lowercase is determined by the model|train --model words/model.safetensors --data text.txt --lowercase
2|--vocab is determined by the model|train --model words/model.safetensors --data text.txt --vocab 4
2|--min-count is determined by the model|train --model words/model.safetensors --data text.txt --min-count 2
2|--stride, but classes/model\.safetensors was not trained on windows|train --model classes/model.safetensors --data classes.csv --stride 2
2|--skip-budget requires --skip-kind learned, which the model does not have|grad --model skips/model.safetensors --data values.npz --skip-budget 1
2|--skip-budget requires --skip-kind learned|grad --task adding --skip-budget 1
2|--stride requires --window W|grad --model task/model.safetensors --task adding --stride 2
2|--cell is an option of a model, and export --task adding writes data|export --task adding --out d.npz --cell lstm
3|--shape requires an OpenCL device|sweep --updates 1 --device cpu --shape 4,2,8,32
# remedies that a comparison does not have
2|--warmup is for rows with \+rate|compare --device cpu --warmup 3
2|--schedule is for rows with \+rate|compare --device cpu --schedule cosine
2|--clip-norm is for rows with \+clip|compare --device cpu --remedies tanh+plain --clip-norm 2
2|--skip is for rows with the remedy skip|compare --device cpu --remedies tanh,lstm --skip 3
2|--forget-bias is for rows with the remedy lstm|compare --device cpu --remedies tanh,gru --forget-bias 2
2|--skip-budget is for rows with the remedy learned|compare --device cpu --remedies tanh,skip --skip-budget 1
2|--skip-kind learned is the remedy learned|compare --device cpu --remedies tanh,skip --skip-kind learned
ROWS
checked "$n_refused options that a model or a comparison decides"

# What may be given without an effect: files and screens, the machine, limits that are not reached, and what is the
# program's choice already.
cat >"$folder/unused.py" <<'PYTHON'
import json, os, re, subprocess, sys
program = sys.argv[1]
table = [line.split("\t") for line in subprocess.run([sys.argv[2]], capture_output=True, text=True).stdout.splitlines()]
NO_RESULT = set("report plot figure figure-size plot-theme log tensorboard json quiet verbose color dry-run keep overwrite save-every "
                "resume config dump-config trace trace-latex sequence out device threads memory gemm shards mixed math shape precision "
                "model data val test target-column set head freeze probe-times remedies rates max-time patience target-loss "
                "nonfinite fill diagnose lag-every class-weights clip-norm clip-value min-count probe-time".split())
on = "--device cpu --threads 1 "
BASES = {"train": "train --task adding --hidden 3 --batch 4 --steps 6 --updates 6 --json --diagnose none -q " + on,
         "train a task": "train --task adding --cell lstm --hidden 3 --batch 4 --steps 6 --updates 6 --json --diagnose none -q " + on,
         "train text": "train --data text.txt --hidden 4 --batch 4 --steps 6 --updates 6 --json --diagnose none -q " + on,
         "train classes": "train --data classes.csv --hidden 3 --updates 6 --json --diagnose none -q " + on,
         "compare": "compare --hidden 3 --batch 4 --steps 6 --updates 3 --seeds 1 --remedies tanh --json -q " + on,
         "export task": "export --task adding --steps 6 --sequences 3 --out result.npz",
         "grad task": "grad --task adding --steps 6 --batch 4 --hidden 3 --json --out result.safetensors -q " + on}
for name, data in (("classes", "classes.csv"), ("relu", "classes.csv"), ("lstm", "values.npz"), ("skips", "values.npz"),
                   ("learned", "values.npz"), ("steps", "steps.npz"), ("windows", "long.csv"), ("words", "text.txt")):
    of = " --model %s/model.safetensors --data %s " % (name, data)
    BASES["train " + name] = "train --updates 6 --json --diagnose none -q " + of + on
    BASES["grad " + name] = "grad --json --out result.safetensors -q " + of + on
    BASES["eval " + name] = "eval --json -q " + of + on
    BASES["predict " + name] = "predict --out result.safetensors -q " + of + on
    BASES["export " + name] = "export --out result.npz -q --model %s/model.safetensors" % name
# A label that no sequence has; a side that is the same where all sequences are as long as the longest; what is read with one
# direction; and what the task, the text or the model has already.
SAME = {("ignore-label", ""), ("pad", "values.npz"), ("pad", "steps.npz"), ("readout", "compare"), ("readout", "adding"),
        ("loss", "compare"), ("loss", "--task"), ("level", "text.txt"), ("target", "text.txt")}
MADE = {"activation": "relu", "cell": "lstm", "loss": "mse", "target": "steps"}

def agrees(base, words, option, value):
    return any((option, word) in SAME for word in [""] + words) or ("--model" in words and MADE.get(option) == value)

def result(words):
    for name in ("result.npz", "result.safetensors"):
        if os.path.exists(name):
            os.remove(name)
    got = subprocess.run([program] + words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    files = [open(name, "rb").read() for name in ("result.npz", "result.safetensors") if os.path.exists(name)]
    lines = re.sub(r'"options":\{[^}]*\}|"[a-z_]*(seconds|_per_s|_s)":[^,}]*', "", got.stdout)
    return got.returncode, (lines, files), got.stderr

tried = refused = 0
silent = []
for base, line in BASES.items():
    words = line.split()
    code, before, _ = result(words)
    assert code == 0, (base, result(words))
    for _, option, value, _ in (row for row in table if row[0] == words[0]):
        if option in NO_RESULT or "--" + option in words:
            continue
        code, after, said = result(words + (["--" + option] if value == "-" else ["--%s=%s" % (option, value)]))
        tried += 1
        refused += code != 0
        assert code in (0, 2, 3, 4) and (code == 0 or said.count("\n") == 1), (base, option, value, code, said)
        if code == 0 and after == before and "--" + option not in said and not agrees(base, words, option, value):
            silent.append("%s: --%s %s" % (base, option, value))
assert not silent, "\n".join(silent)
assert tried > 500 and tried > refused > 100, (tried, refused)
print("%d of %d are refused" % (refused, tried))
PYTHON
expect_status 0 python3 "$folder/unused.py" "$program" "${OFF_DEFAULTS:?the program that lists options and values}"
checked "options beside models, tasks and remedies: $(cat "$folder/stdout")"
