#!/bin/bash
# --normalize: a model of raw data does what one of data that were scaled before does, in every command.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

tensors '
import random
random.seed(2)
T = 6
def make(n):
    lengths = [random.randrange(1, T + 1) for _ in range(n)]
    x = [[[1013.0 + 8 * random.gauss(0, 1), 0.001 * random.gauss(0, 1)] for _ in range(T)] for _ in range(n)]
    y = [sum(step[0] - 1013.0 for step in x[i][: lengths[i]]) / 8 for i in range(n)]
    return x, y, lengths
def flat(x):
    return [v for sequence in x for step in sequence for v in step]
sets = {name: make(n) for name, n in (("train", 60), ("val", 20), ("test", 25))}
x, _, lengths = sets["train"]
valid = [step for sequence, n in zip(x, lengths) for step in sequence[:n]]
mean = [math.fsum(s[f] for s in valid) / len(valid) for f in range(2)]
deviation = [math.sqrt(math.fsum((s[f] - mean[f]) ** 2 for s in valid) / len(valid)) for f in range(2)]
for name, (x, y, lengths) in sets.items():
    tail = {"y": ((len(y),), y), "lengths": ((len(y),), lengths)}
    write_npz(name + ".npz", {"x": ((len(y), T, 2), flat(x)), **tail})
    scaled = [[[(v - m) / d for v, m, d in zip(step, mean, deviation)] for step in s] for s in x]
    write_npz(name + "-scaled.npz", {"x": ((len(y), T, 2), flat(scaled)), **tail})
'
options=(--hidden 9 --batch 16 --epochs 8 --lr 0.02 --cell lstm --json --overwrite)
for device in "${devices[@]}"; do
    on=(--device "$device")
    expect_status 0 "$program" --data train-scaled.npz --val val-scaled.npz --test test-scaled.npz "${options[@]}" "${on[@]}" --out scaled
    cp "$folder/stdout" before
    expect_status 0 "$program" --data train.npz --val val.npz --test test.npz --normalize "${options[@]}" "${on[@]}" --out raw
    check_json '
before = [json.loads(line) for line in open("before")]
def near(a, b):
    assert abs(a - b) <= 2e-3 * abs(b), (a, b)
assert lines[0]["options"]["normalize"] is True
for a, b in zip(lines, before):
    if a["event"] in ("update", "validation", "end"):
        near(a["loss"], b["loss"])
near(end["test"]["mse"], before[-1]["test"]["mse"])
open("test_mse", "w").write(repr(end["test"]["mse"]))'
    for of in "raw test" "scaled test-scaled"; do
        model=${of% *} data=${of#* }
        expect_status 0 "$program" predict --model "$model/best.safetensors" --data "$data.npz" --out "$model.npy" --quiet "${on[@]}"
        expect_status 0 "$program" grad --model "$model/best.safetensors" --data "$data.npz" --out "$model.grad" "${on[@]}"
        expect_status 0 "$program" eval --model "$model/best.safetensors" --data "$data.npz" --json "${on[@]}"
        cp "$folder/stdout" "$model.eval"
    done
    tensors '
raw, scaled = read_npy("raw.npy")[1], read_npy("scaled.npy")[1]
assert all(abs(a - b) < 2e-3 for a, b in zip(raw, scaled))
a, b = read_safetensors("raw.grad"), read_safetensors("scaled.grad")
for name in ("grad.rnn.weight_ih_l0", "grad.rnn.weight_hh_l0", "loss"):
    size = max(map(abs, b[name][1]))
    assert all(abs(p - q) < 5e-3 * size for p, q in zip(a[name][1], b[name][1])), name
a, b = (json.load(open(name + ".eval")) for name in ("raw", "scaled"))
assert abs(a["mse"] - b["mse"]) < 2e-3 * b["mse"] and abs(a["mse"] - float(open("test_mse").read())) < 1e-5 * b["mse"]'
    checked "$device: training, validation, test, predict, eval and grad"
done

expect_status 0 "$program" --data train.npz --normalize --hidden 4 --updates 3 --precision double --device cpu --out double --json
expect_status 0 "$program" eval --model double/model.safetensors --data test.npz --precision double --device cpu
expect_status 0 "$program" --data train.npz --hidden 4 --updates 1 --device cpu
expect_line 'train\.npz: the inputs are large \(feature 1 is about 1e\+03\), which saturates units; --normalize scales them' stderr
expect_status 0 "$program" --data train.npz --normalize --hidden 4 --updates 1 --device cpu
expect_no_line 'the inputs are large' stderr
expect_status 0 "$program" --data train-scaled.npz --hidden 4 --updates 1 --device cpu
expect_no_line 'the inputs are large' stderr
expect_status 0 "$program" compare --data train.npz --normalize --hidden 4 --updates 2 --remedies tanh+clip --device cpu --json
cp "$root/data/cat-mat-rat.csv" words.csv
refused 2 'normalize is for columns of numbers, and words\.csv has words' "$program" --data words.csv --normalize --device cpu --out new
refused 2 'normalize scales the inputs of a file' "$program" --normalize --out new
checked "double precision, large inputs, words, tasks"

# targets far from 0: said of values, but not of a forecast, which begins at their mean, or of classes
printf 'series,a,label\n0,1,900.5\n0,2,900.5\n1,1,1000.5\n1,3,1000.5\n' >far.csv
expect_status 0 "$program" --data far.csv --hidden 3 --updates 1 --device cpu
expect_line '^rnn-gpu: far\.csv: the targets are large \(mean or deviation about 950\), and a net takes many updates' stderr
sed 's/,\(9\|10\)00\.5$/,0.5/' far.csv >near.csv
expect_status 0 "$program" --data near.csv --hidden 3 --updates 1 --device cpu
expect_no_line 'targets are large' stderr
expect_status 0 "$program" --data far.csv --target-column a --window 1 --hidden 3 --updates 1 --device cpu
expect_no_line 'targets are large' stderr
checked "large targets"

# export: the files scale raw inputs as predict does
expect_status 0 "$program" export --model raw/best.safetensors --out again.safetensors
cmp raw/best.safetensors again.safetensors || fail "the file that came out is another"
expect_status 0 "$program" export --model raw/best.safetensors --out raw.onnx
expect_status 0 "$program" import --onnx raw.onnx --out again.safetensors
cmp raw/best.safetensors again.safetensors || fail "the file that came back from ONNX is another"
expect_status 0 "$program" export --model raw/best.safetensors --out net.c
expect_status 0 "${CC:-cc}" -std=c99 -Wall -Wextra -Werror -DNET_TEST net.c -lm -o net
expect_status 0 ./net
checked "export"

printf 'series,a,label\n1,1e308,0\n2,-1e308,1\n' >large.csv
refused 4 'large\.csv: column 1 of the inputs has numbers whose squares are beyond the range of a double' \
    "$program" --data large.csv --normalize --hidden 2 --updates 1 --device cpu
checked "numbers that are too large to be scaled"
