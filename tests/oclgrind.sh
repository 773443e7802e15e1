#!/bin/bash
# The kernels in an OpenCL simulator that watches every access: the quick self-test must leave an empty log. (The
# simulator's exit status says nothing.)
# usage: tests/oclgrind.sh VEC NV COLS ROWS [tf32]    a work-group's shape, and products in TF32
#        tests/oclgrind.sh                            the shape of a GPU, which the simulator says it is
#        tests/oclgrind.sh few                        the same with the kernels of one cell
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

# The program opens libOpenCL by itself, past the wrapper `oclgrind`'s preloading; its driver is named instead. The
# compiler's remarks go to the program's stderr.
export OCL_ICD_VENDORS=$driver OCLGRIND_LOG=$log OCLGRIND_CHECK_API=1 OCLGRIND_DATA_RACES=1
"$program" "$@" >"$folder/output" 2>"$folder/remarks"
status=$?
if [ $status -ne 0 ] || [ "$(head -n 1 "$folder/output")" != "Oclgrind Simulator" ] || [ ! -e "$log" ] ||
    [ -s "$log" ]; then
    echo "exit status $status, log:"
    head -n 40 "$log"
    tail -n 5 "$folder/output" "$folder/remarks"
    exit 1
fi
