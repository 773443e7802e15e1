#!/bin/bash
# docs/figures.md as it stands: its commands, then its Python, which draws every figure of the pages from the files.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=python.inc
. "$cli/python.inc"
python_with pandas matplotlib safetensors

ln -s "$program" rnn-gpu
export RNN_GPU_DEVICE=cpu MPLBACKEND=svg
sed -n '/^```/q; s/^    //p' "$root/docs/figures.md" >commands
[ "$(grep -c '^\./rnn-gpu' commands)" -eq 4 ] || fail "docs/figures.md has not the four commands"
expect_status 0 bash -euc '. ./commands'
awk '/^```python/ {inside = 1; next} /^```/ {inside = 0} inside' "$root/docs/figures.md" >page.py
expect_status 0 "$python" page.py
figures=$(grep -o 'savefig("[a-z]*.svg")' page.py | cut -d'"' -f2)
[ "$(wc -w <<<"$figures")" -eq 8 ] || fail "the page draws $(wc -w <<<"$figures") figures"
for figure in $figures; do
    [ "$(grep -c '<path' "$figure")" -gt 20 ] || fail "$figure is empty"
done
checked "docs/figures.md draws $(wc -w <<<"$figures") figures"
