#!/bin/bash
# A GPU without an instruction for fma(): its kernels are built with mad() in its place, and pass the self-test.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: not tried"
    exit 77
fi
# A GPU that is a processor compiles when a launch is queued: nobody need wait for it.
export RNN_GPU_LAUNCH_SECONDS=0
export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that passes for a GPU} RG_GPU=1024 RG_BUILDS=$folder/builds
single_fp_config=0x101b with=0x26 without=0x06

# builds SAYS: the options of the programs that a small training, with its quick self-test, builds.
builds() {
    rm -f "$RG_BUILDS"
    # groups of one item, which compile sooner
    RG_SAYS=$single_fp_config:$1 expect_status 0 "$program" train --device gpu --shape 1,4,1,1 --batch 6 --steps 5 --hidden 9 \
        --updates 1 --diagnose none --quiet
    grep -c -- '-DRG_VEC' "$RG_BUILDS" >"$folder/count"
    [ "$(cat "$folder/count")" -ge 2 ] || fail "only these programs are built: $(cat "$RG_BUILDS")"
}

builds $with
! grep -q RG_HAS_FMA "$RG_BUILDS" || fail "mad() where fma() is an instruction"
builds $without
[ "$(grep -c -- '-DRG_HAS_FMA=0' "$RG_BUILDS")" -eq "$(cat "$folder/count")" ] || fail "a program with fma()"
checked "mad() stands for fma() where CL_DEVICE_SINGLE_FP_CONFIG lacks CL_FP_FMA"
