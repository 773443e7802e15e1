#!/bin/bash
# Target columns of a CSV file: several of them as outputs of one model, from training to predictions, under their names; the
# same numbers as from an .npz file; and no column that could be a target silently becomes an input.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
import random
random.seed(5)
def numbers(n):
    return [round(random.uniform(-1, 1), 4) for _ in range(n)]
n, t = 24, 5
x, heat, flow = numbers(2 * n * t), numbers(n), numbers(n)
def rows(order, names):
    cells = lambda i, s: {"series": "s%d" % i, "a": x[2 * (i * t + s)], "b": x[2 * (i * t + s) + 1], "heat": heat[i], "flow": flow[i], "kind": ("good", "worn")[i % 2]}
    return "\n".join([",".join(names)] + [",".join(str(cells(i, s)[k]) for k in order) for i in range(n) for s in range(t)]) + "\n"
given = ["series", "a", "heat", "b", "flow"]
open("two.csv", "w").write(rows(given, given))
order = ["series", "flow", "b", "heat", "a"]
open("turned.csv", "w").write(rows(order, order))
open("new.csv", "w").write(rows(["series", "b", "a"], ["series", "b", "a"]))
open("half.csv", "w").write(rows(["series", "b", "a", "flow"], ["series", "b", "a", "flow"]))
open("kinds.csv", "w").write(rows(["series", "a", "b", "kind"], ["series", "a", "b", "kind"]))
open("mixed.csv", "w").write(rows(["series", "a", "b", "heat", "kind"], ["series", "a", "b", "heat", "kind"]))
open("leak.csv", "w").write(rows(given, ["series", "a", "label", "b", "label2"]))
open("alone.csv", "w").write(rows(["series", "a", "b", "heat"], ["series", "a", "b", "Target"]))
write_npz("two.npz", {"x": ((n, t, 2), x), "y": ((n, 2), [v for pair in zip(heat, flow) for v in pair])})
open("text.csv", "w").write("text,heat,flow\n" + "".join("the %s cat,%g,%g\n" % ("big" if i % 3 else "old", heat[i], flow[i]) for i in range(n)))
open("long.csv", "w").write("a,up,down\n" + "".join("%g,%g,%g\n" % (x[i], i % 7, -(i % 5)) for i in range(200)))'

train=("$program" train --device cpu --hidden 3 --batch 8 --updates 30 --diagnose none --overwrite)
both=(--target-column "heat,flow")
expect_status 0 "${train[@]}" --data two.csv "${both[@]}" --out two --json
check_json 'start = lines[0]
assert start["target_columns"] == ["heat", "flow"] and start["options"]["target-column"] == "heat,flow", start
assert start["labels"].startswith("values from"), start'
hash=$(json_end weights_hash)
expect_status 0 "${train[@]}" --data two.npz --json
[ "$(json_end weights_hash)" = "$hash" ] || fail "other weights than from y [N,2]"
expect_status 0 "${train[@]}" --data turned.csv "${both[@]}" --json
[ "$(json_end weights_hash)" != "$hash" ] || fail "inputs in another order give the same weights"
expect_status 0 "${train[@]}" --data two.csv "${both[@]}"
expect_line '^inputs   a, b$' stderr
expect_line '^targets  heat, flow$' stderr
checked "two columns of numbers are two outputs"

for file in two.csv turned.csv; do
    expect_status 0 "$program" eval --device cpu --model two/model.safetensors --data $file --json
    cp "$folder/stdout" eval.$file
done
cmp -s eval.two.csv eval.turned.csv || fail "the order of columns changes an evaluation"
check_json 'assert end["targets"] == ["heat", "flow"], end
for measure in "mse", "mae", "r2":
    each = end["target_" + measure]
    assert len(each) == 2 and each[0] != each[1] and abs(sum(each) / 2 - end[measure]) < 1e-9, (measure, end)'
expect_status 0 "$program" eval --device cpu --model two/model.safetensors --data two.csv
expect_line '^heat +[0-9.]+ +[0-9.]+ +-?[0-9.]+$'
expect_line '^flow '
checked "eval: each target and all"

for file in two new half; do
    expect_status 0 "$program" predict --device cpu --model two/model.safetensors --data $file.csv --out $file.out.csv
done
[ "$(head -1 two.out.csv)" = sequence,series,heat,flow,predicted_heat,predicted_flow ] || fail "header: $(head -1 two.out.csv)"
[ "$(head -1 new.out.csv)" = sequence,series,predicted_heat,predicted_flow ] || fail "header: $(head -1 new.out.csv)"
cmp -s new.out.csv half.out.csv || fail "one of two targets in the file changes the predictions"
[ "$(sed 1d two.out.csv | cut -d, -f5,6)" = "$(sed 1d new.out.csv | cut -d, -f3,4)" ] || fail "targets in the file change predictions"
expect_status 0 "$program" predict --device cpu --model two/model.safetensors --data new.csv --json
check_json 'assert list(lines[0]["predicted"]) == ["heat", "flow"] and list(lines[0]["predicted"].values()) == lines[0]["output"]'
checked "predict: columns under the names of the targets"

expect_status 0 "${train[@]}" --data two.csv "${both[@]}" --val turned.csv --test two.csv --out held --json
check_json 'assert end["test"]["targets"] == ["heat", "flow"], end'
expect_status 0 "${train[@]}" --data two.csv "${both[@]}" --val-frac 0.25 --updates 12 --out part
expect_status 0 "$program" --resume part --updates 30 --json
resumed=$(json_end weights_hash)
expect_status 0 "${train[@]}" --data two.csv "${both[@]}" --val-frac 0.25 --json
[ "$(json_end weights_hash)" = "$resumed" ] || fail "resumed: other weights"
more=("$program" train --device cpu --batch 8 --updates 5 --diagnose none --model two/model.safetensors)
expect_status 0 "${more[@]}" --data turned.csv --out tuned --json
check_json 'assert lines[0]["target_columns"] == ["heat", "flow"], lines[0]'
refused 2 "--target-column flow,heat, but two/model.safetensors was trained on .heat. and others; leave it out" \
    "${more[@]}" --data two.csv --target-column flow,heat
for command in compare sweep; do
    expect_status 0 "$program" $command --device cpu --hidden 3 --batch 8 --updates 4 --data two.csv "${both[@]}"
done
expect_status 0 "$program" export --model two/model.safetensors --out exported.npz
expect_status 0 "$program" inspect two/model.safetensors
expect_line 'heat.*flow'
expect_status 0 "${train[@]}" --data long.csv --target-column up,down --window 6 --out windows
expect_status 0 "$program" predict --device cpu --model windows/model.safetensors --data long.csv --out windows.csv
[ "$(head -1 windows.csv)" = sequence,row,up,down,predicted_up,predicted_down ] || fail "header: $(head -1 windows.csv)"
expect_status 0 "${train[@]}" --data text.csv --target-column heat,flow --out text
expect_status 0 "$program" predict --device cpu --model text/model.safetensors --data text.csv --out text.out.csv
[ "$(head -1 text.out.csv)" = sequence,text,heat,flow,predicted_heat,predicted_flow ] || fail "header: $(head -1 text.out.csv)"
checked "validation, test, --resume, --model, compare, sweep, export, inspect, windows, text"

expect_status 0 "${train[@]}" --data kinds.csv --target-column kind --out kinds
expect_line '^labels   2 classes: good, worn' stderr
expect_status 0 "$program" predict --device cpu --model kinds/model.safetensors --data kinds.csv --out kinds.out.csv
[ "$(head -1 kinds.out.csv)" = sequence,series,kind,predicted,probability_good,probability_worn ] || fail "header: $(head -1 kinds.out.csv)"
expect_status 0 "${train[@]}" --data leak.csv --target-column label --quiet
expect_status 0 "${train[@]}" --data leak.csv --target-column label,label2 --quiet
checked "one column of another name; a choice that was made"

refused 4 'leak.csv:1:18: the column .label2. may be a target or an input: --target-column label,label2 learns both, --target-column label makes it an input$' \
    "${train[@]}" --data leak.csv
refused 4 'alone.csv:1:12: the column .Target. may be a target: --target-column Target learns it$' "${train[@]}" --data alone.csv
refused 4 'two.csv:1:1: no column .heet., which is a target; did you mean .heat.\?$' "${train[@]}" --data two.csv --target-column heet
refused 4 'two.csv:1:1: no column .voltage., which is a target; the columns are .*heat.*$' "${train[@]}" --data two.csv --target-column flow,voltage
refused 4 'mixed.csv:2:[0-9]+: .good. is not a number; several target columns must all hold numbers' \
    "${train[@]}" --data mixed.csv --target-column heat,kind
refused 4 'half.csv:1:1: no column .heat., which is a target' "$program" eval --device cpu --model two/model.safetensors --data half.csv
refused 2 'target-column heat,heat: .heat. twice' "${train[@]}" --data two.csv --target-column heat,heat
refused 2 'target-column heat,: an empty name' "${train[@]}" --data two.csv --target-column heat,
refused 2 'target-column names columns of a .csv or .tsv file; in other files the targets are y' "${train[@]}" --data two.npz --target-column a
refused 2 'target-column names columns of a .csv or .tsv file; add --data FILE.csv' "${train[@]}" --target-column a
checked "columns that may be targets, that are missing, words among numbers, and names that make no sense are refused"
