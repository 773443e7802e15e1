#!/bin/sh
# Measure this machine for bench/results/: the standard grid with peers and ceilings, and its picture. Some 5 minutes, in
# which nothing else should run.
# usage: bench/results.sh [NAME [BENCH-OPTION...]]
# Writes bench/results/NAME.jsonl and NAME.svg; NAME is 2-core-avx512 unless given. RNN_GPU_PYTHON names a python3 that
# has torch.
set -eu
cd "$(dirname "$0")/.."
name=${1:-2-core-avx512}
[ $# -eq 0 ] || shift
results=bench/results/$name
trap 'rm -f "$results.new"' EXIT
./rnn-gpu bench --peers --roofline --out "$results.new" "$@"
python3 bench/plot.py "$results.new" >"$results.svg"
mv "$results.new" "$results.jsonl"
