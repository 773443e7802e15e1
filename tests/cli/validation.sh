#!/bin/bash
# Validation and test data: they change no weight, the best weights are kept, patience stops, and what is said of them is
# what predict finds of the saved models. Files that do not fit are refused before the training.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

tensors '
import random
random.seed(4)
def waves(n, classes, steps=9):
    x, y = [], []
    for i in range(n):
        c = random.randrange(classes)
        start = random.uniform(0, 3)
        y.append(c)
        x += [math.sin(start + t * (0.4 + 0.5 * c)) + random.gauss(0, 0.5) for t in range(steps)]
    return {"x": ((n, steps, 1), x), "y": ((n,), y)}
write_npz("train.npz", waves(103, 3))
write_npz("val.npz", waves(41, 3))
write_npz("test.npz", waves(37, 3))
write_npz("more.npz", waves(37, 5))
wide = waves(20, 3)
wide["x"] = ((20, 3, 3), wide["x"][1][:180])
write_npz("wide.npz", wide)
write_npz("bare.npz", {"x": wide["x"]})
values = waves(60, 3)
values["y"] = ((60,), [sum(values["x"][1][9 * i : 9 * i + 9]) for i in range(60)])
write_npz("values.npz", values)
write_npz("same.npz", {"x": values["x"], "y": ((60,), [1] * 60)})
'
train=("$program" --data train.npz --hidden 12 --batch 16 --lr 0.02 --json)

for device in "${devices[@]}"; do
    on=(--device "$device")
    expect_status 0 "${train[@]}" "${on[@]}" --updates 30
    plain=$(json_end weights_hash)
    expect_status 0 "${train[@]}" "${on[@]}" --updates 30 --val val.npz --val-every 7 --test test.npz
    [ "$(json_end weights_hash)" = "$plain" ] || fail "$device: validation changed the weights"
    check_json '
found = events("validation")
assert [v["update"] for v in found] == [7, 14, 21, 28, 30], found
assert [v["epoch"] for v in found] == [7 * 16 // 103, 14 * 16 // 103, 21 * 16 // 103, 28 * 16 // 103, 30 * 16 // 103]
assert all(v["sequences"] == 41 for v in found) and end["test"]["sequences"] == 37'
    for precision in float double; do
        expect_status 0 "${train[@]}" "${on[@]}" --epochs 9 --val val.npz --test test.npz --precision "$precision" \
            --out "out-$device-$precision"
        check_json '
found = events("validation")
assert lines[0]["options"]["epochs"] == 9 and lines[0]["options"]["updates"] == end["updates"], lines[0]
assert end["updates"] == -(-9 * 103 // 16) == found[-1]["update"], end
assert [v["epoch"] for v in found] == list(range(1, 10)), found
best = min(found, key=lambda v: v["loss"])
assert (end["best_update"], end["best_loss"]) == (best["update"], best["loss"]) and best["best"], end
lowest = float("inf")
for v in found:
    assert v["best"] == (v["loss"] < lowest), v
    lowest = min(lowest, v["loss"])
test = end["test"]
assert test["weights"] == "best" and sum(map(sum, test["confusion"])) == 37 and test["classes"] == ["0", "1", "2"]
assert abs(sum(test["confusion"][c][c] for c in range(3)) / 37 - test["accuracy"]) < 1e-8
assert test["accuracy_low"] <= test["accuracy"] <= test["accuracy_high"]
open("best_loss", "w").write("%.5f" % end["best_loss"])
open("test_loss", "w").write("%.5f" % test["loss"])'
        for pair in "val.npz best_loss" "test.npz test_loss"; do
            expect_status 0 "$program" predict --model "out-$device-$precision/best.safetensors" --data "${pair% *}" \
                --out p.npy "${on[@]}" --precision "$precision"
            grep -oE 'loss [0-9.]+' "$folder/stderr" | python3 -c 'import sys
said = float(sys.stdin.read().split()[1])
assert abs(said - float(open(sys.argv[1]).read())) < 2e-5, said' "${pair#* }" || fail "predict finds another ${pair#* }"
        done
    done
    checked "$device: validations change nothing, the best weights and their losses are what predict finds"
done

# ---- a part of the file
train+=(--device cpu)
expect_status 0 "${train[@]}" --epochs 2 --val-frac 0.2
check_json 'assert [v["sequences"] for v in events("validation")] == [21, 21] and lines[0]["options"]["val-frac"] == 0.2
assert end["updates"] == -(-2 * 82 // 16), end'
hash=$(json_end weights_hash)
expect_status 0 "${train[@]}" --epochs 2 --val-frac 0.2
[ "$(json_end weights_hash)" = "$hash" ] || fail "the same seed makes another split"
expect_status 0 "${train[@]}" --epochs 2 --val-frac 0.2 --threads 1
[ "$(json_end weights_hash)" = "$hash" ] || fail "one thread makes another result"
expect_status 0 "${train[@]}" --updates 1 --val-frac 0.0001
check_json 'assert events("validation")[-1]["sequences"] == 1'
expect_status 0 "$program" --data values.npz --hidden 8 --epochs 3 --val-frac 0.25 --json --device cpu
check_json 'assert all("accuracy" not in v and v["r2"] < 1 for v in events("validation"))'
cp "$root/data/cat-mat-rat.csv" words.csv
expect_status 0 "$program" --data words.csv --hidden 3 --epochs 3 --val words.csv --test words.csv --device cpu --json
check_json 'assert end["test"]["classes"] == ["0", "1"] and "auc" in end["test"], end["test"]'
checked "--val-frac: the same part for a seed; values and texts"

# ---- the page of a classifier without test data has the validation data's confusion, also when the best weights are older
# than the checkpoint that the run went on from
expect_status 0 "${train[@]}" --updates 12 --lr 0.5 --val val.npz --val-every 2 --out page --report page.html --plot a.svg --figure accuracy
python3 - page.html <<'PYTHON' >shown || fail "the page has no confusion matrix of the validation data"
import re, sys
table = open(sys.argv[1]).read().split("Confusion matrix of the validation data")[1].split("</table>")[0]
rows = [re.findall("<td[^>]*>([^<]*)</td>", row) for row in table.split("<tr>")[2:]]
print([[int(cell) for cell in row[1:-1]] for row in rows])
PYTHON
grep -q '>Accuracy on held-out data over updates<' a.svg || fail "there is no figure of the accuracy"
grep -q '>validation, best weights</dt><dd>.*accuracy' page.html || fail "the page does not say the accuracy"
expect_status 0 "$program" eval --model page/best.safetensors --data val.npz --device cpu --json
check_json 'assert end["confusion"] == eval(open("shown").read()), (end["confusion"], open("shown").read())'
expect_status 0 "${train[@]}" --updates 10 --lr 0.5 --val val.npz --val-every 2 --out resumed
best=$(json_end best_update)
expect_status 0 "$program" train --resume resumed --updates 12 --json
[ "$(json_end best_update)" = "$best" ] || fail "the best weights are not older than the checkpoint"
for run in page resumed; do
    sed -n '/Confusion matrix/,/<\/table>/p' $run/report.html >$run.table
    [ -s $run.table ] || fail "$run/report.html has no confusion matrix"
done
cmp page.table resumed.table || fail "the page of a resumed run has another confusion matrix"
checked "the confusion matrix of the validation data is what eval finds of the best weights"

# ---- patience
expect_status 0 "${train[@]}" --epochs 400 --val-frac 0.3 --patience 5 --lr 0.05
check_json '
found = events("validation")
assert end["reason"] == "patience" and end["updates"] == found[-1]["update"], end
assert found[-6]["update"] == end["best_update"] and not any(v["best"] for v in found[-5:]), found[-7:]'
expect_status 0 "$program" --data train.npz --hidden 12 --batch 16 --epochs 4 --val-frac 0.3 --device cpu
expect_line '^epoch 4, update 18  validation loss [0-9.]+  accuracy [0-9.]+' stderr
expect_line '^held out 31 sequences for validation$' stderr
expect_line '^validation loss [0-9.]+ after the last update; the lowest was [0-9.]+, after( |$)'
checked "patience, and what the screen says"

# ---- the learning rate falls with the validation loss
expect_status 0 "${train[@]}" --epochs 40 --val-frac 0.3 --lr 0.2 --schedule plateau:9:0.5
check_json '
bad, best, rate = 0, float("inf"), 0.2
found = {v["update"]: v["loss"] for v in events("validation")}
last = 0
for u in events("update"):
    assert abs(u["lr"] - rate) < 1e-9, (u, rate)
    if u["update"] in found:
        loss = found[u["update"]]
        bad = 0 if loss < best * (1 - 1e-4) else bad + u["update"] - last
        best = min(best, loss) if bad == 0 else best
        last = u["update"]
        if bad > 9:
            rate, bad = rate / 2, 0
assert rate < 0.2'
checked "plateau follows the validation loss"

# ---- a dry run changes no file and says what would run
before=$(list_files)
expect_status 0 "${train[@]}" --epochs 9 --val val.npz --out new --dry-run
check_json 'assert (end["event"], end["updates"], end["batch"], end["sequences"]) == ("plan", 58, 16, 103), end
assert 0 < end["update_s"] < end["seconds"] and end["memory_bytes"] > 0 and end["options"]["epochs"] == 9'
[ "$(list_files)" = "$before" ] || fail "a dry run writes files"
refused 4 'more\.npz: sequence' "$program" --data train.npz --device cpu --val more.npz --dry-run
checked "--dry-run"

# ---- what does not fit
new=("$program" --data train.npz --device cpu --out new)
refused 4 'more\.npz: sequence [0-9]+ has the class [34]; the training data, train\.npz, have 0 to 2' "${new[@]}" --val more.npz
refused 4 'more\.npz: sequence [0-9]+ has the class [34]' "${new[@]}" --test more.npz
refused 4 'wide\.npz has 3 features; the training data, train\.npz, have 1' "${new[@]}" --val wide.npz
refused 4 'bare\.npz has (3 features|no labels)' "${new[@]}" --val bare.npz
refused 4 'missing\.npz.*No such file' "${new[@]}" --val missing.npz
refused 4 'same\.npz: every label is the same class' "$program" --data same.npz --device cpu --out new
printf 'series,a,b,label\n0,1,2,x\n1,2,3,y\n2,2,3,y\n' >abc.csv
printf 'series,a,c,label\n0,1,2,x\n1,2,3,y\n' >other.csv
printf 'series,a,b,label\n0,1,2,x\n1,2,3,z\n' >class.csv
printf 'series,a,b,label\n0,1,2,0.5\n' >one.csv
refused 4 'other\.csv:1:' "$program" --data abc.csv --val other.csv --device cpu --out new
refused 4 'class\.csv:3:7.*`?z' "$program" --data abc.csv --test class.csv --device cpu --out new
refused 4 'one\.csv has only one sequence' "$program" --data one.csv --val-frac 0.5 --device cpu --out new
refused 2 'val and --val-frac both' "${new[@]}" --val val.npz --val-frac 0.2
refused 2 'epochs and --updates both' "${new[@]}" --epochs 2 --updates 3
refused 2 'patience needs validation data' "${new[@]}" --patience 3
refused 2 'val requires --data' "$program" --val val.npz --out new
refused 2 'val-frac holds out a part of a file' "$program" --val-frac 0.1 --out new
refused 2 'epochs are passes over a file' "$program" --epochs 2 --out new --device cpu
refused 2 'val-frac.*1' "${new[@]}" --val-frac 1
cp val.npz again.npz
for options in "--test val.npz" "--test again.npz" "--val again.npz"; do
    # shellcheck disable=SC2086 # words are meant
    expect_status 0 "$program" --data val.npz $options --hidden 3 --updates 1 --device cpu
    expect_line "^rnn-gpu: $options is the training data again" stderr
done
sed 's/2,3,y/2,4,y/' abc.csv >abd.csv # of the same size
expect_status 0 "$program" --data abc.csv --val abd.csv --hidden 3 --updates 1 --device cpu
expect_no_line 'is the training data again' stderr
# labels of another kind, or of a class that the training data do not have
printf 'series,a,label\n1,0.1,0\n2,0.2,1\n' >two.csv
printf 'series,a,label\n1,0.1,1\n2,0.2,7\n' >seven.csv
printf 'series,a,label\n1,0.1,x\n2,0.2,y\n' >named.csv
two=("$program" --data two.csv --hidden 2 --updates 1 --device cpu --quiet)
for option in --val --test; do
    refused 4 'named\.csv has words as labels, .x. and others; those of the training data, two\.csv, are numbers$' \
        "${two[@]}" "$option" named.csv
    refused 4 'seven\.csv: sequence 2 has the label 7; with two classes \(--loss bce\) labels are 0 and 1$' \
        "${two[@]}" "$option" seven.csv
done
expect_status 0 "${two[@]}" --out two
for command in eval grad; do
    refused 4 'seven\.csv: sequence 2 has the label 7' "$program" "$command" --model two/model.safetensors --data seven.csv --device cpu
done
checked "files and options that do not fit"
