#!/bin/bash
# --lr auto: the rate comes from a test that leaves no trace, and the training is the one with that --lr, to the bit.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
split_devices
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
write_npz("steps.npz", {"x": ((60, 9, 2), [i % 97 / 97 for i in range(1080)]),
                        "y": ((60, 9), [1 if i % 11 == 0 else 2 if i % 13 == 0 else 0 for i in range(540)]), "lengths": ((60,), [i % 10 for i in range(60)])})
open("text.txt", "w").write("".join(chr(97 + i * i % 11) for i in range(900)))'
train=("$program" train --json --quiet --diagnose none --overwrite --hidden 9)

# same ARGUMENTS...: with `auto` as with the rate that it finds.
same() {
    local hash rate
    expect_status 0 "${train[@]}" "$@" --lr auto
    hash=$(json_end weights_hash)
    check_json 'start, updates = lines[0], events("update")
test = start["lr_test"]
assert start["options"]["lr"] == test["lr"] == updates[0]["lr"], start
assert len(test["rates"]) == len(test["losses"]) == len(test["smoothed"]) == test["updates"] <= 100, test
assert all(1e-8 < b / a - 10 ** (8 / 99) + 1e-7 for a, b in zip(test["rates"], test["rates"][1:])) and test["rates"][0] == 1e-7, test
low = min(range(test["updates"]), key=lambda i: test["smoothed"][i])
assert test["lowest"] == test["rates"][low], test
for i in range(test["updates"]):
    weights = [0.9 ** (i - k) for k in range(i + 1)]
    wanted = sum(w * l for w, l in zip(weights, test["losses"])) / sum(weights)
    assert abs(test["smoothed"][i] - wanted) < 1e-7 * wanted, (i, test)
falls = {i: test["smoothed"][i - 4] - test["smoothed"][i + 4] for i in range(20, min(low + 1, test["updates"] - 4))}
steepest = max(falls, key=lambda i: (falls[i], -i))
assert test["lr"] == float("%.1e" % test["rates"][steepest]), (steepest, test)
assert test["losses"][0] == updates[0]["loss"], test
open("rate", "w").write("%r" % test["lr"])'
    rate=$(cat rate)
    expect_status 0 "${train[@]}" "$@" --lr "$rate"
    [ "$(json_end weights_hash)" = "$hash" ] || fail "--lr $rate has other weights than --lr auto, which found it"
    check_json 'assert "lr_test" not in lines[0], lines[0]'
}
for device in "${devices[@]}"; do
    for precision in float double; do
        on=(--device "$device" --precision "$precision" --updates 7)
        for rule in sgd momentum nesterov rmsprop adam adamw adagrad; do
            same "${on[@]}" --steps 8 --batch 16 --optimizer "$rule" --weight-decay 0.01
        done
        same "${on[@]}" --data steps.npz --target steps --batch 7 --accumulate 4 --cell lstm --layers 2 --dropout 0.2
        same "${on[@]}" --data text.txt --tbptt 15 --batch 3 --cell gru --freeze 'weight_ih*'
        same "${on[@]}" --steps 8 --batch 16 --schedule plateau:1:0.5 --shards 3
    done
    checked "$device: every optimiser, accumulated, with carried states"

    on=(--device "$device" --data steps.npz --target steps --batch 7 --schedule cosine)
    expect_status 0 "${train[@]}" "${on[@]}" --lr auto --updates 9 --out whole
    hash=$(json_end weights_hash)
    expect_status 0 "${train[@]}" "${on[@]}" --lr auto --updates 9 --save-every 4 --out stopped
    rm stopped/checkpoint-9.ckpt stopped/model.safetensors
    expect_status 0 "$program" --resume stopped --json
    check_json 'start = lines[0]
assert "lr_test" not in start and start["options"]["lr"] > 0 and [e["update"] for e in events("update")] == [9], lines'
    [ "$(json_end weights_hash)" = "$hash" ] || fail "the resumed run ends with other weights"
    expect_no_line 'lr auto' stderr
    grep -q "found by a test of [0-9]* updates" whole/report.html || fail "the page does not say how the rate was found"
    checked "$device: resumed, with the rate that was found"
done

sampled || exit 0

on=(--device cpu --steps 8 --batch 16 --hidden 9 --updates 3)
expect_status 0 "$program" "${on[@]}" --lr auto
expect_line '^rate +[0-9.e-]+, at which the loss falls most steeply; smoothed loss of [0-9]+ updates by rate:$' stderr
expect_line '^training 3 updates of 16 sequences, adam, lr [0-9.e-]+, ' stderr
expect_line '^ +1e-07 +\^ +[0-9.e+]+$' stderr
[ "$(wc -L <"$folder/stderr")" -le 95 ] || fail "the chart is wide"
expect_status 0 "$program" "${on[@]}" --lr auto --dry-run
expect_line '^training .* lr auto, ' stderr
expect_status 0 "$program" "${on[@]}" --lr auto --dump-config
expect_line '^lr = "auto"$'
cp "$folder/stdout" c.toml
expect_status 0 "$program" --config c.toml --json
check_json 'assert lines[0]["lr_test"]["lr"] == lines[0]["options"]["lr"], lines[0]'
checked "the chart, a dry run, a file of options"

refused 2 "'auto' is not a value for a sweep: .*write rates" "$program" sweep --lr auto
refused 2 "'auto' is not a value for a sweep" "$program" sweep --lr 1e-3,auto
refused 2 'lr auto finds the rate of one training; give compare a rate' "$program" compare --lr auto
refused 2 "'automatic' is not a number or auto" "$program" --lr automatic
# nothing is learned of this task in so few updates
refused 1 'no rate from 1e-07 to [0-9.e-]+ lowered the loss by more than its noise; give --lr a number' "$program" --quiet \
    --task delayed-xor --steps 40 --batch 32 --hidden 32 --device cpu --lr auto --out new
checked "where there is no rate to find"
