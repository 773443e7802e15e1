#!/bin/bash
# docs/notes-in-practice.md: every command there is accepted and runs (one update), and every picture has its command.
# shellcheck disable=SC2016 # patterns with back-quotes
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
document=$root/docs/notes-in-practice.md
export RNN_GPU_DEVICE=cpu
ln -s "$root/data" data
mkdir -p docs/images

# Commands stand in indented lines and between back-quotes; options alone in the first cell of a table's row.
commands=$({
    sed -n 's/^    \.\/rnn-gpu \(.*\)/\1/p' "$document"
    grep -o '`\./rnn-gpu [^`]*`' "$document" | sed 's/^`\.\/rnn-gpu \(.*\)`$/\1/'
    sed -n 's/^| `\(--[^`]*\)` |.*/\1 --hidden 8/p' "$document"
} | sed 's/ *#.*//')
[ "$(wc -l <<<"$commands")" -ge 25 ] || fail "only these commands were found: $commands"
while read -r -a words; do
    case ${words[0]} in
        grad | predict | probe) expect_status 0 "$program" "${words[@]}" ;;
        *) expect_status 0 "$program" "${words[@]}" --updates 1 ;;
    esac
done <<<"$commands"
checked "$(wc -l <<<"$commands") commands run"

for picture in $(grep -o '(images/[^)]*)' "$document" | tr -d '()'); do
    [ -s "$root/docs/$picture" ] || fail "docs/$picture is not there"
    [ -s "docs/$picture" ] || fail "no command makes docs/$picture"
    [ "$(wc -c <"$root/docs/$picture")" -lt 60000 ] || fail "docs/$picture has 60 kB or more"
done
checked "pictures"

expect_status 5 "$program" --activation relu --init identity:1.08 --init-input normal:0.001 --batch 64 --hidden 64 \
    --updates 500 --optimizer sgd --lr 0.01 --clip-norm 0
expect_line '^diverged after 11 updates: loss (nan|inf) '
expect_line 'with loss (nan|inf) and gradient norm (nan|inf),' stderr
checked "without clipping it diverges"
