#!/bin/bash
# grad --task takes the first batch of a training on the task, and export --task writes it: the same numbers, the same
# gradient, and files that NumPy and --data read.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

split_devices
for device in "${devices[@]}"; do
    for task in adding delayed-xor copy permutation; do
        sizes=(--task "$task" --steps 12 --seed 5)
        net=(--hidden 5 --cell lstm --layers 2 --forget-bias 1)
        rm -rf start
        expect_status 0 "$program" export "${sizes[@]}" --sequences 6 --out d.npz
        expect_line "d.npz: $task, 6 sequences of" stderr
        expect_status 0 "$program" "${sizes[@]}" "${net[@]}" --batch 6 --updates 1 --device "$device" --json
        read -r loss norm < <(python3 -c 'import json, sys
u = [json.loads(line) for line in open(sys.argv[1]) if "\"update\",\"update\":1" in line][0]
print(u["loss"], u["grad_norm"])' "$folder/stdout")
        expect_status 0 "$program" "${sizes[@]}" "${net[@]}" --batch 6 --updates 0 --device "$device" --quiet --out start
        expect_status 0 "$program" grad "${sizes[@]}" "${net[@]}" --batch 6 --device "$device" --out fresh.safetensors --json
        check_json 'loss, norm = float(sys.argv[1]), float(sys.argv[2])
assert abs(end["loss"] - loss) < 1e-6 * loss and abs(end["grad_norm"] - norm) < 1e-5 * norm, (end["loss"], loss)
o = end["options"]
assert (o["batch"], o["seed"], o["hidden"], o["layers"], o["forget-bias"]) == (6, 5, 5, 2, 1) and o["steps"] == 12, o' \
            "$loss" "$norm"
        expect_status 0 "$program" grad "${sizes[@]}" --batch 6 --model start/model.safetensors --device "$device" \
            --out same.safetensors
        cmp -s fresh.safetensors same.safetensors || fail "$task: --model with the start weights gives another gradient"
        expect_status 0 "$program" grad --data d.npz --model start/model.safetensors --device "$device" \
            --out data.safetensors --json
        # the lags of a file are summed in another order (docs/gradient-by-lag.md)
        tensors 'a, b = read_safetensors("fresh.safetensors"), read_safetensors("data.safetensors")
assert a.keys() == b.keys() and "loss" in a and "grad_norm" in a
same = [name for name in a if name.split(".")[0] in ("loss", "output", "grad", "grad_norm")]
assert len(same) > 10 and all(a[name] == b[name] for name in same), "another gradient"
norms = [name for name in a if name.startswith("delta.norm")]
assert norms and all(abs(x - y) <= 1e-5 * max(abs(x), 1e-9) for name in norms for x, y in zip(a[name][1], b[name][1]))'
        check_json 'assert not {"batch", "seed", "init", "forget-bias", "task"} & set(end["options"]), end["options"]'
    done
    checked "$device: the first batch of train, of grad and of the exported file"
done
sampled || exit 0

# A file trains as the task does: the same loss, batch for batch, but for the order of the sequences.
expect_status 0 "$program" export --task copy --steps 7 --sequences 9 --seed 2 --out copy.npz
expect_status 0 "$program" --data copy.npz --target steps --updates 1 --hidden 4 --seed 2 --device cpu --json
file=$(json_end last_loss)
expect_status 0 "$program" --task copy --steps 7 --batch 9 --updates 1 --hidden 4 --seed 2 --device cpu --json
check_json 'assert abs(float(sys.argv[1]) - end["last_loss"]) < 1e-6, (sys.argv[1], end["last_loss"])' "$file"
expect_status 0 "$program" export --task adding --steps 9 --sequences 4 --out a.npz
expect_status 0 "$program" export --task adding --steps 9 --sequences 3 --out b.npz
tensors '
a, b = read_npz("a.npz"), read_npz("b.npz")
assert a["x"][0] == (4, 9, 2) and a["y"][0] == (4,), a
assert a["x"][1][:54] == b["x"][1] and a["y"][1][:3] == b["y"][1]
for i in range(4):
    x = a["x"][1][i * 18 : i * 18 + 18]
    near("the sum of the marked values", [sum(v * m for v, m in zip(x[::2], x[1::2]))], [a["y"][1][i]])
'
expect_status 0 "$program" grad --task adding --steps 9 --batch 4 --hidden 3 --precision double --out d.safetensors
tensors 'assert "F32" not in dtypes("d.safetensors"), dtypes("d.safetensors")'
checked "the exported file is read by NumPy and by --data"

refused 2 'export needs --model FILE, or --task NAME' "$program" export --out o.npz
refused 2 'the data of a task are written as .npz' "$program" export --task adding --out o.onnx
refused 2 'both given; export writes one of the two' "$program" export --task adding --model m --out o.npz
refused 2 '--steps from 2' "$program" export --task temporal-order --steps 1 --out o.npz
refused 2 'reads files' "$program" export --task fashion-mnist --out o.npz
refused 2 'reads files' "$program" grad --task fashion-mnist --out o.safetensors
refused 2 'loss is mse' "$program" grad --task adding --loss ce --out o.safetensors
refused 2 '--hidden is determined by the model' "$program" grad --task copy --model start/model.safetensors --hidden 3 --out o
refused 4 'the task adding has 2 and 1' "$program" grad --task adding --model start/model.safetensors --out o
refused 8 'cannot be saved' "$program" export --task adding --out nowhere/o.npz
refused 7 'more than any memory' "$program" export --task permutation --steps 1000000 --sequences 1000000 --out o.npz
checked "what is refused"
