#!/bin/sh
# The program's exit codes and messages for wrong usage, and what happens when stdout cannot be written.
# RNN_GPU is the program.
set -u
program=${RNN_GPU:?the program to test}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

complain() {
    printf '%s\n' "$*"
    failed=1
}

# expect CODE STDERR ARGUMENT...: the exit code, a fragment of stderr (empty: nothing on stderr), and no stdout if the
# usage was wrong.
expect() {
    code=$1 fragment=$2
    shift 2
    "$program" "$@" >"$folder/stdout" 2>"$folder/stderr" </dev/null
    got=$?
    [ "$got" -eq "$code" ] || complain "$*: exit $got, expected $code: $(cat "$folder/stderr")"
    if [ -z "$fragment" ]; then
        [ ! -s "$folder/stderr" ] || complain "$*: unexpected on stderr: $(cat "$folder/stderr")"
    else
        grep -qF -- "$fragment" "$folder/stderr" || complain "$*: no '$fragment' in: $(cat "$folder/stderr")"
    fi
    if [ "$code" -eq 2 ]; then
        [ ! -s "$folder/stdout" ] || complain "$*: stdout is not empty"
        [ "$(wc -l <"$folder/stderr")" -eq 1 ] || complain "$*: not one line: $(cat "$folder/stderr")"
        grep -Eq ' \(see \./rnn-gpu (--help|help [a-z]+)\)$' "$folder/stderr" || complain "$*: no advice"
    fi
}

# shows TEXT: stdout of the last command has it.
shows() {
    grep -qF -- "$1" "$folder/stdout" || complain "no '$1' in: $(cat "$folder/stdout")"
}

expect 0 '' --help
shows './rnn-gpu --batch 4096 --steps 100'
shows 'Exit codes:'
[ "$(wc -L <"$folder/stdout")" -le 80 ] || complain "--help is wider than 80 columns"
expect 0 '' help bench
shows '--repeats N'
expect 0 '' train --batch 0 --help
shows 'rnn-gpu train:'
expect 0 '' version
[ "$(cat "$folder/stdout")" = "rnn-gpu 0.1.0" ] || complain "version prints $(cat "$folder/stdout")"
expect 0 '' --version

expect 2 'rnn-gpu: --batch: 0 is out of range; 1 to 1073741824' --batch 0
expect 2 "unknown option '--bacth'; did you mean --batch?" --bacth 4096
expect 2 "unknown command 'trian'; did you mean train?" trian
expect 2 "unknown help topic 'tarin'; did you mean train?" help tarin
expect 2 '--input does not belong to train; it is an option of bench' --input 3
expect 2 'did you mean adam' --optimizer adm
expect 2 'are both given' --task adding --data x.csv
expect 2 "--save-every: '5x' is not a whole number, such as 4096, 1e3 or 4k, nor a time: 30s, 5m, 1h" --save-every 5x
expect 2 '--report out.txt: the name must end in .html or .htm' --updates 1 --report out.txt
for words in '--vocab 3' '--min-count 2' --lowercase '--level char'; do
    # shellcheck disable=SC2086
    expect 2 "${words%% *} is for a text file (.txt)" --data words.csv $words
done
expect 2 "'data.csv' is not an option" train data.csv
expect 2 'grad needs --data FILE' grad --model m.safetensors
expect 2 "--lr: 'a b' is not a number" --lr "$(printf 'a\033b')"

# The device of the environment, where none is given.
RNN_GPU_DEVICE=nosuch
export RNN_GPU_DEVICE
expect 3 'RNN_GPU_DEVICE=nosuch matches no device' --updates 1
expect 3 '--device nosuch matches no device' --updates 1 --device nosuch
expect 0 '' --batch 2 --steps 3 --hidden 2 --updates 1 --quiet --device cpu
RNN_GPU_DEVICE=
expect 0 '' --batch 2 --steps 3 --hidden 2 --updates 1 --quiet
unset RNN_GPU_DEVICE

# A variable that is wrong does not keep help away, and an empty one is none.
RNN_GPU_LAUNCH_SECONDS=soon
export RNN_GPU_LAUNCH_SECONDS
expect 2 'RNN_GPU_LAUNCH_SECONDS=soon: give seconds' devices
expect 0 '' help train
expect 0 '' version
RNN_GPU_LAUNCH_SECONDS=
expect 0 '' --batch 2 --steps 3 --hidden 2 --updates 1 --quiet --device cpu
unset RNN_GPU_LAUNCH_SECONDS
for value in soon 2s 0 -1 100000 99999999999999999999; do
    export RNN_GPU_DRIVER_SECONDS="$value"
    expect 2 "RNN_GPU_DRIVER_SECONDS=$value: give whole seconds, 1 to 99999" devices
    expect 0 '' help train
done
RNN_GPU_DRIVER_SECONDS=
expect 0 '' --batch 2 --steps 3 --hidden 2 --updates 1 --quiet --device cpu
unset RNN_GPU_DRIVER_SECONDS

# Results that do not arrive are an error.
if [ -e /dev/full ]; then
    "$program" --help >/dev/full 2>"$folder/stderr"
    [ $? -eq 8 ] || complain "--help to a full disk does not exit 8"
    grep -q 'stdout cannot be written: ' "$folder/stderr" || complain "full disk: $(cat "$folder/stderr")"
fi
"$program" --help >&- 2>"$folder/stderr"
[ $? -eq 8 ] || complain "--help to a closed stdout does not exit 8"
"$program" --batch 0 >&- 2>/dev/null
[ $? -eq 2 ] || complain "wrong usage with stdout closed does not exit 2"
"$program" --batch 0 2>&-
[ $? -eq 2 ] || complain "wrong usage with stderr closed does not exit 2"
mkfifo "$folder/pipe"
: <"$folder/pipe" &
{ wait $!; "$program" --help; echo $? >"$folder/code"; } >"$folder/pipe" 2>"$folder/stderr"
[ "$(cat "$folder/code" 2>/dev/null)" = 141 ] || complain "--help to a closed pipe does not exit 141"
[ ! -s "$folder/stderr" ] || complain "--help to a closed pipe says something: $(cat "$folder/stderr")"
exit "$failed"
