#!/bin/bash
# compare and sweep with --out F.csv or F.jsonl: a row a run with its options and results, curves, models with --keep.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"

read_tables='
import csv, os
def table(path):
    return list(csv.DictReader(open(path, newline="")))
def number(text):
    return float(text) if text else None
'
grid=(sweep --task adding --cell "rnn,lstm" --steps "5,10" --lr 1e-2 --seed "1-2" --updates 600 --hidden 16 --device cpu)
expect_status 0 "$program" "${grid[@]}" --json --out runs.csv --keep
check_json "$read_tables"'
runs, rows, curves, lags = events("run"), table("runs.csv"), table("runs-curves.csv"), table("runs-lags.csv")
assert len(runs) == len(rows) == 8 and [r["run"] for r in rows] == [str(i) for i in range(1, 9)]
for run, row in zip(runs, rows):
    for key, value in run["settings"].items():
        assert row[key] == str(value), (key, row)
    assert row["task"] == "adding" and row["batch"] == "32" and row["model"] == "runs-models/run-%s.safetensors" % row["run"]
    for key in ("parameters", "baseline", "median_loss", "last_loss", "best_loss", "horizon", "long_share", "log10_reach", "seconds"):
        assert number(row[key]) == run[key], (key, row[key], run[key])
    assert number(row["final_loss"]) == run["loss"] and number(row["updates_made"]) == run["updates"] == 600
    assert row["weights_hash"] == run["weights_hash"] and row["verdict"] == run["verdict"] and row["updates_used"] == ""
    assert row["learned"] == ("true" if run["learned"] else "false")
    loss = [c for c in curves if c["run"] == row["run"]]
    assert [int(c["update"]) for c in loss] == list(range(6, 601, 6)), loss[:3]
    last = sum(float(c["loss"]) for c in loss[-10:]) / 10
    assert abs(last - number(row["final_loss"])) < 1e-7, (last, row["final_loss"])
    limit, learned = .06 * number(row["baseline"]), number(row["learned_update"])
    assert (learned is not None) >= run["learned"] and (not learned or 20 <= learned <= 600), row
    if learned:  # a mean of the losses up to there was low for the first time
        before = [float(c["loss"]) for c in loss if int(c["update"]) <= learned]
        assert min(before[-3:]) < 2 * limit < max(before[:3]), (learned, before)
    by_lag = [c for c in lags if c["run"] == row["run"]]
    assert [int(c["lag"]) for c in by_lag] == list(range(int(row["steps"])))
    assert abs(sum(float(c["share"]) for c in by_lag) - 1) < 1e-6
    half = (int(row["steps"]) + 1) // 2
    assert abs(sum(float(c["share"]) for c in by_lag[half:]) - number(row["long_share"])) < 1e-6
assert any(r["learned_update"] for r in rows) and not all(r["learned_update"] for r in rows)'
expect_status 0 "$program" --task adding --cell lstm --steps 10 --batch 32 --lr 1e-2 --seed 2 --updates 600 --hidden 16 --device cpu \
    --quiet --out alone
cmp -s alone/model.safetensors runs-models/run-8.safetensors || fail "the model that is kept is not that of train"
checked "sweep: rows, curves, lags and models as CSV"

expect_status 0 "$program" "${grid[@]}" --json --out runs.jsonl
python3 - <<'PYTHON' || fail "the lines are not as the tables"
import csv, json
lines = [json.loads(line) for line in open("runs.jsonl")]
rows, curves, lags = (list(csv.DictReader(open("runs%s.csv" % n, newline=""))) for n in ("", "-curves", "-lags"))
assert len(lines) == 8 and not any("event" in line for line in lines)
for line, row in zip(lines, rows):
    assert set(line) - set(row) == {"curve_update", "curve_loss", "lag", "lag_norm", "lag_share"}, line
    for key in set(row) - {"seconds", "sequences_per_s", "model"}:
        text = {None: "", True: "true", False: "false"}.get(line[key], line[key]) if line[key] not in (0, 1) or isinstance(line[key], bool) else line[key]
        assert row[key] == text or float(row[key]) == float(text), (key, row[key], text)
    mine = [c for c in curves if c["run"] == row["run"]]
    assert line["curve_update"] == [int(c["update"]) for c in mine] and line["curve_loss"] == [float(c["loss"]) for c in mine]
    mine = [c for c in lags if c["run"] == row["run"]]
    assert line["lag"] == [int(c["lag"]) for c in mine] and line["lag_norm"] == [float(c["norm"]) for c in mine]
    assert line["lag_share"] == [float(c["share"]) for c in mine] and line["model"] is None
PYTHON
[ ! -e runs.jsonl-models ] || fail "models without --keep"
checked "sweep: the same as JSON lines"

# A name with a comma and a quote; more lags than columns; a run that diverges.
cp "$root/data/cat-mat-rat.csv" 'a "b", c.csv'
expect_status 0 "$program" sweep --data 'a "b", c.csv' --updates 3 --hidden 3 --seed 1,2 --device cpu --out odd.csv
python3 -c 'import csv
rows = list(csv.DictReader(open("odd.csv", newline="")))
assert [r["task"] for r in rows] == ["a \"b\", c.csv"] * 2 and [r["seed"] for r in rows] == ["1", "2"], rows' || fail "a name in CSV"
expect_status 0 "$program" sweep --steps 300 --updates 2 --batch 4 --hidden 3 --device cpu --out long.jsonl
python3 -c 'import json
row = json.load(open("long.jsonl"))
assert len(row["lag"]) == 128 and row["lag"] == [-(-c * 300 // 128) for c in range(128)], row["lag"]
assert abs(sum(row["lag_share"]) - 1) < 1e-6 and row["curve_update"] == [1, 2]' || fail "columns of many lags"
expect_status 0 "$program" sweep --batch 32 --steps 10 --hidden 8 --updates 300 --lr 1e6 --optimizer sgd --clip-norm 0 \
    --activation relu --device cpu --out bad.csv
python3 -c 'import csv
row, = csv.DictReader(open("bad.csv", newline=""))
assert row["reason"] == "diverged" and row["final_loss"] == "nan" and row["verdict"] == row["learned_update"] == "", row' ||
    fail "a run that diverges"
checked "names in quotes, many lags, a run that diverges"

expect_status 0 "$program" compare --remedies tanh,lstm --seeds 2 --updates 30 --hidden 4 --steps 9 --device cpu --json \
    --out c.csv --keep
check_json "$read_tables"'
rows = table("c.csv")
hashes = {(l["remedy"], r["seed"]): r["weights_hash"] for l in lines for r in l["runs"]}
assert {(r["remedy"], int(r["seed"])): r["weights_hash"] for r in rows} == hashes and len(rows) == 4, (rows, hashes)
assert all(os.path.exists(r["model"]) and r["with"] == "clip" for r in rows)'
checked "compare: the same rows"

# In a folder: the models lie beside the results, and a run without its model is trained again.
expect_status 0 "$program" "${grid[@]}" --out folder
expect_status 0 "$program" "${grid[@]}" --out folder --keep
expect_no_line 'were done before' stderr
expect_status 0 "$program" "${grid[@]}" --out folder --keep
expect_line '8 of 8 runs were done before' stderr
rm "$(find folder -name '*.safetensors' | head -n 1)"
expect_status 0 "$program" "${grid[@]}" --out folder --keep
expect_line '7 of 8 runs were done before' stderr
[ "$(find folder -name '*.safetensors' | wc -l)" -eq 8 ] || fail "not every model is there"
cmp -s alone/model.safetensors runs-models/run-8.safetensors || fail "a model changed"
checked "models in the folder of --out"

# An earlier table stays, and so do the files beside it.
for name in kept.jsonl kept.csv kept-curves.csv kept-lags.csv; do
    echo earlier >"$name"
    for command_name in sweep compare; do
        refused 2 "^rnn-gpu: --out: $name holds an earlier result: " "$program" "$command_name" --steps 6 --batch 4 --hidden 3 --updates 1 \
            --seed 1 --device cpu --out "${name/-*.csv/.csv}"
    done
    rm "$name"
done
for name in kept.jsonl kept.csv; do
    for command_name in sweep compare; do
        seq 9 >"$name"
        refused 2 'or --overwrite' "$program" "$command_name" --steps 6 --batch 4 --hidden 3 --updates 1 --device cpu --out "$name"
        expect_status 0 "$program" "$command_name" --steps 6 --batch 4 --hidden 3 --updates 1 --device cpu --out "$name" --overwrite
        ! grep -qx '[0-9]' "$name" || fail "$name still has lines of the earlier table"
        grep -q verdict "$name" || fail "$name is no table"
    done
    rm "$name"
done
rm -f kept-curves.csv kept-lags.csv
: >kept.csv
expect_status 0 "$program" sweep --steps 6 --batch 4 --hidden 3 --updates 1 --seed 1,2 --device cpu --out kept.csv
checked "an earlier table stays; an empty file is written"

refused 2 'keep needs --out' "$program" sweep --seed 1-2 --updates 1 --keep
refused 2 'keep needs --out' "$program" compare --keep --updates 1 --remedies tanh
printf 'text,label\na b,p\nb a,q\n' >q-curves.csv
refused 2 '--out q-curves.csv is the file of --data, which it would overwrite' "$program" sweep --seed 1-2 --updates 1 --out q.csv --data q-curves.csv
rm q-curves.csv
refused 8 'cannot be saved' "$program" sweep --seed 1-2 --updates 1 --out nowhere/q.csv
refused 2 'keep does not belong to train' "$program" --keep
checked "what is refused"
