#!/bin/bash
# The Python package: its wheel in a folder of its own, imported from there, the library found in each of its places, and
# its tests (pytest, with NumPy; beside PyTorch and in scikit-learn where those are).
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=python.inc
. "$cli/python.inc"
build=$(dirname "$program")
[ -f "$build/librnn_gpu.so.0" ] || fail "no library in $build"
if grep -q '^RG_SANITIZE:STRING=.' "$build/CMakeCache.txt"; then
    echo "skipped: Python would need the sanitizers too"
    exit 77
fi
python_with numpy pytest
export RNN_GPU_DEVICE=cpu PYTHONDONTWRITEBYTECODE=1

# ---- the wheel

expect_status 0 "$python" "$root/python/build_backend.py" --library "$build/librnn_gpu.so" one
wheel=$(echo one/rnn_gpu-*.whl)
[[ $wheel == one/rnn_gpu-0.1.0-py3-none-linux_*.whl ]] || fail "the wheel is called $wheel"
expect_status 0 "$python" "$root/python/build_backend.py" --library "$build/librnn_gpu.so" two
cmp "$wheel" two/*.whl || fail "two wheels of the same files differ"
expect_status 0 "$python" -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall("installed")' "$wheel"
expect_status 0 env PYTHONPATH="$folder/here/installed${PYTHONPATH:+:$PYTHONPATH}" "$python" -c '
import numpy, rnn_gpu
print(rnn_gpu.__file__, rnn_gpu.library_path, rnn_gpu.version())
print(rnn_gpu.train(task="adding", steps=4, batch=2, hidden=2, updates=2))'
expect_line "^$folder/here/installed/rnn_gpu/__init__.py $folder/here/installed/rnn_gpu/librnn_gpu.so.0 0.1.0$"
expect_line '^<rnn_gpu.Run done after 2 updates'
if "$python" -m pip --version >/dev/null 2>&1; then
    expect_status 0 env RNN_GPU_LIBRARY="$build/librnn_gpu.so" "$python" -m pip install --quiet --no-deps --no-index \
        --disable-pip-version-check --target by_pip "$root/python"
    [ -s by_pip/rnn_gpu/librnn_gpu.so.0 ] || fail "pip installs no library"
    [ ! -e "$root/python/build" ] || fail "pip leaves files in the source tree"
fi
checked "the wheel carries the library, is the same twice, and pip installs the source tree"

# ---- where the library is

mkdir alone
cp -r "$root/python/rnn_gpu" alone
refuses() {
    expect_status 1 env PYTHONPATH="$folder/here/alone${PYTHONPATH:+:$PYTHONPATH}" "$@" "$python" -c 'import rnn_gpu'
    expect_line '^ImportError: the library librnn_gpu.so.0 was not found; build rnn-gpu and install its wheel' stderr
}
ldconfig -p >known.txt || true
grep -q librnn_gpu known.txt || refuses env
refuses RNN_GPU_LIBRARY=/nosuch.so
expect_status 0 env PYTHONPATH="$folder/here/alone${PYTHONPATH:+:$PYTHONPATH}" RNN_GPU_LIBRARY="$build/librnn_gpu.so" \
    "$python" -c 'import rnn_gpu; print(rnn_gpu.library_path)'
expect_line "^$build/librnn_gpu.so$"
checked "the library by its variable, and the message without one"

# ---- the tests

expect_status 0 env PYTHONPATH="$folder/here/installed${PYTHONPATH:+:$PYTHONPATH}" timeout 170 "$python" -m pytest -q \
    -p no:cacheprovider -rs "$root/python/tests"
grep -E '^SKIPPED|passed' "$folder/stdout" || true
[ "$(grep -c passed "$folder/stdout")" -eq 1 ] || fail "no test has passed"
checked "pytest"
