#!/bin/bash
# The kernels in an OpenCL simulator that watches every access: the quick self-test in the shape of a CPU and in two of a
# GPU, and a part of it with products in TF32, must leave an empty log. (The simulator's exit status says nothing.)
#
# Watched for: accesses outside a buffer, data races within and between work-groups, diverging barriers, wrong calls of
# the API. Not for values that nothing wrote: oclgrind 21.10 calls every result of a matrix product one and does not know
# the instruction `freeze`, which LLVM makes of a quotient beside its remainder. tests/kernels/test_update.c fills the
# engine's memory with NaN instead.
set -u

folder=$(mktemp -d "${TMPDIR:-/tmp}/rnn-gpu-oclgrind.XXXXXX")
log=$folder/log
trap 'rm -rf "$folder"' EXIT
program=${OCLGRIND_KERNELS:-}
driver=
for library in /usr/lib/oclgrind /usr/lib/*/oclgrind /usr/local/lib/oclgrind; do
    [ -e "$library/liboclgrind-rt-icd.so" ] && driver=$library/liboclgrind-rt-icd.so
done
if [ ! -x "$program" ] || [ -z "$driver" ]; then
    echo "not run: ${driver:+this build has no OpenCL}${driver:-oclgrind is not installed}"
    [ "${RG_REQUIRE_OPENCL:-}" != 1 ] || exit 1
    exit 77
fi

failed=0
# The program opens libOpenCL by itself, past the wrapper `oclgrind`'s preloading; its driver is named instead.
export OCL_ICD_VENDORS=$driver OCLGRIND_LOG=$log OCLGRIND_CHECK_API=1 OCLGRIND_DATA_RACES=1

# check SHAPE...: one run. The compiler's remarks go to its stderr.
check() {
    rm -f "$log"
    "$program" "$@" > "$folder/output" 2> "$folder/remarks"
    status=$?
    if [ $status -ne 0 ] || [ "$(head -n 1 "$folder/output")" != "Oclgrind Simulator" ] || [ ! -e "$log" ] ||
        [ -s "$log" ]; then
        echo "shape ${*:-of the device}: exit status $status, log:"
        head -n 40 "$log"
        tail -n 5 "$folder/output" "$folder/remarks"
        failed=1
    fi
}

check 16 2 1 1 # a CPU's
check 4 1 4 2
check # a GPU's, which the simulator says it is
check 2 4 8 32 tf32
exit "$failed"
