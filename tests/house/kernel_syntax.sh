#!/bin/sh
# The kernels are OpenCL C 1.2 for a compiler other than the one of the OpenCL runtime: as one item a group with wide
# vectors (a CPU) and as many items with short ones (a GPU).
# The program with products in TF32 is OpenCL C with PTX for an NVIDIA GPU, and OpenCL C alone where it emulates that.
# usage: kernel_syntax.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

need clang
[ -f kernels/all.cl ] || complain "nothing to check in" "$root"
gpu="-DRG_VEC=2 -DRG_NV=4 -DRG_COLS=8 -DRG_ROWS=32"
for shape in "$gpu -DRG_TF32=1 -target nvptx64-nvidia-nvcl" "$gpu -DRG_TF32=2" "-DRG_VEC=16 -DRG_NV=2 -DRG_COLS=1 -DRG_ROWS=1" "-DRG_VEC=4 -DRG_NV=1 -DRG_COLS=16 -DRG_ROWS=8" \
        "-DRG_VEC=1 -DRG_NV=2 -DRG_COLS=32 -DRG_ROWS=4"; do
    for program in kernels/all.cl kernels/learned.cl; do
        for replicas in 0 1; do
            echo "$program with $shape, replicas $replicas"
            # shellcheck disable=SC2086 # a list of options
            clang -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -fsyntax-only -Wall -Wextra -Werror \
                -Wno-unused-function -Wno-unused-parameter $shape -DRG_REPLICAS=$replicas \
                -include kernels/prelude.cl "$program" || failed=1
        done
    done
done
exit "$failed"
