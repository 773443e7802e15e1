#!/bin/bash
# The self-test before a training sees a compiler that takes all numbers to be finite, on a GPU, and a driver that passes
# structs to kernels in another layout.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: not tried"
    exit 77
fi
# A GPU that is a processor compiles when a launch is queued: nobody need wait for it.
export RNN_GPU_LAUNCH_SECONDS=0
export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that adds options to builds} RG_OPTIONS=-cl-finite-math-only RG_GPU=1024
small=(--batch 6 --steps 5 --hidden 9 --updates 1 --quiet)
gpu=(--device gpu "--shape=1,4,1,1") # groups of one item, which compile sooner
expect_status 6 "$program" train "${gpu[@]}" "${small[@]}"
expect_line '^rnn-gpu: self-test of pthread.*special numbers' stderr
# PoCL tells the first time how many warnings its compiler had
[ "$(grep -cv " warnings\{0,1\} generated\.$" "$folder/stderr")" -eq 1 ] || fail "stderr has not one line"
RG_OPTIONS='' expect_status 0 "$program" train "${gpu[@]}" "${small[@]}"
checked "a lax compiler is found before a training"

unset RG_OPTIONS RG_GPU
RG_SHIFTS=rg_layout expect_status 6 "$program" train --device opencl "${small[@]}"
expect_line '^rnn-gpu: self-test of pthread.*: 1 of [0-9]+ checks failed, the worst arguments of kernels: sizes of structs' stderr
[ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "stderr has not one line"
checked "another layout of structs is found before a training"
