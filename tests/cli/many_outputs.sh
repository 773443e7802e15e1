#!/bin/bash
# What is said of a net beside its loss, against a net of numpy in float64: time constants, singular values, derivatives of
# h_T and z_T, losses of several steps, truncated gradients, lags in a step of an optimiser.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=python.inc
. "$cli/python.inc"
# shellcheck source=net.inc
. "$cli/net.inc"
python_with numpy

# The first part takes one cell or a few optimisers of each of these three, the second part the others.
# All singular values of d(state at the end)/d(state after the first step), against numpy's of the Jacobian.
with_net '
def jacobian(net, x):
    """By complex steps: of the state (h; lstm: h, c) after all steps of x by that before them."""
    h, c, _ = (np.zeros(net.hidden), np.zeros(net.hidden), None)
    h, c, _ = net.step(net.weights[0, 0], x[0], h, c)
    size = net.hidden * (2 if net.cell == "lstm" else 1)
    columns = []
    for i in range(size):
        state = np.concatenate([h, c]).astype(complex)
        state[i] += 1j * STEP
        out, cells, _ = net.scan(x[1:], 0, 0, *np.split(state, 2))
        columns.append(np.concatenate([out[-1], cells[-1]])[:size].imag / STEP)
    return np.array(columns).T

def spectra(net, x):
    return np.log10(np.array([np.linalg.svd(jacobian(net, one))[1] for one in x]))

def check(what, net, x, y, wanted, sequences):
    tensors, json_line, screen = grad(net, x, y)
    causes, got = json_line["causes"], tensors["cause.log10_singular"]
    sure = wanted > wanted[0] - 10 # what float64 can know of the others
    near(what, got[sure], wanted[sure], 1e-5)
    near("JSON", numbers(causes["log10_singular"]), got, 1e-12)
    near("condition", [tensors["cause.log10_condition"][0], causes["log10_condition"]], [got[0] - got[-1]] * 2, 1e-12)
    near("sigma_max", causes["log10_sigma_max"], got[0], 1e-12)
    assert causes["spectrum_steps"] == x.shape[1] - 1 and causes["spectrum_sequences"] == sequences, causes
    assert "condition number" in screen and "  all %d: 10 %% " % len(got) in screen, screen
    return got

for cell in part(["lstm"], ["rnn", "gru"]):
    for hidden in (1, 5):
        x, y = data(3, 9, 2)
        net = Net(cell, 2, hidden, 1, gain=2)
        got = check(cell, net, x, y, np.median(spectra(net, x), 0), 3)
    x, y = data(1, 7, 2)
    net = Net(cell, 2, 40, 1, gain=1.5)
    check(cell + ", of more than 32 directions", net, x, y, spectra(net, x)[0], 1)

# Larger still: the largest alone, by power iteration.
x, y = data(1, 260, 2)
net = Net("rnn", 2, 160, 1, gain=2.5)
product, exponent = np.eye(160), 0
for h in net.scan(x[0], 0, 0)[0][1:]:
    product = ((1 - h ** 2)[:, None] * net.weights[0, 0]["hh"]) @ product
    exponent += np.log10(np.abs(product).max())
    product /= np.abs(product).max()
tensors, json_line, screen = grad(net, x, y)
causes = json_line["causes"]
near("power iteration", [causes["log10_sigma_max"], tensors["cause.log10_sigma_power"][0]],
     [exponent + np.log10(np.linalg.norm(product, 2))] * 2, 1e-6)
assert causes["sigma_max_converged"] and causes["log10_singular"] is None and causes["log10_condition"] is None, causes
assert causes["log10_largest"] <= causes["log10_sigma_max"], causes
assert "one sequence by power iteration, %d times: largest singular value " % causes["sigma_max_iterations"] in screen, screen

# One step has no product, and a net that hands nothing on has no condition number.
x, y = data(3, 1, 2)
tensors, json_line, screen = grad(Net("gru", 2, 5, 1), x, y)
assert "cause.log10_singular" not in tensors and json_line["causes"]["log10_condition"] is None, json_line
x, y = data(3, 5, 2)
tensors, json_line, screen = grad(Net("rnn", 2, 5, 1, gain=0), x, y)
assert set(tensors["cause.log10_singular"]) == {-np.inf} and "cause.log10_condition" not in tensors, tensors
assert json_line["causes"]["log10_condition"] is None and "all 5 singular values are 0: there is no condition number" in screen
'
checked "all singular values of the Jacobian product, its condition number, the largest by power iteration"

# dh_T/dx_t and dz_T/dx_t, against complex steps.
with_net '
def derivatives(net, x, read):
    """||d read/dx_t|| by lag, of the last layer and of the outputs."""
    steps, inputs = x.shape
    norms = np.zeros((2, steps))
    for t in range(steps):
        columns = []
        for f in range(inputs):
            moved = x.astype(complex)
            moved[t, f] += 1j * STEP
            h = read(net, net.layer_inputs(moved, net.layers))
            columns.append([h.imag / STEP, net.head[0] @ h.imag / STEP])
        norms[:, steps - 1 - t] = [np.sqrt(sum((c[k] ** 2).sum() for c in columns)) for k in (0, 1)]
    return norms

def medians(norms):
    """Over the sequences, of the logarithms; of two in the middle that are 0 too."""
    with np.errstate(divide="ignore"):
        logs = [np.sort(np.log(column[~np.isnan(column)])) for column in norms.T]
    return np.exp([a if a == b else (a + b) / 2 for a, b in ((l[(len(l) - 1) // 2], l[len(l) // 2]) for l in logs)])

def last(net, h):
    return h[-1]

def final(net, h):
    return np.concatenate([h[-1, : net.hidden], h[0, net.hidden :]])

def check(net, x, y, read, *options, lengths=None, tolerance=1e-9):
    n, steps = x.shape[:2]
    lengths = np.full(n, steps) if lengths is None else lengths
    tensors, json_line, screen = grad(net, x, y, *options, lengths=lengths)
    norms = np.full((n, 2, steps), np.nan)
    for i, length in enumerate(lengths):
        norms[i, :, :length] = derivatives(net, x[i, :length], read)
    near("sequences", tensors["input.sequences"], (lengths[:, None] > np.arange(steps)).sum(0))
    for k, (name, key) in enumerate((("h", "state"), ("z", "output"))):
        told, exact = json_line["input_lags"][key], json_line["input_lags"][key]["exact"]
        rms = np.sqrt(np.nanmean(norms[:, k] ** 2, 0))
        near(name + " rms", tensors["input.%s.rms" % name], rms, tolerance if exact else .3)
        near(name + " median", tensors["input.%s.median" % name], medians(norms[:, k]) if exact else
             tensors["input.%s.median" % name], tolerance)
        near(name + " log10", tensors["input.%s.log10_rms" % name], np.log10(rms), 1e-8 if exact else .15)
        for what in ("log10_rms", "log10_median"):
            near("JSON", numbers(told[what]), tensors["input.%s.%s" % (name, what)], 1e-12)
    assert "|dh_T/dx_t| " in screen and "|dz_T/dx_t| " in screen, screen
    return json_line["input_lags"]

x, y = data(5, 8, 3)
for cell in part(["gru"], ["rnn", "lstm"]):
    for layers in (1, 2):
        check(Net(cell, 3, 6, 2, layers=layers), x, y[:, [0, 0]], last, lengths=np.array([8, 3, 1, 8, 6]))
        check(Net(cell, 3, 4, 2, layers=layers, bidirectional=True), x, y[:, [0, 0]], final, lengths=np.array([8, 2, 8, 5, 8]))
    check(Net(cell, 3, 4, 1, bidirectional=True), x, y, last, "--readout", "last")
    check(Net(cell, 3, 6, 1, layers=2), x, y, lambda net, h: h.mean(0), "--readout", "mean", lengths=np.array([8, 3, 4, 8, 6]))
found = check(Net("rnn", 3, 6, 1), x, y, lambda net, h: np.take_along_axis(h, h.real.argmax(0)[None], 0)[0], "--readout", "max")
assert found["state"]["exact"] and found["state"]["vectors"] == 6 and found["output"]["vectors"] == 1, found
x, y = data(40, 5, 3)
found = check(Net("gru", 3, 40, 33), x, np.repeat(y, 33, 1), last)
assert not found["state"]["exact"] and not found["output"]["exact"] and found["state"]["vectors"] == 16, found
x, y = data(1, 1, 3)
found = check(Net("lstm", 3, 4, 1), x, y, last)
assert found["state"]["factor"] is None and len(found["state"]["log10_rms"]) == 1, found
x, y = data(2, 6, 3)
tensors, json_line, screen = grad(Net("rnn", 3, 4, 1, gain=0), x, y)
assert tensors["input.h.rms"][0] > 0 and set(tensors["input.h.rms"][1:]) == {0}, tensors["input.h.rms"]
'
checked "the norms of dh_T/dx_t and dz_T/dx_t by lag"

# Lags in the step of an optimiser, against Adam and the others in numpy, from the terms of grad --trace.
with_net '
x, y = data(6, 7, 2)
net = Net("rnn", 2, 4, 1, gain=2)
net.save("start.safetensors")
np.savez("net.npz", x=x.astype("f4"), y=y.astype("f4"))

def run(*arguments):
    got = subprocess.run([sys.argv[1], *arguments, "--device", "cpu", "--precision", "double"], capture_output=True, text=True)
    assert got.returncode == 0, got
    return got.stdout

def train(updates, *options):
    arguments = ["train", "--model", "start.safetensors", "--cell", "rnn", "--data", "net.npz", "--loss", "mse", "--batch", "6",
                 "--updates", str(updates), "--lr", "0.02", "--out", "run%d" % updates, "--overwrite", "--diagnose", "full", *options]
    return run(*arguments, "-v"), json.loads(run(*arguments, "--json").splitlines()[-1])

def gradients(updates):
    model = "run%d/model.safetensors" % updates
    run("grad", "--model", model, "--data", "net.npz", "--trace", "--out", "g.safetensors", "--quiet")
    tensors = read_tensors("g.safetensors")
    return {name[5:]: v for name, v in tensors.items() if name.startswith("grad.")}, tensors

def factors(name, history, kind, beta1, beta2):
    """P, from the clipped gradients of all updates."""
    v = 0
    for g in history:
        v = v + g[name] ** 2 if kind == "adagrad" else beta2 * v + (1 - beta2) * g[name] ** 2
    correction = 1 - beta2 ** len(history) if kind.startswith("adam") else 1
    return 1 / (np.sqrt(v / correction) + (1e-10 if kind == "adagrad" else 1e-8))

UPDATES = 3
OFF = ("--clip-norm", "0")
for kind, clip in part([("adam", ("--clip-norm", "0.05")), ("sgd", ("--clip-norm", "0.05")), ("sgd", ("--clip-value", "0.02", *OFF))],
                       [("adamw", OFF), ("rmsprop", ("--clip-norm", "0.1")), ("adagrad", OFF), ("momentum", ("--clip-norm", "0.05"))]):
    options = ("--optimizer", kind, *clip)
    history = []
    for update in range(UPDATES):
        train(update, *options)
        g = gradients(update)[0]
        norm, most = np.sqrt(sum((v ** 2).sum() for v in g.values())), float(clip[1])
        if clip[0] == "--clip-value":
            last = g
            g = {name: np.clip(v, -most, most) for name, v in g.items()}
        elif most:
            g = {name: v * min(1, most / (norm + 1e-6)) for name, v in g.items()}
        history.append(g)
    screen, end = train(UPDATES, *options)
    tensors = gradients(UPDATES)[1]
    told = end["step_lags"]
    linear = kind in ("sgd", "momentum") and clip[0] == "--clip-norm"
    assert told["optimizer"] == kind and told["linear"] == linear, told
    for item in told["lags"]:
        name = item["matrix"]
        terms = tensors["trace.term." + name]
        p = factors(name, history, kind, .9, .99 if kind == "rmsprop" else .999) if kind not in ("sgd", "momentum") else 1.0
        if clip[0] == "--clip-value":
            p = np.minimum(1, most / np.abs(last[name]))
        step = p * terms.sum(0)
        near(kind + " share", item["share"], [(p * t * step).sum() / (step ** 2).sum() for t in terms], 1e-5)
        near("sum", sum(item["share"]), 1, 1e-7)
        norms = np.array([np.linalg.norm(p * t) for t in terms]) / np.linalg.norm(step)
        near(kind + " norm", 10 ** numbers(item["log10_norm"]), norms, 1e-5)
    assert ("a step of %s is linear in the gradient" % kind in screen) == linear, screen
    assert ("in a step of %s, its factor for each weight held as it is" % kind in screen) == (not linear), screen
screen, end = train(0)
assert end["step_lags"] is None and "no update was made: a step of adam cannot be split by lag" in screen, screen
'
checked "lags in the step of an optimiser"
sampled || exit 0

with_net '
x, y = data(7, 13, 3)
lengths = np.array([13, 13, 9, 1, 5, 13, 2])
names = ("min", "p10", "median", "p90", "max")
def taus(net, layer, direction, lengths):
    gates = []
    np.seterr(over="ignore")
    for sequence, length in zip(x, lengths):
        gates += net.scan(net.layer_inputs(sequence[:length], layer), layer, direction)[2]
    with np.errstate(divide="ignore"):
        return -1 / np.log(gates).mean(0)
for cell, letter in (("lstm", "f"), ("gru", "z")):
    net = Net(cell, 3, 10, 1, layers=2, bidirectional=True)
    tensors, json_line, screen = grad(net, x, y, lengths=lengths)
    for i, (suffix, layer, direction) in enumerate([("", 0, 0), (".l0_reverse", 0, 1), (".l1", 1, 0), (".l1_reverse", 1, 1)]):
        near(cell + suffix, tensors["cause.time_constants" + suffix], taus(net, layer, direction, lengths), 1e-12)
        told = json_line["layers"][i]["time_constants"]
        near("JSON", numbers(told["values"]), tensors["cause.time_constants" + suffix], 1e-12)
        ranked = np.sort(told["values"])
        near("quantiles", [told[n] for n in names], ranked[[0, 0, 4, 8, 9]], 1e-12)
        assert told["gate"] == letter and told["endless"] == 0, told
    assert "time constants, -1 / mean ln %c (%c multiplies the previous state), in steps:" % (letter, letter) in screen, screen
    assert "  of 10 units: min %.3g, 10 %% %.3g, median %.3g, 90 %% %.3g, max %.3g" % tuple(
        json_line["causes"]["time_constants"][n] for n in names) in screen, screen

    # A gate that is 1 at every step keeps its state for ever, and one that is 0 at a step has lost it.
    net = Net(cell, 3, 4, 1)
    net.weights[0, 0]["bih"][4 + 1], net.weights[0, 0]["bih"][4 + 2] = 800, -800
    tensors, json_line, screen = grad(net, x, y)
    got, told = tensors["cause.time_constants"], json_line["causes"]["time_constants"]
    near("saturated", got, taus(net, 0, 0, [13] * 7), 1e-12)
    assert got[1] == np.inf and 0 <= got[2] < .01 and told["values"][1] == "inf" and told["endless"] == 1, (got, told)
    assert "max inf" in screen and "inf: the gate of 1 of them was 1 at every step" in screen, screen

tensors, json_line, screen = grad(Net("rnn", 3, 5, 1), x, y)
assert "cause.time_constants" not in tensors and json_line["causes"]["time_constants"] is None
assert "time constants" not in screen, screen
'
checked "time constants of the units of lstm and gru, saturated gates too"

# With h_{t-2} in place of h_{t-1} the gates act once in two steps.
with_net '
class Dilated(Net):
    def scan(self, x, layer, direction, h=None, c=None):
        zero = np.zeros(self.hidden)
        states, past = [(zero, zero)] * 2, []
        for row in x:
            h, c, gate = self.step(self.weights[layer, direction], row, *states[-2])
            states, past = states + [(h, c)], past + [gate]
        return np.array([h for h, _ in states[2:]]), np.array([c for _, c in states[2:]]), past

x, y = data(4, 9, 2)
for cell in ("lstm", "gru"):
    net = Dilated(cell, 2, 5, 1)
    tensors, json_line, screen = grad(net, x, y, "--skip", "2", "--skip-kind", "dilated")
    gates = np.concatenate([net.scan(one, 0, 0)[2] for one in x])
    near("time constants", tensors["cause.time_constants"], -2 / np.log(gates).mean(0), 1e-12)
    squares = np.zeros(9)
    for one in x:
        for t in range(9):
            for f in range(2):
                moved = one.astype(complex)
                moved[t, f] += 1j * STEP
                squares[8 - t] += ((net.scan(moved, 0, 0)[0][-1].imag / STEP) ** 2).sum() / 4
    near("dh/dx", tensors["input.h.rms"], np.sqrt(squares))
    assert squares[1] == 0 < squares[2] and tensors["input.h.log10_rms"][1] == -np.inf, squares
'
checked "a dilated skip"

# Losses of several steps at once: each row is what --probe-time has alone, and the derivative by complex steps.
with_net '
x, y = data(6, 9, 2)
y = np.stack([y + .1 * t for t in range(9)], 1)
probes = [1, 4, 5, 6, 9]
for cell, layers, options in (("rnn", 1, ()), ("lstm", 2, ()), ("gru", 2, ("--skip", "3")), ("gru", 1, ("--skip", "2", "--skip-kind", "dilated"))):
    net = Net(cell, 2, 5, 1, layers=layers)
    if "--skip" in options and "dilated" not in options:
        options = ()
    options = ("--target", "steps") + options
    tensors, json_line, screen = grad(net, x, y, *options, "--probe-times", "9,4-6,1,5")
    assert tensors["probe.steps"].tolist() == probes == json_line["probes"]["steps"], json_line["probes"]["steps"]
    assert json_line["probes"]["sequences"] == 6
    for row, step in enumerate(probes):
        alone = grad(net, x, y, *options, "--probe-time", str(step))[0]
        for l in range(layers):
            suffix = ".l%d" % l if l else ""
            wanted = np.full(9, -np.inf)
            wanted[:step] = alone["delta.log10_norm" + suffix][:step][::-1]
            near("%s, step %d, layer %d" % (cell, step, l), tensors["probe.log10_norm" + suffix][row], wanted, 1e-9)
            near("JSON", numbers(json_line["probes"]["layers"][l]["log10_norm"][row]), wanted, 1e-9)
    assert "where each loss sends its gradient, over 6 sequences" in screen, screen

net = Net("rnn", 2, 5, 1)
tensors = grad(net, x, y, "--target", "steps", "--probe-times", "3,7")[0]
for row, step in enumerate((3, 7)):
    squares = np.zeros(9)
    for i in range(6):
        h = net.scan(x[i], 0, 0)[0]
        for t in range(step):
            for unit in range(5):
                state = h[t].astype(complex)
                state[unit] += 1j * STEP
                end = net.scan(x[i, t + 1 : step], 0, 0, state)[0][-1] if t + 1 < step else state
                loss = (net.head[0][0] @ end + net.head[1][0] - np.float32(y[i, step - 1, 0])) ** 2 / (6 * 9)
                squares[t] += (loss.imag / STEP * (1 - h[t, unit] ** 2)) ** 2
    with np.errstate(divide="ignore"):
        near("by complex steps", tensors["probe.log10_norm"][row], .5 * np.log10(squares), 1e-8)
'
with_net '
net = Net("rnn", 2, 5, 1)
x, y = data(2, 9, 2)
net.save("net.safetensors")
np.savez("last.npz", x=x.astype("f4"), y=y.astype("f4"))
np.savez("steps.npz", x=x.astype("f4"), y=np.repeat(y, 9, 1)[..., None].astype("f4"))
Net("rnn", 2, 5, 1, bidirectional=True).save("both.safetensors")
'
probing=(grad --cell rnn --loss mse --device cpu --out o.safetensors)
steps=(--model net.safetensors --data steps.npz --target steps)
refused 2 'probe-times: the loss is at the last step, 9, alone' "$program" "${probing[@]}" --model net.safetensors --data last.npz \
    --probe-times 3
refused 2 'probe-times: step 10 lies behind the last step, 9' "$program" "${probing[@]}" "${steps[@]}" --probe-times 3,8-10
refused 2 'bidirectional' "$program" "${probing[@]}" --model both.safetensors --data steps.npz --target steps --probe-times 3
for list in 0 3,,4 x 5-3 3- '4,' ' 3' 3.5 99999999999999999999; do
    refused 2 'probe-times: ' "$program" "${probing[@]}" "${steps[@]}" --probe-times "$list"
done
checked "losses of several steps, followed back side by side"

# Truncated BPTT: the table is the lag profile's, which is numpy's.
with_net '
x, y = data(5, 11, 2)
net = Net("rnn", 2, 4, 1, gain=2)
terms = np.zeros((11, 4, 4))
for i in range(5):
    h = net.scan(x[i], 0, 0)[0]
    d = 2 * (net.forward(x[i])[1][-1, 0] - np.float32(y[i, 0])) / 5 * net.head[0][0]
    for lag in range(11):
        delta = d * (1 - h[10 - lag] ** 2)
        terms[lag] += np.outer(delta, h[9 - lag] if lag < 10 else 0 * d)
        d = net.weights[0, 0]["hh"].T @ delta
whole = terms.sum(0)
tensors, json_line, screen = grad(net, x, y)
table = json_line["causes"]["truncation"]
assert table["steps"] == [1, 2, 4, 8, 11], table
for i, k in enumerate(table["steps"]):
    cut = terms[:k].sum(0)
    near("error", table["error"][i], np.linalg.norm(whole - cut) / np.linalg.norm(whole))
    near("cosine", table["cosine"][i], (cut * whole).sum() / np.linalg.norm(whole) / np.linalg.norm(cut))
lines = screen.splitlines()
at = lines.index("what truncated BPTT over K steps loses of W_hh\x27s gradient:")
assert lines[at + 1].split()[1:] == ["1", "2", "4", "8", "11"], lines[at + 1]
assert lines[at + 2].split()[2:] == ["%.2g" % (v if v > 1e-12 else 0) for v in table["error"]], lines[at + 2]
assert lines[at + 3].split()[3:] == ["%.3f" % v for v in table["cosine"]], lines[at + 3]
assert all(len(line) <= 80 for line in lines[1:]), [line for line in lines if len(line) > 80]
x, y = data(5, 1, 2)
tensors, json_line, screen = grad(net, x, y)
assert "W_hh has no gradient that truncated BPTT could cut" in screen and json_line["causes"]["truncation"] is None, screen
'
checked "the bias of truncated BPTT by its steps"
