#!/bin/bash
# --fill: data with gaps train as those that Python fills, by the training part; the model keeps what it needs.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

# Series of two features in a training and a validation file; gaps in every spelling, at a start too. No gap touches the
# labels.
tensors '
import random
random.seed(5)
T = 6
spelled = ["", "NA", "n/a", "NaN", "null", "?"]
def make(n):
    return [[[None if random.random() < 0.25 else random.randrange(0, 64) / 8, None if random.random() < 0.1 else random.randrange(0, 8) * 16]
             for _ in range(T)] for _ in range(n)]
parts = {"train": make(24), "val": make(9)}
def write(name, data, cell):
    with open(name, "w") as f:
        print("series,a,b,label", file=f)
        for s, series in enumerate(data):
            for step in series:
                print("%d,%s,%s,%d" % (s, *[cell(v) for v in step], s % 2), file=f)
for name, data in parts.items():
    k = iter(range(10**6))
    write(name + ".csv", data, lambda v: spelled[next(k) % 6] if v is None else repr(v))
    flat = [math.nan if v is None else float(v) for series in data for step in series for v in step]
    write_npz(name + ".npz", {"x": ((len(data), T, 2), flat), "y": ((len(data),), [s % 2 for s in range(len(data))])})
def means(data):
    columns = [[step[f] for series in data for step in series if step[f] is not None] for f in (0, 1)]
    return [math.fsum(c) / len(c) for c in columns]
def carry(data):
    out = []
    for series in data:
        last = [None, None]
        out.append([])
        for step in series:
            last = [v if v is not None else l for v, l in zip(step, last)]
            out[-1].append(last)
    return out
for kind, before, values in (("mean", lambda d: d, None), ("previous", carry, None), ("zero", lambda d: d, [0, 0]), ("-2.5", lambda d: d, [-2.5, -2.5])):
    values = values or means(before(parts["train"]))
    for name, data in parts.items():
        full = [[[values[f] if v is None else v for f, v in enumerate(step)] for step in series] for series in before(data)]
        write("%s-%s.csv" % (name, kind), full, lambda v: "%.17g" % v)
'
small=(--hidden 5 --batch 6 --epochs 4 --lr 0.02 --diagnose none --json --overwrite)
said() { grep -o '"weights_hash":"[0-9a-f]*"\|"event":"validation".*"sequences":[0-9]*' "$folder/stdout"; }
split_devices
for device in "${devices[@]}"; do
    for kind in mean previous zero -2.5; do
        for more in "--cell gru --normalize" "--precision double"; do
            read -ra words <<<"$more"
            on=(--device "$device" "${words[@]}")
            expect_status 0 "$program" --data "train-$kind.csv" --val "val-$kind.csv" "${small[@]}" "${on[@]}" --out whole
            said >whole.said
            expect_status 0 "$program" --data train.csv --val val.csv --fill "$kind" "${small[@]}" "${on[@]}" --out gaps
            said | cmp -s - whole.said || fail "$device --fill $kind $more: other weights or validations"
            case $kind in mean | previous) continue ;; esac # the mean is a float there
            expect_status 0 "$program" --data train.npz --val val.npz --fill "$kind" "${small[@]}" "${on[@]}" --out gaps-npz
            said | cmp -s - whole.said || fail "$device --fill $kind $more: other weights of the npz file"
        done
        expect_status 0 "$program" eval --model whole/model.safetensors --data "val-$kind.csv" --json --device "$device" --precision double
        mv "$folder/stdout" whole.eval
        expect_status 0 "$program" eval --model gaps/model.safetensors --data val.csv --json --device "$device" --precision double
        cmp -s whole.eval "$folder/stdout" || fail "$device --fill $kind: eval differs: $(cat whole.eval "$folder/stdout")"
    done
    checked "$device: mean, previous, zero and a number, in .csv and .npz; eval fills as the training did"
done
sampled || exit 0

# The fill of a forecast: what is forecast is never a filled value; the step before may lie before the window.
printf 'a\n1\n2\nNA\n4\n5\nNA\n7\n8\n9\n10\n' >long.csv
expect_status 0 "$program" --data long.csv --window 2 --fill previous --updates 2 --hidden 3 --device cpu --diagnose none --json --out long
check_json 'assert lines[0]["options"]["fill"] == "previous" and lines[0]["labels"] == "values from 4 to 10", lines[0]'
expect_status 0 "$program" predict --model long/model.safetensors --data long.csv --device cpu --json
check_json 'assert [(l["row"], l["label"]) for l in lines] == [(3, None), (4, 4), (5, 5), (6, None), (7, 7), (8, 8), (9, 9), (10, 10), (11, None)], lines'
expect_status 0 "$program" --data train.csv --model gaps/model.safetensors --updates 2 --diagnose none --device cpu --json --out tuned --overwrite
expect_status 0 "$program" inspect tuned/model.safetensors
expect_line '^input.fill +F64 +\[2\] +-2.5 '
expect_status 0 "$program" --data train.csv --fill mean "${small[@]}" --device cpu --out long-run
said | grep hash >expected
expect_status 0 "$program" --data train.csv --fill mean "${small[@]}" --epochs 2 --device cpu --out stopped
expect_status 0 "$program" --resume stopped --epochs 4 --json
said | grep hash | cmp -s - expected || fail "a resumed run with --fill ends with other weights"
checked "windows, --model and --resume"

printf 'series,a,b,label\n0,1,,0\n0,2,,0\n1,3,,1\n' >column.csv
printf 'series,a,label\n0,1,1\n,2,1\n' >name.csv
printf 'series,a,label\n0,1,1\n1,,\n' >label.csv
printf 'series,a,label\n0,1,1\n1,inf,0\n' >inf.csv
refused 4 'train.csv:[0-9]+:[0-9]+: .*(empty cell in column|is not a number).*--fill, which gives it one' "$program" --data train.csv
refused 4 'train.npz: tensor .x.: element .* is not finite .*; --fill gives it a value$' "$program" --data train.npz
printf 'text,label\na b,p\nb a,q\n' >words.csv
for command in "predict --model whole/model.safetensors --data val.csv" "--data words.csv --test val.csv" \
    "predict --model whole/model.safetensors --data val.npz"; do
    read -ra words <<<"$command"
    refused 4 'val.(csv:[0-9]+:[0-9]+|npz): ' "$program" "${words[@]}"
    ! grep -q -e '--fill' "$folder/stderr" || fail "$command: advises --fill, which it refuses"
done
refused 4 'column.csv: the column .b. has no value in the training data' "$program" --data column.csv --fill mean
refused 4 'name.csv:3:1: the name of the series is missing' "$program" --data name.csv --fill mean
refused 4 'label.csv:3:4: the label is missing' "$program" --data label.csv --fill mean
refused 4 'inf.csv:3:3: .inf. is not a number' "$program" --data inf.csv --fill mean
refused 2 "\-\-fill: 'men' is not mean, previous, zero or a number" "$program" --data train.csv --fill men
refused 2 '\-\-fill is for missing values of a file' "$program" --fill mean
refused 2 '\-\-fill is for missing numbers, and .*words' "$program" --data "$root/data/cat-mat-rat.csv" --fill mean
refused 2 '\-\-fill is determined by gaps/model.safetensors' "$program" --data train.csv --model gaps/model.safetensors --fill mean
checked "gaps without --fill, and fills that make no sense"
