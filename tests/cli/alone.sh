#!/bin/bash
# The command line that compare and sweep give for a training makes the same weights alone.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
cat >"$folder/again.py" <<'PYTHON'
import json, shlex, subprocess, sys

def lines(words):
    got = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert got.returncode == 0, (words, got.stderr)
    return [json.loads(line) for line in got.stdout.splitlines()]

program, *words = sys.argv[1:]
n = 0
for row in lines([program] + words + ["--json"]):
    if "command" in row:
        called, *again = shlex.split(row["command"])
        end = lines([program] + again + ["--diagnose", "none", "--json"])[-1]
        assert called == "./rnn-gpu" and end["weights_hash"] == row["weights_hash"], (row["command"], end)
        n += 1
assert n > 1, n
print(n)
PYTHON

# again COMMAND…: each training of the command, alone
again() {
    expect_status 0 python3 "$folder/again.py" "$program" "$@"
}

python3 - <<'PYTHON'
import random
random.seed(1)
with open("my series's.csv", "w") as f:
    f.write("series,a,label\n")
    for s in range(12):
        for t in range(6):
            f.write("%d,%.3f,%d\n" % (s, random.random() * (1 + s % 2), s % 2))
PYTHON
data="my series's.csv"
again compare --device cpu --remedies tanh,irnn,skip,lstm,gru --steps 12 --updates 20 --batch 8 --hidden 5 --seeds 2
again compare --remedies tanh,gru --data "$data" --hidden 3 --updates 3
again compare --device cpu --remedies gru+rate,lstm+rate --steps 12 --updates 9 --hidden 5 --optimizer momentum --schedule cosine --warmup 3 --layers 2 --bidirectional --dropout 0.1
again compare --device cpu --remedies lstm,tanh --data "$data" --hidden 3 --val-frac 0.25 --patience 3 --epochs 4 --normalize
again compare --device cpu --remedies relu,orthogonal --data "$data" --hidden 3 --updates 5 --batch 2 --lr 0.123456789
again compare --device cpu --remedies gru,lstm --data "$root/data/cat-mat-rat.csv" --hidden 3 --updates 5 --precision double
checked "compare: each row's command"
again sweep --cell rnn,gru,irnn --lr 0.01,0.003 --seed 1-2 --steps 12 --updates 5 --hidden 5
again sweep --data "$data" --fold 1-3 --folds 3 --hidden 3 --updates 20
again sweep --data "$data" --val-frac 0.25 --cell lstm --forget-bias 0,1 --optimizer sgd,adamw --epochs 2 --batch 4 --hidden 3
again sweep --skip 0,3 --init pytorch,orthogonal --clip-norm 0,1 --schedule step:3:0.5,cosine --steps 12 --updates 4 --hidden 5
checked "sweep: each run's command"

expect_status 0 "$program" compare --remedies tanh,lstm --data "$data" --hidden 3 --updates 3
expect_line "^  \./rnn-gpu --cell .* --data 'my series'.''s\.csv' "
expect_status 0 "$program" sweep --lr 0.01,0.003 --steps 5 --updates 3 --hidden 2
expect_line '^  \./rnn-gpu --cell rnn .* --lr 0\.0'
"$program" sweep --lr 0.01,0.003 --data - --hidden 3 --updates 3 --json <"$root/data/cat-mat-rat.csv" >"$folder/stdout"
expect_line '"command":null'
checked "on the screen; none for data from stdin"
