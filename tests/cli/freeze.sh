#!/bin/bash
# --freeze PATTERN: parameters that stay as they start, have no part in the norm, and leave the others' update as it is.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
write_npz("data.npz", {"x": ((40, 7, 3), [i % 97 / 97 for i in range(840)]), "y": ((40, 1), [i * 7 % 13 / 13 for i in range(40)])})
open("text.txt", "w").write("".join(chr(97 + i * i % 11) for i in range(700)))'
train=("$program" train --json --quiet --diagnose none --overwrite --hidden 5)

# moved START MODEL NAME...: these tensors of MODEL have the bytes of START, and every number of the others differs.
moved() {
    tensors 'start, end = (read_safetensors(name + "/model.safetensors") for name in sys.argv[1:3])
frozen = set(sys.argv[3:])
assert frozen < set(start), (frozen, set(start))
for name in start:
    same = [a == b for a, b in zip(start[name][1], end[name][1])]
    assert all(same) if name in frozen else not any(same), (name, sum(same), len(same))' "$@"
}

ih=(rnn.weight_ih_l0 rnn.bias_ih_l0)
declare -A rules=([float]="sgd momentum nesterov rmsprop adam adamw adagrad" [double]="momentum adamw")
split_devices
for device in "${devices[@]}"; do
    for precision in float double; do
        on=(--device "$device" --precision "$precision")
        from=("${train[@]}" "${on[@]}" --data data.npz --batch 40)
        expect_status 0 "${from[@]}" --cell lstm --updates 0 --out start

        # one step of plain descent against the gradient: the norm, and the factor of its clipping, are of what is trained
        step=(--cell lstm --freeze '*_ih_*' --freeze head.bias --optimizer sgd --lr 0.5 --clip-norm 0.01 --updates 1)
        expect_status 0 "${from[@]}" "${step[@]}" --out end
        cp "$folder/stdout" lines
        moved start end "${ih[@]}" head.bias
        expect_status 0 "$program" grad "${on[@]}" --quiet --model start/model.safetensors --data data.npz --out g.safetensors
        tensors 'start, end, g = (read_safetensors(name) for name in ("start/model.safetensors", "end/model.safetensors", "g.safetensors"))
lines = [json.loads(line) for line in open("lines")]
update = next(line for line in lines if line["event"] == "update")
frozen = ("rnn.weight_ih_l0", "rnn.bias_ih_l0", "head.bias")
assert lines[0]["options"]["freeze"] == "*_ih_*,head.bias", lines[0]
assert lines[0]["frozen"] == 20 * 3 + 20 + 1 and lines[0]["trained"] == lines[0]["parameters"] - lines[0]["frozen"], lines[0]
trained = [name for name in start if name not in frozen]
norm = math.sqrt(sum(v * v for name in trained for v in g["grad." + name][1]))
assert abs(update["grad_norm"] - norm) < 1e-5 * norm and update["clipped"], (update, norm)
for name in trained:
    for a, b, v in zip(start[name][1], end[name][1], g["grad." + name][1]):
        assert abs(b - (a - 0.5 * v * 0.01 / (norm + 1e-6))) < 1e-7, (name, a, b, v)'

        for rule in ${rules[$precision]}; do
            expect_status 0 "${from[@]}" --cell lstm --optimizer "$rule" --weight-decay 0.1 --lr 0.01 --updates 3 \
                --freeze 'rnn.*_ih_l?' --out end
            moved start end "${ih[@]}"
        done
    done
    checked "$device: the step of descent, every optimiser"

    on=(--device "$device")
    text=("${train[@]}" "${on[@]}" --data text.txt --steps 15 --embed 4 --cell gru --optimizer adamw --weight-decay 0.1 --lr 0.01)
    expect_status 0 "${text[@]}" --updates 0 --out start
    expect_status 0 "${text[@]}" --updates 2 --freeze 'embed*' --out end
    moved start end embed.weight
    rest=(head.weight head.bias "${ih[@]}" rnn.weight_hh_l0 rnn.bias_hh_l0)
    expect_status 0 "${text[@]}" --updates 2 --freeze 'head*,rnn.*' --out end
    moved start end "${rest[@]}"
    expect_status 0 "${text[@]}" --updates 2 --freeze 'head*,rnn.*' --shards 3 --memory 1M --out end
    moved start end "${rest[@]}"
    checked "$device: an embedding, and all but it; shards"

    # whole blocks of a weight gradient: every bit
    on+=(--steps 10 --cell lstm --layers 2 --freeze 'weight_hh_l0,*_l1')
    expect_status 0 "${train[@]}" "${on[@]}" --updates 3 --batch 384
    hash=$(json_end weights_hash)
    expect_status 0 "${train[@]}" "${on[@]}" --updates 3 --batch 128 --accumulate 3
    [ "$(json_end weights_hash)" = "$hash" ] || fail "three batches of 128 give other bits than one of 384"
    on+=(--batch 9 --optimizer momentum --weight-decay 0.1)
    expect_status 0 "${train[@]}" "${on[@]}" --updates 9 --out whole
    hash=$(json_end weights_hash)
    expect_status 0 "${train[@]}" "${on[@]}" --updates 4 --out stopped
    expect_status 0 "$program" --resume stopped --updates 9 --json --quiet
    [ "$(json_end weights_hash)" = "$hash" ] || fail "the resumed run ends with other weights"
    check_json 'assert lines[0]["frozen"] == 4 * 5 * 5 + 2 * (4 * 5 * 5 + 4 * 5), lines[0]'
    expect_status 0 "$program" sweep "${on[@]}" --hidden 5 --seed 1-3 --updates 9 --diagnose none --json
    check_json 'assert [run["weights_hash"] for run in events("run")][0] == sys.argv[1], lines' "$hash"
    checked "$device: accumulated, resumed, in a sweep"
done
sampled || exit 0

on=(--device cpu --steps 6 --batch 4 --updates 3 --lag-every 1 --clip-norm 1e-6)
expect_status 0 "${train[@]}" "${on[@]}" --freeze weight_ih_l0
check_json 'assert end["clip_driver"]["parameter"] == "rnn.weight_hh_l0", end'
expect_status 0 "${train[@]}" "${on[@]}" --freeze weight_hh_l0
check_json 'assert end["clip_driver"]["parameter"] == "rnn.weight_ih_l0", end'
expect_status 0 "${train[@]}" "${on[@]}" --freeze 'weight_*'
check_json 'assert "clip_driver" not in end and len(events("lags")) == 3, end'
expect_status 0 "$program" --device cpu --steps 6 --batch 4 --updates 1 --hidden 5 --freeze '*hh*' --freeze head.bias
expect_line '^frozen   \*hh\*,head\.bias: 31 weights; 20 are trained$' stderr
expect_status 0 "$program" --dry-run --device cpu --steps 6 --batch 4 --hidden 5 --freeze '*hh*' --json
check_json 'assert (end["frozen"], end["trained"]) == (30, 21), end'
printf 'freeze = ["*hh*", "head.bias"]\n' >c.toml
expect_status 0 "${train[@]}" --config c.toml --device cpu --steps 6 --batch 4 --updates 1
check_json 'assert lines[0]["frozen"] == 31 and lines[0]["options"]["freeze"] == "*hh*,head.bias", lines[0]'
checked "what drove the norm, the opening, a dry run, a file of options"

# The step of what is trained: frozen matrices have none.
expect_status 0 "$program" --device cpu --steps 6 --batch 8 --updates 2 --hidden 5 --freeze '*weight_hh*' --json
check_json '
assert {item["matrix"] for item in end["lags"]} == {"rnn.weight_hh_l0", "rnn.weight_ih_l0"}, end["lags"]
assert [item["matrix"] for item in end["step_lags"]["lags"]] == ["rnn.weight_ih_l0"], end["step_lags"]'
expect_status 0 "$program" --device cpu --steps 6 --batch 8 --updates 2 --hidden 5 --freeze '*weight_hh*' -v
expect_line '^a step of adam leaves W_hh as it is: it is frozen$'
expect_no_line 'in a step of adam'
checked "lags in a step"

some=("$program" --device cpu --steps 6 --batch 4 --updates 1 --hidden 5 --out new)
refused 2 "'haed\*' matches no parameter of the model; the nearest is head\.weight" "${some[@]}" --freeze 'haed*'
refused 2 "'rnn.weight_ih_l1' matches no parameter of the model; the nearest is rnn\.weight_ih_l0" "${some[@]}" --freeze head.bias,rnn.weight_ih_l1
refused 2 "'wieght_hh_\*' matches no parameter of the model; the nearest is rnn\.weight_hh_l0" "${some[@]}" --freeze 'wieght_hh_*'
refused 2 'freeze \*: .*|leaves nothing to train' "${some[@]}" --freeze '*'
refused 2 'freeze.*pattern of 0 letters' "${some[@]}" --freeze 'head.bias,'
refused 2 'freeze.*pattern of 0 letters' "${some[@]}" --freeze ',head.bias'
refused 2 'freeze does not belong to predict' "$program" predict --freeze 'head*' --model a --data b
expect_status 2 "$program" sweep --seed 1-2 --device cpu --steps 6 --batch 4 --updates 1 --hidden 5 --freeze none
expect_line "'none' matches no parameter" stderr
checked "patterns that make no sense"
