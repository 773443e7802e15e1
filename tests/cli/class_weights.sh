#!/bin/bash
# --class-weights: the training loss is the weighted mean of torch.nn.CrossEntropyLoss(weight). A class of weight w is one
# whose rows are there w times; PyTorch, where it is installed, computes loss and gradient beside that.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

# NAME.npz and NAME-often.npz, in which rows of class c are there weights[c] times
tensors '
import random
random.seed(5)
T = 5
def put(name, labels, weights, steps=False):
    rows = []
    for label in labels:
        x, at = [random.uniform(-1, 1) for _ in range(T * 2)], random.randrange(T)
        y = [label if t == at else -100 for t in range(T)] if steps else [label]
        rows.append((x, y, random.randrange(at + 1, T + 1) if steps else random.randrange(1, T + 1), label))
    for suffix, chosen in ("", rows), ("-often", [r for r in rows for _ in range(weights[r[3]])]):
        n = len(chosen)
        write_npz(name + suffix + ".npz", {"x": ((n, T, 2), sum((r[0] for r in chosen), [])),
                                           "y": ((n, T) if steps else (n,), sum((r[1] for r in chosen), [])),
                                           "lengths": ((n,), [r[2] for r in chosen])})
put("two", [0] * 9 + [1] * 5, [1, 3])
put("three", [0, 2, 1, 2, 2, 0, 1, 2, 2], [3, 0, 2])
put("steps", [0, 2, 1, 2, 2, 0, 1, 2, 2, 0, 0], [1, 4, 2], True)
put("wide", [0, 299, 7, 299, 7, 299, 0, 1], [2] + [1] * 298 + [3])'
# A validation has no weights, so another baseline stands beside it than beside the training loss: on the screen, in the
# figure, in the page, and in compare and sweep. Without weights there is one baseline.
beside=(--data two.npz --val two-often.npz --hidden 4 --device cpu --updates 30 --val-every 10)
for weights in "" "--class-weights 1,3"; do
    # shellcheck disable=SC2086 # words are meant
    expect_status 0 "$program" "${beside[@]}" $weights --json
    read -r weighted plain < <(python3 -c 'import json, math, sys
start = json.loads(open(sys.argv[1]).readline())
p = 5 / 14
plain = -p * math.log(p) - (1 - p) * math.log(1 - p)
assert abs(start.get("score_baseline", start["baseline"]) - plain) < 1e-8 and start["baseline"] >= plain - 1e-8, start
print("%.6g %.6g" % (start["baseline"], plain))' "$folder/stdout")
    # shellcheck disable=SC2086 # words are meant
    expect_status 0 "$program" "${beside[@]}" $weights --report page.html --plot loss.svg --figure loss
    expect_line "^done after 30 updates: loss [0-9.]+ \(baseline $weighted\)"
    joined=$(tr '\n' ' ' <"$folder/stdout" | tr -s ' ')
    if [ -n "$weights" ]; then
        [ "$weighted" != "$plain" ] || fail "one baseline, $plain"
        [[ $joined = *"without class weights the baseline is $plain"* ]] || fail "the screen has not the baseline $plain"
        expect_joined "^weights .* scores have none, their baseline is $plain" stderr
        grep -q "baseline of the training 0.6" loss.svg || fail "the figure has not the baseline of the training"
        grep -q "baseline of the validation 0.65" loss.svg || fail "the figure has not the baseline of the validation"
        grep -q "(baseline $plain) after update" page.html || fail "the page has not the baseline $plain"
    else
        [[ $joined != *"without class weights"* ]] || fail "two baselines without weights"
        grep -q "baseline of the validation" loss.svg && fail "two baselines in the figure without weights"
    fi
    # shellcheck disable=SC2086 # words are meant
    expect_status 0 "$program" compare "${beside[@]}" $weights --remedies tanh --seeds 1 --report page.html
    expect_line "the baseline's loss is $plain\$"
    grep -q "$plain" page.html || fail "the page of compare has not the baseline $plain"
    # shellcheck disable=SC2086 # words are meant
    expect_status 0 "$program" sweep "${beside[@]}" $weights --json
    python3 -c 'import json, sys
run = json.loads(open(sys.argv[1]).readline())
assert "%.6g %.6g" % (run["baseline"], run["validation"]["baseline"]) == sys.argv[2], run' "$folder/stdout" "$weighted $plain" ||
        fail "sweep has other baselines than $weighted and $plain"
done
checked "the baseline beside a validation"

train=("$program" train --json --quiet --hidden 9 --diagnose none --updates 3 --optimizer sgd --lr 0.5 --overwrite)
wide=$(printf '1,%.0s' $(seq 298))
split_devices
for device in "${devices[@]}"; do
    for precision in float double; do
        on=(--device "$device" --precision "$precision")
        for case in "two 1,3" "three 3,0,2" "three 1.5,0e3,1" "steps 1,4,2 --target steps" "wide 2,${wide}3"; do
            read -r -a words <<<"$case"
            expect_status 0 "${train[@]}" "${on[@]}" --data "${words[0]}.npz" --class-weights "${words[1]}" "${words[@]:2}" --out weighted
            cp "$folder/stdout" weighted.lines
            expect_status 0 "${train[@]}" "${on[@]}" --data "${words[0]}-often.npz" "${words[@]:2}" --out often
            cp "$folder/stdout" often.lines
            tensors 'limit = 2e-6 if sys.argv[1] == "float" else 1e-12
a, b = ([json.loads(line) for line in open(n + ".lines")] for n in ("weighted", "often"))
def near(x, y, size):
    assert abs(x - y) <= limit * size, (x, y)
near(a[0]["baseline"], b[0]["baseline"], 1)
for u, v in zip(a, b):
    if u["event"] == "update":
        for key in ("loss", "grad_norm"):  # which have nine digits
            assert abs(u[key] - v[key]) <= max(limit, 1e-8) * v[key], (key, u, v)
a, b = (read_safetensors(n + "/model.safetensors") for n in ("weighted", "often"))
for name in b:
    for p, q in zip(a[name][1], b[name][1]):
        near(p, q, 1)' "$precision" || fail "$case: other than rows that are there so often"
        done
    done

    # a batch after the other, pieces of a batch, and a run that goes on
    on=(--device "$device" --data steps.npz --target steps --class-weights balanced --batch 4 --optimizer adam --lr 0.01)
    expect_status 0 "${train[@]}" "${on[@]}" --updates 9 --out whole
    hash=$(json_end weights_hash)
    check_json 'assert lines[0]["options"]["class-weights"] == "balanced"
w = lines[0]["class_weights"]
assert all(abs(x - 11 / (3 * n)) < 1e-8 for x, n in zip(w, (4, 2, 5))), w
assert abs(lines[0]["baseline"] - 1.0986122886681098) < 1e-8, lines[0]["baseline"]'
    expect_status 0 "${train[@]}" "${on[@]}" --updates 4 --out stopped
    expect_status 0 "$program" --resume stopped --updates 9 --json --quiet
    [ "$(json_end weights_hash)" = "$hash" ] || fail "the resumed run ends with other weights"
    checked "$device: rows as often as they weigh, balanced, resumed"
done

# Scores are not weighted, and balanced is of the training part.
printf 'series,a,label\n' >names.csv
for i in $(seq 30); do
    printf '%d,0.%d,%s\n' "$i" "$((i * 7 % 10))" "$([ $((i % 5)) = 0 ] && echo worn || echo good)" >>names.csv
done
on=("$program" --device cpu --data names.csv --hidden 3 --updates 2)
expect_status 0 "${on[@]}" --class-weights balanced --val-frac 0.3 --out scored --json
check_json 'w, n = lines[0]["class_weights"], 21
good = round(n / (2 * w[0]))
assert abs(n / good / 2 - w[0]) < 1e-7 and abs(n / (n - good) / 2 - w[1]) < 1e-7, w'
expect_status 0 "${on[@]}" --class-weights 1,4 --val names.csv --out scored --overwrite --json
check_json 'open("validation", "w").write(repr(events("validation")[-1]["loss"]))'
expect_status 0 "$program" eval --model scored/model.safetensors --data names.csv --device cpu --json
check_json 'assert abs(end["loss"] - float(open("validation").read())) < 1e-6'
expect_status 0 "${on[@]}" --class-weights 1,4
expect_joined '^weights  of the classes in the training loss: good 1, worn 4; scores have none, their baseline is 0.500402$' stderr
checked "scores, screen"

new=("$program" --device cpu --out new --updates 1)
refused 2 'has 3 weights, and .*names\.csv has 2 classes: good, worn' "${new[@]}" --data names.csv --class-weights 1,2,3
refused 2 "numbers from 0 .*not '-1'" "${new[@]}" --data names.csv --class-weights=-1,2
for bad in 1,two 1,,2 "1," 1,0x2 1,inf 1,nan equal 1,1e400; do
    refused 2 "class-weights takes .balanced. or numbers" "${new[@]}" --data names.csv --class-weights "$bad"
done
refused 2 'leaves none of the classes' "${new[@]}" --data names.csv --class-weights 0,0
refused 2 'leaves only one of the classes' "${new[@]}" --data names.csv --class-weights 0,1
printf 'series,a,label\n1,2,0.5\n2,1,1.5\n' >numbers.csv
refused 2 'is for classes, and numbers\.csv is trained with --loss mse' "${new[@]}" --data numbers.csv --class-weights balanced
refused 2 'weighs the classes of a file' "${new[@]}" --class-weights balanced
refused 2 'weighs the classes of a file' "${new[@]}" --task copy --class-weights balanced
checked "bad values"

# PyTorch: every loss of three updates, and the weights after them.
# shellcheck source=python.inc
. "$cli/python.inc"
python_has numpy torch safetensors
cat >"$folder/beside.py" <<'PYTHON'
import json, sys
import numpy as np, torch
from safetensors.torch import load_file

def check(case, name, weights, precision):
    torch.set_default_dtype(torch.float64 if precision == "double" else torch.float32)
    data = np.load(name + ".npz")
    state = {k: v.to(torch.get_default_dtype()) for k, v in load_file("start%s/model.safetensors" % case).items()}
    rnn, head = torch.nn.LSTM(2, 9, batch_first=True), torch.nn.Linear(9, state["head.bias"].numel())
    rnn.load_state_dict({k[4:]: v for k, v in state.items() if k.startswith("rnn.")})
    head.load_state_dict({k[5:]: v for k, v in state.items() if k.startswith("head.")})
    mean = torch.nn.CrossEntropyLoss(weight=torch.tensor([float(x) for x in weights.split(",")]))
    x, y, lengths = torch.tensor(data["x"]).to(state["head.bias"].dtype), torch.tensor(data["y"]), torch.tensor(data["lengths"])
    learned = list(rnn.parameters()) + list(head.parameters())
    optimizer = torch.optim.SGD(learned, lr=0.5)
    updates = [line for line in map(json.loads, open("lines" + case)) if line["event"] == "update"]
    assert len(updates) == 3
    for update in updates:
        optimizer.zero_grad()
        z = head(rnn(x)[0])
        if y.ndim == 2:
            behind = torch.arange(y.shape[1])[None] >= lengths[:, None]
            loss = mean(z.transpose(1, 2), y.masked_fill(behind, -100))
        else:
            z = z[torch.arange(len(z)), lengths - 1]
            loss = mean(torch.cat([torch.zeros_like(z), z], 1) if z.shape[1] == 1 else z, y)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(learned, 1.0)
        for a, b in ((update["loss"], loss.item()), (update["grad_norm"], norm.item())):
            assert abs(a - b) <= (1e-6 if precision == "double" else 1e-5) * abs(b), (name, a, b)
        optimizer.step()
    end = load_file("end%s/model.safetensors" % case)
    for prefix, module in (("rnn.", rnn), ("head.", head)):
        for k, v in module.state_dict().items():
            assert (end[prefix + k].to(v.dtype) - v).abs().max().item() <= (1e-12 if precision == "double" else 2e-6), (name, k)

for line in sys.stdin:
    check(*line.split())
PYTHON
cases=
for device in "${devices[@]}"; do
    for precision in float double; do
        for case in "two 1,3" "three 0.3,0,2.25" "steps 0.7,4,1.9 --target steps"; do
            read -r -a words <<<"$case"
            on=("${train[@]}" --device "$device" --precision "$precision" --cell lstm --data "${words[0]}.npz"
                --class-weights "${words[1]}" "${words[@]:2}")
            n=$device-$precision-${words[0]}
            expect_status 0 "${on[@]}" --updates 0 --out "start$n"
            expect_status 0 "${on[@]}" --out "end$n"
            cp "$folder/stdout" "lines$n"
            cases+="$n ${words[0]} ${words[1]} $precision"$'\n'
        done
    done
done
printf '%s' "$cases" | "${python:?}" "$folder/beside.py" || fail "other than PyTorch"
checked "PyTorch's CrossEntropyLoss(weight)"
