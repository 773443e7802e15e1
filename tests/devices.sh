#!/bin/bash
# The self-test and the notes' worked example on two OpenCL implementations other than PoCL, both for a CPU:
#   rusticl   Mesa's, whose compiler goes through SPIR-V: Debian's mesa-opencl-icd with the driver llvmpipe
#   intel     Intel's CPU runtime: PyPI's intel-opencl-rt
# usage: tests/devices.sh [rusticl|intel]...        default: both
# The first part asks rusticl, which compiles slowly, what it is, and trains a small net on intel. With RG_REST=1 the second
# part runs: the self-test, of rusticl its beginning, and the worked example.
#
# Neither gets installed: mesa-opencl-icd would remove libclc-14, which bench/static_gpu.py needs. They are downloaded
# once and unpacked in build/drivers, and the OpenCL loader is pointed there. Where that fails the script says what is
# missing and exits 77 (skipped), or 1 if RG_REQUIRE_OPENCL=1.
# RNN_GPU is the program (default: build/rnn-gpu).
set -euo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
export RG_SOURCE_DIR=${here%/*}
export RNN_GPU=${RNN_GPU:-$RG_SOURCE_DIR/build/rnn-gpu}
drivers=$RG_SOURCE_DIR/build/drivers

download_rusticl() {
    apt-get download mesa-opencl-icd && dpkg -x mesa-opencl-icd_*.deb . && rm mesa-opencl-icd_*.deb
}

download_intel() {
    python3 -m pip download --no-deps --only-binary :all: intel-opencl-rt intel-cmplr-lib-rt tbb &&
        for wheel in *.whl; do python3 -m zipfile -e "$wheel" . && rm "$wheel" || return 1; done
}

# use NAME LIBRARY: NAME's library becomes the only OpenCL driver, with an empty cache; it is downloaded if need be.
# The folder gets its name when it is whole.
use() {
    local folder=$drivers/$1 partial=$drivers/$1.partial
    if [ ! -d "$folder" ]; then
        rm -rf "$partial"
        mkdir -p "$partial"
        if ! (cd "$partial" && "download_$1") >"$drivers/$1.log" 2>&1; then
            tail -n 3 "$drivers/$1.log"
            echo "$1: not run, the driver could not be downloaded (all messages: $drivers/$1.log)"
            [ "${RG_REQUIRE_OPENCL:-0}" = 1 ] && exit 1 || exit 77
        fi
        mkdir "$partial/vendors"
        mv "$partial" "$folder"
    fi
    find "$folder" -name "$2" | head -n 1 >"$folder/vendors/driver.icd"
    LD_LIBRARY_PATH=$(find "$folder" -name '*.so*' -printf '%h\n' | sort -u | paste -s -d :)
    export LD_LIBRARY_PATH OCL_ICD_VENDORS=$folder/vendors XDG_CACHE_HOME=$folder/cache RG_PATIENCE=900
    rm -rf "$folder/cache"
    mkdir "$folder/cache"
}

# passes NAME COMMAND...: fails with the command's last lines unless it exits 0. Its output stays in build/drivers.
passes() {
    local name=$1 log=$drivers/$1.log begin=$SECONDS
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 30 "$log"
        echo "FAILED on $name: $*"
        exit 1
    fi
    printf 'ok  %s: %s, in %d s: %s\n' "$name" "${*##*/}" $((SECONDS - begin)) "$(tail -n 1 "$log")"
}

use_rusticl() {
    use rusticl libRusticlOpenCL.so.1
    # without optimisation (nopt), and with memory that the process keeps
    export RUSTICL_ENABLE=llvmpipe GALLIVM_PERF=nopt
    export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=268435456 MALLOC_MMAP_THRESHOLD_=4294967296
}

use_intel() {
    use intel libintelocl.so
}

# Before it lists a driver's devices, the program compiles and launches a kernel in a process of its own.
try_rusticl() {
    passes rusticl "$RNN_GPU" devices --json
    if ! grep '"backend":"opencl".*"usable":true' "$drivers/rusticl.log" >/dev/null; then
        cat "$drivers/rusticl.log"
        echo "FAILED on rusticl: no device that can be used"
        exit 1
    fi
}

# Before it trains, the program compares the kernels with the reference.
try_intel() {
    passes intel "$RNN_GPU" train --device opencl --cell rnn --hidden 4 --batch 8 --steps 8 --updates 1 --diagnose none
}

# 100 seconds of the self-test: tasks, data, and as many sweeps as llvmpipe compiles meanwhile; on a slow machine at
# least the data. No check may have failed by then.
test_rusticl() {
    local got=0 process begin=$SECONDS log=$drivers/rusticl.log last='^ok.* byte data'
    "$RNN_GPU" selftest --device opencl >"$log" 2>&1 </dev/null &
    process=$!
    while kill -0 "$process" 2>/dev/null && [ $((SECONDS - begin)) -lt 600 ] &&
        { [ $((SECONDS - begin)) -lt 100 ] || ! grep -q "$last" "$log"; }; do
        sleep 1
    done
    kill -KILL "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || got=$?
    # 137: stopped
    if { [ "$got" -ne 0 ] && [ "$got" -ne 137 ]; } || grep -q '^FAILED' "$log" || ! grep -q "$last" "$log"; then
        tail -n 30 "$log"
        echo "FAILED on rusticl: selftest --device opencl, exit status $got"
        exit 1
    fi
    printf 'ok  rusticl: %d quantities of the self-test in %d s\n' "$(grep -c '^ok' "$log")" $((SECONDS - begin))
}

test_intel() {
    passes intel "$RNN_GPU" selftest --device opencl
    passes intel "$RNN_GPU" train --device opencl --precision double --cell lstm --batch 8 --steps 8 --updates 1
    passes intel bash "$here/cli/worked_example.sh"
}

[ $# -gt 0 ] || set -- rusticl intel
for name; do
    case $name in
        rusticl | intel) ;;
        *) echo "there is no driver $name; rusticl and intel are known"; exit 2 ;;
    esac
    "use_$name"
    if [ "${RG_REST:-0}" = 1 ]; then
        "test_$name"
    else
        "try_$name"
    fi
done
