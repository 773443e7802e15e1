#!/bin/bash
# The notes' worked example: three texts over cat, mat, rat; given weights; every number of one backward pass. Then the
# training that the README shows.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
data=$root/data/cat-mat-rat.csv

# The notes multiply row vectors, O_t = tanh(X_t Wi + O_{t-1} Wh): PyTorch's matrices are the transposes.
tensors '
Wi = [[.5, -.3, .1], [-.2, .4, .2], [.3, .1, -.5]]
Wh = [[.6, -.1, .2], [.1, .5, -.3], [-.2, .3, .4]]
write_safetensors(sys.argv[1], {"rnn.weight_ih_l0": ((3, 3), flat(transposed(Wi))),
                                "rnn.weight_hh_l0": ((3, 3), flat(transposed(Wh))),
                                "head.weight": ((1, 3), [.7, -.4, .5])}, "d")
' notes.safetensors
cmp notes.safetensors "$root/data/cat-mat-rat-weights.safetensors" || fail "data/ holds other weights"

check_gradient='
g = read_safetensors(sys.argv[1])
dWo = [-.019805478318941, -.072100377396661, .040691374601883]
dWh = [[-.168683479161232, .093798346606005, -.062315399151182], [.092496411455907, -.048652454905444, .030436677515558],
       [.063050652707578, -.041138412820089, .022620739228316]]
dWi = [[.067388372313556, -.064471544656356, .123885193464073], [-.061892943770487, .062154304442154, -.104272106094428],
       [-.214454285992343, .120979456885259, -.049230493252967]]
near("loss", g["loss"][1], [.7257855867078536])
assert g["output"][0] == (3, 1) and g["loss"][0] == (1,)
near("y", [1 / (1 + math.exp(-z)) for z in g["output"][1]], [.4644847825782729, .5322090745326683, .5415075290154517])
for name, shape, wanted in (("head.weight", (1, 3), dWo), ("rnn.weight_hh_l0", (3, 3), flat(transposed(dWh))),
                            ("rnn.weight_ih_l0", (3, 3), flat(transposed(dWi)))):
    assert g["grad." + name][0] == shape, name
    near(name, g["grad." + name][1], wanted)
# Biases that the file lacks are zero, no parameters, and no part of the norm.
squares = sum(v * v for name in g if name.startswith("grad.") for v in g[name][1])
near("grad_norm", g["grad_norm"][1], [math.sqrt(squares)])
assert not [name for name in g if "bias" in name]
near("lag.norm", g["lag.norm.rnn.weight_hh_l0"][1], [.148148636987, .111224906223, 0])
near("lag.share", g["lag.share.rnn.weight_hh_l0"][1], [.580936, .419064, 0])
near("sum of shares", [sum(g["lag.share.rnn.weight_ih_l0"][1])], [1])
for name in ("lag.norm", "lag.share", "lag.cosine"):
    for parameter in ("rnn.weight_hh_l0", "rnn.weight_ih_l0"):
        assert g[name + "." + parameter][0] == (3,), name
assert g["delta.norm"][0] == (3,)
'

for device in "${devices[@]}"; do
    expect_status 0 "$program" grad --model notes.safetensors --data "$data" --loss bce --device "$device" \
        --out "$device.safetensors"
    expect_line '^loss 0\.72578[56]'
    tensors "$check_gradient" "$device.safetensors"
    checked "$device: every number of the notes"

    expect_status 0 "$program" --data "$data" --hidden 3 --lr 0.05 --updates 300 --out "model-$device" --device "$device" --json
    check_json 'assert end["loss"] < 0.01 and end["reason"] == "done" and end["updates"] == 300, end
assert [line["file"] for line in events("checkpoint")] == sys.argv[1:]' \
        "model-$device/checkpoint-300.ckpt" "model-$device/model.safetensors"
    [ "$(ls "model-$device")" = $'checkpoint-300.ckpt\nlog.jsonl\nmodel.safetensors\nreport.html' ] || fail "the folder holds $(ls "model-$device")"
    expect_status 0 "$program" predict --model "model-$device/model.safetensors" --data "$data" --device "$device"
    [ "$(wc -l <"$folder/stdout")" -eq 3 ] || fail "not one line a text"
    expect_line '^cat mat rat +label 1 +probability (0\.9[0-9]+|1\.0+)$'
    expect_line '^rat rat mat +label 1 +probability (0\.9[0-9]+|1\.0+)$'
    expect_line '^mat mat cat +label 0 +probability 0\.0[0-9]+$'
    expect_line 'accuracy 1\.0000' stderr
    expect_status 0 "$program" predict --model "model-$device/model.safetensors" --data "$data" --device "$device" --json
    check_json '
assert [(l["text"], l["label"], l["probability"] > 0.5) for l in lines] == [
    ("cat mat rat", 1, True), ("rat rat mat", 1, True), ("mat mat cat", 0, False)], lines
assert [l["sequence"] for l in lines] == [0, 1, 2] and all(len(l["output"]) == 1 for l in lines)
'
    checked "$device: trained to a loss below 0.01, every text on the right side"
done
