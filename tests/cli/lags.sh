#!/bin/bash
# The lag profile in grad's file: 0.25^99 is 2.5e-60, terms sum to the gradient, a probed loss, and what is refused.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

tensors '
import random
random.seed(5)
def uniform(*shape):
    return shape, [random.uniform(-1, 1) for _ in range(count(shape))]
write_safetensors("quarter.safetensors", {"rnn.weight_ih_l0": ((1, 1), [1]), "rnn.weight_hh_l0": ((1, 1), [.25]),
                                          "head.weight": ((1, 1), [1])})
write_safetensors("lstm.safetensors", {"rnn.weight_ih_l0": uniform(12, 2), "rnn.weight_hh_l0": uniform(12, 3),
                                       "rnn.bias_ih_l0": uniform(12), "rnn.bias_hh_l0": uniform(12),
                                       "head.weight": uniform(1, 3)})
write_npz("long.npz", {"x": uniform(3, 100, 1), "y": uniform(3)})
write_npz("last.npz", {"x": uniform(7, 9, 2), "y": uniform(7)})
write_npz("steps.npz", {"x": uniform(7, 9, 2), "y": uniform(7, 9)})
'
for device in "${devices[@]}"; do
    expect_status 0 "$program" grad --model quarter.safetensors --cell rnn --activation linear --loss mse \
        --data long.npz --out g.safetensors --device "$device" --json
    check_json 'assert end["verdict"] == "VANISHING" and abs(end["decay"] - .25) < 1e-9, end'
    tensors '
g = read_safetensors("g.safetensors")
delta = g["delta.norm"][1]
near("0.25^99 times 1e60", [delta[99] / delta[0] * 1e60], [2.4893e-60 * 1e60], 1e-4)
assert abs(g["delta.log10_norm"][1][99] - math.log10(delta[99])) < 1e-9
'
    expect_status 0 "$program" grad --model lstm.safetensors --cell lstm --loss mse --data last.npz --out g.safetensors \
        --device "$device"
    tensors '
g = read_safetensors("g.safetensors")
for name, n in (("rnn.weight_ih_l0", 6), ("rnn.weight_hh_l0", 9)):
    whole = g["grad." + name][1]
    for part, values in [("", whole)] + [(".gate_" + "ifgo"[i], whole[i * n : i * n + n]) for i in range(4)]:
        norm = math.sqrt(sum(v * v for v in values))
        lags = [g["lag.%s.%s%s" % (what, name, part)][1] for what in ("norm", "share", "cosine", "error")]
        near("shares of " + name + part, [sum(lags[1])], [1], 1e-12)
        near("terms along " + name + part, [sum(a * b for a, b in zip(lags[0], lags[2]))], [norm], 1e-5)
        assert lags[3][8] < 1e-12 and all(len(lag) == 9 for lag in lags)
assert g["delta.quantiles"][0] == g["delta.term_quantiles"][0] == (5, 9)
'
    checked "$device: 0.25^99, gates, sums"
done

at=(--model lstm.safetensors --cell lstm --loss mse --target steps --data steps.npz --device cpu)
expect_status 0 "$program" grad "${at[@]}" --out last.safetensors
expect_status 0 "$program" grad "${at[@]}" --probe-time 9 --out nine.safetensors
expect_status 0 "$program" grad "${at[@]}" --probe-time 4 --out four.safetensors
cmp -s last.safetensors nine.safetensors || fail "the last step is not what is probed without --probe-time"
tensors '
last, four = read_safetensors("last.safetensors"), read_safetensors("four.safetensors")
assert four["grad.head.weight"] == last["grad.head.weight"]
norm = four["lag.norm.rnn.weight_hh_l0"][1]
assert norm[2] > 0 and norm[3:] == (0,) * 6 and last["lag.norm.rnn.weight_hh_l0"][1][7] > 0, norm
near("shares", [sum(four["lag.share.rnn.weight_hh_l0"][1])], [1], 1e-12)
'
refused 2 'probe-time 10 lies behind the last step, 9' "$program" grad "${at[@]}" --probe-time 10 --out o.safetensors
refused 2 'the loss is at the last step' "$program" grad --model lstm.safetensors --cell lstm --loss mse \
    --data last.npz --probe-time 4 --device cpu --out o.safetensors
refused 2 'bidirectional' "$program" --task copy --steps 5 --bidirectional --updates 1 --batch 4 --probe-time 3 --device cpu --quiet
# copy has 20 steps more than --steps says
refused 2 'at its last step, 25, alone' "$program" --task copy --steps 5 --bidirectional --updates 1 --batch 4 --probe-time 5 --device cpu
expect_status 0 "$program" --task copy --steps 5 --updates 1 --batch 4 --hidden 3 --probe-time 24 --device cpu --quiet
refused 2 'probe-time' "$program" grad "${at[@]}" --probe-time 0 --out o.safetensors
checked "a loss at every step, probed at one"

# Samples as a training goes on change nothing in it.
training=(--task adding --steps 20 --batch 200 --hidden 16 --updates 6 --layers 2 --clip-norm 0.01 --json --quiet)
for device in "${devices[@]}"; do
    expect_status 0 "$program" "${training[@]}" --device "$device"
    hash=$(json_end weights_hash)
    expect_no_line '"lags"'
    expect_status 0 "$program" "${training[@]}" --device "$device" --lag-every 2
    [ "$(json_end weights_hash)" = "$hash" ] || fail "--lag-every changes the weights"
    check_json '
samples = events("lags")
assert [s["update"] for s in samples] == [1, 3, 5] and all(s["sequences"] == 128 for s in samples), samples
names = ["rnn.weight_%s_l%d" % (w, l) for l in (0, 1) for w in ("hh", "ih")]
for s in samples:
    assert [m["name"] for m in s["matrices"]] == names
    assert all(m["norm"] > 0 and -1 < m["long_share"] < 2 for m in s["matrices"]), s
driver = end["clip_driver"]
assert driver["of"] == 3 and driver["parameter"] in names and 1 <= driver["count"] <= 3 and 0 <= driver["lag"] < 20
'
done
checked "samples during a training"

# The causes, and a command that can be pasted.
expect_status 0 "$program" --steps 100 --updates 2 --batch 64 --hidden 8 --device cpu
expect_line '^VANISHING: '
expect_line '^why: mean slope of the activations '
expect_line '^  W_hh: largest singular value .*, spectral radius '
expect_line '^Jacobian product over 99 steps: singular values from .*e-'
sed -n '/^Try  /,$s/^Try  //p; /^ \+--/p' "$folder/stdout" >try
expect_line '^Try  ./rnn-gpu --steps 100 --updates 2'
grep -q -- '--cell irnn' "$folder/stdout" || fail "the remedy is not in the command"
expect_status 0 "$program" --steps 20 --updates 2 --batch 64 --hidden 8 --cell lstm --device cpu --json
check_json '
causes = end["causes"]
assert causes["sigma_max"] > 0 and causes["spectral_radius"] is None and causes["directions"] == 16 == causes["state"]
assert causes["mean_log_forget"] < 0 and causes["log10_smallest"] < causes["log10_largest"] < 0
assert causes["lyapunov"] == sorted(causes["lyapunov"], reverse=True) and len(causes["lyapunov"]) == 8
assert 0 < causes["slope"] < 1 and 0 <= causes["saturated"] <= 1 and causes["gradient_noise"] > 0
assert len(end["layers"]) == 1 and end["layers"][0]["lyapunov"] == causes["lyapunov"]
assert end["remedy"] is None or end["remedy"].startswith("./rnn-gpu --steps 20 "), end
'
expect_status 0 "$program" --quiet --steps 12 --updates 1 --batch 8 --hidden 5 --layers 2 --bidirectional --skip 3 \
    --device cpu --out layers --report layers.html
expect_line '^why, in layer [01](, reverse)?, where the product goes furthest: mean slope'
expect_line '^Jacobian product over 11 steps: singular values from '
[ "$(grep -c '<td>[01], reverse</td>' layers.html)" -eq 2 ] || fail "the report has not two rows of the second direction"
tensors 'write_npz("two.npz", {"x": ((3, 12, 2), [.1] * 72), "y": ((3, 1), [.5] * 3)})'
expect_status 0 "$program" grad --model layers/model.safetensors --data two.npz --out g.safetensors --device cpu --json
check_json '
layers = lines[0]["layers"]
assert [(l["layer"], l["direction"]) for l in layers] == [(i, d) for i in (0, 1) for d in ("forward", "reverse")]
assert all(l["directions"] == 5 and l["log10_smallest"] < l["log10_largest"] for l in layers), layers
assert layers[2]["log10_largest"] == lines[0]["causes"]["log10_largest"]'
tensors '
t = read_safetensors("g.safetensors")
for name in ("", ".l0_reverse", ".l1", ".l1_reverse"):
    for what in ("slope", "saturated", "log10_sigma_max", "log10_sigma_min"):
        assert t["cause." + what + name][0] == (12,), (what, name)
    assert t["cause.lyapunov" + name][0] == (5,) and t["cause.log10_sigma_max" + name][1][0] == 0'
for threads in 1 2 7; do
    expect_status 0 "$program" grad --model layers/model.safetensors --data two.npz --out "t$threads" --device cpu \
        --threads "$threads"
    cmp -s g.safetensors "t$threads" || fail "--threads $threads gives another file"
done
checked "causes of every layer and direction, with a skip; the same bits for any number of threads"
for lengths in 1 0; do
    tensors 'write_npz("short.npz", {"x": ((2, 3, 1), [.5] * 6), "y": ((2,), [0.] * 2),
                                     "lengths": ((2,), ['$lengths'] * 2)})'
    expect_status 0 "$program" grad --model quarter.safetensors --data short.npz --loss mse --out g.safetensors \
        --device cpu
    expect_line 'decay not measurable'
    expect_no_line '[^a-z]nan'
done
checked "causes and remedy, also of sequences without a past"
