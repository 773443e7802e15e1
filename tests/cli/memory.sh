#!/bin/bash
# Memory of a GPU: what a plan may use, a driver that has less than it says when a buffer is made or first touched, and
# the floor.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: not tried"
    exit 77
fi
# A GPU that is a processor compiles when a launch is queued: nobody need wait for it.
export RNN_GPU_LAUNCH_SECONDS=0
export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that has little memory} RG_GPU=1024 RG_KINDS=D
export POCL_DEVICES=pthread
gib=$((1 << 30))

# budget [SAYS]: budget_bytes of the OpenCL device.
budget() {
    RG_SAYS=${1:-} expect_status 0 "$program" devices --json
    sed -n '/"backend":"opencl"/s/.*"budget_bytes":\([0-9]*\).*/\1/p' "$folder/stdout"
}

# shellcheck disable=SC2017 # as the program rounds it
share=$((8 * gib / 20 * 17 - gib / 4))
[ "$(budget 0x101f:$((8 * gib)))" -eq $share ] || fail "not 85 % less 256 MiB"
[ "$(budget 0x101f:$((8 * gib)),0x4039:1048576)" -eq "$gib" ] || fail "not what is free"
[ "$(budget 0x101f:$((8 * gib)),0x4039:16777216)" -eq $share ] || fail "more than the share"
available=$(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo) * 1024))
shared=$(RG_KINDS=U budget 0x101f:$((1024 * gib)))
if [ "$shared" -lt $((available / 4)) ] || [ "$shared" -gt $((available * 3 / 4)) ]; then
    fail "$shared of $available bytes"
fi
checked "the budget: a share of a GPU's own memory, or of what is available or free"

# Groups of one item compile sooner.
run=("$program" train --device gpu "--shape=1,4,1,1" --batch 384 --steps 60 --hidden 9 --cell rnn --updates 2 --clip-norm 0 --json
    --diagnose none --quiet)
# hash: weights_hash of a training; memory: what its plan needs.
hash() {
    expect_status 0 "${run[@]}"
    json_end weights_hash
}
memory() { sed -n '1s/.*"memory_bytes":\([0-9]*\).*/\1/p' "$folder/stdout"; }

first=$(hash)
whole=$(memory)
largest=$((whole / 6))
[ "$(RG_SAYS=0x1010:$largest hash)" = "$first" ] || fail "other bits with small buffers"
[ "$(memory)" -lt "$whole" ] || fail "a buffer beyond CL_DEVICE_MAX_MEM_ALLOC_SIZE"
RG_SAYS=0x1010:1000 expect_status 7 "${run[@]}"
expect_line 'allows|a buffer' stderr
checked "no buffer beyond CL_DEVICE_MAX_MEM_ALLOC_SIZE"

# Each code when a buffer is made, and when it is first touched.
cases='-4: -5:1'
sampled || cases='-4:1 -5: -6: -6:1 -36: -36:1'
for case in $cases; do
    export RG_MEMORY=$((whole * 2 / 5)) RG_MEMORY_CODE=${case%:*} RG_LAZY=${case#*:}
    [ -n "$RG_LAZY" ] || unset RG_LAZY
    [ "$(hash)" = "$first" ] || fail "case $case: other bits"
    [ "$(memory)" -le "$RG_MEMORY" ] || fail "the plan needs $(memory) of $RG_MEMORY bytes"
done
sampled || exit 0
RG_POISON=1 RG_LAZY=1 RG_MEMORY_CODE=-36
export RG_POISON RG_LAZY
[ "$(hash)" = "$first" ] || fail "a context that is lost: other bits"
expect_status 0 "${run[@]:0:${#run[@]}-1}"
expect_line '^rnn-gpu: pthread.* has no memory for a plan of [0-9.]+ MiB; trying one of at most [0-9.]+ MiB$' stderr
unset RG_POISON
checked "a plan with less memory, and the same bits, where a buffer is refused when it is made or touched"

export RG_MEMORY=$((whole / 30))
for RG_LAZY in '' 1; do
    [ -n "$RG_LAZY" ] || unset RG_LAZY
    refused 7 '^rnn-gpu: pthread.* had no memory for a plan of [0-9.]+ MiB, nor for smaller ones: ' "${run[@]}"
done
RG_MEMORY=100 refused 7 '^rnn-gpu: pthread.* had no memory for a plan of ' "${run[@]}"
checked "an eighth of the first plan is the least that is tried: exit code 7"
