#!/bin/bash
# sweep and compare with the options of a whole job: epochs, patience, validation, test data, best weights. Every training
# among many has the weights and the figures of train with the same options.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
def kinds(path, n, shift):
    write_npz(path, {"x": ((n, 5, 2), [math.sin((i + shift) ** 2) for i in range(n * 10)]), "y": ((n,), [i * i % 7 % 3 for i in range(n)])})
kinds("kinds.npz", 40, 0)
kinds("val.npz", 17, 3)
kinds("test.npz", 19, 5)
write_npz("sums.npz", {"x": ((30, 5, 2), [math.sin(i * i) for i in range(300)]), "y": ((30, 1), [math.cos(3 * i) for i in range(30)])})'
same='
def same(run, path):
    """A training among many against the lines of train."""
    alone = [json.loads(line) for line in open(path)]
    start, last, final = alone[0], alone[-1], [line for line in alone if line["event"] == "validation"][-1]
    v = run["validation"]
    assert run["weights_hash"] == last["weights_hash"], (run, last)
    assert (run["updates"], run.get("reason", last["reason"])) == (last["updates"], last["reason"]), (run, last)
    assert (v["loss"], v["sequences"]) == (final["loss"], final["sequences"]), (v, final)
    assert all(v[k] == final[k] for k in ("accuracy", "r2") if k in final), (v, final)
    assert (v["best_loss"], v["best_update"]) == (last["best_loss"], last["best_update"]), (v, last)
    best = [line for line in alone if line["event"] == "validation" and line["best"]][-1]
    assert all(v["best_" + k] == best[k] for k in ("accuracy", "r2") if k in best), (v, best)
    if "frozen" in run:
        assert (run["frozen"], run["trained"]) == (start["frozen"], start["trained"]), (run, start)
    if "test" in last:
        assert all(run["test"][k] == last["test"][k] for k in ("loss", "accuracy", "accuracy_low", "accuracy_high", "weights")), (run, last)
    else:
        assert "test" not in run, run
    return last'

shown='
import json, sys
rows, screen, command = [json.loads(line) for line in open(sys.argv[1])], open(sys.argv[2]).read(), sys.argv[3]
table = screen.split("of the test data, over the seeds:\n")[1].split("\n\n")[0].split("\n")
read = {line.split()[0]: line.split()[-8:] for line in table[1:]}  # runs, loss, sd, least, most, accuracy, sd, rank
groups = {}
for row in rows:
    for run in row["runs"] if command == "compare" else [row]:
        if "test" in run:
            groups.setdefault(row["remedy"] if command == "compare" else row["settings"]["cell"], []).append(run["test"]["loss"])
assert len(groups) == 2 and all(len(losses) == 3 for losses in groups.values()), groups
for name, losses in groups.items():
    wanted = ["3", "%.4g" % (sum(losses) / 3), "%.4g" % min(losses), "%.4g" % max(losses)]
    assert [read[name][k] for k in (0, 1, 3, 4)] == wanted, (read, wanted)
    assert command == "compare" or all(" %.3g " % loss in screen for loss in losses), (screen, losses)'

split_devices
for device in "${devices[@]}"; do
    on=(--device "$device" --hidden 4 --diagnose none)
    # epochs, batches that do not divide them, a part held out by the seed, patience that ends some runs
    job=(--data kinds.npz --batch 7 --epochs 6 --lr 0.1 --val-frac 0.3 --patience 2 --test test.npz --freeze head.bias)
    expect_status 0 "$program" sweep --json "${on[@]}" "${job[@]}" --cell rnn,gru --seed 1-3 --out "kept-$device" --keep
    cp "$folder/stdout" rows
    for cell in rnn gru; do
        for seed in 1 2 3; do
            expect_status 0 "$program" train --json --quiet "${on[@]}" "${job[@]}" --cell $cell --seed $seed --out alone --overwrite
            cp "$folder/stdout" one
            check_json "$same"'
[run] = [r for r in map(json.loads, open("rows")) if r["event"] == "run" and (r["settings"]["cell"], r["settings"]["seed"]) == (sys.argv[1], int(sys.argv[2]))]
last = same(run, "one")
assert run["frozen"] == 3 and run["options"]["epochs"] == 6 and run["options"]["patience"] == 2, run' $cell $seed
        done
    done
    tensors 'import glob
def weights(path):
    return {name: values for name, (_, values) in read_safetensors(path).items()}
best = [weights(path) for path in glob.glob(sys.argv[1] + "/*-best.safetensors")]
assert len(best) == 6 and len(glob.glob(sys.argv[1] + "/*.safetensors")) == 12
assert weights("alone/best.safetensors") in best and weights("alone/model.safetensors") not in best' "kept-$device"
    check_json 'runs = [r for r in map(json.loads, open("rows")) if r["event"] == "run"]
assert {r["reason"] for r in runs} <= {"done", "patience"} and "patience" in {r["reason"] for r in runs}, runs
held = [r for r in map(json.loads, open("rows")) if r["event"] == "held_out"]
assert [h["settings"]["cell"] for h in held] == ["rnn", "gru"], held
for h, own in zip(held, (runs[:3], runs[3:])):
    assert h["runs"] == h["of"] == 3 and [v["seed"] for v in h["values"]] == [1, 2, 3], h
    assert h["ranked_by"] == "best_loss", h
    for key in ("loss", "accuracy", "best_loss", "best_accuracy", "best_update"):
        assert [v[key] for v in h["values"]] == [r["validation"][key] for r in own], (h, own)
    for key in ("loss", "accuracy", "best_loss", "best_accuracy"):
        mean = sum(r["validation"][key] for r in own) / 3
        assert abs(h[key]["mean"] - mean) < 1e-7, (h, mean)
assert [h["rank"] for h in sorted(held, key=lambda h: h["best_loss"]["mean"])] == [1, 2], held
groups = [r for r in map(json.loads, open("rows")) if r["event"] == "group"]
for g, own in zip(groups, (runs[:3], runs[3:])):
    best = sorted(r["validation"]["best_loss"] for r in own)
    assert (g["ranked_by"], g["loss_median"]) == ("validation.best_loss", best[1]), (g, best)'
    checked "$device: a sweep over seeds, with --val-frac, patience, test data and the best weights"

    # compare: each remedy at each seed, which holds out what train with that seed does; its warm-up is a tenth of the epochs'
    job=(--data kinds.npz --batch 7 --epochs 8 --val-frac 0.3 --patience 3 --test test.npz)
    expect_status 0 "$program" compare --json "${on[@]}" "${job[@]}" --seeds 2 --lr 0.02 --remedies gru+plain,lstm,tanh+rate --out "kept-$device"
    cp "$folder/stdout" rows
    for seed in 1 2; do
        for remedy in gru lstm tanh; do
            case $remedy in
                gru) own=(--cell gru --clip-norm 0) ;;
                lstm) own=(--cell lstm --forget-bias 1) ;;
                tanh) own=(--clip-norm 0 --schedule cosine --warmup 3) ;; # 8 epochs of 28 sequences: 32 updates
            esac
            expect_status 0 "$program" train --json --quiet "${on[@]}" "${job[@]}" --lr 0.02 "${own[@]}" --seed $seed
            cp "$folder/stdout" one
            check_json "$same"'
[row] = [r for r in map(json.loads, open("rows")) if r["remedy"] == sys.argv[1]]
run = row["runs"][int(sys.argv[2]) - 1]
same(run, "one")
assert row["ranked_by"] == "validation.best_loss", row
assert abs(row["loss_median"] - sum(r["validation"]["best_loss"] for r in row["runs"]) / 2) < 1e-7, row
assert [v["loss"] for v in row["held_out"]["values"]] == [r["validation"]["loss"] for r in row["runs"]], row
assert row["held_out"]["runs"] == 2 and row["frozen"] == 0 and row["trained"] == row["parameters"], row' $remedy $seed
        done
    done
    expect_status 0 "$program" compare --json "${on[@]}" "${job[@]}" --seeds 2 --lr 0.02 --remedies gru+plain,lstm,tanh+rate --out "kept-$device"
    cmp -s "$folder/stdout" rows || fail "the finished trainings say something else"
    checked "$device: compare"
done
sampled || exit 0

on=(--device cpu --hidden 4 --diagnose none)
    # a file of its own, validations every few updates, values; lists of epochs and of --val-every are axes
    job=(--data sums.npz --val sums.npz --batch 8 --lr 0.05)
    expect_status 0 "$program" sweep --json "${on[@]}" "${job[@]}" --epochs 2,5 --val-every 3,4
    cp "$folder/stdout" rows
    for epochs in 2 5; do
        for every in 3 4; do
            expect_status 0 "$program" train --json --quiet "${on[@]}" "${job[@]}" --epochs $epochs --val-every $every
            cp "$folder/stdout" one
            check_json "$same"'
[run] = [r for r in map(json.loads, open("rows")) if (r["settings"]["epochs"], r["settings"]["val-every"]) == (int(sys.argv[1]), int(sys.argv[2]))]
assert "r2" in run["validation"]
same(run, "one")' $epochs $every
        done
    done
    checked "a sweep over epochs, with a file of validation data"

# a finished training counts only for the same validation data
on=(--device cpu --data kinds.npz --hidden 3 --updates 6 --batch 8 --diagnose none)
some=("$program" sweep "${on[@]}" --val val.npz --seed 1-2 --out found)
expect_status 0 "${some[@]}"
expect_status 0 "${some[@]}"
expect_line '^rnn-gpu: 2 of 2 runs were done before' stderr
cp test.npz val.npz
expect_status 0 "${some[@]}"
expect_no_line 'were done before' stderr
checked "finished trainings, and a file of validation data that has changed"

# the screen, the page, the table
expect_status 0 "$program" sweep "${on[@]}" --val val.npz --test test.npz --cell rnn,gru --seed 1-2 --report r.html --out table.csv --keep
expect_line '^cell seed +median +low mean +best val +test +factor'
expect_line '^best held-out loss, over the seeds:$'
expect_line '^of what was held out, over the seeds:$'
expect_line '^ gru +2 +[0-9.]+ +[0-9.e-]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[12]$'
python3 - <<'PYTHON' || fail "the page or the table of the runs"
import csv, os, re
rows = list(csv.DictReader(open("table.csv")))
assert len(rows) == 4 and all(float(r[k]) > 0 for r in rows for k in ("val_loss", "val_accuracy", "val_best_loss", "val_best_update", "test_loss", "test_accuracy")), rows
assert all(r["val_r2"] == "" and r["frozen"] == "0" for r in rows), rows
assert sorted(os.listdir("table-models")) == sorted(n for i in range(1, 5) for n in ("run-%d.safetensors" % i, "run-%d-best.safetensors" % i))
page = open("r.html").read()
def table(title):
    return re.findall(r"<tr>(.*?)</tr>", page.split(title)[1].split("</table>")[0], re.S)
assert len(table(">What was held out<")) == 3 and len(table(">What was held out, run by run<")) == 5
PYTHON
expect_status 0 "$program" sweep "${on[@]}" --cell rnn,gru --fold 1-3 --folds 3 --report r.html
for text in ': cell, fold<' '>Over the folds<'; do
    grep -q "$text" r.html || fail "no '$text' in the page of the folds"
done
! grep -q 'Over the seeds\|over the seeds' r.html || fail "the page of the folds speaks of seeds"
python3 - <<'PYTHON' || fail "the page of the folds"
import re
page = open("r.html").read()
rows = re.findall(r"<tr>(.*?)</tr>", page.split(">What was held out, run by run<")[1].split("</table>")[0], re.S)
cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
assert cells[0][:3] == ["cell", "seed", "fold"] and [c[0] for c in cells[1:]] == ["rnn"] * 3 + ["gru"] * 3, cells
assert [c[2] for c in cells[1:]] == ["1", "2", "3"] * 2 and all(float(c[3]) > 0 for c in cells[1:]), cells
PYTHON
expect_status 0 "$program" compare "${on[@]}" --val val.npz --remedies gru,lstm --seeds 2 --report r.html
expect_line '^remedy +with +lr +runs +best loss +loss sd +least +most accuracy +acc\. sd +rank$'
expect_line '^gru +clip +0\.01 +2 '
grep -q '>What was held out<' r.html || fail "the page of compare has no table of what was held out"
expect_status 0 "$program" compare "${on[@]}" --remedies gru --seeds 1 --report r.html --json
check_json 'assert "held_out" not in end and "validation" not in end["runs"][0], end'
checked "screens, pages and the table of the runs"

has_page_of_tests() {
    grep -q '>The test data<' page.html || fail "the page has no table of the test data"
}
# the scores of the test data, with and without validation data: those of the runs, and their means over the seeds
for val in "" "--val-frac 0.2"; do
    read -r -a part <<<"$val"
    job=(--data kinds.npz --test test.npz --updates 5 --batch 10 --hidden 4 --diagnose none --device cpu --quiet "${part[@]}")
    expect_status 0 "$program" sweep "${job[@]}" --cell rnn,gru --seed 1-3 --json
    cp "$folder/stdout" rows
    expect_status 0 "$program" sweep "${job[@]}" --cell rnn,gru --seed 1-3 --report page.html
    has_page_of_tests
    python3 -c "$shown" rows "$folder/stdout" sweep || fail "sweep does not show the scores of the test data"
    expect_status 0 "$program" compare "${job[@]}" --remedies tanh,gru --seeds 3 --json
    cp "$folder/stdout" rows
    expect_status 0 "$program" compare "${job[@]}" --remedies tanh,gru --seeds 3 --report page.html
    has_page_of_tests
    python3 -c "$shown" rows "$folder/stdout" compare || fail "compare does not show the scores of the test data"
done
checked "test data on the screen and on pages"

some=("$program" sweep --device cpu --data kinds.npz --seed 1-2 --out new)
refused 2 'epochs and --updates both say how long to train' "${some[@]}" --epochs 2 --updates 3
refused 2 'patience needs validation data' "${some[@]}" --patience 2
refused 2 'val and --val-frac both give validation data' "${some[@]}" --val kinds.npz --val-frac 0.1
refused 2 'epochs are passes over a file' "$program" sweep --device cpu --seed 1-2 --epochs 2
refused 2 'patience needs validation data' "$program" compare --data kinds.npz --patience 2
refused 2 'epochs and --updates both say how long to train' "$program" compare --data kinds.npz --epochs 2 --updates 3
refused 4 'none\.npz: cannot be' "$program" compare --device cpu --data kinds.npz --val none.npz
checked "what makes no sense"
