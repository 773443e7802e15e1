#!/bin/bash
# The cache of built programs, on PoCL under another name: a second run builds nothing from text, and what is damaged or
# refused is built again.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: not tried"
    exit 77
fi
export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that gives PoCL another name} XDG_CACHE_HOME=$folder/cache

# hash: weights_hash of a small training.
hash() {
    expect_status 0 "$program" train --device opencl --batch 6 --steps 5 --hidden 9 --updates 2 --json
    sed -n 's/.*"weights_hash":"\([0-9a-f]*\)".*/\1/p' "$folder/stdout"
}
# binaries: names and contents.
binaries() { find "$XDG_CACHE_HOME/rnn-gpu" -name 'kernels-*' -exec cksum {} + | sort; }

first=$(hash)
[ -z "$(binaries)" ] || fail "PoCL's programs are kept twice"
export RG_PLATFORM="another"
[ "$(hash)" = "$first" ] || fail "other bits"
kept=$(binaries)
[ "$(echo "$kept" | wc -l)" -ge 2 ] || fail "only these programs are kept: $kept"
[ "$(RG_DIE_IN=clCreateProgramWithSource:abort hash)" = "$first" ] || fail "other bits from binaries"
checked "a second run builds no program from its text"

# invert FILE: another last byte.
invert() {
    python3 - "$1" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[-1] ^= 255
open(sys.argv[1], "wb").write(data)
PYTHON
}
for damage in 'truncate -s 100' 'truncate -s +1' 'truncate -s 0' 'sed -i s/rgkernel/rgkernal/' invert; do
    for file in "$XDG_CACHE_HOME"/rnn-gpu/kernels-*; do
        $damage "$file"
    done
    damaged=$(binaries)
    [ -z "$(comm -12 <(echo "$damaged") <(echo "$kept"))" ] || fail "$damage leaves a file as it was"
    [ "$(hash)" = "$first" ] || fail "other bits after $damage"
    [ -z "$(comm -12 <(echo "$damaged") <(binaries))" ] || fail "after $damage a damaged file is in use"
    [ "$(RG_DIE_IN=clCreateProgramWithSource:abort hash)" = "$first" ] || fail "after $damage no program is kept"
    kept=$(binaries)
done
checked "damaged programs are built again"

rm "$XDG_CACHE_HOME"/rnn-gpu/kernels-*
export RG_TEXTS=$folder/texts
[ "$(hash)" = "$first" ] || fail "other bits"
[ "$(grep -c '^#line 1 "base/prelude.cl"$' "$RG_TEXTS")" -ge 2 ] || fail "the texts of the programs are not there"
! grep -qE '/[*]|[*]/|//' "$RG_TEXTS" || fail "a comment: $(grep -nE '/[*]|[*]/|//' "$RG_TEXTS" | head -n 3)"
! LC_ALL=C grep -q '[^ -~]' "$RG_TEXTS" || fail "letters beyond ASCII: $(LC_ALL=C grep -n '[^ -~]' "$RG_TEXTS" | head -n 3)"
# an error's line is that of the file
awk -v at="$(grep -n 'define RG_SHARED_KERNELS' "$root/kernels/kernels.h" | cut -d : -f 1)" '
    /^#line/ { line = $2 - 1; file = $3; next }
    { line++ }
    file == "\"kernels.h\"" && /define RG_SHARED_KERNELS/ { exit (line != at) }' "$RG_TEXTS" || fail "other lines than in the files"
checked "programs have no comments, ASCII alone, and the lines of their files"
