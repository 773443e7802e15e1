#!/bin/bash
# The walk, `grad --trace`: every tensor beside a second program, which computes the nets number by number and gets
# gradients from a tape; its text, its page and its LaTeX; what is too large or not there is refused.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
data=$root/data/cat-mat-rat.csv
weights=$root/data/cat-mat-rat-weights.safetensors
export RNN_GPU_DEVICE=cpu

# ---- Tensors

cat >"$folder/tape.py" <<'PYTHON'
import random, subprocess

class Number:
    """A number that knows its gradient once `backward` has run; the tape has every number in the order it was made."""
    tape = []
    def __init__(self, value, parents=()):
        self.value, self.parents, self.gradient = value, parents, 0.0
        Number.tape.append(self)
    def __add__(self, other):
        other = other if isinstance(other, Number) else Number(float(other))
        return Number(self.value + other.value, ((self, 1.0), (other, 1.0)))
    def __mul__(self, other):
        other = other if isinstance(other, Number) else Number(float(other))
        return Number(self.value * other.value, ((self, other.value), (other, self.value)))
    def __rsub__(self, other):
        return Number(other - self.value, ((self, -1.0),))
    def of(self, value, slope):
        return Number(value, ((self, slope),))

def backward(loss):
    loss.gradient = 1.0
    for number in reversed(Number.tape):
        for parent, slope in number.parents:
            parent.gradient += slope * number.gradient

def sigmoid(a):
    s = 1 / (1 + math.exp(-a.value))
    return a.of(s, s * (1 - s))

def tanh(a):
    return a.of(math.tanh(a.value), 1 - math.tanh(a.value) ** 2)

ACTIVATIONS = {
    "tanh": tanh, "sigmoid": sigmoid, "linear": lambda a: a.of(a.value, 1.0),
    "relu": lambda a: a.of(max(a.value, 0.0), float(a.value > 0)),
    "leaky_relu": lambda a: a.of(a.value if a.value > 0 else 0.01 * a.value, 1.0 if a.value > 0 else 0.01),
    "elu": lambda a: a.of(a.value if a.value > 0 else math.expm1(a.value), 1.0 if a.value > 0 else math.exp(a.value)),
    "softsign": lambda a: a.of(a.value / (1 + abs(a.value)), (1 + abs(a.value)) ** -2),
    "softplus": lambda a: a.of(math.log1p(math.exp(a.value)), 1 / (1 + math.exp(-a.value))),
    "hardtanh": lambda a: a.of(max(-1.0, min(1.0, a.value)), float(abs(a.value) < 1)),
}

def product(matrix, vector):
    sums = []
    for row in matrix:
        total = Number(0.0)
        for w, v in zip(row, vector):
            total = total + w * v
        sums.append(total)
    return sums

def plus(*vectors):
    total = list(vectors[0])
    for vector in vectors[1:]:
        total = [a + b for a, b in zip(total, vector)]
    return total

def cell(net, p, x, h, c, far):
    """One step: what the gates take, what W_hh's product gives, the new h and c."""
    H = net["hidden"]
    a_ih = plus(product(p["weight_ih"], x), p["bias_ih"])
    a_ih = plus(a_ih, product(p["weight_sh"], far)) if far else a_ih
    a_hh = plus(product(p["weight_hh"], h), p["bias_hh"])
    if net["cell"] == "rnn":
        a = plus(a_ih, a_hh)
        return a, a, [ACTIVATIONS[net["activation"]](v) for v in a], c
    if net["cell"] == "lstm":
        a = plus(a_ih, a_hh)
        i, f, o = ([sigmoid(v) for v in a[k * H:(k + 1) * H]] for k in (0, 1, 3))
        g = [tanh(v) for v in a[2 * H:3 * H]]
        c = [f[j] * c[j] + i[j] * g[j] for j in range(H)]
        return a, a, [o[j] * tanh(c[j]) for j in range(H)], c
    a = plus(a_ih[:2 * H], a_hh[:2 * H])
    r, z = [sigmoid(v) for v in a[:H]], [sigmoid(v) for v in a[H:]]
    n = [a_ih[2 * H + j] + r[j] * a_hh[2 * H + j] for j in range(H)]
    b = [tanh(v) for v in n]
    return a + n, a + a_hh[2 * H:], [(1.0 - z[j]) * b[j] + z[j] * h[j] for j in range(H)], c

def minimum(a, b):
    return a.of(a.value, 1.0) if a.value < b.value else b.of(b.value, 1.0)

def direction(net, p, xs, reverse):
    """All steps of one direction of a layer, in its own order; a record of each by its step."""
    H, d, kind = net["hidden"], net["skip"], net["skip_kind"]
    nothing = [Number(0.0) for _ in range(H)]
    past, cells, steps, gate = [], [], {}, Number(1.0)
    for t in reversed(range(len(xs))) if reverse else range(len(xs)):
        back = d if kind == "dilated" and d else 1
        h = past[-back] if len(past) >= back else nothing
        c = cells[-back] if len(cells) >= back else nothing
        far = (past[-d] if len(past) >= d else nothing) if kind == "add" and d else None
        a, a_hh, made, made_c = cell(net, p, xs[t], h, c, far)
        new, new_c = made, made_c
        if kind == "learned":
            u = gate.of(float(gate.value > 0.5), 1.0)
            new = [u * made[j] + (1.0 - u) * h[j] for j in range(H)]
            new_c = [u * made_c[j] + (1.0 - u) * c[j] for j in range(H)]
            read = new_c if net["cell"] == "lstm" else new
            chance = sigmoid(product(p["weight_uh"], read)[0] + p["bias_uh"][0])
            gate = u * chance + (1.0 - u) * (gate + minimum(chance, 1.0 - gate))
        steps[t] = {"a": a, "delta_hh": a_hh, "h": new, "c": new_c, "x": xs[t], "before": h, "far": far}
        past.append(new)
        cells.append(new_c)
    return steps

def loss_of(net, z, y):
    if net["loss"] == "ce":
        top = max(v.value for v in z)
        total = sum(math.exp(v.value - top) for v in z)
        value = top + math.log(total) - z[int(y[0])].value
        return Number(value, tuple((v, math.exp(v.value - top) / total - (k == int(y[0]))) for k, v in enumerate(z)))
    parts = Number(0.0)
    for v, target in zip(z, y):
        if net["loss"] == "mse":
            parts = parts + v.of((v.value - target) ** 2, 2 * (v.value - target))
        else:
            s = 1 / (1 + math.exp(-v.value))
            parts = parts + v.of(math.log1p(math.exp(-abs(v.value))) + max(v.value, 0) - v.value * target, s - target)
    return parts * (1.0 / len(z))

def read_out(net, top, n):
    """What the head on the last step reads: of the directions' states by step."""
    H, how = net["hidden"], net["readout"]
    out = []
    for reverse, steps in enumerate(top):
        for j in range(H):
            states = [steps[t]["h"][j] for t in range(n)]
            if n == 0:
                out.append(Number(0.0))
            elif how == "mean":
                total = Number(0.0)
                for state in states:
                    total = total + state
                out.append(total * (1.0 / n))
            elif how == "max":
                out.append(max(states, key=lambda state: state.value).of(max(s.value for s in states), 1.0))
            else:
                out.append(states[0 if how == "final" and reverse else n - 1])
    return out

def run(net, weights, x, y, lengths):
    """Loss, outputs, and the steps of every sequence, layer and direction, with gradients."""
    Number.tape = []
    D = 2 if net["directions"] == 2 else 1
    names = {}
    for name, (shape, values) in weights.items():
        if name.startswith("input."):
            continue
        numbers = [Number(v) for v in values]
        names[name] = numbers if len(shape) == 1 else [numbers[i * shape[1]:(i + 1) * shape[1]] for i in range(shape[0])]
    def of(layer, reverse):
        suffix = "_l%d%s" % (layer, "_reverse" if reverse else "")
        return {name[4:-len(suffix)]: values for name, values in names.items()
                if name.startswith("rnn.") and name.endswith(suffix) and name[4:-len(suffix)].count("_l") == 0}
    total, count, everything = Number(0.0), 0, []
    for i, n in enumerate(lengths):
        below, layers = [[Number(v) for v in x[i][t]] for t in range(n)], []
        for layer in range(net["layers"]):
            steps = [direction(net, of(layer, reverse), below, reverse) for reverse in range(D)]
            layers.append(steps)
            below = [[state for s in steps for state in s[t]["h"]] for t in range(n)]
        everything.append(layers)
        for t in range(n) if net["target"] == "steps" else [None]:
            target = y[i] if t is None else y[i][t]
            if math.isnan(target[0]):
                continue
            read = read_out(net, layers[-1], n) if t is None else below[t]
            total = total + loss_of(net, plus(product(names["head.weight"], read), names["head.bias"]), target)
            count += 1
    loss = total * (1.0 / count)
    backward(loss)
    return loss, everything

def wanted_tensors(net, everything, lengths, T, pad_left):
    """The tensors trace.* that the program should write."""
    H, D, N = net["hidden"], net["directions"], len(lengths)
    G = {"rnn": 1, "lstm": 4, "gru": 3}[net["cell"]]
    out = {}
    for layer in range(net["layers"]):
        for reverse in range(D):
            suffix = "" if layer + reverse == 0 else ".l%d%s" % (layer, "_reverse" if reverse else "")
            name = "_l%d%s" % (layer, "_reverse" if reverse else "")
            wide = {"a": G * H, "h": H, "dh": H, "delta": G * H}
            wide.update({"c": H, "dc": H} if net["cell"] == "lstm" else {"delta_hh": G * H} if net["cell"] == "gru" else {})
            for kind, width in wide.items():
                source = {"dh": "h", "dc": "c", "delta": "a"}.get(kind, kind)
                rows = [[0.0] * width for _ in range(N * T)]
                for i, n in enumerate(lengths):
                    for t in range(n):
                        numbers = everything[i][layer][reverse][t][source]
                        rows[i * T + t + (T - n if pad_left else 0)] = [
                            v.gradient if kind in ("dh", "dc", "delta", "delta_hh") else v.value for v in numbers]
                out["trace.%s%s" % (kind, suffix)] = (N, T, width), flat(rows)
            from_start = reverse and net["target"] == "last" and net["readout"] != "last"
            for matrix, delta, factor in (("weight_ih", "a", "x"), ("weight_hh", "delta_hh", "before"),
                                          ("weight_sh", "a", "far")):
                if matrix == "weight_sh" and not (net["skip"] and net["skip_kind"] == "add"):
                    continue
                columns = len(next(s for layers in everything for s in layers[layer][reverse].values())[factor])
                terms = [[0.0] * (G * H * columns) for _ in range(T)]
                for i, n in enumerate(lengths):
                    for t in range(n):
                        step = everything[i][layer][reverse][t]
                        tau = t if from_start else n - 1 - t
                        for row, d in enumerate(step[delta]):
                            for column, v in enumerate(step[factor]):
                                terms[tau][row * columns + column] += d.gradient * v.value
                out["trace.term.rnn.%s%s" % (matrix, name)] = (T, G * H, columns), flat(terms)
    return out

def command(program, *words):
    got = subprocess.run([program, *words], capture_output=True, text=True, timeout=60)
    assert got.returncode == 0, (words, got.returncode, got.stderr)
    return got

def check(program, options, seed):
    random.seed(seed)
    N, T, F = 3, 5, 2
    words = options.split()
    value = lambda name, usual: words[words.index(name) + 1] if name in words else usual
    directions = 2 if "--bidirectional" in words else 1
    net = {"cell": value("--cell", "rnn"), "activation": value("--activation", "tanh"), "hidden": 3,
           "layers": int(value("--layers", "1")), "directions": directions, "skip": int(value("--skip", "0")),
           "skip_kind": value("--skip-kind", "add"), "target": value("--target", "last"), "loss": value("--loss", "mse"),
           "readout": value("--readout", "final" if directions == 2 else "last")}
    pad_left = "left" in words
    lengths = [T, 3, 1]
    O = 3 if net["loss"] == "ce" else 2
    single = [random.uniform(-1, 1) for _ in range(N * T * F)]
    x = struct.unpack("<%df" % len(single), struct.pack("<%df" % len(single), *single))
    if net["loss"] == "ce":
        y = [random.randrange(O) for _ in range(N * (T if net["target"] == "steps" else 1))]
        y[0] = O - 1
        shape, each = ((N, T) if net["target"] == "steps" else (N,)), 1
    else:
        y = [random.choice([0.25, 1.0, 0.0]) for _ in range(N * O * (T if net["target"] == "steps" else 1))]
        shape, each = ((N, T, O) if net["target"] == "steps" else (N, O)), O
    if "nan" in words:  # a step without a target
        words.remove("nan")
        y[each:2 * each] = [math.nan] * each
    write_npz("d.npz", {"x": ((N, T, F), x), "y": (shape, y), "lengths": ((N,), lengths)})
    command(program, "train", "--data", "d.npz", "--hidden", "3", "--updates", "1", "--lr", "0.05", "--seed", str(seed), "--out", "m",
            "--overwrite", "--quiet", "--diagnose", "none", *words)
    side = ["--pad", "left"] if pad_left else []
    command(program, "grad", "--model", "m/model.safetensors", "--data", "d.npz", "--trace", "--loss", net["loss"], *side,
            "--out", "g.safetensors")
    got, weights = read_safetensors("g.safetensors"), read_safetensors("m/model.safetensors")
    steps = [[[x[((i * T) + t + (T - n if pad_left else 0)) * F + f] for f in range(F)] for t in range(n)]
             for i, n in enumerate(lengths)]
    if net["target"] == "steps":
        targets = [[y[(i * T + t + (T - n if pad_left else 0)) * each:][:each] for t in range(n)] for i, n in enumerate(lengths)]
    else:
        targets = [y[i * each:(i + 1) * each] for i in range(N)]
    loss, everything = run(net, weights, steps, targets, lengths)
    near(options + ": loss", got["loss"][1], [loss.value], 1e-12)
    wanted = wanted_tensors(net, everything, lengths, T, pad_left)
    assert {n for n in got if n.startswith("trace.")} == set(wanted), set(wanted) ^ {n for n in got if n.startswith("trace.")}
    for name, (shape, values) in wanted.items():
        assert got[name][0] == shape, (options, name, got[name][0], shape)
        largest = max(map(abs, values))
        near("%s: %s" % (options, name), got[name][1], values, 1e-11 * largest)
        assert largest > 0 or "--readout last" in options, (options, name)  # the reverse direction has one step then
        if ".term." in name:  # the terms of all lags are the gradient
            n = count(shape[1:])
            near("%s: sum of %s" % (options, name), [sum(values[i::n]) for i in range(n)],
                 got["grad." + name[len("trace.term."):]][1], 1e-11 * largest)
    return len(wanted)

nets = [line for line in sys.argv[2].splitlines() if line.strip()]
print("%d nets, %d tensors" % (len(nets), sum(check(sys.argv[1], net.strip(), 3 + i) for i, net in enumerate(nets))))
PYTHON

nets='
    --cell rnn
    --cell rnn --activation relu
    --cell rnn --activation leaky_relu --layers 2
    --cell rnn --activation elu --readout mean
    --cell rnn --activation sigmoid --loss bce
    --cell rnn --activation softsign --target steps
    --cell rnn --activation softplus --readout max
    --cell rnn --activation hardtanh --bidirectional
    --cell rnn --activation linear --skip 2
    --cell lstm
    --cell lstm --layers 2 --bidirectional --readout mean
    --cell lstm --skip 2 --loss ce
    --cell lstm --skip 2 --skip-kind dilated --layers 2
    --cell lstm --skip-kind learned
    --cell lstm --target steps --loss ce --pad left
    --cell gru
    --cell gru --bidirectional --readout last
    --cell gru --skip 2 --target steps --loss bce nan
    --cell gru --skip 3 --skip-kind dilated --bidirectional --readout max
    --cell gru --skip-kind learned --layers 2 --target steps
'
tensors "$(cat "$folder/tape.py")" "$program" "$nets" >"$folder/tensors.txt"
checked "every tensor of the walk beside a tape of single numbers: $(cat "$folder/tensors.txt")"

# With --sequence the file has all sequences all the same.
expect_status 0 "$program" grad --model "$weights" --data "$data" --trace --sequence 2 --out one.safetensors
expect_status 0 "$program" grad --model "$weights" --data "$data" --trace --out all.safetensors
cmp one.safetensors all.safetensors || fail "--sequence changes the tensors"
cp "$folder/stdout" all.txt

# ---- The notes' worked example as text

python3 - all.txt <<'PYTHON' || fail "the walk does not have the notes' numbers"
import re, sys
text = open(sys.argv[1]).read()
def after(mark, *wanted):
    """The numbers are there, in this order, within the text behind the mark."""
    assert mark in text, mark
    part = text[text.index(mark):]
    at = 0
    for number in wanted:
        digits = "%.6f" % number if number != int(number) else "%d" % number
        found = re.compile(r"(?<![0-9.])" + re.escape(digits) + r"(?![0-9])").search(part, at)
        assert found, (mark, digits, part[:600])
        at = found.end()
    return part
assert "Loss L = 0.7257855867 " in text.replace("\n", " ")
for i, (words, y) in enumerate((("cat mat rat", .4644847825782729), ("rat rat mat", .5322090745326683),
                                ("mat mat cat", .5415075290154517))):
    after("== Sequence %d of 3: %s " % (i + 1, words), y)
after("-- The terms of rnn.weight_hh_l0 = Wh^T\n", .148149, .111225, .580936, .419064, 0, 0, 0)
after("dL/dW_hh = sum_t delta_t h_{t-1}^T")
after("lag 0 = delta_3 h_2^T")
after("lag 2 = delta_1 x_1^T")
after("dL/dWo ", -.019805478318941, -.168683479161232, .093798346606005, -.062315399151182, .067388372313556,
      -.064471544656356, .123885193464073, -.072100377396661, .092496411455907, -.048652454905444, .030436677515558,
      -.061892943770487, .062154304442154, -.104272106094428, .040691374601883, .063050652707578, -.041138412820089,
      .022620739228316, -.214454285992343, .120979456885259, -.049230493252967)
order = ["The weights", "Sequence 1", "-- Forward", "-- Output and loss", "-- Backward", "Sequence 2", "Sequence 3",
         "The terms by lag", "-- The terms of rnn.weight_hh_l0", "-- The terms of rnn.weight_ih_l0", "The gradient =="]
places = [text.index(part) for part in order]
assert places == sorted(places), places
wide = [line for line in text.split("\nloss ")[0].splitlines() if len(line) > 80]
assert not wide, wide
PYTHON
expect_line '^loss 0\.72578558670785[0-9]*, gradient norm 0\.414816400523[0-9]* over 3'
checked "the notes' worked example, number by number, within 80 columns"

# a step's block has names for its inputs alone, and longer lines below them; malloc fills what nothing has set
printf 'series,speed,label\n1,0.5,1\n2,0.25,2\n' >one.csv
expect_status 0 "$program" --data one.csv --hidden 6 --updates 1 --device cpu --out named --diagnose none
expect_status 0 env MALLOC_PERTURB_=165 "$program" grad --model named/model.safetensors --data one.csv --trace --sequence 1 --device cpu
expect_line '^ +speed *$'
expect_status 0 "$program" grad --model "$weights" --data "$data" --trace --sequence 3
expect_line '^== Sequence 3 of 3: mat mat cat '
expect_no_line '^== Sequence [12] '
expect_line 'their sum, the part of sequence 3$'
expect_line '^== The gradient, of all sequences '
expect_line '^loss 0\.72578558670785[0-9]*, gradient norm [0-9.]* over 3'
checked "one sequence, without a file"

# A wide terminal has more steps beside each other.
if has_terminals; then
    for columns in 80 200; do
        on_terminal "$columns" grad --model "$weights" --data "$data" --trace
        cp "$folder/stdout" "wide-$columns.txt"
    done
    [ "$(grep -c 't = 1: cat .*t = 3: rat' wide-80.txt || true)" = 0 ] || fail "80 columns have three steps"
    grep -q 't = 1: cat .*t = 3: rat' wide-200.txt || fail "200 columns are not used"
    checked "terminals of 80 and 200 columns"
fi

# ---- Page and LaTeX

# Words that mean something to HTML and to TeX.
printf '%s\n' 'text,label' 'a_b \input{x} 日本 é$% #1 ~^{2},1' 'x & y <b> é,0' >odd.csv
expect_status 0 "$program" train --data odd.csv --hidden 3 --cell lstm --embed 2 --updates 0 --out odd --quiet
expect_status 0 "$program" grad --model odd/model.safetensors --data odd.csv --trace-latex odd.tex --report odd.html
expect_no_line '^== '
expect_status 0 "$program" grad --model "$weights" --data "$data" --trace-latex notes.tex --report notes.html
for net in '--cell rnn' '--cell gru --skip 2 --bidirectional' '--cell lstm --skip-kind learned --layers 2 --readout mean'; do
    # shellcheck disable=SC2086 # options
    expect_status 0 "$program" train --data "$data" --hidden 8 $net --updates 0 --out net --overwrite --quiet
    expect_status 0 "$program" grad --model net/model.safetensors --data "$data" --trace-latex "net ${net//[^a-z]/}.tex" \
        --report "net ${net//[^a-z]/}.html"
done
python3 - ./*.html <<'PYTHON' || fail "a page does not fold as it should"
import html.parser, sys

class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.summaries, self.cells, self.scripts = [], [], 0, 0
    def handle_starttag(self, tag, attributes):
        self.scripts += tag == "script"
        self.cells += tag == "td" and "details" in self.open
        if tag in ("details", "summary", "div", "sub", "sup", "code"):
            self.open.append(tag)
    def handle_endtag(self, tag):
        if tag in ("details", "summary", "div", "sub", "sup", "code"):
            assert self.open.pop() == tag, tag
    def handle_data(self, data):
        if self.open and self.open[-1] == "summary":
            self.summaries.append(data)

for path in sys.argv[1:]:
    page = Page()
    text = open(path, encoding="utf-8").read()
    page.feed(text)
    assert not page.open and not page.scripts and page.cells > 50, (path, page.open, page.cells)
    assert {"The weights", "Forward", "Output and loss", "Backward", "The gradient"} <= {s.split(",")[0] for s in page.summaries}, page.summaries
    if "notes" in path:
        assert "Sequence 1 of 3: cat mat rat" in page.summaries and "0.464485" in text and "-0.168683" in text
        assert text.count("<details open>") > text.count("<details>") > 0
    if "odd" in path:
        assert "<b> é" not in text and "&lt;b&gt; é" in text
PYTHON
python3 - ./*.tex <<'PYTHON' || fail "the LaTeX is not well formed"
import re, sys
for path in sys.argv[1:]:
    text = re.sub(r"\\[\\{}$&#%_]", "", open(path, encoding="utf-8").read())
    text = re.sub(r"^%.*$", "", text, flags=re.M)
    depth = 0
    for c in text:
        depth += (c == "{") - (c == "}")
        assert depth >= 0, path
    assert depth == 0 and text.count("$") % 2 == 0, (path, depth, text.count("$"))
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name, path
    assert not stack and text.count(r"\[") == text.count(r"\]") > 3, path
    assert r"\input" not in text, path
    assert set(re.findall(r"\\([a-z]+)", text)) <= set(
        "begin end documentclass usepackage setcounter section subsection noindent medskip par textbf texttt text resizebox "
        "newsavebox newcommand fit whole sbox ifdim wd usebox else fi linewidth delta sigma phi tau sum cdot textbackslash textasciicircum textasciitilde".split()), path
    assert all(len({row.count("&") for row in body.split(r"\\")}) == 1
               for body in re.findall(r"\\begin\{pmatrix\}(.*?)\\end", open(path).read(), re.S)), path
assert "0.464485" in open("notes.tex").read() and "-0.168683" in open("notes.tex").read()
PYTHON
compiled="no TeX engine is installed"
if command -v pdflatex >/dev/null; then
    compiled=0
    for file in *.tex; do
        timeout 100 pdflatex -interaction=nonstopmode -halt-on-error "$file" >tex.log 2>&1 || { tail -n 20 tex.log; fail "TeX refuses $file"; }
        ! grep -q "^Overfull" tex.log || fail "$file: $(grep -m 1 "^Overfull" tex.log)"
        compiled=$((compiled + 1))
    done
    compiled="$compiled compiled"
fi
checked "the page folds, and the LaTeX is whole ($compiled)"

# ---- What cannot be

expect_status 0 "$program" train --data "$data" --hidden 9 --updates 0 --out large --quiet
large="grad --model large/model.safetensors --data $data"
# shellcheck disable=SC2086 # words
refused 2 '--trace shows up to 8 units, .*; here are 9 units, 3 steps, 3 sequences, .*: --out FILE\.safetensors has every number' \
    "$program" $large --trace
# shellcheck disable=SC2086
refused 2 'here are 9 units' "$program" $large --trace-latex l.tex --out l.safetensors
# shellcheck disable=SC2086
expect_status 0 "$program" $large --trace --out large.safetensors
expect_line '9 units, 3 steps, 3 sequences are too many to show; every number is in the tensors trace\.\* of large\.safetensors' stderr
expect_no_line '^== '
tensors 'assert read_safetensors(sys.argv[1])["trace.term.rnn.weight_hh_l0"][0] == (3, 9, 9)' large.safetensors
tensors 'write_npz("many.npz", {"x": ((9, 2, 1), [0.5] * 18), "y": ((9,), [1.0] * 9)})
write_npz("long.npz", {"x": ((1, 13, 1), [0.5] * 13), "y": ((1,), [1.0])})'
for file in many long; do
    expect_status 0 "$program" train --data $file.npz --hidden 2 --updates 0 --out $file --quiet
done
refused 2 'here are 2 units, 2 steps, 9 sequences.*--sequence N takes one sequence' "$program" grad --model many/model.safetensors --data many.npz --trace
expect_status 0 "$program" grad --model many/model.safetensors --data many.npz --trace --sequence 9
refused 2 'here are 2 units, 13 steps' "$program" grad --model long/model.safetensors --data long.npz --trace --sequence 1
refused 7 'that is [0-9]*\.[0-9] GiB, and this machine has' "$program" grad --task adding --hidden 200 --batch 2 --steps 100000 --trace --out l.safetensors --quiet
refused 2 '--sequence 4: .*cat-mat-rat\.csv has 3 sequences' "$program" grad --model "$weights" --data "$data" --trace --sequence 4
refused 2 '--sequence' "$program" grad --model "$weights" --data "$data" --trace --sequence 0
refused 2 'add --trace' "$program" grad --model "$weights" --data "$data" --out g2.safetensors --sequence 1
before=$(list_files)
expect_status 0 "$program" grad --model "$weights" --data "$data"
expect_line '^loss 0\.7257855'
expect_line '^where the gradient comes from'
[ "$(list_files)" = "$before" ] || fail "grad without --out wrote a file"
expect_status 0 "$program" grad --model "$weights" --data "$data" --json --report only.html --plot only.svg
check_json 'assert len(lines) == 1 and end["file"] is None and end["verdict"] and end["loss"] > 0, end'
for file in only.html only.svg; do
    [ -s "$file" ] || fail "grad without --out did not write $file"
done
refused 2 'add --out' "$program" grad --model "$weights" --data "$data" --trace --json
refused 8 'none/x\.tex' "$program" grad --model "$weights" --data "$data" --trace-latex none/x.tex
refused 2 'overwrite' "$program" grad --model "$weights" --data "$data" --trace-latex same.html --report same.html
expect_status 0 "$program" grad --model "$weights" --data "$data" --trace --json --out g2.safetensors
check_json 'assert len(lines) == 1 and end["options"]["precision"] == "double" and end["file"] == "g2.safetensors", end'
checked "nets too large, sequences that are not there, and options that do not fit"
