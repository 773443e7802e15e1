#!/bin/bash
# Language models of plain text: the cut into sequences, perplexity and bits, the vocabulary, and text that is sampled.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

python3 -c '
import random
random.seed(5)
words = "The cat sat on a mat; the caf\u00e9 rat ran.\n".split(" ")
open("train.txt", "w").write(" ".join(random.choice(words) for _ in range(700)))
open("val.txt", "w").write(" ".join(random.choice(words + ["Zebra"]) for _ in range(60)))'
for device in "${devices[@]}"; do
    on=(--device "$device" --quiet)
    expect_status 0 "$program" --data train.txt --cell lstm --hidden 24 --steps 30 --epochs 6 --lr 0.02 --batch 8 \
        --val val.txt --test val.txt --json --out "lm-$device" "${on[@]}"
    check_json 'import math
n = len(open("train.txt").read())
assert lines[0]["options"]["level"] == "char" and lines[0]["options"]["loss"] == "ce", lines[0]["options"]
assert lines[0]["labels"].startswith("the next of %d different characters; the text has %d" % (len(set(open("train.txt").read())), n))
assert end["updates"] == -(-6 * -(-(n - 1) // 30) // 8), end["updates"]
for v in events("validation") + [end["test"]]:
    assert abs(math.exp(v["loss"]) - v["perplexity"]) < 1e-5 * v["perplexity"]
    assert abs(v["loss"] / math.log(2) - v["bits_per_character"]) < 1e-6
assert end["loss"] < 0.6 * lines[0]["baseline"], (end["loss"], lines[0]["baseline"])
counts = [open("train.txt").read()[1:].count(c) for c in set(open("train.txt").read()[1:])]
entropy = -sum(c / (n - 1) * math.log(c / (n - 1)) for c in counts)
assert abs(lines[0]["baseline"] - entropy) < 1e-6, (lines[0]["baseline"], entropy)'
    # the loss once more from the outputs that predict writes
    expect_status 0 "$program" predict --model "lm-$device/best.safetensors" --data val.txt --out p.npy "${on[@]}"
    expect_status 0 "$program" eval --model "lm-$device/best.safetensors" --data val.txt --json "${on[@]}"
    tensors '
said = json.loads(sys.argv[1])
raw = open(sys.argv[2], "rb").read()
config = json.loads(json.loads(raw[8 : 8 + struct.unpack("<Q", raw[:8])[0]])["__metadata__"]["config"])
vocabulary = config["vocabulary"]
assert vocabulary == sorted(set(open("train.txt").read())) and config["level"] == "char"
(n, steps, v), z = read_npy("p.npy")
text = open("val.txt").read()
pairs = len(text) - 1
assert (n, v) == (-(-pairs // steps), len(vocabulary))
loss = rows = 0
for i in range(pairs):
    if text[i + 1] in vocabulary:  # a character that training never saw has no loss
        row = z[i * v : (i + 1) * v]
        loss += math.log(sum(math.exp(a - max(row)) for a in row)) + max(row) - row[vocabulary.index(text[i + 1])]
        rows += 1
assert rows == said["rows"] < pairs and abs(loss / rows - said["loss"]) < 1e-5, (loss / rows, said)' \
        "$(cat "$folder/stdout")" "lm-$device/best.safetensors"
    checked "$device: characters"
done

on=(--device cpu)
expect_status 0 "$program" --data train.txt --level word --lowercase --vocab 6 --embed 5 --hidden 8 --epochs 3 --batch 8 \
    --steps 20 --out words --quiet "${on[@]}"
tensors '
raw = open("words/model.safetensors", "rb").read()
config = json.loads(json.loads(raw[8 : 8 + struct.unpack("<Q", raw[:8])[0]])["__metadata__"]["config"])
counts = {}
for word in open("train.txt").read().split():
    word = "".join(c.lower() if c.isascii() else c for c in word)
    counts[word] = counts.get(word, 0) + 1
kept = sorted(sorted(counts, key=lambda w: (-counts[w], w.encode()))[:5] + ["<unk>"], key=str.encode)
assert config["vocabulary"] == kept and config["level"] == "word" and config["lowercase"] == 1, (config, kept)'
expect_status 0 "$program" eval --model words/model.safetensors --data val.txt --json "${on[@]}"
check_json 'text = open("val.txt").read()
ratio = end["bits_per_word"] / end["bits_per_character"]
assert abs(ratio - len(text) / len(text.split())) < 1e-9 * ratio, (end, ratio)'
check_json 'assert "bits_per_word" in end and end["rows"] == len(open("val.txt").read().split()) - 1, end'
printf 'a b a b c a b\r\na b' >small.txt
expect_status 0 "$program" --data small.txt --level word --min-count 2 --hidden 3 --updates 1 --json "${on[@]}"
check_json 'assert lines[0]["n_classes"] == 3 and lines[0]["labels"].startswith("the next of 3 different words; the text has 9"), lines[0]'
expect_status 0 "$program" --data small.txt --hidden 3 --updates 1 --json "${on[@]}"
check_json 'assert lines[0]["n_classes"] == 5 and " has 17" in lines[0]["labels"], lines[0]' # a b c, space, line end
expect_status 0 "$program" predict --model words/model.safetensors --data val.txt --out p.csv --quiet "${on[@]}"
tensors '
import csv
raw = open("words/model.safetensors", "rb").read()
config = json.loads(json.loads(raw[8 : 8 + struct.unpack("<Q", raw[:8])[0]])["__metadata__"]["config"])
table = list(csv.DictReader(open("p.csv", newline="")))
names = ["probability_" + word for word in config["vocabulary"]]
assert list(table[0])[-len(names):] == names, list(table[0])
for row in table:
    best = max(float(row[name]) for name in names)
    assert float(row["probability_" + row["predicted"]]) == best, row
text = ["".join(c.lower() if c.isascii() else c for c in word) for word in open("val.txt").read().split()]
labels = [word if word in config["vocabulary"] else "<unk>" for word in text[1:]]
assert [row["label"] for row in table][:len(labels)] == labels, ([row["label"] for row in table], labels)'
checked "words, --vocab, --min-count, --lowercase, line ends, names in the CSV of predict"

# ---- sample: a model that knows the chances of the next letter by heart
tensors '
chances = [[0.1, 0.2, 0.7], [0.6, 0.3, 0.1], [0.25, 0.5, 0.25]]
big = 30.0
def matrix(rows): return (len(rows), len(rows[0])), [v for row in rows for v in row]
same = [[big if i == j else 0.0 for j in range(3)] for i in range(3)]
write_safetensors("known.safetensors", {
    "rnn.weight_ih_l0": matrix(same), "rnn.weight_hh_l0": ((3, 3), [0.0] * 9), "rnn.bias_ih_l0": ((3,), [-big / 2] * 3),
    "rnn.bias_hh_l0": ((3,), [0.0] * 3),
    "head.weight": matrix([[math.log(chances[i][o]) / 2 for i in range(3)] for o in range(3)]),
    "head.bias": ((3,), [sum(math.log(chances[i][o]) for i in range(3)) / 2 for o in range(3)])})
raw = open("known.safetensors", "rb").read()
size = struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8 : 8 + size])
header["__metadata__"] = {"config": json.dumps({"format": 1, "cell": "rnn", "activation": "tanh", "inputs": 3, "hidden": 3,
    "outputs": 3, "loss": "ce", "target": "steps", "vocabulary": ["a", "b", "\u00e9"], "level": "char", "lowercase": 1},
    separators=(",", ":"))}
text = json.dumps(header).encode()
open("known.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + raw[8 + size :])'
sample=("$program" sample --model known.safetensors)
expect_status 0 "${sample[@]}" --length 20000 --prompt Ba --json
check_json 'import math
text = end["text"]
assert text.startswith("ba") and len(text) == 20002
chances = {"a": [0.1, 0.2, 0.7], "b": [0.6, 0.3, 0.1], "\u00e9": [0.25, 0.5, 0.25]}
for first in chances:
    n = text[:-1].count(first)
    for second, p in zip(chances, chances[first]):
        here = sum(a == first and b == second for a, b in zip(text, text[1:])) / n
        assert abs(here - p) < 5 * math.sqrt(p * (1 - p) / n), (first, second, here, p)'
cp "$folder/stdout" first
expect_status 0 "${sample[@]}" --length 20000 --prompt Ba --json
cmp "$folder/stdout" first || fail "the same seed writes another text"
expect_status 0 "${sample[@]}" --length 20000 --prompt Ba --json --seed 2
! cmp -s "$folder/stdout" first || fail "another seed writes the same text"
expect_status 0 "${sample[@]}" --length 7 --prompt a --temperature 0
expect_line '^aébabéba$|^aébaébaé$'
expect_status 0 "$program" sample --model lm-cpu/best.safetensors --length 12 --prompt 'The '
expect_line '^The '
expect_status 0 "$program" sample --model words/model.safetensors --length 5 --prompt 'the zebra'
expect_line '^the zebra( [^ ]+){5}$'
expect_status 0 "${sample[@]}" --length 0 --prompt ab
expect_line '^ab$'
checked "sample: the chances of every pair, seeds, temperature 0, prompts"

# ---- what cannot be
: >empty.txt
printf 'x' >one.txt
printf 'xxxx' >same.txt
printf 'ab\ncd\377' >bytes.txt
printf 'ab\ncd\0' >nul.txt
printf 'text,label\ncat,1\nmat,0\n' >labels.csv
printf 'text,label\nthe cat,yes\na mat,no\n' >words.csv
train=("$program" --device cpu --out new)
refused 4 'empty\.txt: empty text; at least two characters' "${train[@]}" --data empty.txt
refused 4 'one\.txt: a text of one token; at least two words' "${train[@]}" --data one.txt --level word
refused 4 'same\.txt: every character is the same' "${train[@]}" --data same.txt
refused 4 'bytes\.txt:2:3: byte 0xff is not UTF-8' "${train[@]}" --data bytes.txt
refused 4 'nul\.txt:2:3: byte 0x00 is not UTF-8' "${train[@]}" --data nul.txt
refused 2 'bidirectional the model would read the token' "${train[@]}" --data train.txt --bidirectional
refused 2 'leave --loss mse out' "${train[@]}" --data train.txt --loss mse
expect_status 0 "$program" --data labels.csv --hidden 3 --updates 1 --quiet --device cpu --out labels
refused 4 'words\.csv has words as labels, .* was trained on a plain text' \
    "$program" eval --model words/model.safetensors --data words.csv "${on[@]}"
refused 4 'is not a language model' "$program" sample --model labels/model.safetensors
refused 2 'the model has never seen .x.' "${sample[@]}" --prompt x
refused 2 'sample needs --model FILE' "$program" sample
checked "texts and models that cannot be"
