#!/bin/bash
# One run at a time in a folder of --out, and nothing there is lost by mistake.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--batch 8 --steps 5 --hidden 4 --device cpu)

"$program" "${small[@]}" --updates 1000000000 --json --out run >"$folder/first" 2>/dev/null </dev/null &
first=$!
wait_for '"event":"update"' "$folder/first"
expect_status 8 "$program" "${small[@]}" --updates 1 --out run
expect_empty stdout
[ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "stderr has not one line"
expect_line "^rnn-gpu: run: another run writes into it \(process $first on .+ since 20..-..-..T..:..:..Z\)" stderr
expect_status 8 "$program" "${small[@]}" --updates 1 --out run --overwrite
kill -INT "$first"
got=0
wait "$first" || got=$?
[ "$got" -eq 130 ] || fail "exit $got, expected 130"
python3 -c 'import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert [line["event"] for line in lines].count("start") == 1 and lines[-1]["event"] == "end"' run/log.jsonl ||
    fail "the log is not of one run"
[ "$(find run -type f -printf '%f\n' | sed 's/-[0-9]*\.ckpt/-N.ckpt/' | sort | tr '\n' ' ')" = \
    "checkpoint-N.ckpt log.jsonl model.safetensors report.html " ] ||
    fail "the folder holds $(ls -A run)"
checked "a second run in the folder is refused, and names the first"

refused 2 '^rnn-gpu: --out run holds an earlier result \(model\.safetensors\): .*--overwrite' \
    "$program" "${small[@]}" --updates 1 --out run
expect_status 0 "$program" "${small[@]}" --updates 1 --out run --overwrite --json
hash=$(json_end weights_hash)
cmp -s "$folder/stdout" run/log.jsonl || fail "the log is not that of the second run"
rm run/model.safetensors
refused 2 'holds an earlier result \(report\.html\)' "$program" "${small[@]}" --updates 1 --out run
checked "an earlier result stays, unless --overwrite is given"

# Killed: the file `lock` stays, but locks nothing.
"$program" "${small[@]}" --updates 1000000000 --json --out killed >"$folder/first" 2>/dev/null </dev/null &
first=$!
wait_for '"event":"update"' "$folder/first"
kill -9 "$first"
wait "$first" || true
grep -q "^rnn-gpu process $first on " killed/lock || fail "no lock names the process"
expect_status 0 "$program" "${small[@]}" --updates 1 --out killed --overwrite --json
[ "$(json_end weights_hash)" = "$hash" ] || fail "another hash"
[ ! -e killed/lock ] || fail "the lock is still there"
checked "a killed run locks nothing"

# A checkpoint that cannot be removed would be taken for the new run's.
mkdir -p stays/checkpoint-99.ckpt
expect_status 8 "$program" "${small[@]}" --updates 1 --out stays --overwrite
expect_line '^rnn-gpu: stays/checkpoint-99.ckpt: the earlier checkpoint cannot be removed: ' stderr
expect_empty stdout
checked "an earlier checkpoint that stays ends the run at its begin"

mkdir "two words"
touch "two words/checkpoint-3.ckpt"
refused 2 "continue with --resume 'two words', give" "$program" "${small[@]}" --updates 1 --out "two words"
checked "a folder in a command to copy is quoted"

mkdir mine
printf 'mine\n' | tee mine/.probe mine/.rnn-gpu-1-0.tmp.txt >mine/notes
cp mine/notes mine/before
expect_status 0 "$program" "${small[@]}" --updates 1 --out mine
for file in .probe notes .rnn-gpu-1-0.tmp.txt; do
    cmp -s mine/before "mine/$file" || fail "$file is not as it was"
done
mkdir other
cp mine/notes other/lock
refused 8 '^rnn-gpu: other/lock is not a file of rnn-gpu' "$program" "${small[@]}" --updates 1 --out other
checked "files of others stay, whatever their names"
