#!/bin/bash
# --readout: its default, the model's file, outputs worked out here, sweeps and other commands, windows of time, refusals.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

# 9 sequences of up to 6 steps of 2 features, one of them without a step.
tensors '
import random
random.seed(5)
N, T, F = 9, 6, 2
lengths = [6, 1, 0] + [random.randint(1, T) for _ in range(N - 3)]
x = [random.uniform(-2, 2) for _ in range(N * T * F)]
write_npz("all.npz", {"x": ((N, T, F), x), "y": ((N,), [i % 2 for i in range(N)]), "lengths": ((N,), lengths)})
write_npz("steps.npz", {"x": ((N, T, F), x), "y": ((N, T), [i % 2 for i in range(N * T)])})'
net=(--bidirectional --hidden 3 --updates 7 --lr 0.05 --batch 4 --data all.npz)

check_outputs='
readout = sys.argv[1]
m = {name: values for name, (shape, values) in read_safetensors(sys.argv[2] + "/model.safetensors").items()}
with zipfile.ZipFile("all.npz") as file:
    lengths = struct.unpack("<9q", file.read("lengths.npy")[-9 * 8:])
    x = struct.unpack("<108f", file.read("x.npy")[-108 * 4:])
def states(i, end):
    h, steps = [0.0] * 3, {}
    for t in range(lengths[i])[:: -1 if end else 1]:
        step = x[(i * 6 + t) * 2 :][:2]
        h = [math.tanh(sum(m["rnn.weight_ih_l0" + end][j * 2 + k] * step[k] for k in range(2))
                       + sum(m["rnn.weight_hh_l0" + end][j * 3 + k] * h[k] for k in range(3))
                       + m["rnn.bias_ih_l0" + end][j] + m["rnn.bias_hh_l0" + end][j]) for j in range(3)]
        steps[t] = h
    return [steps[t] for t in range(lengths[i])]
def read(i):
    there, back = states(i, ""), states(i, "_reverse")
    if lengths[i] == 0:
        return [0.0] * 6
    if readout == "final":
        return there[-1] + back[0]
    both = [a + b for a, b in zip(there, back)]
    return both[-1] if readout == "last" else [max(u) if readout == "max" else sum(u) / len(u) for u in zip(*both)]
outputs = [sum(m["head.weight"][j] * h for j, h in enumerate(read(i))) + m["head.bias"][0] for i in range(9)]
near(readout, read_npy("p.npy")[1], outputs, 4e-6)
assert read_safetensors("g.safetensors")["output"] == read_npy("p.npy")
moved = max(abs(v) for v in read_safetensors("g.safetensors")["grad.rnn.weight_hh_l0_reverse"][1])
assert (moved == 0.0) == (readout == "last"), moved'

split_devices
for device in "${devices[@]}"; do
    for readout in last final mean max; do
        expect_status 0 "$program" "${net[@]}" --readout "$readout" --device "$device" --json --out "$readout-$device"
        check_json "assert lines[0]['readout'] == '$readout'"
        at=(--model "$readout-$device/model.safetensors" --data all.npz --device "$device" --quiet)
        expect_status 0 "$program" predict "${at[@]}" --out p.npy
        expect_status 0 "$program" grad "${at[@]}" --out g.safetensors
        tensors "$check_outputs" "$readout" "$readout-$device"
    done
    expect_status 0 "$program" "${net[@]}" --device "$device" --json
    hash=$(json_end weights_hash)
    expect_status 0 "$program" "${net[@]}" --readout final --device "$device" --json
    [ "$(json_end weights_hash)" = "$hash" ] || fail "final is not the default with two directions"
    expect_status 0 "$program" "${net[@]:1}" --device "$device" --json
    check_json "assert lines[0]['readout'] == 'last'"
    checked "$device: outputs of every readout, and the defaults"

    expect_status 0 "$program" sweep --json "${net[@]}" --readout last,final,mean,max --seed 1,2 --device "$device"
    check_json '
assert [r["settings"]["readout"] for r in events("run")] == [w for w in ("last", "final", "mean", "max") for _ in "12"]
assert len({r["weights_hash"] for r in events("run")}) == 8'
    cp "$folder/stdout" rows
    for readout in final mean max; do
        expect_status 0 "$program" --json "${net[@]}" --readout "$readout" --seed 2 --device "$device"
        grep "\"readout\":\"$readout\",\"seed\":2" rows | grep "$(json_end weights_hash)" >/dev/null || fail "$readout: another run"
    done
    checked "$device: a sweep over readouts, whose runs are those of train"

    long=(--bidirectional --steps 400 --batch 16 --hidden 16 --updates 2 --device "$device" --json)
    for readout in final mean max; do
        expect_status 0 "$program" "${long[@]}" --readout "$readout" --memory 2M
        check_json 'assert lines[0]["memory_bytes"] <= 2 << 20'
        loss=$(json_end loss)
        expect_status 0 "$program" "${long[@]}" --readout "$readout"
        check_json "assert abs(end['loss'] - $loss) < 1e-6 and lines[0]['memory_bytes'] > 2 << 20"
    done
    checked "$device: in windows of time"
done
sampled || exit 0

expect_status 0 "$program" compare --json --remedies tanh+clip,gru+clip "${net[@]}" --readout mean --device cpu
expect_status 0 "$program" "${net[@]}" --readout mean --lag-every 2 --device cpu
expect_line 'bidirectional, readout mean' stderr
checked "compare, samples of the lags, and what a run says of itself"

refused 2 'readout requires --target last' "$program" --readout mean --target steps --data steps.npz --device cpu
refused 2 'readout max is for --target last' "$program" --readout max --task copy --steps 9 --updates 1 --device cpu
refused 4 'was made with --readout mean, not last' "$program" predict --model mean-cpu/model.safetensors --data all.npz \
    --readout last --device cpu --out q.npy
refused 2 'one of last, final, mean, max' "$program" --readout first
checked "refusals"
