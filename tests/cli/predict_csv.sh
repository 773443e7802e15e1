#!/bin/bash
# predict --out P.csv: the numbers of the .npy as probabilities, under the names of the data, as any CSV reader has them.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

tensors '
write_npz("steps.npz", {"x": ((3, 4, 1), [0.1 * i for i in range(12)]), "y": ((3, 4), [0, 1, 2, 0, 1, 1, 0, 2, 2, 0, 1, 1]),
                        "lengths": ((3,), [4, 0, 2])})
write_npz("pairs.npz", {"x": ((5, 3, 1), [0.2 * i for i in range(15)]), "y": ((5, 2), [0.3 * i for i in range(10)])})
write_npz("bare.npz", {"x": ((5, 3, 1), [0.2 * i for i in range(15)])})'
printf 'text,label\n"cat, mat ""x""",ye;s\nmat mat cat,no\nrat cat,ye;s\n' >words.csv
train=("$program" --hidden 4 --updates 9 --lr 0.05 --quiet --device cpu)
expect_status 0 "${train[@]}" --data words.csv --out words
expect_status 0 "${train[@]}" --data steps.npz --target steps --out steps
expect_status 0 "${train[@]}" --data pairs.npz --out pairs

check='
import csv
table = list(csv.DictReader(open("p.csv", newline="")))
shape, z = read_npy("p.npy")
near = lambda a, b: abs(float(a) - b) <= 1e-6 * max(1, abs(b))
'
for device in "${devices[@]}"; do
    for precision in float double; do
        on=(--device "$device" --precision "$precision" --quiet)
        for job in "words words.csv" "steps steps.npz" "pairs bare.npz"; do
            for ending in csv npy; do
                expect_status 0 "$program" predict --model "${job% *}/model.safetensors" --data "${job#* }" --out "p.$ending" "${on[@]}"
            done
            mv p.csv "out-${job% *}.csv"
            mv p.npy "out-${job% *}.npy"
        done
        tensors "${check//p\./out-words.}"'
assert list(table[0]) == ["sequence", "text", "label", "predicted", "probability_no", "probability_ye;s"], table[0]
assert [r["text"] for r in table] == ["cat, mat \"x\"", "mat mat cat", "rat cat"]
assert [r["label"] for r in table] == ["ye;s", "no", "ye;s"]
for r, v in zip(table, z):
    assert near(r["probability_ye;s"], 1 / (1 + math.exp(-v))) and near(r["probability_no"], 1 / (1 + math.exp(v)))
    assert r["predicted"] == ("ye;s" if v > 0 else "no")'
        tensors "${check//p\./out-steps.}"'
assert list(table[0]) == ["sequence", "step", "label", "predicted", "probability_0", "probability_1", "probability_2"]
assert [(r["sequence"], r["step"]) for r in table] == [("1", "1"), ("1", "2"), ("1", "3"), ("1", "4"), ("3", "1"), ("3", "2")]
assert [r["label"] for r in table] == list("012020")
for r in table:
    at = ((int(r["sequence"]) - 1) * 4 + int(r["step"]) - 1) * 3
    e = [math.exp(v) for v in z[at : at + 3]]
    assert all(near(r["probability_%d" % c], e[c] / sum(e)) for c in range(3)) and e[int(r["predicted"])] == max(e)'
        tensors "${check//p\./out-pairs.}"'
assert list(table[0]) == ["sequence", "predicted_1", "predicted_2"] and len(table) == 5
assert all(near(r["predicted_%d" % (o + 1)], z[2 * i + o]) for i, r in enumerate(table) for o in range(2))'
    done
    checked "$device: words, steps, values"
done
# a model of PyTorch, which does not say its loss
tensors 'write_safetensors("plain.safetensors", {"lstm.weight_ih_l0": ((8, 1), [0.1 * i for i in range(8)]),
    "lstm.weight_hh_l0": ((8, 2), [0.05 * i for i in range(16)]), "fc.weight": ((1, 2), [0.7, -2.5]), "fc.bias": ((1,), [0.3])})'
plain=("$program" predict --model plain.safetensors --data bare.npz --device cpu --quiet)
expect_status 0 "${plain[@]}" --out p.npy
expect_status 0 "${plain[@]}" --loss bce --out p.csv
tensors "$check"'
assert list(table[0]) == ["sequence", "predicted", "probability_0", "probability_1"], table[0]
assert all(near(r["probability_1"], 1 / (1 + math.exp(-v))) and r["predicted"] == str(int(v > 0)) for r, v in zip(table, z))
assert len({r["predicted"] for r in table}) == 2, table'
expect_status 0 "${plain[@]}" --loss bce
expect_line '^ +1  probability 0\.[0-9]+$'
expect_status 0 "${plain[@]}"
expect_line '^ +1  output 0\.[0-9]+$'
checked "--loss says what the outputs of a plain PyTorch model mean"

# characters that the model does not know: no label, which is an empty cell
printf 'abcabcabcabcabc' >letters.txt
printf 'abcaxbc' >strange.txt
expect_status 0 "$program" --data letters.txt --level char --hidden 3 --steps 3 --batch 2 --updates 2 --device cpu --out letters
expect_status 0 "$program" predict --model letters/model.safetensors --data strange.txt --device cpu --out p.csv
python3 - <<'PYTHON' || fail "p.csv has other labels"
import csv
labels = [row["label"] for row in csv.DictReader(open("p.csv"))]
assert labels == ["b", "c", "a", "", "b", "c"], labels
PYTHON
checked "labels unknown to the model"

refused 2 'p\.txt: the name must end in \.csv, \.npy' "$program" predict --model pairs/model.safetensors --data bare.npz --out p.txt
refused 8 'missing/p\.csv' "$program" predict --model pairs/model.safetensors --data bare.npz --out missing/p.csv --device cpu
checked "names and places that cannot be"
