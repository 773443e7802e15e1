#!/bin/bash
# Every command at the borders of what it takes: one of everything, a number more than a table holds, names that are too
# long. tests/run runs it with sanitizers too, which see a read or write beside the memory it was meant for.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
cpu=(--device cpu --threads 2)
ones=(--batch 1 --hidden 1 --steps 2 "${cpu[@]}")

runs() { expect_status 0 "$program" "$@"; }

for cell in rnn irnn lstm gru; do
    for more in "" "--bidirectional --layers 2 --dropout 0.5" "--skip 7" "--skip 1 --skip-kind dilated" "--skip-kind learned"; do
        # shellcheck disable=SC2086 # words are meant
        runs "${ones[@]}" --cell "$cell" $more --updates 3 --lag-every 1 --plot p.svg --report p.html --tensorboard board
    done
done
for task in copy memorisation permutation delayed-recall multiplication; do
    runs --batch 3 --hidden 2 --steps 3 --task "$task" --updates 2 "${cpu[@]}" --lag-every 1 --report p.html
done
checked "one of everything: cells, skips, tasks, with pages"

for updates in 1 2 99 100 101 200; do
    runs compare "${ones[@]}" --updates "$updates" --plot p.svg --report p.html --remedies tanh,lstm+rate,skip+clip
    runs sweep "${ones[@]}" --updates "$updates" --seed 1-2 --lr 1e-3,1e-2 --plot p.svg --report p.html
done
runs compare "${ones[@]}" --updates 2 --plot p.svg
runs sweep "${ones[@]}" --updates 2 --steps 2,3,5 --seed 1-5 --cell rnn,gru --init he,xavier,orthogonal --report p.html
for steps in 127 128 129 511 512 513; do
    runs --batch 2 --hidden 2 --steps "$steps" --updates 3 --lag-every 1 "${cpu[@]}" --plot p.svg
    runs compare --batch 2 --hidden 2 --steps "$steps" --updates 2 "${cpu[@]}" --remedies tanh+plain --plot p.svg
done
checked "parts, lags and figures around the sizes of their tables"

# Classes and words: up to one more than the probabilities that fit on the stack.
for classes in 2 1023 1024 1025; do
    { echo 'text,label'; for n in $(seq "$classes"); do echo "word$n and word$((n % 7)),$((n - 1))"; done; } >classes.csv
    runs --data classes.csv --hidden 2 --batch 50 --updates 1 "${cpu[@]}" --out run --overwrite
    for kind in "" --json; do
        # shellcheck disable=SC2086
        runs predict --model run/model.safetensors --data classes.csv "${cpu[@]}" $kind
    done
    runs grad --model run/model.safetensors --data classes.csv "${cpu[@]}" --out g.safetensors --report p.html
    rm -rf run
done
checked "many classes and words"

# Sequences of every length beside each other, in chunks and windows.
{
    echo 'series,a,b,label'
    for n in $(seq 40); do
        for ((t = 0; t < n; t++)); do echo "$n,$((t % 3)),$((n % 5)),$((n % 2))"; done
    done
} >lengths.csv
for memory in 4G 900K 700K; do
    for more in "" "--bidirectional" "--skip 39" "--cell lstm --layers 3"; do
        # shellcheck disable=SC2086
        runs --data lengths.csv --hidden 5 --batch 40 --updates 3 --lag-every 1 "${cpu[@]}" --memory "$memory" $more \
            --report p.html
    done
done
checked "mixed lengths, in chunks"

# States that grow beyond a float: said so, and no number of the gradient stands beside it as if it were 0.
beyond='^EXPLODING: the states or their gradients grow beyond the range of float'
out_of_range() {
    expect_line "$beyond"
    expect_no_line ' 0\.00 %|-nan|singular value|exactly 0'
    ! sed 's/<[^>]*>/ /g' p.html | grep -E -- '-nan|nan %| 0 %' >/dev/null || fail "the page shows numbers that are not known"
    grep -q 'not known: not finite' p.html || fail "the page does not say what is not known"
}
explodes=(--task adding --steps 700 --hidden 5 --batch 6 "${cpu[@]}" --report p.html)
runs "${explodes[@]}" --updates 0 --activation linear --init identity:2
out_of_range
runs grad "${explodes[@]}" --activation relu --init identity:1.2 --out g.safetensors -v
out_of_range
expect_line '^loss (nan|inf), gradient norm nan '
runs grad "${explodes[@]}" --activation relu --init identity:1.2 --out g.safetensors --json
grep -q '"verdict":"EXPLODING".*"horizon":0,.*"product_steps":0,.*"lyapunov":\[\]' "$folder/stdout" || fail "not in the JSON"
runs grad "${explodes[@]}" --activation relu --init identity:1.2 --out g.safetensors --layers 2 --cell rnn --bidirectional
expect_line "$beyond"
runs grad "${explodes[@]}" --activation relu --init identity:1.2 --out g.safetensors --precision double
expect_line '^EXPLODING: on its way back in time'

# No update is possible from the first weights on: why, and what to do about it.
from_start() {
    local words=$1
    shift
    expect_status 5 "$program" --updates 3 "${cpu[@]}" "$@"
    expect_line "from the first update on, all 3 updates were skipped; $words" stderr
}
from_start 'the gradient explodes on its way back in time: begin with other weights' --steps 300 --hidden 64 --batch 16 --init normal:0.5
expect_line '^EXPLODING: on its way back in time'
expect_line '^No rate shrinks the product of the Jacobians'
from_start 'the states grow too large: scale the inputs down, or begin' --steps 700 --hidden 5 --batch 6 --activation linear --init identity:2
expect_line "$beyond"
printf 'series,a,label\n0,1,1e25\n0,2,1e25\n1,1,2e25\n1,3,2e25\n' >large.csv
from_start 'scale the inputs and targets of the data down' --data large.csv --loss mse --hidden 3
expect_no_line '^Try '
checked "states beyond the range of a float, and updates that are all skipped"

long=$(printf 'x%.0s' $(seq 4000))
for option in --task --data --cell --device --init --schedule --out --model --report --lr --remedies --seed; do
    got=0
    RNN_GPU_DEVICE=cpu timeout 60 "$program" train "$option" "$long" >"$folder/stdout" 2>"$folder/stderr" </dev/null || got=$?
    command="train $option xxx…"
    case $got in 2 | 3 | 4 | 8) ;; *) fail "exit $got" ;; esac
    [ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "stderr has not one line"
done
for command_name in train compare sweep grad predict probe bench devices selftest; do
    runs "$command_name" --help
    refused 2 '.' "$program" "$command_name" "--$long"
done
refused 2 '.' "$program" "$long"
for name in fixed-point curse; do
    "$program" probe "$name" "${cpu[@]}" >/dev/null 2>"$folder/stderr" || [ $? -eq 2 ] || fail "probe $name"
done
runs devices
runs devices --json
checked "help of every command, and words of 4,000 letters"
