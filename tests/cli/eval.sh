#!/bin/bash
# eval: the measures of a model, made once more from the outputs that predict writes; screens; data that do not fit.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

tensors '
import random
random.seed(8)
def waves(n, classes, steps=7):
    x, y = [], []
    for i in range(n):
        c = random.randrange(classes)
        y.append(c)
        x += [math.sin(i + t * (0.4 + 0.6 * c)) + random.gauss(0, 0.7) for t in range(steps)]
    return {"x": ((n, steps, 1), x), "y": ((n,), y)}
write_npz("three.npz", waves(97, 3))
write_npz("two.npz", waves(131, 2))
two = waves(50, 2)
two["y"] = ((50,), [1] * 50)
write_npz("ones.npz", two)
values = waves(83, 2)
values["y"] = ((83, 2), [float(i % 7) + random.gauss(0, 1) for i in range(166)])
write_npz("values.npz", values)
values["y"] = ((83,), [0.5] * 83)
write_npz("flat.npz", values)
steps = waves(40, 2)
steps["y"] = ((40, 7), [random.choice([0, 1, 2, -100]) for i in range(280)])
steps["lengths"] = ((40,), [random.randrange(0, 8) for i in range(40)])
write_npz("steps.npz", steps)
'
train=("$program" --hidden 6 --batch 16 --epochs 6 --lr 0.02 --device cpu --quiet --overwrite)
for name in three two values flat; do
    expect_status 0 "${train[@]}" --data "$name.npz" --out "$name"
done
expect_status 0 "${train[@]}" --data steps.npz --target steps --out steps
expect_status 0 "${train[@]}" --data two.npz --loss ce --out softmax

check='
z = read_npy("p.npy")
said = json.loads(sys.argv[1])
name, kind = sys.argv[2:]
data = read_npz_file(name + ".npz")
y = data["y"][1]
width = z[0][-1]
rows = [(z[1][i * width : (i + 1) * width], y[i]) for i in range(len(y))] if kind != "mse" else None
if kind == "steps":
    lengths = data["lengths"][1]
    rows = [(z[1][(7 * i + t) * 3 : (7 * i + t) * 3 + 3], y[7 * i + t]) for i in range(40) for t in range(lengths[i])
            if y[7 * i + t] != -100]
def near(a, b):
    assert abs(a - b) <= 2e-6 * max(1, abs(b)), (name, kind, a, b)
if kind == "mse":
    outputs = width
    truth = [y[o::outputs] for o in range(outputs)]
    given = [z[1][o::outputs] for o in range(outputs)]
    errors = [sum((a - b) ** 2 for a, b in zip(t, g)) for t, g in zip(truth, given)]
    around = [sum((a - sum(t) / len(t)) ** 2 for a in t) for t in truth]
    near(said["mse"], sum(errors) / len(y))
    near(said["loss"], said["mse"])
    near(said["mae"], sum(abs(a - b) for t, g in zip(truth, given) for a, b in zip(t, g)) / len(y))
    near(said["r2"], sum(1 - e / a if a else float(e == 0) for e, a in zip(errors, around)) / outputs)
    assert "accuracy" not in said
    sys.exit()
def softmax(v):
    e = [math.exp(a - max(v)) for a in v]
    return [a / sum(e) for a in e]
chances = [softmax(v) if width > 1 else [1 / (1 + math.exp(v[0])), 1 / (1 + math.exp(-v[0]))] for v, _ in rows]
classes = len(chances[0])
chosen = [p.index(max(p)) for p in chances]
confusion = [[sum(t == a and c == b for (_, t), c in zip(rows, chosen)) for b in range(classes)] for a in range(classes)]
assert said["confusion"] == confusion, (said, confusion)
assert said["rows"] == len(rows)
right, n = sum(confusion[c][c] for c in range(classes)), len(rows)
near(said["loss"], -sum(math.log(p[t]) for p, (_, t) in zip(chances, rows)) / n)
near(said["accuracy"], right / n)
# the ends of Wilson s interval are the rates from which right / n is 1.96 deviations away
for end in said["accuracy_low"], said["accuracy_high"]:
    near(abs(right / n - end), 1.959963984540054 * math.sqrt(end * (1 - end) / n))
for c in range(classes):
    predicted, true = sum(row[c] for row in confusion), sum(confusion[c])
    near(said["precision"][c], confusion[c][c] / predicted if predicted else 0)
    near(said["recall"][c], confusion[c][c] / true if true else 0)
    near(said["f1"][c], 2 * confusion[c][c] / (predicted + true) if predicted + true else 0)
assert ("auc" in said) == (classes == 2)
if classes == 2:
    score = [v[-1] - (v[0] if width > 1 else 0) for v, _ in rows]
    pairs = [(s > r) + 0.5 * (s == r) for s, (_, t) in zip(score, rows) if t == 1
             for r, (_, u) in zip(score, rows) if u == 0]
    near(said["auc"], sum(pairs) / len(pairs)) if pairs else None
    assert pairs or said["auc"] == "nan"
'
split_devices
for device in "${devices[@]}"; do
    for precision in float double; do
        for job in "three three ce" "two two bce" "softmax two ce" "values values mse" "flat flat mse" "steps steps steps"; do
            read -r model data kind <<<"$job"
            on=(--model "$model/model.safetensors" --data "$data.npz" --device "$device" --precision "$precision")
            expect_status 0 "$program" predict "${on[@]}" --out p.npy
            expect_status 0 "$program" eval "${on[@]}" --json
            expect_empty stderr
            tensors "
def read_npz_file(path):
    with zipfile.ZipFile(path) as file:
        out = {}
        for member in file.namelist():
            raw = file.read(member)
            size = struct.unpack('<H', raw[8:10])[0]
            header = ast.literal_eval(raw[10 : 10 + size].decode())
            letter = {'<f4': 'f', '<i8': 'q'}[header['descr']]
            out[member[:-4]] = header['shape'], struct.unpack('<%d%s' % (count(header['shape']), letter), raw[10 + size :])
        return out
$check" "$(cat "$folder/stdout")" "$data" "$kind"
        done
    done
    checked "$device: measures are those of predict's outputs"
done
sampled || exit 0

eval=("$program" eval --device cpu)
expect_status 0 "${eval[@]}" --model two/model.safetensors --data ones.npz --json
check_json 'assert end["auc"] == "nan" and end["recall"][0] == 0 and end["confusion"][0] == [0, 0], end'
expect_status 0 "${eval[@]}" --model three/model.safetensors --data three.npz
expect_line '^loss [0-9.]+, accuracy [0-9.]+ \(95 % interval [0-9.]+ to [0-9.]+\)$'
expect_line '^on 97 sequences of three\.npz \(baseline 1\.[0-9]+\)$'
expect_line '^true \\ predicted +0 +1 +2$'
expect_line '^class +precision +recall +F1$'
expect_status 0 "${eval[@]}" --model values/model.safetensors --data values.npz
expect_line '^loss [0-9.]+, R\^2 -?[0-9.]+, mean absolute error [0-9.]+$'
cp "$root/data/cat-mat-rat.csv" words.csv
sed -e '1!s/1$/yes/' -e '1!s/0$/no/' words.csv >named.csv
expect_status 0 "${train[@]}" --data named.csv --out named
expect_status 0 "${eval[@]}" --model named/model.safetensors --data named.csv --json
check_json 'assert end["classes"] == ["no", "yes"] and end["rows"] == 3, end'
checked "names, screens, a class that is missing"

# a file of more sequences than are scored at once
tensors 'write_npz("many.npz", {"x": ((9001, 2, 1), [(i % 100) / 50.0 - 1.0 for i in range(18002)]),
                                "y": ((9001,), [i % 2 for i in range(9001)])})'
expect_status 0 "${eval[@]}" --model two/model.safetensors --data many.npz --json
check_json 'assert end["rows"] == 9001 and sum(map(sum, end["confusion"])) == 9001, end'
checked "more sequences than are scored at once"

refused 4 'three.npz: sequence 5 has the label 2; with the model.s two classes' "${eval[@]}" --model two/model.safetensors --data three.npz
refused 4 'named\.csv has words as labels|named\.csv has 3 words' "${eval[@]}" --model two/model.safetensors --data named.csv
printf 'text,label\ncat mat,maybe\n' >stranger.csv
refused 4 'stranger\.csv:2:9: .*maybe' "${eval[@]}" --model named/model.safetensors --data stranger.csv
printf 'text\ncat mat\n' >bare.csv
refused 4 'bare\.csv.*(label|header)' "${eval[@]}" --model named/model.safetensors --data bare.csv
refused 2 'eval needs --model FILE' "${eval[@]}" --data two.npz
refused 2 'eval needs --data FILE' "${eval[@]}" --model two/model.safetensors
checked "what does not fit"
