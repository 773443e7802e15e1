#!/bin/bash
# predict and grad on files of every kind: shapes, a forward pass worked out here, batched against one by one, and the
# same data in different files.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
data=$root/data/cat-mat-rat.csv

# 13 sequences of up to 7 steps of 2 features, one of them without a step; all.npz, the same one by one, those with
# steps as CSV, and with classes or two targets as labels.
tensors '
import random
random.seed(5)
N, T, F = 13, 7, 2
lengths = [7, 1, 0] + [random.randint(1, T) for _ in range(N - 3)]
x = [[[random.uniform(-2, 2) for _ in range(F)] for _ in range(T)] for _ in range(N)]
y = [random.uniform(-1, 1) for _ in range(N)]
write_npz("all.npz", {"x": ((N, T, F), flat(flat(x))), "y": ((N,), y), "lengths": ((N,), lengths)})
write_npz("unlabelled.npz", {"x": ((N, T, F), flat(flat(x))), "lengths": ((N,), lengths)})
write_npz("classes.npz", {"x": ((N, T, F), flat(flat(x))), "y": ((N,), [i % 3 for i in range(N)])})
write_npz("pairs.npz", {"x": ((N, T, F), flat(flat(x))), "y": ((N, 2), [v for value in y for v in (value, -value)])})
for i in range(N):
    write_npz("one%d.npz" % i, {"x": ((1, T, F), flat(x[i])), "y": ((1,), [y[i]]), "lengths": ((1,), [lengths[i]])})
with open("all.csv", "w") as file:
    file.write("series,a,b,label\n")
    for i in range(N):
        for t in range(lengths[i]):
            file.write("s%d,%.17g,%.17g,%.17g\n" % (i, *x[i][t], y[i]))
words = "cat mat rat".split()
rows = [line.split(",")[0].split() for line in open(sys.argv[1]).read().split("\n")[1:] if line]
write_npz("words.npz", {"x": ((3, 3), [words.index(w) for row in rows for w in row]), "y": ((3,), [1, 1, 0])})
' "$data"

expect_status 0 "$program" --data all.npz --hidden 5 --updates 20 --lr 0.01 --device cpu --out model
model=model/model.safetensors

expect_status 0 "$program" predict --model "$model" --data all.npz --out said.npy --device cpu
expect_line '^rnn-gpu: 13 sequences, loss [0-9.]+$' stderr
expect_no_line 'accuracy' stderr
expect_status 0 "$program" predict --model "$model" --data all.npz --device cpu
[ "$(grep -cE '^ *[0-9]+  label -?[0-9]' "$folder/stdout")" -eq 13 ] || fail "not a label in each row"
expect_no_line 'label .*label'

check_forward='
m = {name: values for name, (shape, values) in read_safetensors(sys.argv[1]).items()}
with zipfile.ZipFile("all.npz") as file:
    lengths = struct.unpack("<13q", file.read("lengths.npy")[-13 * 8:])
    x = struct.unpack("<182f", file.read("x.npy")[-182 * 4:])
def output(i):
    h = [0.0] * 5
    for t in range(lengths[i]):
        step = x[(i * 7 + t) * 2 :][:2]
        h = [math.tanh(sum(m["rnn.weight_ih_l0"][j * 2 + k] * step[k] for k in range(2)) + m["rnn.bias_ih_l0"][j]
                       + sum(m["rnn.weight_hh_l0"][j * 5 + k] * h[k] for k in range(5)) + m["rnn.bias_hh_l0"][j])
             for j in range(5)]
    return sum(m["head.weight"][j] * h[j] for j in range(5)) + m["head.bias"][0]
shape, values = read_npy("p.npy")
assert shape == (13, 1)
near("outputs", values, [output(i) for i in range(13)])
assert read_npz("p.npz") == {"output": (shape, values)} and read_safetensors("p.safetensors") == {"output": (shape, values)}
assert read_npy("q.npy") == (shape, values)
for i in range(13):
    one_shape, one = read_npy("one%d.npy" % i)
    assert one_shape == (1, 1) and one[0] == values[i], (i, one, values[i])
assert read_npy("csv.npy")[1] == values[:2] + values[3:]
'
check_gradients='
whole = read_safetensors("g.safetensors")
ones = [read_safetensors("g%d.safetensors" % i) for i in range(13)]
assert whole["output"] == read_npy("p.npy")
for name in whole:
    if name.startswith("grad."):
        assert whole[name][0] == ones[0][name][0]
        near(name, whole[name][1], [sum(one[name][1][j] for one in ones) / 13 for j in range(len(whole[name][1]))])
near("loss", whole["loss"][1], [sum(one["loss"][1][0] for one in ones) / 13])
assert whole["lag.norm.rnn.weight_hh_l0"][0] == whole["delta.norm"][0] == (7,)
'

split_devices
for device in "${devices[@]}"; do
    at=(--model "$model" --device "$device")
    for ending in npy npz safetensors; do
        expect_status 0 "$program" predict "${at[@]}" --data all.npz --out "p.$ending"
    done
    expect_status 0 "$program" predict "${at[@]}" --data unlabelled.npz --out q.npy
    expect_status 0 "$program" predict "${at[@]}" --data all.csv --out csv.npy
    expect_status 0 "$program" grad "${at[@]}" --data all.npz --out g.safetensors
    for i in $(seq 0 12); do
        expect_status 0 "$program" predict "${at[@]}" --data "one$i.npz" --out "one$i.npy"
        expect_status 0 "$program" grad "${at[@]}" --data "one$i.npz" --out "g$i.safetensors"
    done
    tensors "$check_forward" "$model"
    checked "$device: outputs as worked out here; .npy, .npz, .safetensors, CSV and one by one alike"
    tensors "$check_gradients"
    checked "$device: the gradient of a file is the mean of those of its sequences"

    expect_status 0 "$program" predict "${at[@]}" --data all.npz
    [ "$(wc -l <"$folder/stdout")" -eq 13 ] || fail "not one line a sequence"
    expect_line '^ +13 +label -?[0-9.e-]+ +output -?[0-9.e-]+$'
    expect_line '13 sequences, loss [0-9.e-]+$' stderr
done
sampled || exit 0

expect_status 0 "$program" --data classes.npz --hidden 5 --updates 5 --device cpu --out classes --json
check_json 'import math; assert abs(lines[0]["baseline"] - (5*math.log(13/5) + 8*math.log(13/4))/13) < 1e-8'
expect_status 0 "$program" predict --model classes/model.safetensors --data classes.npz --device cpu
expect_line '^ +1 +label 0 +class [012] +probability 0\.[0-9]{6}$'
expect_status 0 "$program" predict --model classes/model.safetensors --data classes.npz --device cpu --out c.npy
tensors 'assert read_npy("c.npy")[0] == (13, 3)'
expect_status 0 "$program" --data pairs.npz --hidden 5 --updates 5 --device cpu --out pairs
expect_status 0 "$program" predict --model pairs/model.safetensors --data pairs.npz --device cpu --out t.npy
tensors 'assert read_npy("t.npy")[0] == (13, 2)'
expect_status 0 "$program" predict --model pairs/model.safetensors --data pairs.npz --device cpu --out j.npy --json
tensors 'rows = [json.loads(line)["output"] for line in open(sys.argv[1])]
shape, values = read_npy("j.npy")
assert len(rows) == 13
near("--json beside --out", [v for row in rows for v in row], values, 1e-6)' "$folder/stdout"
checked "classes and two targets"

expect_status 0 "$program" --data "$data" --hidden 3 --updates 30 --lr 0.05 --device cpu --out words
for source in "$data" words.npz; do
    expect_status 0 "$program" predict --model words/model.safetensors --data "$source" --device cpu --out "w${source##*.}.npy"
done
tensors 'assert read_npy("wcsv.npy") == read_npy("wnpz.npy")'
checked "words as text and as numbers"
