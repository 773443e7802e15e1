#!/bin/bash
# Drivers that abort, end the process or hang: when they are tried in a process of their own, and later in this one. One
# line says so; `auto` takes the next device, a named one is refused with exit code 3.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: not tried"
    exit 77
fi
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

for call in clGetPlatformIDs clGetDeviceIDs clGetDeviceInfo clCreateContext clBuildProgram clEnqueueNDRangeKernel; do
    export RG_DIE_IN=$call:abort
    left_out 'its driver ended with SIGABRT when it was tried'
done
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
    expect_line '^rnn-gpu: SIGABRT in the OpenCL driver of .*; starting again without it' stderr
    [ "$(find "later-$call" -type f -printf '%f\n' | sort | tr '\n' ' ')" = \
        "checkpoint-1.ckpt log.jsonl model.safetensors report.html " ] || fail "the folder holds $(ls -A "later-$call")"
    expect_status 3 "$program" "${small[@]}" --device opencl
    expect_line 'ended with SIGABRT in the process before this one' stderr
done
export RG_DIE_IN=clBuildProgram:exit # as LLVM does
expect_status 0 "$program" "${small[@]}" --json
expect_line '"backend":"native"'
expect_line '^rnn-gpu: an exit in the OpenCL driver of .*; starting again without it' stderr
expect_status 3 "$program" "${small[@]}" --device opencl
expect_line 'ended the process in the process before this one' stderr
checked "a driver that dies later: once more without it"

RG_DIE_IN=clFinish:abort
RG_DIE_WHEN=late/log.jsonl expect_status 3 "$program" "${small[@]}" --device opencl --json --out late
expect_line '"event":"start"'
expect_line '^rnn-gpu: SIGABRT in the OpenCL driver of .*; try --device cpu' stderr
unset RG_DIE_IN
checked "a driver that dies when results are out: exit code 3, one line"

# PoCL's cache of compiled kernels, damaged after it was filled.
if find "$XDG_CACHE_HOME/pocl" -name '*.so' 2>/dev/null | grep -q .; then
    expect_status 0 "$program" "${small[@]}" --device opencl --quiet
    cp -r "$XDG_CACHE_HOME/pocl" pocl
    for kind in '*.so' 'program.bc'; do
        rm -rf "$XDG_CACHE_HOME/pocl"
        cp -r pocl "$XDG_CACHE_HOME/pocl"
        find "$XDG_CACHE_HOME/pocl" -name "$kind" -exec sh -c 'echo damaged >"$1"' _ {} \;
        expect_status 0 "$program" "${small[@]}" --json
        expect_line '"backend":"native"'
        expect_line '^rnn-gpu: SIGABRT in the OpenCL driver of .*; starting again without it' stderr
        expect_status 3 "$program" "${small[@]}" --device opencl
    done
    rm -rf "$XDG_CACHE_HOME/pocl"
    cp -r pocl "$XDG_CACHE_HOME/pocl"
    expect_status 0 "$program" "${small[@]}" --device opencl --json
    [ "$(json_end weights_hash)" = "$hash" ] || fail "other weights"
    checked "a damaged cache of PoCL"
fi
