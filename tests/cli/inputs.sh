#!/bin/bash
# What a file may give besides x and y: states to start from; padding on either side. A batch equals its sequences one by one, on every device.
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
    expect_status 0 "$program" --data all.npz "${net[@]}" --batch 4 --updates 5 --device "$device" --out "$device"
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
        expect_status 0 "$program" --data "$side.npz" --pad "$side" "${net[@]}" --device "$device" --out "$side"
        at=(--model "$side/model.safetensors" --device "$device" --data "$side.npz" --pad "$side")
        expect_status 0 "$program" grad "${at[@]}" --out "$side.safetensors"
        expect_status 0 "$program" predict "${at[@]}" --out "$side.npy"
    done
    tensors '
right, left = read_safetensors("right.safetensors"), read_safetensors("left.safetensors")
for name in right:
    if name != "output":
        assert right[name] == left[name], name
for i, n in enumerate([5, 0, 3, 1, 4, 2]):
    a, b = right["output"][1][i * 5 :][:5], left["output"][1][i * 5 :][:5]
    assert a[:n] == b[5 - n :] and a[n:] == b[: 5 - n] == (0.0,) * (5 - n) and all(a[:n]), (i, a, b)
assert all(read_npy(side + ".npy")[1] == read_safetensors(side + ".safetensors")["output"][1] for side in ("right", "left"))
'
done
checked "padding on either side"

refused 4 'left\.npz: tensor .y.: element .* is not finite' "$program" --data left.npz --target steps --device cpu
refused 4 'left\.npz: sequence 2 has target nan; with --target last' "$program" --data left.npz --pad left --device cpu
checked "the other side, and targets of every step for one of the last"
