#!/bin/bash
# A driver that ends the work in the middle of a training: one line says what and what to do, the last weights are saved,
# and --resume ends with the bits of a run that nothing ended.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: not tried"
    exit 77
fi
export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that makes calls fail}
data=$root/data/cat-mat-rat.csv
run=("$program" --quiet --device opencl --data "$data" --hidden 3 --updates 600 --save-every 100 --json)

expect_status 0 env RG_COUNT_CALLS="$folder/count" "${run[@]}" --out whole
hash=$(json_end weights_hash)
made=$(cat "$folder/count")

# lost N: the N-th call fails, and every later one.
lost() {
    rm -rf out
    got=0
    command="RG_FAIL_CALL=$1 RG_FAIL_CODE=$RG_FAIL_CODE ${run[*]} --out out"
    RG_FAIL_CALL=$1 RG_FAIL_EVER=1 timeout -k 5 180 "${run[@]}" --out out >"$folder/stdout" 2>"$folder/stderr" || got=$?
    [ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "stderr has not one line"
}

saved=0
export RG_FAIL_CODE
codes='-5 -14 -36 -9999' parts='30 55 80 95' wanted=8
if sampled; then
    codes='-36' parts='55 95' wanted=1
fi
for RG_FAIL_CODE in $codes; do
    for part in $parts; do
        lost $((made * part / 100))
        [ "$got" -eq 3 ] || fail "exit $got, expected 3"
        expect_line "failed with .*\($RG_FAIL_CODE\): " stderr
        grep -q '"event":"update"' "$folder/stdout" || continue
        expect_line '; saved the weights after update [0-9]+ in out/model.safetensors; resume with: ./rnn-gpu --resume out$' stderr
        expect_status 0 env -u OPENCL_LAYERS "$program" predict --model out/model.safetensors --data "$data" --device cpu
        expect_status 0 "$program" --resume out --quiet --json
        [ "$(json_end weights_hash)" = "$hash" ] || fail "the resumed run has other bits"
        saved=$((saved + 1))
    done
done
[ "$saved" -ge "$wanted" ] || fail "only $saved runs were lost after an update"
checked "$saved runs whose driver ended them were saved, and resumed to the same bits"

# The device is lost, and the checkpoint, which also holds Adam's moments, is too large for the disk. The model is saved,
# and both failures are reported.
large=("$program" --quiet --device opencl --batch 4 --steps 5 --hidden 512 --updates 30 --diagnose none --json --save-every 1000)
expect_status 0 env RG_COUNT_CALLS="$folder/count" "${large[@]}" --out whole --overwrite
run=("${large[@]}")
(
    ulimit -f 2000 # KiB; the model has 1030, the checkpoint three times as much
    RG_FAIL_CODE=-36 lost $(($(cat "$folder/count") * 90 / 100))
    [ "$got" -eq 3 ] || fail "exit $got, expected 3"
    expect_line 'failed with .*\(-36\): .*; saved the weights after update [0-9]+ in out/model.safetensors; out/checkpoint-.*File too large' stderr
    expect_no_line 'resume with' stderr
) || exit 1
expect_status 0 "$program" verify out/model.safetensors
checked "a checkpoint that cannot be written does not cost the model"

# Every call by itself, whatever it is, of a short run. The whole diagnosis makes the same calls however long it takes. How
# often the host asks whether something has ended depends on the time, so the last calls may not come again.
run=("$program" --quiet --device opencl --data "$data" --hidden 3 --updates 3 --diagnose full --json)
expect_status 0 env -u RG_FAIL_CODE RG_COUNT_CALLS="$folder/count" "${run[@]}" --out short
made=$(cat "$folder/count")
each=$(sampled && echo 10 || echo 40)
for call in $(seq 1 $((made / each)) $((made - made / 50))); do
    for RG_FAIL_CODE in -5 -4; do
        lost "$call"
        [ "$got" -eq 3 ] || [ "$got" -eq 7 ] || fail "exit $got, expected 3 or 7"
    done
    ! grep -q '"event":"update"' "$folder/stdout" || [ -s out/model.safetensors ] || fail "the weights are lost"
done
checked "a short run of $made calls: $each of them end it with one line"
