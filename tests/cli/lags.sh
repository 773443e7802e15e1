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
    check_json 'assert end["verdict"] == "VANISHING" and abs(end["factor"] - .25) < 1e-9, end
assert abs(end["decay"] + 1.38629436) < 1e-8 and abs(end["causes"]["log10_reach"] + 59.6039392) < 1e-6, end'
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

# The lags in JSON are the tensors of --out: each by itself up to 4,096 of them, else in ranges that grow.
same_lags=$tensor_functions'
tensors = read_safetensors("g.safetensors")
def check(lags, steps, names):
    assert [l["matrix"] for l in lags] == names, [l["matrix"] for l in lags]
    for l in lags:
        assert l["layer"] == int(l["matrix"].split("_l")[1].split("_")[0]) and len(l) == 9, l
        norm, share, cosine = (tensors["lag.%s.%s" % (what, l["matrix"])][1] for what in ("norm", "share", "cosine"))
        ranges = list(zip(l["from"], l["to"]))
        assert [lag for a, b in ranges for lag in range(a, b + 1)] == list(range(steps)), ranges
        widths = [b - a + 1 for a, b in ranges]
        assert widths == [1] * steps if steps <= 4096 else len(widths) < 80 and widths[:4] == [1] * 4 < widths[-1:], widths
        near("norm", l["norm"], [max(norm[a:b + 1]) for a, b in ranges], 1e-7 * max(norm))
        near("share", l["share"], [sum(share[a:b + 1]) for a, b in ranges], 1e-7)
        near("cosine", l["cosine"], [sum(cosine[a:b + 1]) / (b - a + 1) for a, b in ranges], 1e-7)
        for power, value in zip(l["log10_norm"], l["norm"]):
            assert value == 0 if power == "-inf" else abs(value - 10 ** power) <= 1e-5 * value, (power, value)
'
tensors 'write_npz("longest.npz", {"x": ((2, 5000, 1), [.1, .7, -.3, .5] * 2500), "y": ((2,), [.5, .25])})'
whh_wih='["rnn.weight_hh_l0", "rnn.weight_ih_l0"]'
expect_status 0 "$program" grad --model quarter.safetensors --cell rnn --activation linear --loss mse \
    --data longest.npz --out g.safetensors --device cpu --json
check_json "${same_lags}check(end['lags'], 5000, $whh_wih)"
expect_status 0 "$program" --quiet --steps 9 --updates 1 --batch 7 --hidden 3 --layers 2 --bidirectional --skip 2 \
    --device cpu --out stacked --json
tensors 'write_npz("nine.npz", {"x": ((7, 9, 2), [i % 7 / 7 for i in range(126)]), "y": ((7, 1), [.5] * 7)})'
check_json 'assert len(end["lags"]) == 12 and all(len(l["norm"]) == 9 for l in end["lags"]), end["lags"]'
expect_status 0 "$program" grad --model stacked/model.safetensors --data nine.npz --out g.safetensors --device cpu --json
check_json "${same_lags}"'check(end["lags"], 9, ["rnn.weight_%s_l%d%s" % (w, l, d) for l in (0, 1) for d in ("", "_reverse")
                         for w in ("hh", "ih", "sh")])'
checked "the lags in JSON are those of the file"

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
refused 2 'probe-time 10 is after the last step, 9' "$program" grad "${at[@]}" --probe-time 10 --out o.safetensors
refused 2 'the loss is at the last step' "$program" grad --model lstm.safetensors --cell lstm --loss mse \
    --data last.npz --probe-time 4 --device cpu --out o.safetensors
refused 2 'bidirectional' "$program" --task copy --steps 5 --bidirectional --updates 1 --batch 4 --probe-time 3 --device cpu --quiet
# copy has 20 steps more than --steps says
refused 2 'only be probed at its last step, 25' "$program" --task copy --steps 5 --bidirectional --updates 1 --batch 4 --probe-time 5 --device cpu
expect_status 0 "$program" --task copy --steps 5 --updates 1 --batch 4 --hidden 3 --probe-time 24 --device cpu --quiet
refused 2 'probe-time' "$program" grad "${at[@]}" --probe-time 0 --out o.safetensors
checked "a loss at every step, probed at one"

# Samples as a training goes on change nothing in it.
training=(--task adding --steps 20 --batch 200 --hidden 16 --updates 6 --layers 2 --clip-norm 0.01 --json --quiet)
for device in "${devices[@]}"; do
    expect_status 0 "$program" "${training[@]}" --device "$device"
    hash=$(json_end weights_hash)
    expect_no_line '"event":"lags"'
    expect_status 0 "$program" "${training[@]}" --device "$device" --lag-every 2
    [ "$(json_end weights_hash)" = "$hash" ] || fail "--lag-every changes the weights"
    check_json '
samples = events("lags")
assert [s["update"] for s in samples] == [1, 3, 5] and all(s["sequences"] == 128 for s in samples), samples
names = ["rnn.weight_%s_l%d" % (w, l) for l in (0, 1) for w in ("hh", "ih")]
for s in samples:
    assert [m["name"] for m in s["matrices"]] == names
    assert all(m["norm"] > 0 and -1 < m["long_share"] < 2 for m in s["matrices"]), s
    assert s["from"] == s["to"] == list(range(20)) and all(len(m["log10_norm"]) == 20 for m in s["matrices"]), s
    assert all(abs(sum(m["share"]) - 1) < 1e-6 and abs(sum(m["share"][10:]) - m["long_share"]) < 1e-6 for m in s["matrices"]), s
driver = end["clip_driver"]
assert driver["of"] == 3 and driver["parameter"] in names and 1 <= driver["count"] <= 3 and 0 <= driver["lag"] < 20
'
done
checked "samples during a training"

# What is chance: intervals, and lags that cannot be told from noise, the same on the screen and in JSON.
chance=(--steps 30 --updates 0 --batch 64 --hidden 8 --seed 3 --device cpu)
expect_status 0 "$program" "${chance[@]}" --json
cp "$folder/stdout" chance.json
check_json '
hh, ih = end["lags"]
for m in (hh, ih):
    r = m["ranges"]
    assert r["from"][0] == 0 and r["to"][-1] == 29 and [a + 1 for a in r["to"][:-1]] == r["from"][1:], r
    for i, (low, high) in enumerate(zip(r["share_low"], r["share_high"])):
        share = sum(m["share"][r["from"][i] : r["to"][i] + 1])
        assert low <= high and (low - .2 < share < high + .2), (i, low, share, high)
    assert all(c is None or 1 / 128 <= c <= 1 for c in r["chance"]) and r["noise"] == [(c or 0) > .05 for c in r["chance"]]
causes = end["causes"]
assert causes["groups"] == 8 and causes["horizon_low"] <= end["horizon"] <= causes["horizon_high"], causes
assert causes["decay_low"] <= causes["decay"] <= causes["decay_high"] < 0, causes
noise, first = hh["ranges"]["noise"], None
for begin, is_noise, chance in reversed(list(zip(hh["ranges"]["from"], noise, hh["ranges"]["chance"]))):
    if not is_noise and chance is not None: break
    first = begin if is_noise else first
assert causes["noise_from"] == first, (causes, noise)'
expect_status 0 "$program" "${chance[@]}" -v
expect_line '^95 % intervals by bootstrap over 8 groups of 8 sequences:$'
expect_line '^  decay -[0-9.]+ to -[0-9.]+; horizon [0-9]+ to [0-9]+ steps; shares as above$'
python3 - chance.json "$folder/stdout" <<'PYTHON' || fail "screen and JSON do not agree on what is noise"
import json, re, sys
ranges = json.loads(open(sys.argv[1]).read().splitlines()[-1])["lags"][0]["ranges"]
rows = [line for line in open(sys.argv[2]) if re.match(r" +\d+(-\d+)? +-?[\d.]+ % ", line)]
assert ["~" in row for row in rows] == ranges["noise"], (rows, ranges["noise"])
for row, low, high in zip(rows, ranges["share_low"], ranges["share_high"]):
    shown = ["%.2f" % (0 if abs(share) < 5e-5 else 100 * share) for share in (low, high)]
    assert " to ".join(shown) in row, (row, shown)
PYTHON
tensors 'write_npz("few.npz", {"x": ((5, 30, 2), [.1 * (i % 7) for i in range(300)]), "y": ((5, 1), [.5, .1, .2, .3, .4])})
write_npz("same.npz", {"x": ((8, 30, 2), [.1 * (i % 7) for i in range(60)] * 8), "y": ((8, 1), [.5] * 8)})'
expect_status 0 "$program" --steps 9 --updates 60 --batch 16 --hidden 8 --lr 0.01 --cell lstm --device cpu --json
check_json 'noise, chance = (end["lags"][0]["ranges"][k] for k in ("noise", "chance"))
assert chance[-1] is None and any(noise) and all(noise[end["causes"]["noise_from"]:-1]), (noise, chance)'
expect_status 0 "$program" "${chance[@]}" --updates 1 --out for_chance
expect_status 0 "$program" grad --model for_chance/model.safetensors --data few.npz --out few.gradient --device cpu -v
expect_line '^no intervals: 5 sequences, and 6 are needed$'
expect_status 0 "$program" grad --model for_chance/model.safetensors --data same.npz --out same.gradient --device cpu --json
check_json '
assert end["causes"]["groups"] == 8 and end["causes"]["noise_from"] is None and not any(end["lags"][0]["ranges"]["noise"])
assert set(end["lags"][0]["ranges"]["signal_to_noise"]) <= {"inf", None}, end["lags"][0]["ranges"]'
tensors '
g = read_safetensors("same.gradient")
n = g["range.from"][0][0]
assert g["range.share.rnn.weight_hh_l0"][0] == (n, 2) and g["range.chance.rnn.weight_ih_l0"][1][0] == 1 / 128
assert g["range.snr.rnn.weight_hh_l0"][0] == (n,) and "range.from" not in read_safetensors("few.gradient")'
checked "intervals of shares, decay and horizon; noise is said to be noise"

# Bars: of the shares linear, of the norms logarithmic; the verdict in words, then its causes, all of them with -v.
LC_ALL=C.UTF-8 expect_status 0 "$program" --steps 20 --updates 0 --batch 4 --hidden 8 --device cpu --init normal:0.4 --seed 5
python3 - "$folder/stdout" <<'PYTHON' || fail "the bars are not those of shares and norms"
import math, re, sys
def length(bar):  # in eighths; pale bars of negative shares have whole columns
    return sum({"█": 8, "░": 8, " ": 0}.get(c) if c in "█░ " else "▏▎▍▌▋▊▉".index(c) + 1 for c in bar)
rows, low, high = [], None, None
for line in open(sys.argv[1], encoding="utf-8"):
    scale = re.search(r"^W_hh norm .* bar from 1e(-?\d+) to 1e(-?\d+)$", line)
    if scale:
        low, high = map(int, scale.groups())
    row = re.match(r" +[\d-]+ +(-?[\d.]+) %  ([█░▏▎▍▌▋▊▉ ]+?) +-?[\d.]+ % +(\S+)  ([█▏▎▍▌▋▊▉]*)$", line)
    if row:
        rows.append((float(row[1]), length(row[2]), math.log10(float(row[3])), length(row[4]), "░" in row[2]))
assert len(rows) >= 6 and any(r[0] < -1 for r in rows), rows
most, longest = max(abs(r[0]) for r in rows), max(r[1] for r in rows)
full = max(r[3] / ((r[2] - low) / (high - low)) for r in rows)
for share, bar, norm, log_bar, pale in rows:
    assert abs(bar - longest * abs(share) / most) < (5 if pale else 1), (share, bar, longest)
    assert pale == (share < 0 and bar > 0), (share, pale)
    assert abs(log_bar - full * (norm - low) / (high - low)) < 2, (norm, log_bar, full)
PYTHON
expect_no_line 'finite-time|decay -|gradient noise'
order=$(grep -o -E '^(where the gradient|STABLE|why|  with -v)' "$folder/stdout" | tr '\n' ',')
[ "$order" = "where the gradient,STABLE,why,  with -v," ] || fail "lags, verdict and causes come in the order $order"
expect_line '^STABLE: the gradient comes far back in time, though it becomes weaker\. The$'
expect_status 0 "$program" --steps 60 --updates 0 --batch 4 --hidden 8 --device cpu
expect_line '^VANISHING: on its way back in time the gradient all but disappears, so distant$'
checked "bars of shares and norms; the verdict before its causes"

# The causes, and a command that can be pasted.
expect_status 0 "$program" --steps 100 --updates 2 --batch 64 --hidden 8 --device cpu
expect_line '^VANISHING: '
expect_line '^why: mean slope of the activations '
expect_line '^  W_hh: largest singular value .*, spectral radius '
expect_line '^Jacobian product over 99 steps: singular values from .*e-'
sed -n '/^Try  /,$s/^Try  //p; /^ \+--/p' "$folder/stdout" >try
expect_line '^Try  ./rnn-gpu --steps 100 --hidden 8 --device cpu --cell irnn '
expect_line '^Measured on adding over 100 steps, 128 units: 3 of 3 seeds came below a loss of$'
expect_line '^0.01, after '
expect_status 0 "$program" --steps 20 --updates 2 --batch 64 --hidden 8 --cell lstm --device cpu --json
check_json '
causes = end["causes"]
assert causes["sigma_max"] > 0 and causes["spectral_radius"] is None and causes["directions"] == 16 == causes["state"]
assert causes["mean_log_forget"] < 0 and causes["log10_smallest"] < causes["log10_largest"] < 0
assert causes["lyapunov"] == sorted(causes["lyapunov"], reverse=True) and len(causes["lyapunov"]) == 8
assert 0 < causes["slope"] < 1 and 0 <= causes["saturated"] <= 1 and causes["gradient_noise"] > 0
noise, scale = causes["gradient_noise"], causes["noise_scale"]
assert scale is None if noise >= 1 else abs(scale - causes["sequences"] * noise / (1 - noise)) < 1e-6 * scale, (noise, scale)
assert len(end["layers"]) == 1 and end["layers"][0]["lyapunov"] == causes["lyapunov"]
assert end["remedy"] is None or end["remedy"].startswith("./rnn-gpu --steps 20 "), end
'
expect_status 0 "$program" --quiet --steps 12 --updates 1 --batch 8 --hidden 5 --layers 2 --bidirectional --skip 3 \
    --device cpu --out layers --report layers.html
expect_line '^why, in layer [01](, reverse)?: mean slope'
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
        --device cpu --verbose
    expect_line 'decay not measurable'
    expect_no_line '[^a-z]nan'
done
checked "causes and remedy, also of sequences without a past"

# What has no intervals or no verdict says why, and nothing on a screen is no number.
says() { # PATTERN OPTION...
    local pattern=$1
    shift
    expect_status 0 "$program" --hidden 4 --updates 0 --device cpu -v "$@"
    expect_line "$pattern"
    expect_no_line '(^|[^a-z])-?nan([^a-z]|$)'
}
says "^no intervals: weight_hh's gradient is 0 or not finite$" --steps 1 --batch 8
says '^NONE: no sequence has a step before the loss' --steps 1 --batch 8
says '^no intervals: 1 sequence, and 6 are needed$' --steps 20 --batch 1
says '^NONE: no gradient comes to lag 11' --steps 12 --batch 16 --activation relu --init normal:0
says '^no intervals: 5 sequences, and 6 are needed$' --steps 12 --batch 5 --cell gru --layers 2 --bidirectional
tensors 'write_npz("equal.npz", {"x": ((8, 12, 2), [(i * 7 % 11) / 11 for i in range(192)]), "y": ((8, 1), [.5] * 8)})'
says '^95 % intervals by bootstrap over 8 sequences:$' --data equal.npz --batch 8
refused 2 'probe-time 40 is after the last step, 23' "$program" --task copy --steps 3 --updates 0 --batch 5 \
    --probe-time 40 --device cpu
checked "one step, one sequence, no gradient, equal targets, a probe beyond the end"

# What a figure is relative to, and of how many.
expect_status 0 "$program" grad --task adding --batch 16 --steps 60 --readout max --hidden 8 --device cpu --out g.safetensors
expect_line "first lag with a gradient|each sequence's first$"
expect_no_line 'of that at the loss'
expect_status 0 "$program" grad --task adding --batch 1 --steps 1 --hidden 8 --device cpu --out g.safetensors
expect_line ' over 1 sequence of 1 step; [0-9]+ '
expect_line '^wrote g.safetensors$'
checked "the lag to which a gradient is compared; one sequence of one step"

# A file that is sorted by class has about the noise of one that is not: groups are drawn from the whole file.
python3 - <<'PYTHON'
import random
random.seed(3)
series = [(s % 2, [random.gauss(1.5 if s % 2 else -1.5, 1) for _ in range(6)]) for s in range(64)]
for name, rows in ("mixed", series), ("sorted", sorted(series)):
    with open(name + ".csv", "w") as f:
        f.write("series,a,label\n")
        for s, (label, values) in enumerate(rows):
            f.writelines("%d,%.4f,%d\n" % (s, v, label) for v in values)
PYTHON
expect_status 0 "$program" --data mixed.csv --hidden 3 --updates 1 --device cpu --diagnose none --out classes
for name in mixed sorted; do
    expect_status 0 "$program" grad --model classes/model.safetensors --data "$name.csv" --device cpu --json
    declare "$name=$(sed -n 's/.*"noise_scale":\([^,}]*\).*/\1/p' "$folder/stdout")"
done
# shellcheck disable=SC2154 # declared above
python3 -c "assert 0.5 < $mixed / $sorted < 2" || fail "noise scale $mixed, and $sorted where the file is sorted by class"
checked "the noise of a file that is sorted by class"

# Sequences of 1 to 12 steps: the identity as the recurrent matrix of a linear net keeps the gradient, wherever they end.
python3 - <<'PYTHON'
with open("lengths.csv", "w") as f:
    f.write("series,a,label\n")
    for s in range(24):
        f.writelines("%d,0.%d,%d\n" % (s, t + s % 7, s % 2) for t in range(1 + s % 12))
PYTHON
expect_status 0 "$program" --data lengths.csv --hidden 4 --activation linear --init identity:1 --updates 0 --device cpu --out lengths
expect_status 0 "$program" grad --model lengths/model.safetensors --data lengths.csv --device cpu --json
check_json 'assert abs(lines[0]["factor"] - 1) < 1e-6, lines[0]["factor"]'
checked "the factor where sequences end"
