#!/bin/bash
# sweep: a run of the grid is the run that train makes, whatever runs beside it; groups, Ctrl-C, bad input.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--batch 20 --hidden 9 --updates 20)

expect_status 0 "$program" sweep --json --device cpu "${small[@]}" --cell rnn,irnn,lstm --steps 5,10 --seed 1-3
expect_empty stderr
cp "$folder/stdout" "$folder/rows"
check_json '
runs, groups, reach = events("run"), events("group"), events("reach")
assert len(runs) == 18 and len(groups) == 6 and len(reach) == 3 and len(lines) == 27
wanted = [(c, t, s) for c in ("rnn", "irnn", "lstm") for t in (5, 10) for s in (1, 2, 3)]
found = [(r["settings"]["cell"], r["settings"]["steps"], r["settings"]["seed"]) for r in runs]
assert found == wanted, found
assert all(r["reason"] == "done" and r["updates"] == 20 and r["learned"] is False for r in runs)
assert len({r["weights_hash"] for r in runs}) == 18
for i, g in enumerate(groups):
    losses = sorted(r["median_loss"] for r in runs[3 * i:3 * i + 3])
    quartiles = [(losses[0] + losses[1]) / 2, losses[1], (losses[1] + losses[2]) / 2]
    assert all(abs(g[k] - q) < 1e-7 for k, q in zip(("loss_q1", "loss_median", "loss_q3"), quartiles)), g
    assert g["runs"] == 3 and g["learned"] == 0 and "seed" not in g["settings"]
ranked = sorted(groups, key=lambda g: g["loss_median"])
for i, g in enumerate(ranked):
    above = ranked[i - 1]["rank"] if i else 0
    assert g["rank"] == i + 1 or g["rank"] == above and g["tied"], ranked
assert ranked[0]["rank"] == 1
assert all(r["steps"] is None and "steps" not in r["settings"] for r in reach)'
while IFS='|' read -r settings options; do
    # shellcheck disable=SC2086 # words are meant
    expect_status 0 "$program" --json "${small[@]}" --device cpu $options
    hash=$(json_end weights_hash)
    grep -F "\"settings\":{$settings}" "$folder/rows" | grep "\"weights_hash\":\"$hash\"" >/dev/null ||
        fail "$settings is not the run of: $options"
done <<'ROWS'
"batch":20,"hidden":9,"updates":20,"cell":"rnn","steps":5,"seed":2|--steps 5 --seed 2
"batch":20,"hidden":9,"updates":20,"cell":"irnn","steps":10,"seed":3|--steps 10 --seed 3 --cell irnn
"batch":20,"hidden":9,"updates":20,"cell":"lstm","steps":10,"seed":1|--steps 10 --seed 1 --cell lstm --threads 1
ROWS
checked "18 runs beside each other, which are those of train"

# The screen and every run name the device, auto or not: a sweep of one run is the run of train there.
for device in auto cpu; do
    for many in "sweep --seed 3" "compare --seed 3 --seeds 1 --remedies tanh --lr 1e-3 --updates 20"; do
        # shellcheck disable=SC2086 # words are meant
        expect_status 0 "$program" $many --device $device "${small[@]}" --steps 5 --report device.html
        expect_joined '^device   (native|opencl): .*, [0-9]+ (thread|unit)' stderr
        grep -q '<td>device</td>\|>device<' device.html || fail "$many: the page does not name the device"
        # shellcheck disable=SC2086 # words are meant
        expect_status 0 "$program" $many --device $device "${small[@]}" --steps 5 --json
        expect_no_line '^device' stderr
        # shellcheck disable=SC2016 # back-quotes
        read -r backend hash < <(python3 -c 'import json, sys
row = json.loads(open(sys.argv[1]).readline())
assert row["device"] and row["math"] == "float", row
print(row["backend"], row["weights_hash"])' "$folder/stdout")
        [ "$backend" = native ] && there=cpu || there=opencl
        expect_status 0 "$program" --seed 3 --device "$there" "${small[@]}" --steps 5 --json
        [ "$(json_end weights_hash)" = "$hash" ] || fail "$many is not the run of train --device $there"
    done
done
checked "the device of every run"

# Options that are no axes, flags and texts, are settings of each run, of each group, and columns of the table.
printf 'series,a,b,label\n' >numbers.csv
for i in 1 2 3 4; do printf '%s,%s,0,%s\n%s,0,1,%s\n' $i $i $((i % 2)) $i $((i % 2)) >>numbers.csv; done
expect_status 0 "$program" sweep --json --device cpu --hidden 3 --updates 5 --data numbers.csv --normalize \
    --class-weights balanced --bidirectional --seed 1-2 --out shared.csv
check_json '
wanted = {"bidirectional": True, "normalize": True, "class-weights": "balanced"}
for line in events("run") + events("group"):
    assert {k: v for k, v in line["settings"].items() if k not in ("hidden", "updates", "seed")} == wanted, line
import csv
row = next(csv.DictReader(open("shared.csv")))
assert row["bidirectional"] == row["normalize"] == "true" and row["class-weights"] == "balanced", row'
checked "flags and texts among the settings"

hashes() { grep -o '"weights_hash":"[0-9a-f]*"' "$folder/stdout"; }
for options in "--threads 1" "--threads 5" "--threads 3 --memory 4M"; do
    # shellcheck disable=SC2086
    expect_status 0 "$program" sweep --json --device cpu "${small[@]}" --cell rnn,irnn,lstm --steps 5,10 --seed 1-3 $options
    [ "$(hashes)" = "$(grep -o '"weights_hash":"[0-9a-f]*"' "$folder/rows")" ] || fail "$options: other weights"
done
checked "the same bits for any number of threads"

expect_status 0 "$program" sweep --json --device cpu --precision double "${small[@]}" --steps 5,10
first=$(hashes | tail -n 1)
expect_status 0 "$program" --json --device cpu --precision double "${small[@]}" --steps 10
[ "$(hashes)" = "$first" ] || fail "double: the run is not that of train"
checked "in double precision too"

expect_status 0 "$program" sweep --json --device cpu --layers 2 --gemm library "${small[@]}" --steps 5,10
second=$(hashes | tail -n 1)
expect_status 0 "$program" --json --device cpu --layers 2 --gemm library "${small[@]}" --steps 10
[ "$(hashes)" = "$second" ] || fail "--gemm library: the run is not that of train"
expect_status 0 "$program" --json --device cpu --layers 2 --gemm own "${small[@]}" --steps 10
[ "$(hashes)" != "$second" ] || fail "--gemm library and own: the same weights"
checked "with products by a library too"

# On a device that all share, runs of the same sizes go in step: odd sizes, other seeds, rates, clipping, one that stops.
if [ "${#devices[@]}" -gt 1 ]; then
    expect_status 2 "$program" sweep --device opencl --gemm library "${small[@]}" --steps 5,10
    expect_line "one launch of a sweep serves many runs; leave it out, or take --device cpu" stderr
    odd=(--device opencl --batch 13 --hidden 33 --updates 25 --steps 7)
    expect_status 0 "$program" sweep --json "${odd[@]}" --cell rnn,gru --lr 1e-3,1e-1 --clip-norm 0,0.1 --seed 1-2
    cp "$folder/stdout" "$folder/rows"
    check_json 'assert len({r["weights_hash"] for r in events("run")}) == 16'
    while IFS='|' read -r settings options; do
        # shellcheck disable=SC2086 # words are meant
        expect_status 0 "$program" --json "${odd[@]}" $options
        grep -F "$settings" "$folder/rows" | grep "\"weights_hash\":\"$(json_end weights_hash)\"" >/dev/null ||
            fail "opencl: $settings is not the run of: $options"
    done <<'ROWS'
"cell":"rnn","lr":0.001,"clip-norm":0,"steps":7,"seed":1}|--lr 1e-3 --clip-norm 0 --seed 1
"cell":"rnn","lr":0.1,"clip-norm":0.1,"steps":7,"seed":2}|--lr 1e-1 --clip-norm 0.1 --seed 2
"cell":"gru","lr":0.1,"clip-norm":0,"steps":7,"seed":2}|--cell gru --lr 1e-1 --clip-norm 0 --seed 2
ROWS
    expect_status 0 "$program" sweep --json "${odd[@]}" --cell rnn,gru --lr 1e-3,1e-1 --clip-norm 0,0.1 --seed 1-2 \
        --memory 1M
    [ "$(hashes)" = "$(grep -o '"weights_hash":"[0-9a-f]*"' "$folder/rows")" ] || fail "--memory 1M: other weights"
    checked "opencl: replicas in step, which are the runs of train"

    ends=(--device opencl --batch 32 --steps 10 --hidden 8 --updates 80 --optimizer sgd --clip-norm 0)
    expect_status 0 "$program" sweep --json "${ends[@]}" --activation relu --lr 1e-3,1e6,1e-2 --target-loss 0.18
    check_json 'assert [r["reason"] for r in lines if r["event"] == "run"][1] == "diverged", lines'
    last=$(hashes | tail -n 1)
    expect_status 0 "$program" --json "${ends[@]}" --activation relu --lr 1e-2 --target-loss 0.18
    [ "$(hashes)" = "$last" ] || fail "opencl: the run beside a diverged one is not that of train"
    check_json 'assert end["reason"] == "target" and end["updates"] < 80, end'
    file=(--device opencl --data "$root/data/cat-mat-rat.csv" --updates 5 --hidden 5)
    expect_status 0 "$program" sweep --json "${file[@]}" --seed 1-3
    last=$(hashes | tail -n 1)
    expect_status 0 "$program" --json "${file[@]}" --seed 3
    [ "$(hashes)" = "$last" ] || fail "opencl: a run of a file is not that of train"
    checked "opencl: a run that diverges, one that reaches its target, data from a file"
fi

expect_status 0 "$program" sweep --device cpu --updates 600 --hidden 16 --steps 1,2 --seed 1-2 --lr 1e-9,1e-2
expect_line '^ +lr steps seed +median '
expect_line '^ *0?\.?[0-9e.-]+ +2 +2 .* yes '
expect_line '^over the seeds:'
expect_line '^1e-2 +2$'
expect_line '^1e-9 none$'
[ "$(grep -v '^  \./rnn-gpu ' "$folder/stdout" | wc -L)" -le 80 ] || fail "the table is wider than 80 columns"
checked "the largest number of steps learned"

expect_status 0 "$program" sweep --device cpu --batch 32 --steps 10 --hidden 8 --updates 300 --lr 1e6 --optimizer sgd \
    --clip-norm 0 --activation relu,tanh --json
check_json 'assert [r["reason"] for r in events("run")][0] == "diverged" and len(events("run")) == 2'
expect_status 0 "$program" sweep --device cpu --batch 32 --steps 10 --hidden 8 --updates 300 --lr 1e6 --optimizer sgd \
    --clip-norm 0 --activation relu,tanh
expect_line '^ +relu +inf .* diverged ' # as in the table over the seeds
expect_status 0 "$program" sweep --device cpu --hidden 3 --batch 2 --steps 20 --seed 1-3 --activation linear \
    --init identity:30 --updates 20 --json
check_json 'assert all(r["loss_q1"] == r["loss_q3"] == "inf" for r in events("group")), lines'
expect_status 0 "$program" sweep --data "$root/data/cat-mat-rat.csv" --cell rnn,gru --updates 5 --device cpu --json
check_json 'assert [r["batch"] for r in lines] == [3, 3]'
echo 'series,a,label
1,1,1
1,-1,1
2,3,0
2,2,0' >series.csv
expect_status 0 "$program" sweep --data series.csv --steps 1,2 --updates 3 --device cpu --json
check_json 'assert [r["steps"] for r in events("run")] == [1, 2]'
checked "a run that diverges, data from a file"

refused 2 "'1\.\.0' is not a value for a sweep" "$program" sweep --lr 1..0
refused 2 "unknown value 'foo'" "$program" sweep --init he,foo
refused 2 'more than 10000 runs' "$program" sweep --seed 1-1000 --lr 1..2*11
refused 2 'forget-bias requires the cell lstm' "$program" sweep --cell lstm,rnn --forget-bias 1
refused 2 'cell does not belong to compare' "$program" compare --cell lstm
refused 4 'no-such-file' "$program" sweep --data no-such-file.csv --lr 1,2 --quiet
expect_status 7 "$program" sweep --device cpu --steps 10,1000000 --memory 1M --hidden 1000
checked "bad input is refused"

"$program" sweep --device cpu --threads 1 --batch 64 --updates 100000000 --hidden 16 --steps 1,100 --max-time 1 --out caught \
    >"$folder/stdout" 2>"$folder/stderr" </dev/null &
process=$!
command="sweep, Ctrl-C"
for ((i = 0; i < 300; i++)); do
    grep -q '^ *1 ' "$folder/stdout" && break
    sleep 0.1
done
kill -INT "$process"
got=0
wait "$process" || got=$?
[ "$got" -eq 130 ] || fail "exit $got, expected 130"
expect_line 'interrupted; 1 of 2 runs is done; the same command with --out caught' stderr
checked "Ctrl-C shows what is done"
