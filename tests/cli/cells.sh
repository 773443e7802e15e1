#!/bin/bash
# Every cell, remedy and task from the command line: runs, is told the same twice, saves what it loads again.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
split_devices
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
data=$root/data/cat-mat-rat.csv
small=(--batch 24 --steps 12 --hidden 9 --updates 3 --json)

# same OPTION...: two runs end with the same weights.
same() {
    expect_status 0 "$program" "${small[@]}" "$@"
    first=$(json_end weights_hash)
    expect_status 0 "$program" "${small[@]}" "$@"
    [ "$(json_end weights_hash)" = "$first" ] || fail "two runs of $* differ"
}

for device in "${devices[@]}"; do
    for cell in "rnn --activation relu" "rnn --activation softplus" irnn lstm gru "rnn --skip 3" "gru --skip 2" \
            "lstm --skip 4 --skip-kind dilated" "rnn --skip-kind learned" \
            "gru --skip-kind learned --skip-budget 0.1 --layers 2 --bidirectional" "lstm --layers 2 --bidirectional --dropout 0.3"; do
        # shellcheck disable=SC2086 # a cell and its options
        same --device "$device" --cell $cell
    done
    checked "$device: cells, twice the same"
    expect_status 0 "$program" --task memorisation --steps 12 --batch 24 --hidden 9 --updates 3 --device "$device" \
        --cell lstm --skip-kind learned --skip-budget 0.01
    expect_line '^updates used [0-9]+ %'
    expect_line '^model +lstm, learned skip;' stderr
    expect_status 0 "$program" "${small[@]}" --cell lstm --skip-kind learned --device "$device"
    check_json 'assert 0 < end["updates_used"] <= 1'
    expect_status 0 "$program" "${small[@]}" --cell lstm --device "$device"
    check_json 'assert "updates_used" not in end'
    # a budget leaves fewer steps than none
    for budget in 0 1; do
        expect_status 0 "$program" --batch 64 --steps 20 --hidden 16 --updates 60 --lr 0.02 --json --device "$device" \
            --cell gru --skip-kind learned --skip-budget "$budget"
        json_end updates_used >"used.$budget"
    done
    awk 'NR == 1 { none = $1 } END { exit !($1 < 0.8 * none && $1 > 0) }' used.0 used.1 || fail "the budget saves no steps"
    checked "$device: learned skips"
    # the saved gate is the trained one: the options come from the file, and its outputs and gradients from the gate
    expect_status 0 "$program" --data "$data" --hidden 4 --cell gru --skip-kind learned --layers 2 \
        --bidirectional --skip-budget 0.01 --updates 20 --lr 0.1 --device "$device" --out gated --overwrite
    at=(--model gated/model.safetensors --data "$data" --device "$device")
    expect_status 0 "$program" predict "${at[@]}" --out gated.npy
    expect_status 0 "$program" grad "${at[@]}" --skip-budget 0.01 --out gated.gradient
    tensors '
model, g = read_safetensors("gated/model.safetensors"), read_safetensors("gated.gradient")
gates = [n for n in model if "_uh_" in n]
assert len(gates) == 8 and all(model[n][0] == g["grad." + n][0] for n in gates), gates
assert any(v for n in gates for v in g["grad." + n][1])
assert all(model[n][1] != (1.0,) for n in gates if "bias" in n)
near("output", read_npy("gated.npy")[1], list(g["output"][1]), 1e-6)
'
    checked "$device: the files of a learned skip"
    for optimizer in sgd momentum nesterov rmsprop adam adamw adagrad; do
        same --device "$device" --optimizer "$optimizer" --schedule cosine --warmup 2
    done
    same --device "$device" --clip-value 0.1
    same --device "$device" --cell lstm --init chrono:50
    checked "$device: optimisers, schedules, clipping by value, chrono"
    for task in adding multiplication copy temporal-order temporal-order-3bit delayed-xor permutation memorisation \
            delayed-recall; do
        same --device "$device" --task "$task" --cell gru
    done
    checked "$device: tasks"
    expect_status 0 "$program" --data "$data" --cell lstm --layers 2 --bidirectional --hidden 5 --lr 0.05 --updates 200 \
        --quiet --device "$device" --out model --overwrite
    expect_status 0 "$program" predict --model model/model.safetensors --data "$data" --device "$device"
    expect_line 'cat mat rat .*label 1 .*probability 0\.9'
    expect_line 'mat mat cat .*label 0 .*probability 0\.0'
    expect_status 0 "$program" grad --model model/model.safetensors --data "$data" --device "$device" --out g.safetensors
    checked "$device: an LSTM is saved, loaded, and tells the texts apart"
done

sampled || exit 0

refused 2 'skip-kind learned' "$program" --skip 3 --skip-kind learned
refused 2 'skip-budget' "$program" --skip-budget 0.1
refused 2 'forget-bias' "$program" --forget-bias 1
refused 2 'activation' "$program" --cell lstm --activation relu
refused 2 'copy' "$program" --task copy --loss mse
refused 2 'at least|smallest|2' "$program" --task temporal-order --steps 1
checked "combinations that make no sense"
