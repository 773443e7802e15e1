#!/bin/bash
# One of a kind is in the singular: commands on one sequence, one step, one training, one event, with their pages.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--hidden 1 --batch 1 --updates 1 --device cpu)
tried=0

# single COMMAND...: nothing that it prints, and nothing on its page, has "1 sequences" or the like.
single() {
    rm -f page.html
    expect_status 0 "$program" "$@"
    for file in "$folder/stdout" "$folder/stderr" page.html; do
        [ -e "$file" ] || continue
        ! sed 's/<[^>]*>/ /g' "$file" | grep -nE '(^|[^0-9.,%e-])1 (more )?[a-z]+s( |[,;.:)]|$)' | grep -vE '1 (is|was|has|as|s|steps [a-z]) ' >&2 ||
            fail "one is in the plural in ${file##*/}"
    done
    tried=$((tried + 1))
}

printf 'text,label\na b,p\nb a,q\n' >two.csv
printf 'text,label\na b,p\n' >one.csv
single train --data two.csv "${small[@]}" --val one.csv --test one.csv --out m --report page.html
single eval --model m/model.safetensors --data one.csv --device cpu
single predict --model m/model.safetensors --data one.csv --device cpu --out p.npy
printf 'text,label\nstrange,other\n' >strange.csv
single predict --model m/model.safetensors --data strange.csv --device cpu
expect_line ': 1 of 1 word is not in ' stderr
expect_line ': 1 of 1 label is not among ' stderr
single train --data two.csv "${small[@]}"
expect_line '^memory   [0-9.]+ KiB, ' stderr
refused 7 'the limit is 1 byte;' "$program" "${small[@]}" --memory 1
single grad --model m/model.safetensors --data one.csv --device cpu --report page.html
single grad --task adding --steps 1 --hidden 1 --batch 1 --device cpu --report page.html
single export --task adding --steps 1 --sequences 1 --out task.npz
for _ in 1 2; do
    single compare --steps 2 "${small[@]}" --remedies tanh+plain --seeds 1 --out compared --report page.html
    single sweep --steps 2 "${small[@]}" --seed 1 --out swept --report page.html
done
expect_line '^rnn-gpu: 1 of 1 run was done before; its result is in swept' stderr
head -n 1 m/log.jsonl >one.jsonl
single verify one.jsonl
single verify m
single runs swept
expect_line '^training-[0-9a-f]+  done ' stdout
checked "$tried commands on one of a kind"
