#!/bin/bash
# A driver that fails: whichever call it is, the run ends with one line and exit code 3 or 7, a model that is there is
# whole, and `auto` goes on without OpenCL. A driver without doubles.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: not tried"
    exit 77
fi
export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that makes calls fail}
data=$root/data/cat-mat-rat.csv
small=(--batch 8 --steps 5 --hidden 4 --updates 1)

# calls COMMAND...: how many calls that can fail it makes.
calls() {
    command=$*
    RG_COUNT_CALLS=$folder/count "$@" >/dev/null 2>"$folder/stderr" || fail "the command fails without a fault"
    cat "$folder/count"
}

# fails_at N COMMAND...: the N-th call fails.
fails_at() {
    local n=$1
    shift
    rm -rf out
    got=0
    command="RG_FAIL_CALL=$n $*"
    RG_FAIL_CALL=$n timeout -k 5 180 "$@" >"$folder/stdout" 2>"$folder/stderr" </dev/null || got=$?
    case $got in
        0) return ;; # a device less, or a call whose result is not needed
        3 | 7) ;;
        *) fail "exit $got, expected 3 or 7" ;;
    esac
    [ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "stderr has not one line"
    expect_line '^rnn-gpu: .' stderr
    if [ -e out/model.safetensors ]; then
        expect_status 0 "$program" predict --model out/model.safetensors --data "$data" --device cpu
    fi
}

total=$(calls "$program" devices)
[ "$total" -ge 10 ] || fail "only $total calls are seen"
for n in $(seq "$total"); do
    fails_at "$n" "$program" devices
done
checked "devices: each of $total calls fails"

run=("$program" --quiet --device opencl --data "$data" --hidden 3 --updates 2 --out out)
made=$(calls "${run[@]}")
failed=0
for n in $(seq $((total + 1)) $((total + 6))) $(seq $((total + 7)) $((made / 29)) "$made"); do
    fails_at "$n" "${run[@]}"
    [ "$got" -eq 0 ] || failed=$((failed + 1))
done
[ "$failed" -ge 25 ] || fail "only $failed of the failed calls ended the run"
checked "train: $failed calls of $made fail, one at a time"

# Outputs of many steps come in few reads, not in one a step.
for steps in 10 3000; do
    { echo series,x && for _ in $(seq "$steps"); do echo a,0.5; done; } >"$steps.csv"
done
expect_status 0 "$program" --quiet --device cpu --task copy --target steps --hidden 3 --updates 1 --steps 40 --out copies
tensors 'm = read_safetensors(sys.argv[1])
m["rnn.weight_ih_l0"] = ((3, 1), [0.1, 0.2, 0.3])
write_safetensors("steps.safetensors", {name: m[name] for name in m})' copies/model.safetensors
predict=("$program" predict --quiet --device opencl --model steps.safetensors --cell rnn --target steps --out steps.npy)
export RNN_GPU_LAUNCH_SECONDS=0 # of launches that are timed there are more
few=$(calls "${predict[@]}" --data 10.csv)
many=$(calls "${predict[@]}" --data 3000.csv)
[ "$many" -lt $((few + 40)) ] || fail "$many calls for 3,000 steps, $few for 10"
unset RNN_GPU_LAUNCH_SECONDS
checked "predict: $many calls for 3,000 steps"

export RG_FAIL_CALL RG_FAIL_EVER=1
for RG_FAIL_CALL in 1 3 "$total" $((total + 2)) $((total + 20)); do
    expect_status 0 "$program" "${small[@]}"
    expect_line '^rnn-gpu: (skipping device|the OpenCL loader finds no device)' stderr
    expect_line '^device +native: ' stderr
done
unset RG_FAIL_CALL RG_FAIL_EVER
checked "auto leaves a device that fails"

export RG_HIDE_DOUBLES=1
for arguments in "${small[*]} --device opencl" "selftest --device opencl" "bench --device opencl ${small[*]:0:6}"; do
    # shellcheck disable=SC2086 # words are meant
    refused 3 'has no double precision \(cl_khr_fp64\); use --precision float or --device cpu' \
        "$program" $arguments --precision double
done
expect_status 0 "$program" "${small[@]}" --precision double
expect_line '^rnn-gpu: skipping device .* has no double precision' stderr
expect_line '^device +native: .*double precision' stderr
expect_status 0 "$program" devices --json
expect_line '"backend":"opencl".*"double":false'
checked "a device without doubles: exit code 3, auto takes another"
