#!/bin/sh
# The kernels compile for NVIDIA's and AMD's GPUs in the shape that the host builds them for there, without a spill and
# within 48 KiB of local memory. NVIDIA's registers are seen where ptxas is.
# usage: gpu_resources.sh [TREE]
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=files.inc
. "${0%/*}/files.inc"

need clang
need python3
[ -f kernels/programs/all.cl ] || complain "nothing to check in" "$root"
python3 "$here/bench/static_gpu.py" --kernels kernels --check || failed=1
exit "$failed"
