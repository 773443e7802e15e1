#!/bin/bash
# Training: the same bits again, odd sizes, every way to end, and Ctrl-C.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
data=$root/data/cat-mat-rat.csv

# train ARGUMENT...: a run that ends well, with its JSON kept.
train() {
    expect_status 0 "$program" --json "$@"
    expect_empty stderr
}

# same_hash WHAT ARGUMENTS ARGUMENTS: both runs end with the same weights.
same_hash() {
    local what=$1 first second
    # shellcheck disable=SC2086 # words are meant
    train $2
    first=$(json_end weights_hash)
    # shellcheck disable=SC2086
    train $3
    second=$(json_end weights_hash)
    [ "$first" = "$second" ] || fail "$what: weights $first and $second"
    checked "$what: the same weights"
}

run="--batch 70 --steps 20 --hidden 33 --updates 20"
if sampled; then
    same_hash "cpu, again" "$run --device cpu" "$run --device cpu"
    same_hash "cpu, 1 thread and 2" "$run --device cpu --threads 1" "$run --device cpu --threads 2"
    same_hash "cpu, OpenBLAS, 1 thread and 3" "$run --device cpu --layers 2 --gemm library --threads 1" \
        "$run --device cpu --layers 2 --gemm library --threads 3"
    same_hash "cpu, 1 thread and 7, several chunks" "$run --device cpu --threads 1 --memory 500K" \
        "$run --device cpu --threads 7 --memory 500K"
    files="--data $data --hidden 5 --updates 30 --batch 2"
    same_hash "cpu, a file in shuffled batches" "$files --device cpu" "$files --device cpu --threads 1"
    if [ "${#devices[@]}" -gt 1 ]; then
        same_hash "opencl, again" "$run --device opencl" "$run --device opencl"
    fi
    train --batch 70 --steps 20 --hidden 33 --updates 1 --device cpu
    first=$(json_end weights_hash) loss=$(json_end loss)
    train --batch 70 --steps 20 --hidden 33 --updates 1 --device cpu --seed 2
    [ "$(json_end weights_hash)" != "$first" ] || fail "two seeds give the same weights"
    [ "$(json_end loss)" != "$loss" ] || fail "two seeds give the same data"
    train --batch 70 --steps 20 --hidden 33 --updates 1 --device cpu --seed 4294967297
    [ "$(json_end weights_hash)" != "$first" ] || fail "the upper half of the seed does nothing"
    checked "another seed: other weights"
fi

# Odd sizes, on each device; the losses agree to float tolerance.
all_sizes=("--steps 1" "--batch 1" "--hidden 1 --batch 33" "--steps 3000 --batch 2 --hidden 8" "--hidden 600 --steps 5 --batch 33")
! sampled || all_sizes=("--steps 1 --batch 1 --hidden 1" "--batch 4097 --steps 5" "--hidden 97 --batch 33")
for sizes in "${all_sizes[@]}"; do
    losses=()
    for device in "${devices[@]}"; do
        # shellcheck disable=SC2086
        train $sizes --updates 3 --device "$device"
        check_json 'assert end["reason"] == "done" and end["updates"] == 3 and end["verdict"], end
assert all(0 < line["loss"] < 10 and line["grad_norm"] > 0 and not line["skipped"] for line in events("update"))'
        losses+=("$(json_end loss)")
    done
    python3 -c 'import sys; a = [float(x) for x in sys.argv[1:]]; assert max(a) - min(a) <= 1e-5 * max(a), a' \
        "${losses[@]}" || fail "the devices disagree at $sizes: ${losses[*]}"
    checked "$sizes: ${devices[*]}, loss ${losses[0]}"
done

all_devices=("${devices[@]}")
split_devices # what follows is about the program more than about the device
for device in "${devices[@]}"; do
    train --updates 0 --batch 8 --steps 5 --hidden 4 --device "$device" --out "none-$device"
    check_json 'assert end["updates"] == 0 and end["reason"] == "done" and events("checkpoint")'
    [ -s "none-$device/model.safetensors" ] || fail "no model without updates"
    # the target is one of the mean over the last tenth of the updates, at least 20, not of a lucky batch
    train --target-loss 0.06 --updates 100000 --batch 8 --steps 10 --hidden 16 --device "$device"
    check_json 'losses = [line["loss"] for line in events("update")]
def mean(n):
    last = losses[max(0, n - max(20, n // 10)):n]
    return sum(last) / len(last)
n = len(losses)
assert end["reason"] == "target" and n == end["updates"] > 400 and end["last_loss"] == losses[-1], end
assert end["loss_updates"] == n // 10 and abs(end["loss"] - mean(n)) < 1e-7 and end["loss"] <= 0.06, end
assert min(losses[20:]) < 0.06 and all(mean(i) > 0.06 for i in range(20, n)), "it stops where the mean is there first"'
    train --max-time 0.3 --updates 1000000000 --batch 32 --steps 10 --hidden 8 --device "$device"
    check_json 'assert end["reason"] == "time" and end["updates"] >= 1 and 0.3 <= end["seconds"] < 20'
    checked "$device: ends with no updates, at a loss, after a time"

    for policy in "skip 10" "stop 1"; do
        expect_status 5 "$program" --batch 32 --steps 10 --hidden 8 --updates 500 --lr 1e6 --optimizer sgd --clip-norm 0 \
            --nonfinite "${policy% *}" --device "$device" --out "diverged-$device-${policy% *}" --json
        [ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "stderr is not one line"
        check_json 'assert end["reason"] == "diverged" and end["skipped"] == int(sys.argv[1])
assert [line["skipped"] for line in events("update")].index(True) == end["updates"] - end["skipped"]' "${policy#* }"
        check_json 'import os
assert end["saved"] == {"file": sys.argv[1], "update": end["updates"] - end["skipped"]}
assert os.path.getsize(sys.argv[1]) > 500' "diverged-$device-${policy% *}/model.safetensors"
        expect_line '; saved the last finite weights, those after update [0-9]+, in diverged-' stderr
    done
    # Weights that overflow while loss and gradient are finite: finite ones are saved, the run says that it diverged.
    for updates in 4 5 500; do
        expect_status $((updates > 4 ? 5 : 0)) "$program" --data "$data" --hidden 8 --updates "$updates" --optimizer sgd \
            --lr 1e6 --weight-decay 1000 --clip-norm 0 --device "$device" --out "overflow-$device-$updates" --json
        check_json 'assert end["reason"] == ("done" if sys.argv[2] == "4" else "diverged")
import struct
raw = open(sys.argv[1], "rb").read()
header = struct.unpack("<Q", raw[:8])[0]
floats = struct.unpack(f"<{(len(raw) - 8 - header) // 4}f", raw[8 + header :])
assert all(abs(value) < 1e37 for value in floats), max(map(abs, floats))' "overflow-$device-$updates/model.safetensors" \
            "$updates"
    done
    expect_line 'with weights that are not finite, .*; saved finite weights .*, those after update [0-4], in' stderr
    # A loss that is not finite with the first weights: nothing is trained, whatever the number of updates.
    printf 'series,x,label\n1,0.5,1e30\n1,0.25,1e30\n2,0.5,-3e30\n2,0.125,-3e30\n' >huge.csv
    for updates in 3 50; do
        expect_status 5 "$program" --data huge.csv --hidden 3 --updates "$updates" --device "$device" --json
        check_json 'assert end["reason"] == "diverged" and end["skipped"] == end["updates"] > 0, end'
        expect_line 'diverged: loss inf .* from the first update on, all .* updates were skipped; scale the inputs' stderr
    done
    checked "$device: diverged, one line, the last finite weights"
done

# signalled STATUS SIGNAL ARGUMENT...: a run that a signal ends after some updates.
signalled() {
    local status=$1 signal=$2 process got
    shift 2
    command="$program $* & kill -$signal"
    "$program" "$@" >"$folder/stdout" 2>"$folder/stderr" </dev/null &
    process=$!
    wait_for '"event":"update"' "$folder/stdout"
    kill "-$signal" "$process"
    ended 60 "$process"
    [ "$got" -eq "$status" ] || fail "exit $got, expected $status"
}

for device in "${devices[@]}"; do
    for signal in "INT 130" "TERM 143" "HUP 143"; do
        out="stopped $device-${signal% *}"
        signalled "${signal#* }" "${signal% *}" --data "$data" --hidden 3 --updates 1000000000 --device "$device" \
            --json --out "$out"
        check_json 'assert end["reason"] == "interrupted" and end["updates"] == events("update")[-1]["update"] < 10**9'
        expect_line '^rnn-gpu: interrupted( \(SIG[A-Z]*\))?: finishing the update.*, then saving; a second .* at once$' stderr
        expect_line "^rnn-gpu: interrupted after [0-9]+ updates?; saved $out/model\.safetensors" stderr
        expect_line "^rnn-gpu: resume with: ./rnn-gpu --resume '$out'\$" stderr
        [ "$(wc -l <"$folder/stderr")" -eq 3 ] || fail "stderr is not three lines"
        expect_status 0 "$program" predict --model "$out/model.safetensors" --data "$data" --device cpu
    done
    checked "$device: SIGINT, SIGTERM and SIGHUP end with a saved model"
done
if sampled; then
    for device in "${all_devices[@]}"; do
        signalled 130 INT --data "$data" --hidden 3 --updates 1000000000 --device "$device" --json
        expect_line 'nothing is saved without --out' stderr
    done

    # A reader that goes away ends the run.
    command="$program --json --updates 1000000000 --out piped | head -n 2" codes=
    { timeout 60 "$program" --json --updates 1000000000 --batch 8 --steps 5 --hidden 4 --device cpu --out piped \
        2>"$folder/stderr" && codes=0 || codes=$?; echo "$codes" >"$folder/code"; } | head -n 2 >"$folder/stdout" || true
    [ "$(cat "$folder/code")" -eq 141 ] || fail "exit $(cat "$folder/code"), expected 141"
    expect_line '^rnn-gpu: interrupted after [0-9]+ updates; saved piped/model\.safetensors' stderr
    expect_line '^rnn-gpu: resume with: ./rnn-gpu --resume piped$' stderr
    [ "$(wc -l <"$folder/stderr")" -eq 2 ] || fail "stderr is not two lines"
    checked "a closed pipe ends the run, the model is saved"
fi

# An update of many seconds is cut off and left out: within its chunk if it has many, else between its launches, which
# are bounded (see docs/gpu.md).
for device in "${devices[@]}"; do
    for sizes in "--batch 1048576" "--cell lstm --hidden 256 --batch 1 --steps 100000"; do
        rm -rf "cut-$device"
        command="$program $sizes --device $device & kill -INT"
        # shellcheck disable=SC2086 # words are meant
        "$program" $sizes --device "$device" --json --out "cut-$device" >"$folder/stdout" 2>"$folder/stderr" </dev/null &
        process=$!
        wait_for '"event":"start"' "$folder/stdout"
        sleep 0.5
        kill -INT "$process"
        ended 4 "$process"
        [ "$got" -eq 130 ] || fail "exit $got, expected 130"
        check_json 'assert end["reason"] == "interrupted" and end["updates"] == 0 and not events("update")'
        hash=$(json_end weights_hash)
        # shellcheck disable=SC2086
        train $sizes --batch 1 --steps 1 --updates 0 --device "$device"
        [ "$(json_end weights_hash)" = "$hash" ] || fail "an update that was cut off changed the weights"
    done
    checked "$device: a long update is cut off, the weights are those before it"
done

sampled || exit 0

# An update of one chunk and many seconds, whose launches are not cut: the second Ctrl-C does not wait for its end.
command="RNN_GPU_LAUNCH_SECONDS=0 $program --cell lstm --hidden 256 --batch 1 --steps 100000 & kill -INT, kill -INT"
RNN_GPU_LAUNCH_SECONDS=0 "$program" --cell lstm --hidden 256 --batch 1 --steps 100000 --threads 1 --device cpu --json --out twice \
    >"$folder/stdout" 2>"$folder/stderr" </dev/null &
process=$!
wait_for '"event":"start"' "$folder/stdout"
kill -INT "$process"
wait_for 'a second Ctrl-C leaves at once' "$folder/stderr"
sleep 0.2
kill -0 "$process" 2>/dev/null || fail "the first Ctrl-C did not let the update end"
kill -INT "$process"
ended 2 "$process"
[ "$got" -eq 130 ] || fail "exit $got, expected 130"
expect_no_line '"event":"(update|end)"'
[ ! -e twice/model.safetensors ] || fail "a model was saved"
checked "the second Ctrl-C leaves at once"

if [ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ]; then
    train --task fashion-mnist --updates 20 --hidden 32 --device cpu
    check_json '
assert lines[0]["steps"] == 28 and abs(lines[0]["baseline"] - 2.302585) < 1e-5 and end["loss"] < 2.31
(held_out,) = events("validation")
assert held_out["sequences"] == 10000 and 0.1 < held_out["accuracy"] < 1 and 0 < held_out["loss"] < 2.31, held_out
assert (held_out["update"], held_out["epoch"], held_out["best"]) == (20, 0, False), held_out'
    checked "fashion-mnist: a few updates and the held-out accuracy"
elif [ "${RG_REQUIRE_DATASETS:-0}" = 1 ]; then
    fail "fashion-mnist is not installed, and RG_REQUIRE_DATASETS=1"
else
    checked "fashion-mnist is not installed: not tried"
fi
