#!/bin/bash
# Exported PyTorch modules give what predict gives, for every cell, activation, kind of skip, readout, layers and
# directions; what torch.save writes is refused with a line of Python that converts it.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=python.inc
. "$cli/python.inc"
python_has numpy torch safetensors

cat >"$folder/check.py" <<'PYTHON'
import importlib.util, re, subprocess, sys
import numpy, torch

program = sys.argv[1]
N, T, F = 8, 9, 3
random = numpy.random.default_rng(2)
lengths = numpy.array([T, 0, 1, 2, 5, T, 3, 8])
x = random.standard_normal((N, T, F)).astype("f4")
tokens = random.integers(0, 7, (N, T))
tokens[0, :7] = range(7)
y = random.standard_normal((N, 2)).astype("f4")
numpy.savez("x.npz", x=x, y=y, lengths=lengths)
numpy.savez("steps.npz", x=x, y=random.standard_normal((N, T, 2)).astype("f4"), lengths=lengths)
numpy.savez("tokens.npz", x=tokens, y=y, lengths=lengths)

def run(*arguments, expected=0):
    got = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
    assert got.returncode == expected, (arguments, got.returncode, got.stderr)
    return got

def check(data, options, inputs):
    run("train", "--data", data, *options.split(), "--hidden", "5", "--updates", "2", "--lr", "0.1", "--device", "cpu",
        "--out", "m", "--overwrite", "--quiet", "--diagnose", "none")
    run("export", "--model", "m/model.safetensors", "--out", "net.torch.py")
    run("predict", "--model", "m/model.safetensors", "--data", data, "--device", "cpu", "--out", "p.npy")
    spec = importlib.util.spec_from_file_location("net", "net.torch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with torch.no_grad():
        got = module.load()(torch.from_numpy(inputs), torch.from_numpy(lengths)).numpy()
    wanted = numpy.load("p.npy")
    assert got.shape == wanted.shape and numpy.abs(got - wanted).max() <= 1e-5, (options, numpy.abs(got - wanted).max())
    return 1

activations = "tanh relu leaky_relu elu sigmoid softsign softplus hardtanh linear".split()
cells = ["--cell rnn --activation " + a for a in activations] + ["--cell lstm", "--cell gru"]
skips = ["", "--skip 3", "--skip 2 --skip-kind dilated", "--skip-kind learned"]
readouts = ["--readout last", "--readout final", "--readout mean", "--readout max", "--target steps"]
shapes = ["", "--layers 2", "--bidirectional", "--layers 2 --bidirectional"]
done = 0
for i, cell in enumerate(cells):
    for j, skip in enumerate(skips):
        for k, readout in enumerate(readouts):
            if not (0 < i < 9 and (i + j + k) % 5):
                data = "steps.npz" if "steps" in readout else "x.npz"
                done += check(data, " ".join((cell, skip, readout, shapes[(i + j + k) % 4])), x)
done += check("tokens.npz", "--embed 4 --cell lstm", tokens)
done += check("tokens.npz", "--embed 3 --cell gru --bidirectional --skip 2", tokens)

numpy.savez("far.npz", x=1e3 * x + 2e4, y=y, lengths=lengths)
done += check("far.npz", "--cell gru --normalize", 1e3 * x + 2e4)
done += check("far.npz", "--cell lstm --normalize --skip 2 --bidirectional", 1e3 * x + 2e4)

# a module of somebody else's, through torch.save and the line of Python that the refusal has
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(F, 4, batch_first=True, bidirectional=True)
        self.out = torch.nn.Linear(8, 2)
    def forward(self, x):
        return self.out(torch.cat(tuple(self.gru(x)[1]), 1))
net = Net()
for new in (True, False):
    torch.save(net.state_dict(), "net.pt", _use_new_zipfile_serialization=new)
    said = run("predict", "--model", "net.pt", "--data", "x.npz", expected=4).stderr
    subprocess.run([sys.executable, "-c", re.search('python3 -c "(.*)"$', said.strip())[1]], check=True)
    numpy.savez("full.npz", x=x)
    run("predict", "--model", "model.safetensors", "--data", "full.npz", "--device", "cpu", "--out", "p.npy")
    with torch.no_grad():
        assert numpy.abs(net(torch.from_numpy(x)).numpy() - numpy.load("p.npy")).max() <= 1e-5
    done += 1
print("%d models" % done)
PYTHON
expect_status 0 "$python" "$folder/check.py" "$program"
checked "PyTorch modules beside predict: $(cat "$folder/stdout")"
