#!/bin/bash
# --accumulate K: an update of K batches is that of one batch of K times as many sequences, in the memory of one.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
write_npz("last.npz", {"x": ((90, 9, 2), [i % 97 / 97 for i in range(1620)]), "y": ((90, 1), [i * 7 % 13 / 13 for i in range(90)]),
                       "lengths": ((90,), [i % 10 for i in range(90)])})
write_npz("steps.npz", {"x": ((90, 9, 2), [i % 97 / 97 for i in range(1620)]),
                        "y": ((90, 9), [-100 if i % 11 == 0 else i * 7 % 13 % 3 for i in range(810)]),
                        "lengths": ((90,), [i % 10 for i in range(90)])})
open("text.txt", "w").write("".join(chr(97 + i * i % 11) for i in range(700)))'
train=("$program" train --json --quiet --hidden 9 --diagnose none --overwrite)

# same DEVICE ARGUMENTS...: four batches of 7 and one of 28 give the same loss, norm and weights, but for rounding.
same() {
    local on=(--device "$1")
    shift
    for precision in float double; do
        for batches in "7 4" "28 1"; do
            expect_status 0 "${train[@]}" "${on[@]}" "$@" --precision "$precision" --batch "${batches% *}" \
                --accumulate "${batches#* }" --out "of-${batches#* }"
            cp "$folder/stdout" "lines-${batches#* }"
        done
        tensors 'limit = 1e-6 if sys.argv[1] == "float" else 1e-13
four, one = ([json.loads(line) for line in open("lines-" + n)] for n in "41")
def near(a, b, size):
    assert abs(a - b) <= limit * size, (a, b)
assert [l["event"] for l in four] == [l["event"] for l in one] and len(four) > 5, (four, one)
for a, b in zip(four, one):
    if a["event"] == "update":
        near(a["loss"], b["loss"], b["loss"])
        near(a["grad_norm"], b["grad_norm"], 5 * b["grad_norm"])
        assert a["clipped"] == b["clipped"]
a, b = (read_safetensors("of-%s/model.safetensors" % n) for n in "41")
for name in b:
    size = max(map(abs, b[name][1])) + 1
    for p, q in zip(a[name][1], b[name][1]):
        near(p, q, 10 * size)' "$precision"
    done
}
split_devices
for device in "${devices[@]}"; do
    for rule in sgd momentum nesterov rmsprop adagrad adamw; do
        same "$device" --steps 12 --updates 4 --optimizer "$rule" --weight-decay 0.01 --clip-norm 0.3
    done
    same "$device" --data last.npz --cell lstm --layers 2 --epochs 3 --optimizer sgd --lr 0.1 --clip-value 0.01
    same "$device" --data steps.npz --target steps --cell gru --epochs 3 --optimizer sgd --lr 0.1
    same "$device" --data text.txt --steps 15 --epochs 3 --optimizer sgd --lr 0.1 --clip-norm 0 --embed 4
    checked "$device: optimisers, clipping, lengths, ignored labels, text"

    # whole blocks of a weight gradient: every bit
    for cell in rnn lstm; do
        on=(--device "$device" --steps 10 --updates 3 --cell "$cell")
        expect_status 0 "${train[@]}" "${on[@]}" --batch 384
        hash=$(json_end weights_hash)
        expect_status 0 "${train[@]}" "${on[@]}" --batch 128 --accumulate 3
        [ "$(json_end weights_hash)" = "$hash" ] || fail "three batches of 128 give other bits than one of 384"
    done

    # stopped and resumed, in an update of several batches too
    on=(--device "$device" --data steps.npz --target steps --batch 7 --accumulate 4 --optimizer adam)
    expect_status 0 "${train[@]}" "${on[@]}" --updates 9 --out whole
    hash=$(json_end weights_hash)
    expect_status 0 "${train[@]}" "${on[@]}" --updates 4 --out stopped
    expect_status 0 "$program" --resume stopped --updates 9 --json --quiet
    [ "$(json_end weights_hash)" = "$hash" ] || fail "the resumed run ends with other weights"
    checked "$device: every bit, and resumed"
done
sampled || exit 0

plan=("$program" --dry-run --device cpu --steps 50 --hidden 64)
expect_status 0 "${plan[@]}" --batch 32 --json
check_json 'open("memory", "w").write(str(end["memory_bytes"]))'
expect_status 0 "${plan[@]}" --batch 32 --accumulate 16 --json
check_json 'alone = int(open("memory").read())
assert end["options"]["accumulate"] == 16 and end["batch"] == 32
assert end["memory_bytes"] < 1.3 * alone, (end["memory_bytes"], alone)'
expect_status 0 "${plan[@]}" --batch 32 --accumulate 16
expect_line '^training 100 updates of 512 sequences \(16 batches of 32\), adam' stderr
expect_line '^memory .*the batch in chunks of 32 sequences' stderr
refused 2 'accumulate.*0.*1' "$program" --accumulate 0
refused 2 'accumulate' "$program" --accumulate 1.5
refused 7 'an update of 1000000000 sequences \(--batch times --accumulate\) needs at least .*; at most [0-9]+ sequences fit$' \
    "$program" --device cpu --batch 1000 --accumulate 1000000 --memory 50M
expect_status 0 "$program" sweep --batch 4 --accumulate 1,3 --steps 5 --hidden 4 --updates 2 --device cpu --json
check_json 'assert sorted(r["settings"]["accumulate"] for r in events("run")) == [1, 3], lines'
checked "memory, screens, bad values, sweep"
