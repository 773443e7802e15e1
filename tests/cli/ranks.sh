#!/bin/bash
# Several processes by mpirun: the same bits for any number of them and for one process with the same shards, one that
# speaks, checkpoints that any number goes on with, and one clear line where something is wrong on one of them.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
# shellcheck source=ranks.inc
. "$cli/ranks.inc"

small=(--batch 20 --steps 10 --hidden 9 --updates 5 --diagnose none --json)

# A program without MPI that mpirun starts, which this one is where Open MPI is missing.
expect_status 0 "$program" version --verbose
if ! grep -q 'ranks of mpirun yes' "$folder/stdout"; then
    export OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0
    refused 3 'built without MPI: install libopenmpi-dev' "$program" "${small[@]}"
    OMPI_COMM_WORLD_RANK=1
    expect_status 3 "$program" "${small[@]}"
    expect_empty stderr
    OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0 expect_status 0 "$program" "${small[@]}"
    checked "a build without MPI says so, once"
    exit 0
fi
command -v mpirun >/dev/null || fail "the program was built with MPI, and there is no mpirun (openmpi-bin)"

# told PATTERN CODE COMMAND...: the program's own lines are one, which matches; the rest is mpirun's.
told() {
    local pattern=$1
    shift
    expect_status "$@"
    grep '^rnn-gpu: ' "$folder/stderr" >"$folder/told" || true
    [ "$(wc -l <"$folder/told")" -eq 1 ] || fail "not one line of the program"
    grep -qE -e "$pattern" "$folder/told" || fail "the line does not match: $pattern"
    expect_empty stdout
}

# What a run came to, but for its time: weights and losses.
result() {
    python3 - "$folder/stdout" <<'PYTHON'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
keys = ("update", "loss", "accuracy", "grad_norm", "clipped", "weights_hash", "best_update", "best_loss", "clip_rate")
for line in lines:
    if line["event"] in ("update", "validation", "end"):
        print(line["event"], {key: line[key] for key in keys if key in line})
PYTHON
}

# alike NAME RANKS OPTION...: 2 ranks and RANKS give the results of one process with the shards that mpirun takes.
alike() {
    local name=$1 numbers=$2 wanted shards two
    shift 2
    # shellcheck disable=SC2046
    expect_status 0 $(ranks 2) "$program" "$@"
    shards=$(grep -o '"shards":[0-9]*' "$folder/stdout" | cut -d: -f2 | head -n 1)
    two=$(result)
    expect_status 0 "$program" "$@" --shards "$shards"
    wanted=$(result)
    [ "$(wc -l <<<"$wanted")" -ge 2 ] || fail "$name: no results"
    [ "$two" = "$wanted" ] || fail "$name: 2 ranks give other results than one process with $shards shards"
    for n in $numbers; do
        # shellcheck disable=SC2046
        expect_status 0 $(ranks "$n") "$program" "$@"
        [ "$(result)" = "$wanted" ] || fail "$name: $n ranks give other results than one process with $shards shards"
        [ "$(grep -c '"event":"end"' "$folder/stdout")" -eq 1 ] || fail "$name: not one rank speaks"
    done
}

tensors '
import random
random.seed(4)
lengths = [random.randrange(0, 8) for i in range(30)]
write_npz("uneven.npz", {"x": ((30, 7, 2), [random.gauss(0, 1) for i in range(420)]),
                         "y": ((30, 7), [random.randrange(3) for i in range(210)]), "lengths": ((30,), lengths)})
'
cp "$root/data/cat-mat-rat.csv" words.csv
tail -n +2 words.csv >rows.csv && cat rows.csv rows.csv rows.csv rows.csv >>words.csv

all=("${devices[@]}")
numbers=3
sampled || { numbers="1 4 7" && alike "cpu, rnn" "$numbers" "${small[@]}" --device cpu; }
split_devices
for device in "${devices[@]}"; do
    on=(--device "$device")
    alike "$device, rnn" "$numbers" "${small[@]}" "${on[@]}"
    alike "$device, lstm, two layers, both ways" "3" "${small[@]}" "${on[@]}" --cell lstm --layers 2 --bidirectional \
        --dropout 0.2 --optimizer momentum --batch 7
    alike "$device, gru, double" "3" "${small[@]}" "${on[@]}" --cell gru --precision double --optimizer adagrad
    alike "$device, a target a step, uneven lengths, validation" "4" "${small[@]}" "${on[@]}" --data uneven.npz \
        --target steps --cell lstm --val uneven.npz --val-every 2 --batch 13
done
devices=("${all[@]}")

# The losses of the updates.
losses() { grep -o '"event":"update".*"loss":[^,]*' "$folder/stdout" | sed 's/.*://'; }

# mixed OPTION...: ranks on a processor and on OpenCL give the losses of ranks on processors, but for rounding.
mixed() {
    # shellcheck disable=SC2046
    expect_status 0 $(ranks 2) "$program" "${small[@]}" --updates 40 --device cpu --seed 3 "$@"
    losses >"$folder/alike"
    # shellcheck disable=SC2046
    expect_status 0 $(ranks 3) "$program" "${small[@]}" --updates 40 --device cpu,opencl --mixed --seed 3 "$@"
    losses | python3 -c '
import sys
pairs = list(zip(map(float, open(sys.argv[1])), map(float, sys.stdin)))
assert len(pairs) == 40 and all(abs(a - b) <= 1e-5 * abs(a) for a, b in pairs), pairs' "$folder/alike" ||
        fail "the losses of mixed devices are not those of equal ones, but for rounding: $*"
}

if ! sampled; then
    if [ "${#devices[@]}" -gt 1 ]; then
        dealt sweep --steps 6 --lr 0.01,0.02 --device opencl
        mixed --cell lstm
        mixed --cell gru --clip-value 0.01 --optimizer sgd
    fi
    exit 0
fi
alike "embedded words" "" "${small[@]}" --device cpu --data words.csv --embed 4 --cell gru --batch 5
alike "a learned skip, clipped" "3" "${small[@]}" --device cpu --skip-kind learned --skip-budget 1e-3 --clip-norm 0.01
alike "in segments of time" "" "${small[@]}" --device cpu --steps 400 --hidden 64 --batch 16 --updates 2 --memory 2M
checked "the same bits, losses and validations for any number of ranks"

# Checkpoints: written by one rank, gone on with by any number.
# shellcheck disable=SC2046
expect_status 0 $(ranks 3) "$program" "${small[@]}" --device cpu --updates 12
wanted=$(json_end weights_hash)
# shellcheck disable=SC2046
expect_status 0 $(ranks 3) "$program" "${small[@]}" --device cpu --updates 6 --out run
cp -r run again
for resumed in "run 2" "again 1"; do
    # shellcheck disable=SC2046
    expect_status 0 $(ranks "${resumed#* }") "$program" --resume "${resumed% *}" --updates 12 --json
    [ "$(json_end weights_hash)" = "$wanted" ] || fail "resumed on ${resumed#* } ranks: other weights"
done
expect_status 0 "$program" "${small[@]}" --device cpu --updates 6 --out alone
# shellcheck disable=SC2046
expect_status 0 $(ranks 2) "$program" --resume alone --updates 12 --json
expect_line 'summed its batches in 1 shard, too few for 2 ranks' stderr
checked "a run goes on with another number of ranks"

# Bad input: one line, the right exit code. Most of it is not about the device, and OpenCL would compile kernels first.
native=("${small[@]}" --device cpu)
# shellcheck disable=SC2046
told 'batch 2 is smaller than the 3 ranks' 2 $(ranks 3) "$program" --batch 2 --steps 10 --updates 1 --device cpu
# shellcheck disable=SC2046
told '3 ranks share 2 shards of the batch; give --shards 3' 2 $(ranks 3) "$program" "${native[@]}" --shards 2
refused 2 'shards 21 of a batch of 20' "$program" "${native[@]}" --shards 21
# shellcheck disable=SC2046
told "unknown option '--updtaes'" 2 $(ranks 2) "$program" --updtaes 3
# shellcheck disable=SC2046
told 'start predict without it' 2 $(ranks 2) "$program" predict --model m.safetensors --data d.csv
# shellcheck disable=SC2046
told 'gives stdin to rank 0 alone' 2 $(ranks 2) "$program" --data -
# shellcheck disable=SC2046
told '--device 7:7 matches no device' 3 $(ranks 2) "$program" "${small[@]}" --device 7:7
one=$(ranks 1)
# shellcheck disable=SC2086
told 'rank 1 on .*: its options .* differ' 2 $one "$program" "${native[@]}" : -n 1 "$program" "${native[@]}" --seed 2
cp "$program" another
echo >>another
# shellcheck disable=SC2086
told 'rank 1 on .*: its program is another build' 2 $one "$program" "${native[@]}" : -n 1 ./another "${native[@]}"
mkdir one two
of_words=(--hidden 3 --device cpu --diagnose none)
cp words.csv one
# shellcheck disable=SC2086
told 'rank 1 on .*: words.csv: cannot be opened' 4 $one --wdir "$PWD/one" "$program" --data words.csv "${of_words[@]}" \
    : -n 1 --wdir "$PWD/two" "$program" --data words.csv "${of_words[@]}"
sed '2s/cat/rat/' words.csv >two/words.csv
# shellcheck disable=SC2086
told 'rank 1 on .*: --data words.csv is another file' 4 $one --wdir "$PWD/one" "$program" --data words.csv "${of_words[@]}" \
    : -n 1 --wdir "$PWD/two" "$program" --data words.csv "${of_words[@]}"
# shellcheck disable=SC2046
expect_status 5 $(ranks 2) "$program" "${small[@]}" --updates 20 --device cpu --lr 1e6 --optimizer sgd --activation relu \
    --clip-norm 0
[ "$(grep -c 'diverged: stopped at update' "$folder/stderr")" -eq 1 ] || fail "not one rank says that the run diverged"
# shellcheck disable=SC2046
told 'no rate from .* lowered the loss' 1 $(ranks 2) "$program" --batch 9 --steps 3 --hidden 1 --device cpu --lr auto \
    --updates 60 --diagnose none --quiet
checked "bad input: one line of one rank, and its exit code"

# Devices are dealt to the ranks of a host; two kinds would give bits that depend on the ranks.
refused 2 'distributes devices to the ranks of mpirun; without mpirun give one' "$program" "${small[@]}" --device cpu,cpu
expect_status 0 "$program" "${small[@]}" --device cpu --shards 8
wanted=$(json_end weights_hash)
# shellcheck disable=SC2046
expect_status 0 $(ranks 3) "$program" "${small[@]}" --device cpu,native
[ "$(json_end weights_hash)" = "$wanted" ] || fail "two names of a device: other weights"
if [ "${#devices[@]}" -gt 1 ]; then
    # shellcheck disable=SC2046
    told 'rank 1 on .*: its device, .* is of another kind' 3 $(ranks 2) "$program" "${small[@]}" --device cpu,opencl
    mixed --schedule plateau:2:0.5 --freeze 'head.*'
    # shellcheck disable=SC2046
    expect_status 0 $(ranks 2) "$program" "${small[@]}" --device cpu,opencl --mixed --out mixed
    # shellcheck disable=SC2046
    expect_status 0 $(ranks 3) "$program" --resume mixed --updates 9 --device opencl,cpu --mixed --json
fi
checked "a list of devices is dealt to the ranks"

# A rank that is killed ends the job within seconds; what was saved before goes on.
# shellcheck disable=SC2046
$(ranks 3) "$program" "${small[@]:0:6}" --device cpu --updates 100000000 --save-every 20 --out killed --quiet \
    >"$folder/stdout" 2>"$folder/stderr" </dev/null &
job=$!
command="a job of three ranks, one of them killed"
for _ in $(seq 300); do
    ! ls killed/checkpoint-*.ckpt >/dev/null 2>&1 || break
    sleep 0.1
done
kill_rank 1 "$job"
ended 10 "$job"
[ "$got" -eq 137 ] || fail "exit $got, expected 137"
expect_line 'rank 1 .* exited on signal 9' stderr
update=$(find killed -name 'checkpoint-*.ckpt' | sed 's/.*checkpoint-\([0-9]*\).*/\1/' | sort -n | tail -1)
# shellcheck disable=SC2046
expect_status 0 $(ranks 2) "$program" --resume killed --updates $((update + 5)) --json
checked "kill -9 of a rank ends the job, and the run goes on from its checkpoint"

# Ctrl-C: mpirun ends the ranks, which save first.
# shellcheck disable=SC2046
$(ranks 2) "$program" "${small[@]:0:6}" --device cpu --updates 100000000 --out stopped \
    >"$folder/stdout" 2>"$folder/stderr" </dev/null &
job=$!
wait_for 'memory ' "$folder/stderr"
sleep 1
kill -TERM "$job"
ended 15 "$job"
expect_line 'resume with: ./rnn-gpu --resume stopped' stderr
checked "a signal to mpirun: the run saves itself"
