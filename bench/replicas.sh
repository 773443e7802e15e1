#!/bin/bash
# What a run of a sweep costs, against the same run alone: 64 seeds of a small net, the two measured in turn.
# usage: bench/replicas.sh [OPTION...]   (of train; later ones win: --device opencl --hidden 50 --updates 300)
# RUNS: how many (64), ROUNDS: measurements of each (3), RNN_GPU: the program. A line for each round, then the medians.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${RUNS:-64} rounds=${ROUNDS:-3}
program=${RNN_GPU:-./rnn-gpu}
options=(--cell irnn --hidden 100 --batch 20 --steps 100 --updates 100 "$@")
"$program" sweep --quiet "${options[@]}" --updates 2 --seed 1-2 >/dev/null # builds what is not built
for ((round = 1; round <= rounds; round++)); do
    t0=$(date +%s%N)
    "$program" train --quiet "${options[@]}" --seed 1 >/dev/null
    t1=$(date +%s%N)
    "$program" sweep --quiet "${options[@]}" --seed "1-$runs" >/dev/null
    t2=$(date +%s%N)
    echo "$((t1 - t0)) $((t2 - t1))"
done | python3 -c '
import statistics, sys
rows = [[int(n) / 1e6 for n in line.split()] for line in sys.stdin]
for n, (alone, sweep) in enumerate(rows, 1):
    print(f"round {n}: alone {alone:7.1f} ms, a replica {sweep / int(sys.argv[1]):7.1f} ms")
alone, each = (statistics.median(row[i] for row in rows) for i in (0, 1))
print(f"a replica of {sys.argv[1]} costs {each / int(sys.argv[1]) / alone:.2f} of a run alone")' "$runs"
