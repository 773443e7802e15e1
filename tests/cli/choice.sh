#!/bin/bash
# Which device `auto` takes, of several that a layer makes of PoCL's: a GPU with its own memory, one in the processor's
# memory that must win a timed update, an accelerator.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: not tried"
    exit 77
fi
export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that passes for GPUs} POCL_DEVICES="pthread basic"
export RNN_GPU_LAUNCH_SECONDS=0 # a GPU that is a processor compiles when a launch is queued: nobody need wait for it
export RG_GPU=32 # the shape of test_update's first part, which compiles half of these kernels
small=(--batch 6 --steps 5 --hidden 9 --updates 2 --diagnose none)
if ! sampled; then
    RG_KINDS=A,C expect_status 0 "$program" train "${small[@]}" --device 0:0
    expect_line '^device +opencl: basic' stderr
    checked "an accelerator is taken by name"
    exit 0
fi
expect_status 0 "$program" devices --json
[ "$(grep -c '"backend":"opencl"' "$folder/stdout")" -eq 2 ] || fail "PoCL does not make two devices"

RG_KINDS=U,D expect_status 0 "$program" devices
expect_line '^      auto takes it: a GPU with its own memory, before 0:0( |$)' stdout
RG_KINDS=U,D expect_status 0 "$program" devices --json
expect_line '"id":"0:1".*"unified":false.*"auto":true,"reason":"a GPU with its own memory, before 0:0 '
expect_line '"id":"0:0".*"unified":true.*"auto":false'
RG_KINDS=U,D expect_status 0 "$program" train "${small[@]}"
expect_line '^ +auto: a GPU with its own memory, before 0:0( |$)' stderr
for spec in gpu opencl; do
    RG_KINDS=C,D expect_status 0 "$program" train "${small[@]}" --device "$spec"
    expect_line '^device +opencl: pthread' stderr
done
checked "a GPU with its own memory goes first"

RG_KINDS=A,C expect_status 0 "$program" train "${small[@]}"
expect_line '^device +opencl: pthread' stderr
RG_KINDS=A,A expect_status 3 "$program" train "${small[@]}" --device opencl
checked "an accelerator is not taken by itself"

# A processor in a GPU's shape is slower than the native device.
# The tunings have a folder of their own; what PoCL has compiled is taken from the usual one.
export POCL_CACHE_DIR=${POCL_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pocl/kcache}
export POCL_DEVICES=pthread XDG_CACHE_HOME=$folder/cache RG_KINDS=U
expect_status 0 "$program" devices
expect_line 'auto takes it: if it makes an update faster than the native' stdout
expect_status 0 "$program" train "${small[@]}"
expect_line '^rnn-gpu: an update takes [0-9.]+ ms on pthread.*, which shares .* ms on the native device$' stderr
expect_line '^device +native: ' stderr
expect_line '^ +auto: faster than pthread' stderr
expect_status 0 "$program" train "${small[@]}"
expect_no_line 'an update takes' stderr
expect_line '^device +native: ' stderr
expect_status 0 "$program" devices --json
expect_line '"backend":"native".*"auto":true,"reason":"faster than pthread'
sed -i 's/"native_loses": *-1/"native_loses":1/' "$XDG_CACHE_HOME"/rnn-gpu/tune-opencl-*.json
expect_status 0 "$program" train "${small[@]}"
expect_line '^device +opencl: pthread' stderr
expect_line '^ +auto: faster than the native device; the only GPU' stderr
expect_status 0 "$program" train "${small[@]}" --device gpu
expect_line '^device +opencl: pthread' stderr
expect_no_line 'auto:' stderr
checked "a GPU in the processor's memory must win an update, and the winner is kept"
