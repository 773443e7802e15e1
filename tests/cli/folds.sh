#!/bin/bash
# --fold I --folds K: every sequence is held out by one fold, and never trained on there; sweep --fold has the runs of train,
# and their mean and spread.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
write_npz("all.npz", {"x": ((23, 5, 2), [math.sin(i * i) for i in range(230)]), "y": ((23, 1), [math.cos(3 * i) for i in range(23)])})
write_npz("kinds.npz", {"x": ((31, 5, 2), [math.sin(i * i) for i in range(310)]), "y": ((31,), [i * i % 7 % 3 for i in range(31)])})
with open("series.csv", "w") as file:
    file.write("series,a,label\n")
    for t in range(60):
        file.write("1,%f,%f\n" % (math.sin(t), t + 0.5))'
train=("$program" train --json --quiet --hidden 4 --diagnose none)

split_devices
for device in "${devices[@]}"; do
    on=(--device "$device" --precision double)
    # weights that stay as they are: the losses of the parts add up to that of the whole
    still=("${train[@]}" "${on[@]}" --data all.npz --optimizer sgd --lr 0 --updates 1)
    expect_status 0 "${still[@]}" --folds 4 --fold 1 --out start --overwrite
    expect_status 0 "$program" eval --model start/model.safetensors --data all.npz --json "${on[@]}"
    cp "$folder/stdout" whole
    for k in 2 4 23; do
        : >parts
        for ((i = 1; i <= k; i++)); do
            expect_status 0 "${still[@]}" --folds $k --fold $i
            cat "$folder/stdout" >>parts
        done
        check_json 'whole = json.load(open("whole"))["loss"] * 23
k, held, n = int(sys.argv[1]), 0.0, 0
lines = [json.loads(line) for line in open("parts")]
for v, u in zip([l for l in lines if l["event"] == "validation"], [l for l in lines if l["event"] == "update"]):
    assert v["sequences"] in (23 // k, -(-23 // k)), v
    assert abs(v["loss"] * v["sequences"] + u["loss"] * (23 - v["sequences"]) - whole) < 1e-9 * whole, (v, u, whole)
    held += v["loss"] * v["sequences"]
    n += v["sequences"]
assert n == 23 and abs(held - whole) < 1e-9 * whole, (n, held, whole)' $k
    done
    checked "$device: each sequence is held out once"

    grid=(--device "$device" --data kinds.npz --hidden 4 --batch 8 --updates 30 --lr 0.02 --diagnose none)
    expect_status 0 "$program" sweep --json "${grid[@]}" --cell rnn,gru --fold 1-5 --out kept
    cp "$folder/stdout" rows
    check_json 'import statistics
runs, folds = events("run"), events("folds")
assert [(r["settings"]["cell"], r["settings"]["fold"]) for r in runs] == [(c, f) for c in ("rnn", "gru") for f in range(1, 6)], runs
assert [f["settings"]["cell"] for f in folds] == ["rnn", "gru"] and not events("group") and lines[-2:] == folds, lines
for f, own in zip(folds, (runs[:5], runs[5:])):
    assert f["runs"] == f["of"] == 5 and "fold" not in f["settings"], f
    assert [v["fold"] for v in f["values"]] == [1, 2, 3, 4, 5], f
    for key in ("loss", "accuracy", "best_loss", "best_accuracy"):
        assert [v[key] for v in f["values"]] == [r["validation"][key] for r in own], f
        values = [r["validation"][key] for r in own]
        wanted = statistics.mean(values), statistics.stdev(values), min(values), max(values)
        assert all(abs(f[key][k] - w) < 1e-8 for k, w in zip(("mean", "sd", "least", "most"), wanted)), (f, wanted)
    assert sum(r["validation"]["sequences"] for r in own) == 31
    assert all(r["validation"]["best_loss"] <= r["validation"]["loss"] and r["options"]["folds"] == 5 for r in own), own
assert sorted(f["rank"] for f in folds) == [1, 2] and (folds[0]["rank"] == 1) == (folds[0]["best_loss"]["mean"] < folds[1]["best_loss"]["mean"])'
    expect_status 0 "$program" train --json "${grid[@]}" --cell gru --fold 3
    check_json 'run = [l for l in map(json.loads, open("rows")) if l["event"] == "run"][7]
last = events("validation")[-1]
assert run["weights_hash"] == end["weights_hash"], (run, end)
assert (run["validation"]["loss"], run["validation"]["accuracy"], run["validation"]["sequences"]) == (last["loss"], last["accuracy"], last["sequences"])
assert (run["validation"]["best_loss"], run["validation"]["best_update"]) == (end["best_loss"], end["best_update"])'
    expect_status 0 "$program" sweep --json "${grid[@]}" --cell rnn,gru --fold 1-5 --out kept
    cmp -s "$folder/stdout" rows || fail "the finished trainings say something else"
    expect_line '^rnn-gpu: 10 of 10 runs were done before' stderr
    checked "$device: the runs of train, their mean and spread, and finished trainings"
done
sampled || exit 0

expect_status 0 "$program" sweep --json "${grid[@]}" --device cpu --fold 1,2 --folds 3 --seed 1-2 --steps 3,5
check_json 'runs, folds = events("run"), events("folds")
assert [(r["settings"]["steps"], r["settings"]["seed"], r["settings"]["fold"]) for r in runs] == [
    (t, s, f) for t in (3, 5) for s in (1, 2) for f in (1, 2)], runs
assert [f["runs"] for f in folds] == [4, 4] and len(events("reach")) == 1, lines
assert runs[0]["validation"]["loss"] != runs[2]["validation"]["loss"], runs'
expect_status 0 "$program" sweep "${grid[@]}" --device cpu --cell rnn,gru --fold 1-3 --folds 3 --report r.html --out table.csv
expect_line '^cell fold +median +low mean +best val +factor +horizon +gradient +learned +seconds$'
expect_line '^of what was held out, over the folds:$'
expect_line '^cell +runs +best loss +loss sd +least +most accuracy +acc\. sd +rank$'
expect_line '^ gru +3 +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[12]$'
[ "$(wc -L <"$folder/stdout")" -le 80 ] || fail "the table is wider than 80 columns"
python3 - <<'PYTHON' || fail "the table of the runs"
import csv
rows = list(csv.DictReader(open("table.csv")))
assert [r["fold"] for r in rows] == ["1", "2", "3"] * 2 and all(float(r["val_loss"]) > 0 for r in rows), rows
PYTHON
expect_status 0 "$program" sweep --json --device cpu --data all.npz --hidden 4 --updates 3 --diagnose none --fold 1-2 --folds 2
check_json 'assert set(events("folds")[0]) == {"event", "settings", "rank", "ranked_by", "runs", "of", "loss", "r2", "best_loss", "best_r2", "values"}, lines[-1]'
expect_status 0 "$program" sweep --device cpu --data kinds.npz --hidden 3 --updates 20 --activation linear --init identity:30 \
    --fold 1-2 --diagnose none --lr 1e6 --optimizer sgd --clip-norm 0 --json
check_json 'assert end["event"] == "folds" and (end["loss"]["mean"] == "inf" or end["loss"]["mean"] > 1e3), end'
checked "with seeds, the screen, the table, values, runs that diverge"

expect_status 0 "$program" sweep --device cpu --data all.npz --hidden 3 --updates 1 --fold 1-3 --quiet --report range.html
grep -Eq '<dt>baseline&#39;s loss</dt><dd>[0-9.]+ to [0-9.]+</dd>' range.html || fail "the page has one baseline of several"
checked "the page has the range of the baselines"

# one series: blocks in time, and no window of the training reaches into the block
for ((i = 1; i <= 3; i++)); do
    expect_status 0 "$program" --device cpu --data series.csv --window 4 --horizon 1 --hidden 3 --folds 3 --fold $i --dry-run
    expect_line '^held out 16 sequences for validation$' stderr
    expect_line "1 step|4 steps, $([ $i = 2 ] && echo 32 || echo 36) sequences" stderr
done
checked "windows of a series"

some=("$program" --device cpu --data all.npz --updates 1 --out new)
refused 2 'fold 6 of --folds 5: there is none; add --folds 6' "${some[@]}" --fold 6
refused 2 'fold 9 of --folds 5: there is none; add --folds 9' "$program" sweep --device cpu --data all.npz --fold 1-7,9,8
refused 2 'folds 3 deals the sequences for --fold I, which is missing' "${some[@]}" --folds 3
refused 2 'fold and --val-frac both give validation data' "${some[@]}" --fold 1 --val-frac 0.2
refused 2 'fold and --val both give validation data' "${some[@]}" --fold 1 --val all.npz
refused 2 'fold holds a part of a file out' "$program" --fold 1
refused 2 'fold.*0.*1 to' "${some[@]}" --fold 0
refused 2 'folds.*1.*2 to' "${some[@]}" --fold 1 --folds 1
refused 4 'all\.npz has 23 sequences, too few for --folds 24' "${some[@]}" --fold 1 --folds 24
printf 'abcabcabc abc\n%.0s' 1 2 3 4 >text.txt
refused 2 'fold deals sequences, and --tbptt has one' "$program" --data text.txt --tbptt 5 --fold 1
checked "what makes no sense"
