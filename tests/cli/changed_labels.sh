#!/bin/bash
# A run from IDX images goes on with the same images and the same labels only.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
python3 -c '
import struct
open("t-images-idx3-ubyte", "wb").write(struct.pack(">4B3I", 0, 0, 8, 3, 6, 4, 4) + bytes(range(96)))
open("t-labels-idx1-ubyte", "wb").write(struct.pack(">4BI", 0, 0, 8, 1, 6) + bytes([0, 1, 2, 0, 1, 2]))'
expect_status 0 "$program" --data t-images-idx3-ubyte --hidden 3 --updates 2 --batch 3 --device cpu --quiet --diagnose none --out run
cp t-labels-idx1-ubyte labels
expect_status 0 "$program" --resume run --updates 4
printf '\0\0\10\1\0\0\0\6\2\1\0\2\1\0' >t-labels-idx1-ubyte
expect_status 4 "$program" --resume run --updates 6
expect_line 't-images-idx3-ubyte has changed since the run began' stderr
cp labels t-labels-idx1-ubyte
expect_status 0 "$program" --resume run --updates 6
rm t-labels-idx1-ubyte
expect_status 4 "$program" --resume run --updates 8
expect_line 't-labels-idx1-ubyte' stderr
checked "labels that changed or are gone are noticed"
