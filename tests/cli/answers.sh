#!/bin/bash
# What a driver says of its device: a device that cannot run the kernels is refused with one line and exit code 3, and
# `auto` takes the next; the compute units of Intel's.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: not tried"
    exit 77
fi
export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that answers in the place of a driver} RG_SAYS
small=(--batch 6 --steps 5 --hidden 9 --updates 1)

# lacks SAYS REASON
lacks() {
    RG_SAYS=$1
    refused 3 "^rnn-gpu: [^:]*: $2$" "$program" train "${small[@]}" --device opencl
    expect_status 0 "$program" train "${small[@]}"
    [ "$(grep -c '^rnn-gpu: skipping device ' "$folder/stderr")" -eq 1 ] || fail "not one line"
    expect_line "^rnn-gpu: skipping device 0:0 [^:]*: $2$" stderr
    expect_line '^device +native: ' stderr
    expect_status 0 "$program" devices --json
    expect_line "\"usable\":false,\"problem\":\"$2\""
}

lacks 0x1023:0 'it has no local memory' # CL_DEVICE_LOCAL_MEM_SIZE
lacks 0x1022:0 'it has no local memory' # CL_DEVICE_LOCAL_MEM_TYPE
lacks 0x100d:32 'its addresses have 32 bits, 64 are needed'
lacks 0x102e:EMBEDDED_PROFILE 'it has the embedded profile of OpenCL, not the full one'
lacks 0x1017:256 'a kernel takes at most 256 bytes of arguments, [0-9]+ are needed'
lacks 0x1027:0 'the driver says it is not available'
lacks 0x1028:0 'it has no compiler for OpenCL C'
lacks 0x1026:0 'it is big-endian'
RG_SAYS=0x1017:1024 expect_status 0 "$program" train "${small[@]}" --device opencl # the least that OpenCL promises
checked "devices that cannot run the kernels: exit code 3, and auto takes the next"

# A device that refuses every shape of work-groups, and one with less local memory than a group of the norm needs.
RG_SAYS=
# PoCL writes warnings of its compiler to stderr the first time; so this is said once before it is looked at.
RG_GPU=16 expect_status 3 "$program" train "${small[@]}" --device gpu
RG_GPU=16 refused 3 'can run 16 items a group, 32 are needed; try --device cpu$' "$program" train "${small[@]}" --device gpu
RG_GPU=16 RG_KINDS=D expect_status 0 "$program" train "${small[@]}"
expect_line '^rnn-gpu: skipping device .* can run 16 items a group, 32 are needed; try --device cpu$' stderr
expect_line '^device +native: ' stderr
RG_GPU=1024 RG_SAYS=0x1023:64 refused 7 'needs [0-9]+ bytes of local memory for one sequence, .* has 64; at most --hidden [0-9]+ fits' \
    "$program" train "${small[@]}" --device gpu
checked "no shape of work-groups, too little local memory"

# units SAYS: as `devices` says them.
export RG_GPU=1024
units() {
    RG_SAYS=$1 expect_status 0 "$program" devices --json
    sed -n '/"backend":"opencl"/s/.*"units":\([0-9]*\).*/\1/p' "$folder/stdout"
}
eus=0x1002:512
[ "$(units $eus)" -eq 512 ] || fail "other drivers' compute units"
[ "$(units $eus,0x1030:cl_intel_device_attribute_query,0x4252:8,0x4253:4)" -eq 32 ] || fail "not 8 slices of 4 sub-slices"
[ "$(units $eus,0x4252:8,0x4253:4)" -eq 512 ] || fail "answers without Intel's extension"
[ "$(RG_PLATFORM='Intel(R) OpenCL Graphics' units $eus)" -eq 64 ] || fail "not an eighth of the execution units"
[ "$(RG_PLATFORM='Intel(R) OpenCL Graphics' units 0x1002:4)" -eq 1 ] || fail "less than one unit"
checked "a unit is a place for a work-group"
