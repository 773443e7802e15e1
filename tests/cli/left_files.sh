#!/bin/bash
# A save that is refused or fails leaves what was there, and nothing beside it: no half file, no temporary one.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--batch 8 --steps 5 --hidden 4 --updates 60 --device cpu)
data=$root/data/cat-mat-rat.csv
expect_status 0 "$program" --data "$data" --hidden 3 --updates 2 --device cpu --out "$folder/model"
model=$folder/model/model.safetensors

# fails_to_save ALLOWED COMMAND...: with files of at most 1 KiB it ends with exit code 8 and a message for each; what changed in
# the current folder matches ALLOWED (grep -E), a pattern of names.
fails_to_save() {
    local allowed=$1 got=0 before after
    shift
    before=$(list_files)
    command="ulimit -f 1; $*"
    (
        ulimit -f 1
        "$@" 2>&1 >/dev/null </dev/null | cat
        exit "${PIPESTATUS[0]}"
    ) >"$folder/stderr" || got=$?
    [ "$got" -eq 8 ] || fail "exit $got, expected 8"
    grep -q 'File too large' "$folder/stderr" || fail "stderr has no message of the limit"
    [ -z "$(head -n -1 "$folder/stderr" | sort | uniq -d)" ] || fail "stderr says something twice"
    after=$(list_files)
    changed=$(diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") | sed -n 's/^[<>] //p' | grep -vE "$allowed" || true)
    [ -z "$changed" ] || fail "these files changed: $changed"
}
: >"$folder/stdout"

for name in page.html picture.svg grad.safetensors out.npy out.npz out.safetensors results.jsonl; do
    printf 'older\n' >"$name"
done
fails_to_save '^$' "$program" "${small[@]}" --report page.html
fails_to_save '^$' "$program" "${small[@]}" --plot picture.svg
fails_to_save '^$' "$program" grad --model "$model" --data "$data" --device cpu --out grad.safetensors
fails_to_save '^$' "$program" grad --model "$model" --data "$data" --device cpu --out new.safetensors
fails_to_save '^$' "$program" compare "${small[@]}" --remedies tanh+plain --report page.html
fails_to_save '^$' "$program" compare "${small[@]}" --remedies tanh+plain --plot new.svg
fails_to_save '^$' "$program" sweep "${small[@]}" --seed 1-3 --report new.html
fails_to_save '^$' "$program" sweep "${small[@]}" --seed 1-3 --plot picture.svg
checked "pages, pictures and gradients: the older file stays, no new one"

# Enough sequences that their outputs do not fit.
{
    echo 'series,a,label'
    for n in $(seq 600); do
        echo "$n,0.$n,$((n % 2))"
    done
} >many.csv
expect_status 0 "$program" --data many.csv --hidden 3 --updates 2 --device cpu --out "$folder/many"
for kind in npy npz safetensors; do
    fails_to_save '^$' "$program" predict --model "$folder/many/model.safetensors" --data many.csv --device cpu --out "out.$kind"
    fails_to_save '^$' "$program" predict --model "$folder/many/model.safetensors" --data many.csv --device cpu --out "new.$kind"
done
checked "outputs of a model in every format"

# A log grows line by line: what fits of it stays, in whole lines but for the last.
fails_to_save '(^|/| )run(/| |$)' "$program" "${small[@]}" --hidden 30 --out run
[ ! -e run/model.safetensors ] || fail "there is half a model"
[ -z "$(find . -name '.*' ! -name . -print)" ] || fail "hidden files: $(find . -name '.*' ! -name . -print)"
rm -rf run
checked "a folder of results: no model, no temporary file"

# Refused before anything is computed.
mkdir -p taken.html taken.svg
for command_line in "train ${small[*]} --report taken.html" "train ${small[*]} --plot taken.svg" \
    "train ${small[*]} --report no/such/folder.html" "train ${small[*]} --log no/such/folder.jsonl" \
    "train ${small[*]} --out page.html" "train ${small[*]} --out page.html/run" \
    "compare ${small[*]} --plot no/such/folder.svg" "sweep ${small[*]} --seed 1-2 --report taken.html" \
    "grad --model $model --data $data --device cpu --out no/such/folder.safetensors" \
    "predict --model $model --data $data --device cpu --out no/such/folder.npy"; do
    # shellcheck disable=SC2086 # words are meant
    refused 8 'cannot (be saved|be written|make the folder)|is not a folder' "$program" $command_line
done
checked "places that cannot be written are refused at once, and nothing is left there"

# A folder that was deleted under a run, and is another run's now: the first one saves nothing more there.
"$program" "${small[@]}" --updates 100000000 --diagnose none --save-every 0.1s --json --out taken >"$folder/stdout" 2>"$folder/stderr" &
first=$!
for _ in $(seq 600); do
    [ -z "$(find taken -name 'checkpoint-*' 2>/dev/null)" ] || break
    sleep 0.05
done
rm -rf taken
expect_quiet=$("$program" "${small[@]}" --out taken --quiet 2>&1) || fail "the second run: $expect_quiet"
before=$(md5sum taken/*)
for _ in $(seq 600); do
    ! grep -q 'made anew' "$folder/stderr" || break
    sleep 0.05
done
kill -TERM $first
got=0
wait $first || got=$?
command="a run whose folder was deleted"
[ "$got" -eq 8 ] || fail "exit $got, expected 8"
expect_line '^rnn-gpu: taken: the folder was deleted and made anew meanwhile; nothing more is saved there$' stderr
[ "$(md5sum taken/*)" = "$before" ] || fail "the second run's files have changed"
checked "a run saves nothing in a folder that has become another's"
