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

mkdir -p "$tree/host/cli" "$tree/kernels/programs" "$tree/kernels/base" "$tree/tests"
cp "$house/../../.clang-format" "$tree/"
printf '#!/bin/sh\necho good\n' >"$tree/tests/good.sh"
chmod +x "$tree/tests/good.sh"
printf 'int main(void) {\n    return 0;\n}\n' >"$tree/host/cli/main.c"
# A kernel as kernel_syntax wants it: a prefetch only where the host says that the device's compiler takes one.
kernel='__kernel void k(__global float *x) {
#if RG_HAS_PREFETCH
    __builtin_prefetch((const void *)(size_t)x);
#endif
    x[0] = RG_VEC;
}'
printf '%s\n' "$kernel" | tee "$tree/kernels/programs/all.cl" >"$tree/kernels/programs/learned.cl"
printf '#ifndef RG_VEC\n#define RG_VEC 16\n#endif\n' >"$tree/kernels/base/prelude.cl"
for check in include_direction circles environment file_length json tree format shell kernel_syntax gpu_resources; do
    sh "$house/$check.sh" "$tree" || { echo "$check fails on a good tree"; failed=1; }
done

for line in 'host/train/a.c:#include <CL/cl.h>' 'host/device/device.c:#include "CL/cl.h"' \
        'host/device/opencl/a.c:#include "rnn_gpu/model.h"' 'host/device/native/a.c:#include "rnn_gpu/config.h"' \
        'host/device/native/a.c:#  include "train/batch.h"' 'host/model/a.c:#include "device/device.h"' \
        'host/model/a.c:#include "../device/device.h"' 'host/data/a.c:#include "train/batch.h"' \
        'host/files/a.h:#include "options/options.h"' 'host/train/a.c:#include "cli/commands/commands.h"' \
        'host/engine/a.c:#include "train/run.h"' 'host/gradient/a.c:#include "train/run.h"' \
        'kernels/a.cl:#include "rnn_gpu/model.h"' 'include/rnn_gpu/a.h:#include "device/device.h"' \
        'host/new/a.c:int a;' 'host/a.c:int a;' 'bench/a.c:    _exit(1);' 'host/model/a.c:    abort();'; do
    breaks include_direction "${line%%:*}" "${line#*:}"
done
printf '#ifndef RG_ONE_H\n#endif\n' >"$tree/host/cli/one.h"
breaks include_direction host/base/one.h '#ifndef RG_ONE_H'
rm "$tree/host/cli/one.h"
printf 'void rg_one(void) {\n    rg_two();\n}\n' >"$tree/host/one.c"
breaks circles host/two.c 'void rg_two(void) { rg_one(); }'
rm "$tree/host/one.c"
breaks environment host/base/a.c '    const char *const home = getenv("HOME");'
breaks environment host/cli/a.c '    const char *const home = getenv("HOME");'
breaks environment docs/data-and-files.md "$(printf '## Environment variables\n| HOME | a folder |')"
breaks environment host/train/a.c 'extern char **environ;'
breaks file_length kernels/a.cl "$(yes '/* a line */' | head -n 601)"
breaks json bench/a.c '    (void)json_object_set_new(line, "key", value);'
breaks json host/cli/a.c 'json_t *const line = json_pack("{s:s}", "key", text);'
breaks tree notes.txt text
breaks tree tests/a.sh '#!/bin/sh'
breaks tree lib/a.c '/* a folder of no such name */'
breaks tree host/cli/a.c "/* TO""DO: later */"
breaks tree docs/c.md "[a page](nowhere.md)"
breaks tree docs/b.md "<<<<""<<< HEAD"
breaks tree docs/a.md "in /ho""me/someone/rnn-gpu"
breaks tree host/cli/a.c 'int a; '
breaks tree host/cli/a.c "$(printf '\tint a;')"
breaks format host/cli/a.c 'int  a;'
breaks shell tests/a.sh "$(printf '#!/bin/sh\necho %s' "\$1")"
breaks shell tests/a.sh "$(printf '#!/bin/sh\nls | %s -q a' grep)"
breaks kernel_syntax kernels/programs/all.cl "${kernel%?} y[0] = 0; }"
breaks kernel_syntax kernels/programs/all.cl "$(printf '%s\n' "$kernel" | sed '/^#/d')"
breaks kernel_syntax kernels/programs/all.cl "$(printf '%s\n' "$kernel" | sed '/^#/d; /prefetch/d')"
breaks gpu_resources kernels/programs/all.cl '__kernel void k(__global float *x) { x[0] = y; }'
breaks gpu_resources kernels/programs/all.cl '__kernel void k(__global float *x, int i) {
    __local float y[16384];
    y[i] = x[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    x[0] = y[x[i] > 0];
}'
exit "$failed"
