#!/bin/sh
# The kernels are OpenCL C 1.2 for a compiler other than the one of the OpenCL runtime: as one item a group with wide
# vectors (a CPU) and as many items with short ones (a GPU).
# The program with products in TF32 is OpenCL C with PTX for an NVIDIA GPU, and OpenCL C alone where it emulates that.
# usage: kernel_syntax.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

need clang
[ -f kernels/programs/all.cl ] || complain "nothing to check in" "$root"
gpu="-DRG_VEC=2 -DRG_NV=4 -DRG_COLS=8 -DRG_ROWS=32"
for shape in "$gpu -DRG_TF32=1 -target nvptx64-nvidia-nvcl" "$gpu -DRG_TF32=2" "-DRG_VEC=16 -DRG_NV=2 -DRG_COLS=1 -DRG_ROWS=1 -DRG_HAS_PREFETCH=1" "-DRG_VEC=4 -DRG_NV=1 -DRG_COLS=16 -DRG_ROWS=8" \
        "-DRG_VEC=1 -DRG_NV=2 -DRG_COLS=32 -DRG_ROWS=4"; do
    for program in kernels/programs/all.cl kernels/programs/learned.cl; do
        for replicas in 0 1; do
            echo "$program with $shape, replicas $replicas"
            # shellcheck disable=SC2086 # a list of options
            clang -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -fsyntax-only -Wall -Wextra -Werror \
                -Wno-unused-function -Wno-unused-parameter $shape -DRG_REPLICAS=$replicas \
                -I kernels -include kernels/base/prelude.cl "$program" || failed=1
        done
    done
done

# prefetches PROGRAM OPTION...: how many instructions llvm.prefetch clang makes of it for this processor.
prefetches() {
    source=$1
    shift
    clang -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -w -O0 -S -emit-llvm -o - -DRG_COLS=1 -DRG_ROWS=1 "$@" \
        -I kernels -include kernels/base/prelude.cl "$source" | grep -c 'call void @llvm\.prefetch'
}

# SPIR-V has no prefetch, so a kernel has one only where the host says that the device's compiler takes it.
for program in kernels/programs/all.cl kernels/programs/learned.cl; do
    [ "$(prefetches "$program")" = 0 ] || complain "a prefetch without -DRG_HAS_PREFETCH=1 in" "$program"
    [ "$(prefetches "$program" -DRG_HAS_PREFETCH=1)" -gt 0 ] || complain "no prefetch with -DRG_HAS_PREFETCH=1 in" "$program"
done

# noalias FILE: how many of clang's declarations that an inlined function's struct has no alias it leaves in the program of
# a CPU's shape. oclgrind 21.10 does not know them. They are left where a function returns a struct whose address is taken.
noalias() {
    clang -x cl -cl-std=CL1.2 -target spir64 -Xclang -finclude-default-header -w -O2 -S -emit-llvm -o - -DRG_COLS=1 -DRG_ROWS=1 \
        -DRG_VEC=16 -DRG_NV=2 -I kernels -include kernels/base/prelude.cl "$1" | grep -c 'call void @llvm\.experimental\.noalias'
}
for program in rnn gru learned shared; do
    [ "$(noalias "kernels/programs/$program.cl")" = 0 ] || complain "oclgrind cannot run" "kernels/programs/$program.cl"
done

# uses NAME OPTION...: how often the text of a GPU's program calls the function.
uses() {
    name=$1
    shift
    # shellcheck disable=SC2086 # a list of options
    clang -E -P -x cl -cl-std=CL1.2 $gpu "$@" -I kernels -include kernels/base/prelude.cl kernels/programs/all.cl |
        grep -cE "(^|[^a-z_])$name\("
}

# Where fma() is no instruction, the products are mad(); with doubles and tensor cores they stay fma().
[ "$(uses mad)" = 0 ] || complain "mad without -DRG_HAS_FMA=0 in" kernels/programs/all.cl
[ "$(uses fma -DRG_HAS_FMA=0)" = 0 ] || complain "fma with -DRG_HAS_FMA=0 in" kernels/programs/all.cl
[ "$(uses fma)" = 0 ] || [ "$(uses mad -DRG_HAS_FMA=0)" -gt 9 ] || complain "no mad with -DRG_HAS_FMA=0 in" kernels/programs/all.cl
for kept in -DRG_DOUBLE=1 -DRG_TF32=2 -DFP_FAST_FMAF=1; do
    [ "$(uses mad -DRG_HAS_FMA=0 "$kept")" = 0 ] || complain "mad with $kept in" kernels/programs/all.cl
done

# Of a function that is inline and not static C99 makes no body for a compiler that calls it.
complain "inline without static in" "$(grep -nE '(^|[^c] )inline ' kernels/base/prelude.cl kernels/*/*.cl | grep -v 'static inline')"
exit "$failed"
