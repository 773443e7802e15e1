#!/bin/bash
# compare and sweep with --out: trainings that are done are not trained again, whatever ended the command.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--batch 8 --steps 12 --hidden 6 --device cpu --json)

# same FILE: the last command's lines are those of the file but for times.
same() {
    python3 - "$folder/stdout" "$1" <<'PYTHON' || fail "the results differ from those of $1"
import json, sys
def lines(path):
    drop = ("seconds", "sequences_per_s")
    return [{k: v for k, v in json.loads(line).items() if k not in drop} for line in open(path)]
a, b = map(lines, sys.argv[1:])
assert a == b, [(x, y) for x, y in zip(a, b) if x != y][:1] or (len(a), len(b))
PYTHON
}

done_files() { find "$1" -name 'training-*.done' | wc -l; }

# ---- sweep ----

grid=(sweep "${small[@]}" --cell "rnn,gru" --lr "0.01,0.003" --seed 1-3 --updates 300)
expect_status 0 "$program" "${grid[@]}"
cp "$folder/stdout" sweep.json
"$program" "${grid[@]}" --out grid >"$folder/stdout" 2>"$folder/stderr" &
for _ in $(seq 600); do
    [ "$(done_files grid 2>/dev/null)" -lt 3 ] || break
    sleep 0.05
done
kill -9 $! 2>/dev/null || true
wait $! 2>/dev/null || true
before=$(done_files grid)
[ "$before" -ge 3 ] || fail "only $before trainings are kept"
expect_status 0 "$program" "${grid[@]}" --out grid
same sweep.json
expect_line "$before of 12 runs were done before" stderr
[ "$(done_files grid)" -eq 12 ] || fail "$(done_files grid) trainings are kept, not 12"
expect_status 0 "$program" "${grid[@]}" --out grid
same sweep.json
expect_line '12 of 12 runs were done before' stderr
expect_status 0 "$program" sweep "${small[@]}" --cell rnn,gru --lr 0.01 --seed 2-4 --updates 300 --out grid
expect_line '4 of 6 runs were done before' stderr
expect_status 0 "$program" sweep "${small[@]}" --cell rnn,gru --lr 0.01 --seed 2-4 --updates 301 --out grid
expect_no_line 'were done before' stderr
checked "sweep: after kill -9, again, and for another grid"

# A damaged result is trained again.
for file in grid/training-*.done; do
    printf 'x' >>"$file"
done
expect_status 0 "$program" "${grid[@]}" --out grid
same sweep.json
expect_no_line 'were done before' stderr
checked "sweep: a damaged result is trained again"
expect_status 0 "$program" "${grid[@]}" --out grid
expect_line '12 of 12 runs were done before' stderr
touch -d '1 hour ago' grid/training-*.done
expect_status 0 "$program" "${grid[@]}" --out grid --overwrite
same sweep.json
expect_no_line 'were done before' stderr
[ "$(find grid -name 'training-*.done' -mmin -30 | wc -l)" -eq 12 ] || fail "a result of the earlier sweep is still there"
checked "sweep: --overwrite trains all again"

# ---- compare ----

rows=(compare "${small[@]}" --remedies "tanh,gru" --seeds 2 --updates 200)
expect_status 0 "$program" "${rows[@]}"
cp "$folder/stdout" compare.json
expect_status 0 "$program" "${rows[@]}" --out rows
same compare.json
expect_status 0 "$program" "${rows[@]}" --out rows
same compare.json
expect_line '4 trainings were done before; their results are from rows' stderr
expect_status 0 "$program" compare "${small[@]}" --remedies gru,lstm --seeds 2 --updates 200 --out rows
expect_line '2 trainings were done before' stderr
checked "compare: again, and with another remedy"

# ---- Data that changed ----

cp "$root/data/cat-mat-rat.csv" words.csv
words=(sweep --data words.csv --hidden 3 --device cpu --json --seed 1-2 --updates 20 --out words)
expect_status 0 "$program" "${words[@]}"
expect_status 0 "$program" "${words[@]}"
expect_line '2 of 2 runs were done before' stderr
sed -i '2s/1$/0/' words.csv
expect_status 0 "$program" "${words[@]}"
expect_no_line 'were done before' stderr
cp words.csv file
refused 8 'is not a folder' "$program" sweep "${small[@]}" --seed 1-2 --out file
checked "trainings on data that changed are done again"

# ---- Results that cannot be saved ----

if [ -n "${FAILING_CALLS:-}" ]; then
    full=(env "LD_PRELOAD=$FAILING_CALLS" RG_FAIL_WHAT=disk "RG_FULL_DISK=$PWD/full" "$program")
    for kind in grid rows; do
        words=("${grid[@]}") n=12 results=sweep.json
        longer=(sweep "${small[@]}" --seed 1-4 --updates 20000)
        if [ "$kind" = rows ]; then
            words=("${rows[@]}") n=4 results=compare.json
            longer=(compare "${small[@]}" --remedies "tanh,gru" --seeds 2 --updates 20000)
        fi
        rm -rf lost
        mkdir lost
        : >full
        expect_status 8 "${full[@]}" "${words[@]}" --out lost --quiet
        same "$results"
        expect_line "^rnn-gpu: lost/training-.*No space left.*; $n trainings without a stored result, which the same command trains again$" stderr
        [ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "stderr has not one line"
        # room again before the command ends
        "${full[@]}" "${longer[@]}" --out lost >"$folder/stdout" 2>"$folder/stderr" &
        for _ in $(seq 600); do
            ! grep -q 'the trainings continue' "$folder/stderr" || break
            sleep 0.05
        done
        rm -f full
        wait $! || fail "$kind: a disk with room again: exit $?"
        [ "$(done_files lost)" -eq 4 ] || fail "$kind: $(done_files lost) results are kept, not 4"
    done
    checked "results that cannot be saved are told at the end, or saved then"
fi
