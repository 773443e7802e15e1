#!/bin/bash
# inspect, verify and runs: what is in a file, whether it is whole, and which runs a folder holds.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
small=(--batch 8 --steps 10 --device cpu --quiet)
mkdir runs
expect_status 0 "$program" "${small[@]}" --hidden 4 --updates 30 --cell lstm --lr 0.01 --out runs/a
expect_status 0 "$program" "${small[@]}" --hidden 6 --updates 20 --cell gru --lr 0.01 --out runs/b
tensors '
write_npz("data.npz", {"x": ((2, 3, 1), [0.5, 1.5, -2.5, 0.0, 1.0, 2.0]), "y": ((2,), [0, 1])})
def npy(descr, shape, data):
    text = ("{\"descr\": %s, \"fortran_order\": False, \"shape\": %s, }\n" % (descr, shape)).encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data
def write_others(path, names, method):
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("x.npy", npy_bytes((2, 3, 1), [0.5, 1.5, -2.5, 0.0, 1.0, 2.0]))
        file.writestr("names.npy", npy("\"<U2\"", (2,), names.encode("utf-32-le")))
        file.writestr("dates.npy", npy("[(\"day\", \"<i4\")]", (1,), bytes(4)))
        file.writestr("objects.npy", npy("\"|O\"", (1,), b"a pickle"))
write_others("others.npz", "abcd", zipfile.ZIP_STORED)
write_others("packed.npz", "abcd", zipfile.ZIP_DEFLATED)
raw = open("others.npz", "rb").read()
open("flipped.npz", "wb").write(raw.replace("abcd".encode("utf-32-le"), "abcc".encode("utf-32-le")))
open("complex.npy", "wb").write(npy("\"<c8\"", (2,), bytes(16)))
open("short.npy", "wb").write(npy("\"<c8\"", (2,), bytes(15)))
names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
shapes = [(12, 2), (12, 3), (12,), (12,)]
state = {"net.lstm." + n: (s, [0.25] * count(s)) for n, s in zip(names, shapes)}
state.update({"net.fc.weight": ((1, 3), [0.5] * 3), "net.fc.bias": ((1,), [1.0])})
write_safetensors("torch.safetensors", state)'

# ---- inspect ----

expect_status 0 "$program" inspect runs/a/model.safetensors --json
check_tensors='
head, rows = lines[0], {line["name"]: line for line in lines[1:]}
shapes = {name: row["shape"] for name, row in rows.items()}
assert shapes == {"rnn.weight_ih_l0": [16, 2], "rnn.weight_hh_l0": [16, 4], "rnn.bias_ih_l0": [16],
                  "rnn.bias_hh_l0": [16], "head.weight": [1, 4], "head.bias": [1]}, shapes
assert all(row["dtype"] == "F32" and row["nonfinite"] == 0 and row["min"] <= row["mean"] <= row["max"]
           for row in rows.values()), rows
'
check_json "$check_tensors"'assert head["config"]["cell"] == "lstm" and head["weights"] == 133, head'
cp "$folder/stdout" model.json
expect_status 0 "$program" inspect runs/a/checkpoint-30.ckpt --json
check_json "$check_tensors"'
assert head["update"] == 30 and head["options"]["cell"] == "lstm" and head["options"]["lr"] == "0.01", head
assert {"weights", "optimizer.first", "optimizer.second", "control", "options"} <= set(head["sections"]), head
model = [json.loads(line) for line in open("model.json")][1:]
assert model == lines[1:], "the weights of model and checkpoint differ"'
expect_status 0 "$program" inspect runs/a/checkpoint-30.ckpt
expect_line '^  optimizer.first +640$'
expect_line '^rnn.weight_hh_l0 +F32 +\[16, 4\]'
expect_status 0 "$program" inspect torch.safetensors
expect_line '^a model of another program, such as PyTorch: lstm; 2 -> 3 -> 1, 100 weights|^a model of another program'
expect_line '^net.lstm.weight_hh_l0 +F32 +\[12, 3\] '
expect_line '^net.lstm.weight_hh_l0 .* rnn.weight_hh_l0$'
expect_line '^net.fc.weight .* head.weight$'
expect_status 0 "$program" inspect data.npz --json
check_json 'assert [(line["name"], line["shape"], line["min"], line["max"]) for line in lines[1:]] == \
    [("x", [2, 3, 1], -2.5, 2), ("y", [2], 0, 1)], lines'
for file in others packed; do
    expect_status 0 "$program" inspect $file.npz
    expect_line '^names +<U2 +\[2\] +- +- +- +-$'
    expect_line '^x +F32 +\[2, 3, 1\] +-2.5 +2 '
    expect_status 0 "$program" inspect $file.npz --json
    check_json 'assert [(line["dtype"], line["shape"], line["elements"], line["min"], line["nonfinite"]) for line in lines[1:]] == [
        ("F32", [2, 3, 1], 6, -2.5, 0), ("<U2", [2], 2, None, None), ("[(\"day\", \"<i4\")]", [1], 1, None, None),
        ("|O", [1], 1, None, None)], lines'
done
expect_status 0 "$program" grad --model runs/a/model.safetensors --task adding --steps 10 --device cpu --quiet --out g.safetensors
expect_status 0 "$program" inspect g.safetensors
expect_line '^the gradients that grad wrote$'
expect_no_line 'not a model'
expect_status 0 "$program" inspect "$root/data/cat-mat-rat-weights.safetensors" # 9 + 9 + 3: it has no biases
expect_line ' rnn tanh; 3 -> 3 -> 1, 21 weights$'
expect_status 0 "$program" inspect "$root/data/cat-mat-rat-weights.safetensors" --json
check_json 'assert lines[0]["weights"] == 21 == sum(line["elements"] for line in lines[1:]), lines'
refused 4 'runs/a: is a folder, and inspect takes one file; verify DIR checks .*, and runs DIR lists' "$program" inspect runs/a
checked "inspect: models, checkpoints, a state of PyTorch, npz, gradients, and what a folder is for"

# ---- verify ----

expect_status 0 "$program" verify runs/a
[ "$(grep -c '^whole ' "$folder/stdout")" -eq 3 ] || fail "not three whole files"
expect_status 0 "$program" verify data.npz
for file in others packed; do # what rnn-gpu does not read is no damage
    expect_status 0 "$program" verify $file.npz
    expect_line "^whole    $file.npz: a file of 4 tensors; their checksums are right; of types that rnn-gpu does not read: \
names \(<U2\), dates \(\[\(\"day\", \"<i4\"\)\]\), objects \(\|O\)\$"
done
expect_status 0 "$program" verify complex.npy
expect_line 'the format has no checksums; of types that rnn-gpu does not read: data \(<c8\)$'
refused 6 'flipped.npz\(names.npy\): CRC error' "$program" verify flipped.npz
refused 6 'short.npy: the shape does not need the 15 bytes' "$program" verify short.npy
refused 4 "short.npy: .*dtype '<c8' \(complex numbers\) is not supported" "$program" train --data short.npy --device cpu
cp -r runs/a hurt
python3 - <<'PYTHON'
raw = bytearray(open("hurt/checkpoint-30.ckpt", "rb").read())
raw[-1] ^= 64
open("hurt/checkpoint-30.ckpt", "wb").write(raw)
lines = open("hurt/log.jsonl").read().splitlines(True)
open("hurt/log.jsonl", "w").writelines(line for line in lines if '"update":7,' not in line)
PYTHON
refused 6 "checkpoint-30.ckpt: the section 'numbers' is damaged" "$program" verify hurt/checkpoint-30.ckpt
refused 6 'log.jsonl: line [0-9]+ has update 8; the line before has 6' "$program" verify hurt/log.jsonl
sed '3s/.*/half a li/' runs/a/log.jsonl >hurt/log.jsonl
refused 6 'log.jsonl: line 3 is not an event' "$program" verify hurt/log.jsonl
head -c 300 hurt/model.safetensors >part && mv part hurt/model.safetensors
expect_status 6 "$program" verify hurt --json
check_json 'assert [line["whole"] for line in lines] == [False, False, False], lines'
expect_line '3 of 3 files are damaged' stderr
: >empty.safetensors
expect_status 6 "$program" verify empty.safetensors
mkdir many
(cd many && seq -f '%g.npy' 10001 | xargs touch)
expect_status 6 "$program" verify many
expect_line '^rnn-gpu: 10001 of 10001 files are damaged' stderr
rm -r many
refused 4 'cannot be read' "$program" verify nowhere
refused 4 'not a kind of file that verify knows' "$program" verify "$root/README.md"
refused 2 'verify needs a name after it' "$program" verify
refused 2 "'runs/b' is a second name; verify takes one" "$program" verify runs/a runs/b
printf 'not read' >model.onnx
refused 4 'model.onnx: an ONNX file; `./rnn-gpu import' "$program" inspect model.onnx
refused 4 'not a model, nor another file of tensors' "$program" inspect "$root/README.md"
checked "verify: whole and damaged files and folders"

# Every byte of a checkpoint, and every length of it.
python3 - "$program" runs/a/checkpoint-30.ckpt <<'PYTHON' || fail "a damaged checkpoint is called whole"
import random, subprocess, sys
raw = open(sys.argv[2], "rb").read()
random.seed(1)
for i in range(60):
    bad = bytearray(raw)
    if i % 3 == 0:
        bad = bad[:random.randrange(len(raw))]
    else:
        bad[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    open("bad.ckpt", "wb").write(bad)
    got = subprocess.run([sys.argv[1], "verify", "bad.ckpt"], capture_output=True, text=True)
    assert got.returncode == (4 if not bad else 6) and got.stderr.startswith("rnn-gpu: bad.ckpt"), (i, got)
PYTHON
checked "verify: flipped bits and lengths"

# ---- runs ----

expect_status 0 "$program" runs runs --json
check_json 'assert [(r["run"], r["state"], r["updates"], r["resumable"], r["checkpoint"]) for r in lines] == \
    [("a", "done", 30, True, 30), ("b", "done", 20, True, 20)], lines'
expect_status 0 "$program" runs runs
expect_line '^run +state +loss +updates +resume from +gradient +--cell +--hidden +--updates$'
expect_line '^a +done +0\.[0-9]+ +30 +30 +[A-Z]+ +lstm +4 +30$'
expect_line '^b +done +0\.[0-9]+ +20 +20 +[A-Z]+ +gru +6 +20$'
rm runs/b/checkpoint-20.ckpt
expect_status 0 "$program" runs runs
expect_line '^b +done +0\.[0-9]+ +20 +- +[A-Z]+ +gru '
# the options that people vary come first, and none is hidden; one that has no use in a run is no difference
expect_status 0 "$program" "${small[@]}" --hidden 4 --updates 3 --cell rnn --lr 0.02 --optimizer momentum --momentum 0.5 \
    --clip-norm 2 --seed 3 --weight-decay 0.1 --warmup 2 --schedule cosine --layers 2 --dropout 0.1 --nonfinite stop \
    --lag-every 1 --init xavier --init-input he --out runs/c
printf 'series,a,label\n' >t.csv
for i in 1 2 3 4 5 6 7 8; do printf '%d,0.%d,%d\n' "$i" "$i" "$((i % 2))"; done >>t.csv
expect_status 0 "$program" --data t.csv --val-frac 0.25 --test t.csv --hidden 4 --updates 3 --device cpu --out runs/d
expect_status 0 "$program" runs runs
expect_line '^run +state +loss +validation +test +updates .* gradient +--data +--cell +--hidden +--layers +--lr +--optimizer +--batch '
for option in seed clip-norm schedule weight-decay warmup dropout nonfinite lag-every init init-input momentum test; do
    expect_line "^run.* --$option( |$)"
done
expect_no_line '--(val-every|patience|pad|activation|epsilon|level|min-count|lowercase|normalize|permute)( |$)'
expect_line '^d +done +0\.[0-9]+ +0\.[0-9]+ +0\.[0-9]+ +3 '
expect_line '^validation +lowest loss'
expect_status 0 "$program" runs runs --json
check_json '
assert [r["validation_loss"] is None and r["test_loss"] is None for r in lines] == [True, True, True, False], lines
log = [json.loads(line) for line in open("runs/d/log.jsonl")]
assert lines[3]["validation_loss"] == log[-1]["best_loss"] and lines[3]["test_loss"] == log[-1]["test"]["loss"], lines[3]'
checked "runs: every option that differs, and the losses of validation and test"
# a checkpoint has the values that its run had, and no option that had no use
expect_status 0 "$program" inspect runs/d/checkpoint-3.ckpt
expect_line '^  steps +1$'
expect_line '^  loss +bce$'
expect_no_line '^  (level|min-count|permute|rmsprop-alpha|momentum|skip-kind|stride|pad) '
expect_status 0 "$program" inspect runs/d/checkpoint-3.ckpt --json
check_json 'options = lines[0]["options"]
assert (options["steps"], options["loss"], "level" in options) == ("1", "bce", False), options'
checked "inspect: the options of a checkpoint are those of its run"

# ---- the results of a sweep ----

expect_status 0 "$program" sweep "${small[@]}" --hidden 3 --updates 2 --seed 1,2 --quiet --out grid
file=$(find grid -name 'training-*.done' | sort | head -1)
refused 4 'grid holds the results of a compare or sweep.*with --out grid goes on' "$program" --resume grid
expect_status 0 "$program" inspect "$file" --json
check_json 'assert end["file"] == sys.argv[1] and end["format"] == "training" and end["updates"] == 2, end
assert end["model"] is None and end["best_model"] is None and end["options"]["seed"] in (1, 2), end' "$file"
expect_status 0 "$program" verify grid
[ "$(grep -c '^whole .*training-.*done: the result of a' "$folder/stdout")" -eq 2 ] ||
    fail "verify does not know the results of a sweep"
# a page of results that were read says so, and that its time is not that of the trainings
expect_status 0 "$program" sweep "${small[@]}" --hidden 3 --updates 2 --seed 1,2 --out grid --report all.html
expect_line '<dt>trained before</dt><dd>2 of 2 trainings; their results are from grid</dd>' here/all.html
expect_line '<dt>time</dt><dd>[^<]*, in which nothing was trained</dd>' here/all.html
expect_status 0 "$program" sweep "${small[@]}" --hidden 3 --updates 2 --seed 1-3 --out grid --report some.html
expect_line '<dt>trained before</dt><dd>2 of 3 trainings; their results are from grid</dd>' here/some.html
expect_line '<dt>time</dt><dd>[^<]*, without what was trained before</dd>' here/some.html
head -c 300 "$file" >cut.done
refused 6 'cut.done' "$program" verify cut.done
checked "results of a sweep are called what they are"

# which file belongs to which run: the events of sweep and compare, runs, and inspect say the same
for command in "sweep --cell rnn,gru --seed 1,2" "compare --remedies gru,lstm --seeds 2"; do
    read -r -a words <<<"$command"
    rm -rf kept
    some=("$program" "${words[@]}" --data t.csv --val-frac 0.25 --hidden 2 --updates 2 --device cpu --diagnose none --quiet --keep)
    expect_status 0 "${some[@]}" --json --out kept
    cp "$folder/stdout" events
    expect_status 0 "$program" runs kept --json
    cp "$folder/stdout" rows
    expect_status 0 "${some[@]}" --out kept
    expect_line '^\./rnn-gpu runs kept names the files of each run$'
    expect_status 0 "$program" runs kept
    expect_line '^the weights of RUN are in kept/RUN\.safetensors, and the best ones in'
    expect_line '^training-[0-9a-f]{16} '
    for file in kept/training-*.done; do
        expect_status 0 "$program" inspect "$file" --json
        cat "$folder/stdout"
    done >results
    expect_status 0 "$program" inspect "$file"
    expect_line "^  model +${file%.done}\.safetensors$"
    expect_line "^  best_model +${file%.done}-best\.safetensors$"
    expect_status 0 "${some[@]}" --json --out "kept-${words[0]}.csv"
    cp "$folder/stdout" beside
    check_json 'import csv, os
def read(path):
    return [json.loads(line) for line in open(path)]
def runs(path):
    return [run for e in read(path) for run in (e.get("runs") if "remedy" in e else [e] if e.get("event") == "run" else [])]
by_hash = {run["weights_hash"]: (run["model"], run["best_model"]) for run in runs("events")}
assert len(by_hash) == 4 and all(os.path.exists(f) for pair in by_hash.values() for f in pair), by_hash
results = read("results")
assert {r["weights_hash"]: (r["model"], r["best_model"]) for r in results} == by_hash, (results, by_hash)
assert sorted((r["model"], r["best_model"]) for r in read("rows")) == sorted(by_hash.values())
assert all(r["run"] + ".safetensors" == os.path.basename(r["model"]) for r in read("rows"))
table = {r["weights_hash"]: (r["model"], r["best_model"]) for r in csv.DictReader(open(sys.argv[1]))}
assert {r["weights_hash"]: (r["model"], r["best_model"]) for r in runs("beside")} == table, table' "kept-${words[0]}.csv"
done
expect_status 0 "$program" sweep "${small[@]}" --hidden 3 --updates 2 --seed 1,2 --quiet --json
check_json 'assert all("model" not in line and "best_model" not in line for line in lines), lines'
checked "the files of each run"

mkdir empty
refused 4 'holds no run' "$program" runs empty
refused 4 'cannot be read' "$program" runs nowhere
checked "runs: what tells them apart, and which can go on"
