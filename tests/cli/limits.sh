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
    [ "$(grep -c '^rnn-gpu: ' "$folder/stderr")" -eq 1 ] || fail "stderr has not one message"
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

printf 'older\n' >kept.jsonl
refused 3 'matches no device' "$program" bench --device nowhere --out kept.jsonl
checked "a benchmark that cannot begin leaves older results alone"

# stopped PATTERN ARGUMENT...: a command that SIGTERM ends once stdout has the pattern.
stopped() {
    local pattern=$1 process
    shift
    command="$program $* & kill -TERM"
    "$program" "$@" >"$folder/stdout" 2>"$folder/stderr" </dev/null &
    process=$!
    wait_for "$pattern" "$folder/stdout"
    kill -TERM "$process"
    ended 60 "$process"
    [ "$got" -eq 143 ] || fail "exit $got, expected 143"
}

stopped update_s bench --device cpu --grid standard --json --out done.jsonl
expect_line '^rnn-gpu: interrupted; [0-9]+ of [0-9]+ cases are done$' stderr
[ "$(grep -c update_s done.jsonl)" -eq "$(wc -l <"$folder/stdout")" ] || fail "--out has not what was done"
command="bench --json | head -n 1"
{ timeout 60 "$program" bench --device cpu --grid standard --json 2>"$folder/stderr" && got=0 || got=$?
    echo "$got" >"$folder/code"; } | head -n 1 >"$folder/stdout" || true
[ "$(cat "$folder/code")" -eq 8 ] || fail "exit $(cat "$folder/code"), expected 8"
stopped remedy compare "${small[@]}" --remedies tanh,lstm,gru --updates 20000 --json
expect_line '^rnn-gpu: interrupted; [0-9]+ of 9 rows are done$' stderr
stopped '"event":"run"' sweep "${small[@]}" --seed 1-9 --updates 20000 --json
expect_line '^rnn-gpu: interrupted; [0-9]+ of 9 runs are done$' stderr
checked "bench, compare and sweep say what is done, and keep it"
