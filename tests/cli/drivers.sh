#!/bin/bash
# Drivers that abort, end the process or hang: when they are tried in a process of their own, and later in this one. One
# line says so; `auto` takes the next device, a named one is refused with exit code 3.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: not tried"
    exit 77
fi
shared=${POCL_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pocl/kcache} # what PoCL has compiled in other tests
export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that makes calls fail} XDG_CACHE_HOME=$folder/cache RNN_GPU_DRIVER_SECONDS=60
small=(--batch 8 --steps 5 --hidden 4 --updates 1 --diagnose none)
mkdir "$XDG_CACHE_HOME"

# left_out REASON: `auto` goes on natively, a named device does not.
left_out() {
    local reason=$1
    expect_status 0 "$program" "${small[@]}" --json
    expect_line '"backend":"native"'
    [ "$(grep -c "$reason" "$folder/stderr")" -eq 1 ] || fail "stderr has not one line with: $reason"
    expect_status 3 "$program" "${small[@]}" --device opencl --out new
    expect_line "$reason" stderr
    expect_empty stdout
    [ ! -e new ] || fail "a folder was made"
    expect_status 0 "$program" "${small[@]}" --device cpu
    expect_no_line "$reason" stderr
}

calls='clGetPlatformIDs clEnqueueNDRangeKernel'
sampled || calls='clGetDeviceIDs clGetDeviceInfo clCreateContext clBuildProgram'
for call in $calls; do
    export RG_DIE_IN=$call:abort
    left_out 'its driver ended with SIGABRT when it was tried'
done
if ! sampled; then
    checked "a driver that dies when it is tried is left out"
    exit 0
fi
export RG_DIE_IN=clCreateContext:exit
left_out 'its driver ended the process when it was tried'
export RG_DIE_IN=clBuildProgram:hang RNN_GPU_DRIVER_SECONDS=2
left_out 'its driver hung when it was tried'
expect_status 0 "$program" devices --json
expect_line '"backend":"opencl".*"usable":false,"problem":"its driver hung when it was tried"'
unset RG_DIE_IN
export RNN_GPU_DRIVER_SECONDS=60
checked "a driver that dies or hangs when it is tried is left out"

[ -z "$(find "$XDG_CACHE_HOME/rnn-gpu" -type f 2>/dev/null)" ] || fail "the record of a driver that died"
expect_status 0 "$program" "${small[@]}" --device opencl --json
expect_line '"backend":"opencl"'
hash=$(json_end weights_hash)
[ "$(find "$XDG_CACHE_HOME/rnn-gpu" -name 'drivers-*' | wc -l)" -eq 1 ] || fail "no record of the drivers"
expect_status 0 env RG_COUNT_CALLS="$folder/count" "$program" devices
calls=$(cat "$folder/count")
[ "$calls" -lt 80 ] || fail "$calls calls to list devices: the drivers were tried again"
checked "a driver that went well is not tried again"

# It goes well when it is tried, and dies later.
for call in clGetPlatformIDs clGetDeviceIDs clCreateContext clBuildProgram clCreateBuffer clEnqueueNDRangeKernel; do
    export RG_DIE_IN=$call:abort
    expect_status 0 "$program" "${small[@]}" --json --out "later-$call"
    [ "$(grep -c '"event":"start"' "$folder/stdout")" -eq 1 ] || fail "not one start"
    expect_line '"backend":"native"'
    expect_line '^rnn-gpu: SIGABRT while the OpenCL driver of .* was loaded, cause unknown; starting again without it' stderr
    [ "$(find "later-$call" -type f -printf '%f\n' | sort | tr '\n' ' ')" = \
        "checkpoint-1.ckpt log.jsonl model.safetensors report.html " ] || fail "the folder holds $(ls -A "later-$call")"
    expect_status 3 "$program" "${small[@]}" --device opencl
    expect_line 'the process before this one ended with SIGABRT while its driver was loaded, cause unknown' stderr
done
export RG_DIE_IN=clBuildProgram:exit # as LLVM does
expect_status 0 "$program" "${small[@]}" --json
expect_line '"backend":"native"'
expect_line '^rnn-gpu: a call of exit while the OpenCL driver of .* was loaded, cause unknown; starting again without it' stderr
expect_status 3 "$program" "${small[@]}" --device opencl
expect_line 'the process before this one ended by a call of exit while its driver was loaded' stderr
for how in overflow threads threads threads; do # the handler's own stack; a second thread that aborts waits for the first
    export RG_DIE_IN=clBuildProgram:$how
    expect_status 0 "$program" "${small[@]}" --json
    expect_line '"backend":"native"'
    expect_line '^rnn-gpu: SIG(SEGV|ABRT) while the OpenCL driver of .* was loaded, cause unknown; starting again without it' stderr
done
RNN_GPU_DRIVERS_DIED=$(printf '7:%d=06,' {100..160}) expect_status 3 "$program" "${small[@]}" --json
expect_line 'while the OpenCL driver of .* was loaded, cause unknown; the program does not start again, because too many drivers' stderr
checked "a driver that dies later: once more without it"

RG_DIE_IN=clFinish:abort
RG_DIE_WHEN=late/log.jsonl expect_status 3 "$program" "${small[@]}" --device opencl --json --out late
expect_line '"event":"start"'
expect_line '^rnn-gpu: SIGABRT while the OpenCL driver of .* was loaded, cause unknown; .*try --device cpu' stderr
unset RG_DIE_IN
# A driver dies when the device is released, at the end of a command: its results are there once and whole.
data=$root/data/cat-mat-rat.csv
expect_status 0 "$program" --data "$data" --hidden 3 --updates 2 --device cpu --out trained
model=(--model trained/model.safetensors --data "$data")
# Times differ, and so may their units and where a line is broken.
form_of() { tr -s ' \n' ' ' <"$1" | sed -E 's/[0-9][-+.0-9a-f]*[kMG]?/N/g; s/N (us|ms|s|min|h)\b/N s/g'; }
export POCL_CACHE_DIR=$shared
while read -ra arguments; do
    for json in '' --json; do
        run=("$program" "${arguments[@]}" --device opencl ${json:+"$json"})
        expect_status 0 "${run[@]}"
        cp "$folder/stdout" whole
        RG_DIE_IN=clReleaseContext:abort expect_status 3 "${run[@]}"
        expect_line '^rnn-gpu: SIGABRT while the OpenCL driver of .* was loaded, cause unknown; .*because results are out; try --device cpu' stderr
        diff <(form_of whole) <(form_of "$folder/stdout") || fail "the results are not there once and whole"
    done
done <<COMMANDS
predict ${model[*]}
eval ${model[*]}
grad ${model[*]} --report g.html --plot g.svg
train ${small[*]}
train ${small[*]} --dry-run
compare ${small[*]} --remedies gru --seeds 1
COMMANDS
unset POCL_CACHE_DIR
checked "a driver that dies when results are out: exit code 3, one line"

# What stdin had is gone.
# shellcheck disable=SC2016 # bash -c expands them
RG_DIE_IN=clCreateBuffer:abort expect_status 3 bash -c '"$0" predict --model trained/model.safetensors --data - <"$1"' \
    "$program" "$data"
expect_line '^rnn-gpu: SIGABRT while the OpenCL driver of .* was loaded, cause unknown; .*because stdin has been read; try --device cpu' stderr
expect_empty stdout
checked "a driver that dies after stdin has been read: exit code 3, one line"

# PoCL's cache of compiled kernels, damaged after it was filled.
if find "$XDG_CACHE_HOME/pocl" -name '*.so' 2>/dev/null | grep . >/dev/null; then
    expect_status 0 "$program" "${small[@]}" --device opencl --quiet
    cp -r "$XDG_CACHE_HOME/pocl" pocl
    for kind in '*.so' 'program.bc'; do
        rm -rf "$XDG_CACHE_HOME/pocl"
        cp -r pocl "$XDG_CACHE_HOME/pocl"
        find "$XDG_CACHE_HOME/pocl" -name "$kind" -exec sh -c 'echo damaged >"$1"' _ {} \;
        expect_status 0 "$program" "${small[@]}" --json
        expect_line '"backend":"native"'
        expect_line '^rnn-gpu: SIGABRT while the OpenCL driver of .* was loaded, cause unknown; starting again without it' stderr
        expect_status 3 "$program" "${small[@]}" --device opencl
    done
    rm -rf "$XDG_CACHE_HOME/pocl"
    cp -r pocl "$XDG_CACHE_HOME/pocl"
    expect_status 0 "$program" "${small[@]}" --device opencl --json
    [ "$(json_end weights_hash)" = "$hash" ] || fail "other weights"
    checked "a damaged cache of PoCL"
fi
