#!/bin/bash
# --window, --stride, --horizon: one long series trains as the windows that Python makes of it, validation comes after the
# training in time, and eval and predict cut raw data as the model was trained.
# shellcheck disable=SC2016
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

# Two series of two features with a label at every step, and their windows: W 7, stride 3, horizon 2; of the training all
# that ends with its target before the last quarter, of the validation all that begins in it.
tensors '
def f32(v):
    return struct.unpack("<f", struct.pack("<f", v))[0]
W, S, H = 7, 3, 2
lengths = [60, 45]
series = [[[f32(math.sin(0.3 * t + s)), f32(0.1 * ((7 * t + s) % 10))] for t in range(n)] for s, n in enumerate(lengths)]
labels = [[f32(math.cos(0.2 * t) + s) for t in range(n)] for s, n in enumerate(lengths)]
def windows(keep):
    x, y = [], []
    for s, n in enumerate(lengths):
        border = round(0.75 * n)
        for first in range(0, n - W - H + 1, S):
            end = first + W + H
            if keep(first, end, border):
                x += [v for step in series[s][first : first + W] for v in step]
                y.append(labels[s][end - 1])
    return x, y
for name, keep in (("train", lambda a, b, c: b <= c), ("val", lambda a, b, c: a >= c), ("all", lambda a, b, c: True)):
    x, y = windows(keep)
    write_npz(name + ".npz", {"x": ((len(y), W, 2), x), "y": ((len(y),), y)})
write_npz("long.npz", {"x": ((60, 2), [v for step in series[0] for v in step]), "y": ((60,), labels[0])})
x = [v for s in (0, 1) for step in series[s] + [[0.0, 0.0]] * (60 - lengths[s]) for v in step]
y = [v for s in (0, 1) for v in labels[s] + [0.0] * (60 - lengths[s])]
write_npz("two.npz", {"x": ((2, 60, 2), x), "y": ((2, 60), y), "lengths": ((2,), lengths)})
with open("two.csv", "w") as f:
    print("series,a,label,b", file=f)
    for s in (0, 1):
        for (a, b), label in zip(series[s], labels[s]):
            print("pump%d,%.17g,%.17g,%.17g" % (s, a, label, b), file=f)
with open("one.csv", "w") as f:
    print("a,b", file=f)
    for a, b in series[0]:
        print("%.9g,%.9g" % (a, 100 + b), file=f)
'
cut=(--window 7 --stride 3 --horizon 2)
small=(--hidden 5 --batch 6 --updates 12 --lr 0.02 --diagnose none --json)
hash_of() { grep -o '"weights_hash":"[0-9a-f]*"' "$folder/stdout"; }
for device in "${devices[@]}"; do
    for more in "--cell gru" "--precision double" "--normalize --cell lstm"; do
        read -ra words <<<"$more"
        on=(--device "$device" "${words[@]}")
        expect_status 0 "$program" --data train.npz --val val.npz "${small[@]}" "${on[@]}"
        expected=$(hash_of)
        grep -o '"event":"validation".*"sequences":[0-9]*' "$folder/stdout" >validations
        expect_status 0 "$program" --data two.npz "${cut[@]}" --val-frac 0.25 "${small[@]}" "${on[@]}"
        [ "$(hash_of)" = "$expected" ] || fail "$device $more: windows of two.npz train other weights"
        grep -o '"event":"validation".*"sequences":[0-9]*' "$folder/stdout" | cmp -s - validations || fail "$device $more: other validations"
        expect_status 0 "$program" --data two.csv "${cut[@]}" --val-frac 0.25 "${small[@]}" "${on[@]}"
        [ "$(hash_of)" = "$expected" ] || fail "$device $more: windows of two.csv train other weights"
    done
    checked "$device: windows of .npz and .csv train as those that Python makes"
done

on=(--device cpu)
expect_status 0 "$program" --data two.csv "${cut[@]}" --val-frac 0.25 "${small[@]}" "${on[@]}" --out model
refused 4 'tensor .y. is \[31\]; with windows a label for every step' "$program" eval --model model/model.safetensors --data all.npz "${on[@]}"
expect_status 0 "$program" eval --model model/model.safetensors --data two.csv --stride 3 --json "${on[@]}"
check_json 'assert end["sequences"] == 18 + 13, end'
expect_status 0 "$program" predict --model model/model.safetensors --data two.csv --stride 3 --out p.csv --quiet "${on[@]}"
tensors '
import csv
table = list(csv.DictReader(open("p.csv")))
assert list(table[0]) == ["sequence", "series", "row", "label", "predicted"], table[0]
rows = [(r["series"], int(r["row"])) for r in table]
assert rows == [("pump0", 9 + 3 * i) for i in range(18)] + [("pump1", 9 + 3 * i) for i in range(13)], rows
assert all((r["label"] == "") == (int(r["row"]) > (60 if r["series"] == "pump0" else 45)) for r in table), table'
checked "eval and predict cut raw data as the model was trained"

# A forecast: the inputs themselves, named; from the mean of what is forecast; the last answer lies behind the data.
expect_status 0 "$program" --data one.csv --window 10 --val-frac 0.2 --epochs 3 --batch 8 --hidden 6 --lr 0.01 --diagnose none "${on[@]}" \
    --json --out forecast
check_json '
assert lines[0]["options"]["window"] == 10 and lines[0]["options"]["horizon"] == 1, lines[0]
first = events("update")[0]
assert first["loss"] < 10 * lines[0]["baseline"], (first, lines[0])'
expect_status 0 "$program" predict --model forecast/model.safetensors --data one.csv --out p.csv --quiet "${on[@]}"
expect_status 0 "$program" eval --model forecast/model.safetensors --data one.csv --json "${on[@]}"
cp "$folder/stdout" eval.json
tensors '
import csv
table = list(csv.DictReader(open("p.csv")))
assert list(table[0]) == ["sequence", "row", "predicted_a", "predicted_b"], table[0]
assert [int(r["row"]) for r in table] == list(range(11, 62)), table
data = [[float(v) for v in r] for r in list(csv.reader(open("one.csv")))[1:]]
errors = [(float(r["predicted_" + n]) - data[int(r["row"]) - 1][k]) ** 2 for r in table[:-1] for k, n in enumerate("ab")]
said = json.load(open("eval.json"))
assert said["sequences"] == 50 and abs(said["mse"] - sum(errors) / len(errors)) < 1e-4 * said["mse"], (said, sum(errors) / len(errors))'
expect_status 0 "$program" predict --model forecast/model.safetensors --data one.csv --stride 25 "${on[@]}" --json
check_json 'assert [l["row"] for l in lines] == [11, 36, 61], lines'
{ head -1 one.csv; tail -10 one.csv; } >newest.csv # no target exists yet
expect_status 0 "$program" predict --model forecast/model.safetensors --data newest.csv "${on[@]}"
expect_line '^rnn-gpu: newest\.csv: no window has its target yet, so there is no loss$' stderr
[ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "more is said of data without a target: $(cat "$folder/stderr")"
checked "a forecast goes on behind the data, under the names of the columns"

# Every step; from a model; stopped and resumed.
expect_status 0 "$program" --data one.csv --window 10 --target steps --updates 4 --hidden 4 --diagnose none "${on[@]}" --json --out steps
expect_status 0 "$program" predict --model steps/model.safetensors --data one.csv --out p.csv --stride 30 --quiet "${on[@]}"
[ "$(cut -d, -f1-3 p.csv | tail -1)" = 2,10,41 ] || fail "other rows: $(tail -1 p.csv)"
expect_status 0 "$program" --data one.csv --model steps/model.safetensors --val-frac 0.3 --updates 2 --diagnose none "${on[@]}" --json
check_json 'assert lines[0]["options"]["window"] == 10 and lines[0]["options"]["target"] == "steps", lines[0]'
expect_status 0 "$program" --data one.csv "${cut[@]}" --val-frac 0.25 "${small[@]}" "${on[@]}" --out whole
expected=$(hash_of)
expect_status 0 "$program" --data one.csv "${cut[@]}" --val-frac 0.25 "${small[@]}" --updates 5 "${on[@]}" --out part
expect_status 0 "$program" --resume part --updates 12 --json
[ "$(hash_of)" = "$expected" ] || fail "resumed windows end with other weights"
expect_status 0 "$program" --data one.csv --window 10 --val-frac 0.2 --epochs 3 "${on[@]}" --dry-run
expect_line 'window 10' stderr
expect_status 0 "$program" sweep --data one.csv --window 4,8 --cell rnn,gru --hidden 4 --updates 3 --batch 8 "${on[@]}" --json
check_json 'assert sorted((r["steps"], r["settings"]["window"]) for r in events("run")) == [(4, 4), (4, 4), (8, 8), (8, 8)], lines'
checked "targets of every step, --model, --resume, --dry-run, sweep"

printf 'series,a\nx,1\nx,2\nx,3\ny,1\ny,2\n' >short.csv
printf 'text,label\na b,1\n' >text.csv
printf 'text,label\na b,p\nb a,q\n' >words_of.csv
printf 'a,label\n1,x\n2,y\n' >words.csv
refused 4 'short.csv: series `y` has 2 steps; --window 2 with --horizon 1 needs 3' "$program" --data short.csv --window 2
refused 4 'long.npz: series 1 has 60 steps; --window 60 with --horizon 1 needs 61' "$program" --data long.npz --window 60
refused 4 'one.csv: the validation part, 10 % of each series, has no window of 10 steps' "$program" --data one.csv --window 10 --val-frac 0.1
refused 4 'one.csv: the training part, 10 % of each series, has no window of 10 steps' "$program" --data one.csv --window 10 --val-frac 0.9
refused 4 'text.csv:1:1: the file has texts' "$program" --data text.csv --window 2
refused 4 'words.csv:2:3: `x` is not a number' "$program" --data words.csv --window 1
refused 4 'one.csv:1:1: unknown header.*--window W for one long series' "$program" --data one.csv
expect_status 0 "$program" --data words_of.csv --updates 1 --hidden 3 --out of-words "${on[@]}"
refused 4 'one.csv:1:1: unknown header.*label.. was expected$' "$program" predict --model of-words/model.safetensors --data one.csv
refused 4 'book.txt: windows are cut from series of numbers' "$program" --data book.txt --window 3
refused 4 'short.csv:1:1: the column `b`, which the model needs, is missing' "$program" predict --model model/model.safetensors --data short.csv
refused 2 '\-\-horizon 0 would forecast a step inside the window' "$program" --data one.csv --window 3 --horizon 0
refused 2 '\-\-window and --steps both say' "$program" --data one.csv --window 3 --steps 3
refused 2 '\-\-stride requires --window W' "$program" --data one.csv --stride 3
refused 2 '\-\-window cuts the series of a file' "$program" --window 3
refused 2 'model/model.safetensors takes windows of 7 steps; leave --window out' "$program" --data two.csv --model model/model.safetensors --window 8 --horizon 2
refused 2 'the horizon of model/model.safetensors is 2' "$program" --data two.csv --model model/model.safetensors --window 7
expect_status 0 "$program" --data train.npz "${small[@]}" "${on[@]}" --out plain
refused 2 'plain/model.safetensors was not trained on windows; leave --stride out' "$program" predict --model plain/model.safetensors --data train.npz --stride 2
refused 2 'plain/model.safetensors was not trained on windows; leave --window out' "$program" --data two.csv --model plain/model.safetensors --window 7
refused 2 '\-\-window makes sequences that start from zero states' "$program" --data long.npz --window 7 --tbptt 5
refused 2 '\-\-window: 0 is out of range' "$program" --data one.csv --window 0
checked "what cannot be cut is refused in one line"
