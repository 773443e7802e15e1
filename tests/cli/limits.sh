#!/bin/bash
# Limits of the system and ends that come early: a largest file size, and what is done of a benchmark, a comparison and a
# sweep that a signal stops.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--batch 8 --steps 5 --hidden 4 --device cpu)

# limited ARGUMENT...: no file may grow beyond 4 KiB; stdout and stderr are pipes.
limited() {
    local got=0
    command="ulimit -f 4; $program $*"
    (
        ulimit -f 4
        exec "$program" "$@" 2>&1 >/dev/null </dev/null | cat
        exit "${PIPESTATUS[0]}"
    ) >"$folder/stderr" || got=$?
    [ "$got" -eq 8 ] || fail "exit $got, expected 8"
    # one message for each file that could not be written; the last line is that of the exit code
    grep -q '^rnn-gpu: ' "$folder/stderr" || fail "stderr has no message"
    [ -z "$(head -n -1 "$folder/stderr" | grep '^rnn-gpu: ' | sort | uniq -d)" ] || fail "stderr says something twice"
    expect_line 'File too large' stderr
}

: >"$folder/stdout"
printf 'older\n' >page.html
limited "${small[@]}" --updates 300 --log long.jsonl
limited "${small[@]}" --updates 3000 --tensorboard board
limited "${small[@]}" --updates 3 --report page.html
[ "$(cat page.html)" = older ] || fail "an older page is gone"
limited "${small[@]}" --updates 300 --out run
checked "files that may not grow: exit code 8, one message"

printf '{"older":1}\n' >kept.jsonl
refused 3 'matches no device' "$program" bench --device nowhere --out kept.jsonl
[ "$(cat kept.jsonl)" = '{"older":1}' ] || fail "older results are gone"
checked "a benchmark that cannot begin leaves older results alone"

# stopped STREAM PATTERN ARGUMENT...: a command that SIGTERM ends once stdout or stderr has the pattern.
stopped() {
    local stream=$1 pattern=$2 process
    shift 2
    command="$program $* & kill -TERM"
    "$program" "$@" >"$folder/stdout" 2>"$folder/stderr" </dev/null &
    process=$!
    wait_for "$pattern" "$folder/$stream"
    kill -TERM "$process"
    ended 60 "$process"
    [ "$got" -eq 143 ] || fail "exit $got, expected 143"
}

stopped stdout update_s bench --device cpu --grid standard --json --out done.jsonl
expect_line '^rnn-gpu: interrupted; [0-9]+ of [0-9]+ cases (is|are) done$' stderr
[ "$(grep -c update_s done.jsonl)" -eq "$(wc -l <"$folder/stdout")" ] || fail "--out has not what was done"
command="bench --json | head -n 1"
{ timeout 60 "$program" bench --device cpu --grid standard --json 2>"$folder/stderr" && got=0 || got=$?
    echo "$got" >"$folder/code"; } | head -n 1 >"$folder/stdout" || true
[ "$(cat "$folder/code")" -eq 141 ] || fail "exit $(cat "$folder/code"), expected 141"
stopped stderr 1/3 compare "${small[@]}" --remedies tanh,lstm,gru --updates 20000
expect_line '^rnn-gpu: interrupted; (1 of 9 trainings is|[2-9] of 9 trainings are) done$' stderr
[ "$(grep -c "tanh *clip" "$folder/stdout")" -ge 1 ] || fail "the rows that are done are not shown"

# A row of which one seed is done.
"$program" compare "${small[@]}" --remedies tanh+clip --seeds 4 --updates 30000 --out part >"$folder/stdout" 2>"$folder/stderr" </dev/null &
process=$!
command="compare --seeds 4, stopped after one of them"
for ((i = 0; i < 600; i++)); do
    [ -z "$(find part -name 'training-*.done' 2>/dev/null)" ] || break
    sleep 0.05
done
kill -TERM "$process"
ended 60 "$process"
expect_line '^rnn-gpu: interrupted; 1 of 4 trainings is done; the same command with --out part trains the others$' stderr
expect_line '^One seed is done, of 4: '
expect_no_line 'seeds 3'
stopped stdout '"event":"run"' sweep "${small[@]}" --seed 1-9 --updates 20000 --json --out some.jsonl
expect_line '^rnn-gpu: interrupted; [0-9]+ of 9 runs (is|are) done; some.jsonl has these and cannot be continued: .* --out DIR ' stderr
stopped stdout '"event":"run"' sweep "${small[@]}" --seed 1-9 --updates 20000 --json
expect_line '^rnn-gpu: interrupted; [0-9]+ of 9 runs (is|are) done$' stderr
checked "bench, compare and sweep say what is done, and keep it"

# the option that is the cause is the one that a refusal names
tiny=(--device cpu --batch 4 --steps 10 --hidden 4 --updates 1)
refused 7 '^rnn-gpu: --skip 1000000000 needs at least .* the sequences have 10 steps' "$program" "${tiny[@]}" --skip 1000000000
refused 2 '^rnn-gpu: --batch: 2G is out of range; 1 to 1073741824' "$program" --batch 2G
refused 2 '^rnn-gpu: --lag-every: 9G is out of range' "$program" --lag-every 9G
refused 2 '^rnn-gpu: --seed: 99999999999999999999999 is out of range' "$program" sweep --seed 1-99999999999999999999999
for kind in add dilated; do
    expect_status 0 "$program" "${tiny[@]}" --skip 10 --skip-kind $kind
    expect_line '^rnn-gpu: --skip 10 connects nothing: no sequence is longer than 10 steps$' stderr
done
expect_line '^NONE: no sequence is longer than the skip of 10 steps, so there is no gradient$'
expect_status 0 "$program" "${tiny[@]}" --skip 9 --skip-kind dilated
expect_no_line 'connects nothing' stderr
expect_no_line '^NONE: no sequence'
checked "refusals and notices name the option that is the cause"
