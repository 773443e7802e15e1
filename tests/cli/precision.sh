#!/bin/bash
# --precision double: the notes' worked example to every digit they give, files of doubles, the same bits for any number
# of threads; what it is compared with in float.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
data=$root/data/cat-mat-rat.csv

tensors '
Wi = [[.5, -.3, .1], [-.2, .4, .2], [.3, .1, -.5]]
Wh = [[.6, -.1, .2], [.1, .5, -.3], [-.2, .3, .4]]
write_safetensors(sys.argv[1], {"rnn.weight_ih_l0": ((3, 3), flat(transposed(Wi))),
                                "rnn.weight_hh_l0": ((3, 3), flat(transposed(Wh))),
                                "head.weight": ((1, 3), [.7, -.4, .5])}, "d")
' notes.safetensors

check_gradient='
g = read_safetensors(sys.argv[1])
assert dtypes(sys.argv[1]) == {"F64"}
dWo = [-.019805478318941, -.072100377396661, .040691374601883]
dWh = [[-.168683479161232, .093798346606005, -.062315399151182], [.092496411455907, -.048652454905444, .030436677515558],
       [.063050652707578, -.041138412820089, .022620739228316]]
near("loss", g["loss"][1], [.7257855867078536], 1e-15)
near("y", [1 / (1 + math.exp(-z)) for z in g["output"][1]], [.4644847825782729, .5322090745326683, .5415075290154517], 1e-15)
near("dWo", g["grad.head.weight"][1], dWo, 1e-14)
near("dWh", g["grad.rnn.weight_hh_l0"][1], flat(transposed(dWh)), 1e-14)
squares = sum(v * v for name in g if name.startswith("grad.") for v in g[name][1])
near("grad_norm", g["grad_norm"][1], [math.sqrt(squares)], 1e-15)
near("lag.norm", g["lag.norm.rnn.weight_hh_l0"][1], [.148148636987, .111224906223, 0], 1e-12)
near("sum of shares", [sum(g["lag.share.rnn.weight_ih_l0"][1])], [1], 1e-14)
'

for device in "${devices[@]}"; do
    at=(--device "$device" --precision double)
    expect_status 0 "$program" grad "${at[@]}" --model notes.safetensors --data "$data" --loss bce --out "$device.safetensors"
    expect_line '^loss 0\.72578558670785[0-9]+, gradient norm 0\.[0-9]{15,} '
    tensors "$check_gradient" "$device.safetensors"
    checked "$device: every digit of the notes"

    hash=
    for threads in 1 2; do
        expect_status 0 "$program" "${at[@]}" --threads "$threads" --json --updates 5 --batch 70 --steps 9 --hidden 9 \
            --cell lstm --layers 2 --bidirectional --dropout 0.2 --out "model-$device" --overwrite
        check_json 'assert events("start")[0]["precision"] == "double" and end["reason"] == "done", lines'
        [ -z "$hash" ] || [ "$hash" = "$(json_end weights_hash)" ] || fail "1 and 2 threads give different weights"
        hash=$(json_end weights_hash)
    done
    checked "$device: the same weights from 1 and 2 threads"
    tensors 'assert dtypes(sys.argv[1]) == {"F64"}
values = [v for _, block in read_safetensors(sys.argv[1]).values() for v in block]
assert any(struct.unpack("<f", struct.pack("<f", v))[0] != v for v in values)' "model-$device/model.safetensors"

    # A float run starts from the same weights, and a few updates later is where a double one is, as far as it sees.
    expect_status 0 "$program" --device "$device" --json --updates 5 --batch 70 --steps 9 --hidden 9 --cell lstm --layers 2 \
        --bidirectional --dropout 0.2 --out "float-$device"
    tensors 'a, b = read_safetensors(sys.argv[1]), read_safetensors(sys.argv[2])
assert dtypes(sys.argv[2]) == {"F32"} and a.keys() == b.keys()
for name in a:
    near(name, a[name][1], b[name][1], 1e-5)' "model-$device/model.safetensors" "float-$device/model.safetensors"
    checked "$device: models of doubles, near those of floats"

    expect_status 0 "$program" predict "${at[@]}" --model notes.safetensors --data "$data" --out "$device.npy"
    tensors 'shape, z = read_npy(sys.argv[1])
assert shape == (3, 1) and b"<f8" in open(sys.argv[1], "rb").read(128)
near("y", [1 / (1 + math.exp(-v)) for v in z], [.4644847825782729, .5322090745326683, .5415075290154517], 1e-15)' "$device.npy"
    expect_status 0 "$program" predict "${at[@]}" --model notes.safetensors --data "$data" --quiet
    expect_line '^cat mat rat +label 1 +probability 0\.46448478257827[0-9]+$|output -0\.[0-9]{15,}$'
    expect_status 0 "$program" predict "${at[@]}" --model notes.safetensors --data "$data" --json
    tensors 'import json
rows = [json.loads(line) for line in open(sys.argv[2])]
assert [row["output"][0] for row in rows] == list(read_npy(sys.argv[1])[1]), rows' "$device.npy" "$folder/stdout"
    expect_status 0 "$program" grad "${at[@]}" --model notes.safetensors --data "$data" --loss bce \
        --out "$device-json.safetensors" --json
    check_json 'assert abs(end["loss"] - .7257855867078536) < 1e-15, end["loss"]'
    checked "$device: predictions in double, every digit in JSON too"

    expect_status 0 "$program" bench "${at[@]}" --batch 8 --steps 4 --hidden 8 --repeats 1 --json
    check_json 'assert any(line.get("precision") == "double" and line.get("update_s", 0) > 0 for line in lines), lines'
    checked "$device: bench in double"
done

refused 2 '^rnn-gpu: --precision: unknown value .half.; expected one of float, double' "$program" --precision half
