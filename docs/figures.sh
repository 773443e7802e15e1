#!/bin/sh
# Make every picture of docs/notes-in-practice.md and docs/gallery.md again, by the commands that stand there. From the
# root of the sources. An argument chooses pictures by a part of the name.
set -eu
export RNN_GPU_DEVICE=cpu
mkdir -p docs/images
sed -e ':join' -e '/\\$/{N;s/\\\n *//;b join' -e '}' docs/notes-in-practice.md docs/gallery.md | # a long command has several lines
    sed -n 's/^    \.\/rnn-gpu \(.*--plot docs\/images\/.*\)/\1/p' |
    grep -e "docs/images/[^ ]*${1:-}" | xargs -L 1 "${RNN_GPU:-./rnn-gpu}"
