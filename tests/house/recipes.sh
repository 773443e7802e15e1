#!/bin/bash
# The recipes of docs/adding.md work: follow_recipes.py does what they say on a copy of the tree, which is then built
# for the native device of this processor, and the commands that the page shows are run. What the launcher builds, the
# target rnn-gpu, can be installed and packed as README.md says.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

(cd "$here" && tar c --exclude=./build --exclude=./.git .) | tar x -C "$copy"
python3 "$here/tests/house/follow_recipes.py" "$here/docs/adding.md" "$copy"
if ! { cmake -S "$copy" -B "$copy/build" -DRG_TESTS=OFF -DRG_OPENCL=OFF -DRG_ONE_ISA=ON -DRG_QUICK_BUILD=ON -DRG_WERROR=ON &&
        cmake --build "$copy/build" --parallel "$(nproc)" --target rnn-gpu; } >"$copy/build.log" 2>&1; then
    tail -n 40 "$copy/build.log"
    echo "the tree does not build after the recipes of docs/adding.md"
    exit 1
fi
ran=0
while read -r command; do
    echo "$command"
    # shellcheck disable=SC2086 # a list of words
    (cd "$copy" && build/$command >output 2>&1) || { cat "$copy/output"; echo "failed: $command"; exit 1; }
    ran=$((ran + 1))
done <<EOF
$(sed -n 's/^    \$ //p' "$here/docs/adding.md")
EOF
[ "$ran" -ge 4 ] || { echo "docs/adding.md shows $ran commands; this test is there to run them"; exit 1; }
installed=$copy/installed
if ! cmake --install "$copy/build" --prefix "$installed" >"$copy/install.log" 2>&1; then
    tail -n 20 "$copy/install.log"
    echo "cmake --install fails after a build of the target rnn-gpu alone"
    exit 1
fi
for file in bin/rnn-gpu include/rnn_gpu/rnn_gpu.h share/man/man1/rnn-gpu.1; do
    [ -s "$installed/$file" ] || { echo "$file is not installed"; exit 1; }
done
for name in librnn_gpu.a librnn_gpu.so rnn-gpu.pc; do
    [ -n "$(find "$installed" -name $name)" ] || { echo "$name is not installed"; exit 1; }
done
