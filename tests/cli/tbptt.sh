#!/bin/bash
# --tbptt K: a text or one long series as parallel streams, in windows of K steps that carry h and c on.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

# A text of 601 characters: three streams of 200 steps. The same streams as three sequences, whose words are numbers. One
# series of numbers, and its four streams as four sequences of 40, 40, 40 and 37 steps.
tensors '
import random
random.seed(4)
tokens = [(i * i + i // 7) % 10 for i in range(601)]
open("text.txt", "w").write("".join("abcdefghij"[t] for t in tokens))
open("long.txt", "w").write("".join("abcdefghij"[(i * i + i // 7) % 10] for i in range(48001)))
write_npz("text.npz", {"x": ((3, 200), tokens[:600]), "y": ((3, 200), tokens[1:])})
x = [random.gauss(0, 1) for _ in range(157 * 2)]
y = [x[2 * t] - x[2 * max(t - 3, 0) + 1] for t in range(157)]
write_npz("series.npz", {"x": ((1, 157, 2), x), "y": ((1, 157), y)})
write_npz("series-left.npz", {"x": ((1, 160, 2), [9.0] * 6 + x), "y": ((1, 160), [9.0] * 3 + y), "lengths": ((1,), [157])})
write_npz("streams.npz", {"x": ((4, 40, 2), x + [0.0] * 6), "y": ((4, 40), y + [0.0] * 3), "lengths": ((4,), [40, 40, 40, 37])})'
train=("$program" train --json --quiet --diagnose none --overwrite --optimizer sgd --hidden 9 --clip-norm 0)
text=(--data text.txt --batch 3) whole_text=(--data text.npz --target steps)
series=(--data series.npz --target steps --batch 4) whole_series=(--data streams.npz --target steps)
split_devices
for device in "${devices[@]}"; do
    for precision in float double; do
        for net in "--cell rnn" "--cell lstm --layers 2" "--cell gru"; do
            read -r -a words <<<"$net"
            on=(--device "$device" --precision "$precision" "${words[@]}" --lr 0)
            # With a rate of 0 the windows of an epoch are the whole streams: the state that is carried is theirs.
            for K in 7 50; do
                expect_status 0 "${train[@]}" "${on[@]}" "${text[@]}" --tbptt "$K" --epochs 2
                cp "$folder/stdout" windows
                expect_status 0 "${train[@]}" "${on[@]}" "${whole_text[@]}" --updates 1
                check_json 'K, L = int(sys.argv[1]), 200
losses = [l["loss"] for l in map(json.loads, open("windows")) if l["event"] == "update"]
S = -(-L // K)
assert len(losses) == 2 * S, len(losses)
for epoch in losses[:S], losses[S:]:
    mean = sum(l * min(K, L - w * K) for w, l in enumerate(epoch)) / L
    assert abs(mean - end["last_loss"]) < (1e-6 if sys.argv[2] == "float" else 2e-8) * mean, (mean, end["last_loss"])' "$K" "$precision"
            done
            for left in "" -left; do
                expect_status 0 "${train[@]}" "${on[@]}" --data "series$left.npz" "${series[@]:2}" ${left:+--pad left} --tbptt 8 --epochs 1
                cp "$folder/stdout" windows
                expect_status 0 "${train[@]}" "${on[@]}" "${whole_series[@]}" --updates 1
                check_json 'losses = [l["loss"] for l in map(json.loads, open("windows")) if l["event"] == "update"]
counts = [32, 32, 32, 32, 29]
assert len(losses) == 5
mean = sum(l * n for l, n in zip(losses, counts)) / 157
assert abs(mean - end["last_loss"]) < (1e-6 if sys.argv[1] == "float" else 2e-8) * mean, (mean, end["last_loss"])' "$precision"
            done
        done
        # One window as long as the streams is their training.
        on=(--device "$device" --precision "$precision" --cell lstm --lr 0.1 --updates 3)
        expect_status 0 "${train[@]}" "${on[@]}" "${whole_text[@]}"
        loss=$(json_end last_loss)
        expect_status 0 "${train[@]}" "${on[@]}" "${text[@]}" --tbptt 200
        check_json 'assert abs(end["last_loss"] - float(sys.argv[1])) < 1e-6, end["last_loss"]' "$loss"
    done
    checked "$device: the state, over windows of any length"

    # A held-out text is read in streams too: with one stream as eval reads it in one piece.
    on=(--device "$device" --data text.txt --cell lstm)
    expect_status 0 "${train[@]}" "${on[@]}" --tbptt 20 --batch 1 --val text.txt --test text.txt --updates 40 --lr 0.5 --out scored
    check_json 'assert abs(events("validation")[-1]["loss"] - end["test"]["loss"]) < 1e-6 * end["test"]["loss"]
open("loss", "w").write(repr(end["test"]["loss"]))'
    expect_status 0 "$program" eval --model scored/model.safetensors --data text.txt --steps 10000 --device "$device" --json
    check_json 'assert abs(end["loss"] - float(open("loss").read())) < 1e-5'
    expect_status 0 "${train[@]}" "${on[@]}" --tbptt 20 --batch 2 --val-frac 0.25 --epochs 2
    check_json 'assert lines[0]["batch"] == 2 and lines[0]["steps"] == 20
assert end["updates"] == 2 * 12, end["updates"] # 450 of 600 steps stay, 225 a stream
assert len(events("validation")) == 2'
    checked "$device: validation, test, the end held out"

    # Stopped in the middle of an epoch, in float and double; less memory and more threads change nothing.
    for precision in float double; do
        on=(--device "$device" --precision "$precision" "${text[@]}" --cell lstm --layers 2 --tbptt 30 --optimizer adam --lr 0.01)
        expect_status 0 "${train[@]}" "${on[@]}" --updates 17 --out whole
        hash=$(json_end weights_hash)
        expect_status 0 "${train[@]}" "${on[@]}" --updates 9 --out stopped
        expect_status 0 "$program" verify stopped
        expect_status 0 "$program" --resume stopped --updates 17 --json --quiet
        [ "$(json_end weights_hash)" = "$hash" ] || fail "the resumed run ends with other weights"
        expect_status 0 "${train[@]}" "${on[@]}" --updates 17 --threads 1
        [ "$(json_end weights_hash)" = "$hash" ] || fail "another number of threads gives other bits"
    done
    on=(--device "$device" --data long.txt --batch 8 --cell lstm --tbptt 3000 --hidden 64 --updates 3)
    expect_status 0 "${train[@]}" "${on[@]}"
    hash=$(json_end weights_hash)
    expect_status 0 "${train[@]}" "${on[@]}" --memory 12M # checkpoints in time, from which windows are computed again
    check_json 'assert lines[0]["memory_bytes"] < 12 * 2**20'
    [ "$(json_end weights_hash)" = "$hash" ] || fail "less memory gives other bits"
    expect_status 0 "${train[@]}" --device "$device" "${text[@]}" --tbptt 20 --updates 3 --batch 1 --accumulate 2
    check_json 'assert lines[0]["batch"] == 1 and lines[0]["options"]["accumulate"] == 2'
    checked "$device: resumed, threads, memory"
done

on=("$program" --device cpu --hidden 5 --updates 3)
expect_status 0 "${on[@]}" --data text.txt --tbptt 20 --batch 4
expect_line '^streams  4 streams in windows of 20 steps, between which the state goes on and' stderr
tr '\n' ' ' <"$folder/stdout" | grep 'This is what --tbptt 20 leaves: lags from 20 on are cut' >/dev/null || fail "the diagnosis does not say what is cut"
expect_status 0 "${on[@]}" --data text.txt --tbptt 20 --json
check_json 'assert end["cut_at_lag"] == 20 and lines[0]["batch"] == 30 and lines[0]["options"]["tbptt"] == 20, lines[0]'
expect_status 0 "$program" sweep --device cpu --hidden 5 --updates 3 --data text.txt --tbptt 10,20 --batch 2,4 --json
check_json 'assert len(events("run")) == 4 and {(r["settings"]["tbptt"], r["batch"], r["steps"]) for r in events("run")} == {
    (k, b, k) for k in (10, 20) for b in (2, 4)}, events("run")'
cp "$root/data/cat-mat-rat.csv" words.csv
new=("${on[@]}" --out new)
refused 2 'tbptt.*0.*1' "${new[@]}" --data text.txt --tbptt 0
refused 2 'longer than a stream: the 600 steps of text\.txt make 1 stream of 600' "${new[@]}" --data text.txt --tbptt 601
refused 2 'make 8 streams of 75; give a smaller --tbptt or --batch' "${new[@]}" --data text.txt --tbptt 76 --batch 8
refused 2 'leave --steps out' "${new[@]}" --data text.txt --tbptt 7 --steps 7
refused 2 'a skip reads older states' "${new[@]}" --data text.txt --tbptt 7 --skip 2
refused 2 'a skip reads older states' "${new[@]}" --data text.txt --tbptt 7 --skip-kind learned
refused 2 'bidirectional' "${new[@]}" --data text.txt --tbptt 7 --bidirectional
refused 2 'bidirectional' "${new[@]}" --data series.npz --target steps --tbptt 7 --bidirectional
refused 2 'sequences of a task are independent' "${new[@]}" --tbptt 7
refused 2 'tbptt carries the state along a text .*\[1,T,F\].*a \.csv has neither, --window W' "${new[@]}" --data words.csv --tbptt 2
refused 2 'tbptt carries the state along a text .*a \.csv has neither' "${new[@]}" --data words.csv --tbptt 2 --window 2
refused 2 'add --target steps' "${new[@]}" --data series.npz --tbptt 7
checked "screens, sweep, bad values"

# PyTorch: windows of 20 steps with detached states, for two epochs of updates.
# shellcheck source=python.inc
. "$cli/python.inc"
python_has numpy torch safetensors
cat >"$folder/beside.py" <<'PYTHON'
import json, sys
import torch
from safetensors.torch import load_file

def check(case, cell, precision):
    torch.set_default_dtype(torch.float64 if precision == "double" else torch.float32)
    state = {k: v.to(torch.get_default_dtype()) for k, v in load_file("start%s/model.safetensors" % case).items()}
    rnn, head = getattr(torch.nn, cell.upper())(10, 9, 2, batch_first=True), torch.nn.Linear(9, 10)
    rnn.load_state_dict({k[4:]: v for k, v in state.items() if k.startswith("rnn.")})
    head.load_state_dict({k[5:]: v for k, v in state.items() if k.startswith("head.")})
    tokens = torch.tensor([ord(c) - ord("a") for c in open("text.txt").read()])
    x, y = tokens[:-1].reshape(3, 200), tokens[1:].reshape(3, 200)
    learned = list(rnn.parameters()) + list(head.parameters())
    optimizer = torch.optim.SGD(learned, lr=0.25)
    updates = [line for line in map(json.loads, open("lines" + case)) if line["event"] == "update"]
    assert len(updates) == 14
    for n, update in enumerate(updates):
        at, carried = n % 7 * 30, None if n % 7 == 0 else carried
        optimizer.zero_grad()
        out, carried = rnn(torch.nn.functional.one_hot(x[:, at:at + 30], 10).to(torch.get_default_dtype()), carried)
        carried = tuple(s.detach() for s in carried) if cell == "lstm" else carried.detach()
        loss = torch.nn.functional.cross_entropy(head(out).transpose(1, 2), y[:, at:at + 30])
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(learned, 1e9)
        for a, b in ((update["loss"], loss.item()), (update["grad_norm"], norm.item())):
            assert abs(a - b) <= (1e-6 if precision == "double" else 1e-5) * abs(b), (case, n, a, b)
        optimizer.step()
    end = load_file("end%s/model.safetensors" % case)
    for prefix, module in (("rnn.", rnn), ("head.", head)):
        for k, v in module.state_dict().items():
            assert (end[prefix + k].to(v.dtype) - v).abs().max().item() <= (1e-12 if precision == "double" else 1e-6), (case, k)

for line in sys.stdin:
    check(*line.split())
PYTHON
cases=
for device in "${devices[@]}"; do
    for precision in float double; do
        for cell in rnn lstm gru; do
            n=$device-$precision-$cell
            on=("${train[@]}" "${text[@]}" --device "$device" --precision "$precision" --cell "$cell" --layers 2 --tbptt 30 --lr 0.25)
            expect_status 0 "${on[@]}" --updates 0 --out "start$n"
            expect_status 0 "${on[@]}" --epochs 2 --out "end$n"
            cp "$folder/stdout" "lines$n"
            cases+="$n $cell $precision"$'\n'
        done
    done
done
printf '%s' "$cases" | "${python:?}" "$folder/beside.py" || fail "other than PyTorch"
checked "PyTorch with detached states"
