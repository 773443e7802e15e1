#!/bin/sh
# The house checks see what they are there for: each fails on a small tree that breaks its rule, and passes without.
set -u
house=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# breaks CHECK FILE TEXT: with TEXT in FILE, CHECK complains.
breaks() {
    mkdir -p "$tree/$(dirname "$2")"
    printf '%s\n' "$3" >"$tree/$2"
    if sh "$house/$1.sh" "$tree" >/dev/null 2>&1; then
        echo "$1 does not see in $2: $3"
        failed=1
    fi
    rm "$tree/$2"
}

mkdir -p "$tree/host" "$tree/kernels" "$tree/tests"
cp "$house/../../.clang-format" "$tree/"
printf '#!/bin/sh\necho good\n' >"$tree/tests/good.sh"
printf 'int main(void) {\n    return 0;\n}\n' >"$tree/host/main.c"
printf '__kernel void k(__global float *x) {\n    x[0] = RG_VEC;\n}\n' | tee "$tree/kernels/all.cl" >"$tree/kernels/learned.cl"
printf '/* Nothing. */\n' >"$tree/kernels/prelude.cl"
for check in include_direction tree format shell kernel_syntax gpu_resources; do
    sh "$house/$check.sh" "$tree" || { echo "$check fails on a good tree"; failed=1; }
done

for line in 'host/train/a.c:#include <CL/cl.h>' 'host/device/device.c:#include "CL/cl.h"' \
        'host/device/opencl/a.c:#include "rnn_gpu/model.h"' 'host/device/native/a.c:#include "rnn_gpu/config.h"' \
        'host/device/native/a.c:#  include "train/batch.h"' 'host/model/a.c:#include "device/device.h"' \
        'host/model/a.c:#include "../device/device.h"' 'host/data/a.c:#include "train/batch.h"' \
        'host/files/a.h:#include "commands/commands.h"' 'host/train/a.c:#include "commands/commands.h"' \
        'kernels/a.cl:#include "rnn_gpu/model.h"' 'include/rnn_gpu/a.h:#include "device/device.h"' \
        'host/a.c:    exit(1);' 'bench/a.c:    _exit(1);' 'host/model/a.c:    abort();'; do
    breaks include_direction "${line%%:*}" "${line#*:}"
done
breaks tree notes.txt text
breaks tree lib/a.c '/* a folder of no such name */'
breaks tree host/a.c "/* TO""DO: later */"
breaks tree docs/a.md "in /ho""me/someone/rnn-gpu"
breaks tree host/a.c 'int a; '
breaks tree host/a.c "$(printf '\tint a;')"
breaks format host/a.c 'int  a;'
breaks shell tests/a.sh "$(printf '#!/bin/sh\necho %s' "\$1")"
breaks kernel_syntax kernels/all.cl '__kernel void k(__global float *x) { y[0] = 0; }'
breaks gpu_resources kernels/all.cl '__kernel void k(__global float *x) { x[0] = y; }'
breaks gpu_resources kernels/all.cl '__kernel void k(__global float *x, int i) {
    __local float y[16384];
    y[i] = x[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    x[0] = y[x[i] > 0];
}'
exit "$failed"
