#!/bin/bash
# What a file may give besides x and y: states to start from, padding on either side, words
# for an embedding. A batch equals its sequences one by one, on every device.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

# all.npz, one0.npz …: 9 sequences of up to 6 steps, one without a step, for an lstm of 2 layers and 2 directions.
tensors '
import random
random.seed(7)
N, T, F, H = 9, 6, 2, 3
lengths = [6, 1, 0] + [random.randint(1, T) for _ in range(N - 3)]
draw = lambda n: [random.uniform(-1, 1) for _ in range(n)]
x, y = [draw(T * F) for _ in range(N)], draw(N)
h, c = [[draw(H) for _ in range(N)] for _ in range(4)], [[draw(H) for _ in range(N)] for _ in range(4)]
for i in range(N):
    x[i][lengths[i] * F :] = [math.nan] * ((T - lengths[i]) * F)
def write(path, rows, **more):
    pick = lambda states: flat(flat([[of_layer[i] for i in rows] for of_layer in states]))
    n = len(rows)
    write_npz(path, {"x": ((n, T, F), flat(x[i] for i in rows)), "y": ((n,), [y[i] for i in rows]),
                     "lengths": ((n,), [lengths[i] for i in rows]), "h_0": ((4, n, H), pick(h)),
                     "c_0": ((4, n, H), pick(c)), **more})
write("all.npz", range(N))
for i in range(N):
    write("one%d.npz" % i, [i])
write("wide.npz", range(N), h_0=((4, N, 2 * H), draw(8 * N * H)), c_0=((4, N, 2 * H), draw(8 * N * H)))
'
net=(--cell lstm --layers 2 --bidirectional --hidden 3)
for device in "${devices[@]}"; do
    expect_status 0 "$program" --data all.npz "${net[@]}" --batch 4 --updates 5 --device "$device" --out "$device" --overwrite
    at=(--model "$device/model.safetensors" --device "$device")
    expect_status 0 "$program" predict "${at[@]}" --data all.npz --out p.npy
    expect_status 0 "$program" grad "${at[@]}" --data all.npz --out g.safetensors
    for i in {0..8}; do
        expect_status 0 "$program" grad "${at[@]}" --data "one$i.npz" --out "g$i.safetensors"
    done
    tensors '
whole, ones = read_safetensors("g.safetensors"), [read_safetensors("g%d.safetensors" % i) for i in range(9)]
assert whole["output"] == read_npy("p.npy")
assert whole["output"][1] == tuple(one["output"][1][0] for one in ones)
for name in ("grad.h_0", "grad.c_0"):
    shape, values = whole[name]
    assert shape == (4, 9, 3) and any(values)
    for i, one in enumerate(ones):
        near(name, [values[(p * 9 + i) * 3 + j] * 9 for p in range(4) for j in range(3)], one[name][1])
assert whole["lag.norm.rnn.weight_hh_l0"][1][-1] > 0  # h_0 gives the largest lag a term
'
done
checked "h_0 and c_0: train, predict, grad; a batch equals its sequences one by one"

at=(--model cpu/model.safetensors --device cpu)
refused 4 'wide\.npz: tensor .h_0. is \[4,9,6\]; \[4,9,3\] was expected' "$program" predict "${at[@]}" --data wide.npz
refused 4 'h_0. is \[4,9,3\]; \[2,9,3\]' "$program" --data all.npz --cell lstm --hidden 3 --layers 2 --device cpu --out new
refused 4 'c_0. belongs to a cell lstm; the model.s is gru' "$program" --data all.npz --cell gru --hidden 3 --device cpu
checked "states of other sizes, c_0 for another cell"

# ---- padding on either side: the same numbers for the same sequences, and outputs padded like the file
tensors '
import random
random.seed(8)
N, T, F = 6, 5, 2
lengths = [5, 0, 3, 1, 4, 2]
x = [[[random.uniform(-1, 1) for _ in range(F)] for _ in range(n)] for n in lengths]
y = [[random.uniform(-1, 1) for _ in range(n)] for n in lengths]
for side, one in (("right", lambda rows, pad: rows + pad), ("left", lambda rows, pad: pad + rows)):
    xs = [v for rows in x for row in one(rows, [[math.nan] * F] * (T - len(rows))) for v in row]
    ys = [v for rows in y for v in one(rows, [math.nan] * (T - len(rows)))]
    write_npz(side + ".npz", {"x": ((N, T, F), xs), "y": ((N, T), ys), "lengths": ((N,), lengths)})
'
net=(--cell gru --bidirectional --hidden 3 --target steps --updates 9 --batch 4)
for device in "${devices[@]}"; do
    for side in right left; do
        expect_status 0 "$program" --data "$side.npz" --pad "$side" "${net[@]}" --device "$device" --out "$side" --overwrite
        at=(--model "$side/model.safetensors" --device "$device" --data "$side.npz" --pad "$side")
        expect_status 0 "$program" grad "${at[@]}" --out "$side.safetensors"
        expect_status 0 "$program" predict "${at[@]}" --out "$side.npy"
    done
    tensors '
right, left = read_safetensors("right.safetensors"), read_safetensors("left.safetensors")
for name in right:
    if name != "output":
        assert repr(right[name]) == repr(left[name]), name  # NaN too
for i, n in enumerate([5, 0, 3, 1, 4, 2]):
    a, b = right["output"][1][i * 5 :][:5], left["output"][1][i * 5 :][:5]
    assert a[:n] == b[5 - n :] and a[n:] == b[: 5 - n] == (0.0,) * (5 - n) and all(a[:n]), (i, a, b)
assert all(read_npy(side + ".npy")[1] == read_safetensors(side + ".safetensors")["output"][1] for side in ("right", "left"))
'
done
# one step, and a sequence without it: its target is padding too
tensors 'write_npz("single.npz", {"x": ((3, 1, 2), [0.5, 1, math.nan, math.nan, -1, 0]), "lengths": ((3,), [1, 0, 1]),
                                  "y": ((3, 1, 1), [1, math.nan, 0])})'
expect_status 0 "$program" --data single.npz --target steps --hidden 3 --updates 2 --device cpu --out single
refused 4 'single\.npz: sequence 2 has target nan' "$program" --data single.npz --hidden 3 --updates 2 --device cpu
checked "padding on either side"

refused 4 'left\.npz: tensor .x.: element .* is not finite' "$program" --data left.npz --target steps --device cpu
refused 4 'left\.npz: sequence 2 has target nan; with --target last' "$program" --data left.npz --pad left --device cpu
checked "the other side, and targets of every step for one of the last"

# ---- words through an embedding: text, the same as whole numbers, and a file of PyTorch's names
tensors '
words = "cat mat rat".split()
rows = [line.split(",")[0].split() for line in open(sys.argv[1]).read().split("\n")[1:] if line]
numbers = [words.index(w) for row in rows for w in row]
write_npz("words.npz", {"x": ((3, 3), numbers), "y": ((3,), [1, 1, 0])})
write_npz("beyond.npz", {"x": ((3, 3), numbers[:-1] + [3]), "y": ((3,), [1, 1, 0])})
write_npz("floats.npz", {"x": ((3, 3, 3), [0.5] * 27), "y": ((3,), [1, 1, 0])})
for i in range(3):
    write_npz("word%d.npz" % i, {"x": ((1, 3), numbers[3 * i :][:3]), "y": ((1,), [[1, 1, 0][i]])})
' "$root/data/cat-mat-rat.csv"
for device in "${devices[@]}"; do
    for data in "$root/data/cat-mat-rat.csv" words.npz; do
        expect_status 0 "$program" --data "$data" --embed 5 --hidden 3 --lr 0.05 --updates 100 --device "$device" \
            --out "embed-${data##*.}" --overwrite
    done
    at=(--model embed-csv/model.safetensors --device "$device")
    expect_status 0 "$program" predict "${at[@]}" --data "$root/data/cat-mat-rat.csv"
    expect_line '^cat mat rat +label 1 +probability 0\.9'
    expect_status 0 "$program" grad "${at[@]}" --data words.npz --out g.safetensors
    for i in 0 1 2; do
        expect_status 0 "$program" grad "${at[@]}" --data "word$i.npz" --out "g$i.safetensors"
    done
    tensors '
csv, npz = read_safetensors("embed-csv/model.safetensors"), read_safetensors("embed-npz/model.safetensors")
assert csv == npz and csv["embed.weight"][0] == (3, 5) and csv["rnn.weight_ih_l0"][0] == (3, 5)
whole, ones = read_safetensors("g.safetensors"), [read_safetensors("g%d.safetensors" % i) for i in range(3)]
for name in whole:
    if name.startswith("grad."):
        near(name, whole[name][1], [sum(one[name][1][j] for one in ones) / 3 for j in range(len(whole[name][1]))])
assert ones[2]["grad.embed.weight"][1][10:] == (0.0,) * 5  # "mat mat cat" has no rat
csv.pop("rnn.bias_ih_l0")
write_safetensors("plain.safetensors", csv)
'
    expect_status 0 "$program" grad --model plain.safetensors --loss bce --device "$device" --data words.npz --out p.safetensors
    tensors '
got = read_safetensors("p.safetensors")
assert got["grad.embed.weight"][0] == (3, 5) and "grad.rnn.bias_hh_l0" in got and "grad.rnn.bias_ih_l0" not in got
near("grad_norm", got["grad_norm"][1], [math.sqrt(sum(v * v for name in got if name.startswith("grad.") for v in got[name][1]))])
'
done
same=(--data words.npz --embed 5 --batch 300 --hidden 16 --updates 3 --device cpu --json)
expect_status 0 "$program" "${same[@]}" --threads 1
one=$(json_end weights_hash)
expect_status 0 "$program" "${same[@]}" --threads 3 --memory 200K
[ "$one" = "$(json_end weights_hash)" ] || fail "an embedding depends on threads or on how the batch is cut"
checked "words through an embedding: text and whole numbers, train, predict, grad, threads, chunks"

at=(--model embed-csv/model.safetensors --device cpu)
refused 4 'beyond\.npz has 4 words, but embed\.weight of .* is \[3, 5\]' "$program" predict "${at[@]}" --data beyond.npz
refused 4 'floats\.npz has 3 features, but embed\.weight' "$program" predict "${at[@]}" --data floats.npz
refused 2 'embed is for words or whole numbers' "$program" --data floats.npz --embed 4 --device cpu
checked "tokens out of range, and what is no word"

# ---- --steps with a file
for steps in 2 3 4; do
    expect_status 0 "$program" --data words.npz --steps "$steps" --updates 2 --device cpu --json
    check_json 'assert lines[0]["steps"] == min(int(sys.argv[1]), 3)' "$steps"
done
checked "--steps keeps the last steps of a file's sequences"

# ---- IDX images, with their labels in the file that is named alike
python3 - <<'PYTHON'
import gzip, struct
images = struct.pack(">4I", 0x803, 6, 4, 3) + bytes(range(6 * 4 * 3))
labels = struct.pack(">2I", 0x801, 6) + bytes([0, 1, 2, 2, 1, 0])
open("my-images-idx3-ubyte", "wb").write(images), open("my-labels-idx1-ubyte", "wb").write(labels)
open("images.idx", "wb").write(images), open("labels.idx", "wb").write(labels)
gzip.open("t-images-idx3-ubyte.gz", "wb").write(images), gzip.open("t-labels-idx1-ubyte.gz", "wb").write(labels)
open("alone-images.idx", "wb").write(images), open("pictures.idx", "wb").write(images)
PYTHON
hashes=
for file in my-images-idx3-ubyte images.idx t-images-idx3-ubyte.gz; do
    expect_status 0 "$program" --data "$file" --hidden 3 --updates 2 --device cpu --json --out idx --overwrite
    check_json 'assert lines[0]["steps"] == 4 and lines[0]["options"]["loss"] == "ce"'
    hashes+="$(json_end weights_hash) "
    expect_status 0 "$program" predict --model idx/model.safetensors --data "$file" --device cpu --json
    check_json 'assert len(lines) == 6'
done
read -r one two three <<<"$hashes"
[ "$one $one" = "$two $three" ] || fail "the same images give other weights: $hashes"
refused 4 'alone-labels.idx: cannot be opened' "$program" --data alone-images.idx --device cpu
refused 4 'pictures.idx: .* must contain .images.' "$program" --data pictures.idx --device cpu
refused 4 'must end in .*\.idx, -ubyte or \.gz' "$program" --data images.mnist --device cpu
checked "IDX images with --data, plain and gzip"
