#!/usr/bin/env python3
"""Time PyTorch's own training step on the processor: forward, backward, clip by norm, Adam.

The step is what a PyTorch user writes: nn.RNN, nn.LSTM or nn.GRU, a Linear head on the last step, the mean squared
error. Each case has two figures: `whole` feeds the batch at once; `best` is the fastest of several splits of the batch
into chunks whose gradients add up to the same gradient.

usage: pytorch_step.py [THREADS [MEMORY]] <cases, one a line: cell batch steps hidden input repeats patience>
cell is rnn, relu, lstm or gru; MEMORY the bytes a step may take (8 GiB), beyond which it is left out (null); patience
the seconds after which fewer repeats are enough, 0 for no limit. The first line of the output is
{"peer": "pytorch", "version", "threads"}; then a line for each case, as soon as it is read:
{"whole_s", "best_s", "best_chunk"}. Exits with 3 where PyTorch is not installed.
"""
import json
import sys
import time

try:
    import torch
except ImportError:
    sys.exit(3)

GATES = {"rnn": 1, "relu": 1, "lstm": 4, "gru": 3}
CHUNKS = 1024, 256, 128


def build(cell, inputs, hidden):
    if cell in ("rnn", "relu"):
        return torch.nn.RNN(inputs, hidden, nonlinearity="relu" if cell == "relu" else "tanh")
    return {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](inputs, hidden)


def step_seconds(cell, batch, steps, hidden, inputs, chunk, repeats, patience):
    """Median seconds of a step, the first left out."""
    torch.manual_seed(0)
    rnn, head = build(cell, inputs, hidden), torch.nn.Linear(hidden, 1)
    parameters = [*rnn.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, 1e-3)
    xs = [x.contiguous() for x in torch.randn(steps, batch, inputs).split(chunk, 1)]
    ys = torch.randn(batch, 1).split(chunk)
    seconds, spent = [], 0.0
    while len(seconds) < 2 or (len(seconds) <= repeats or spent < 0.02) and (not patience or spent < patience):
        begin = time.perf_counter()
        optimizer.zero_grad()
        for x, y in zip(xs, ys):
            out, _ = rnn(x)
            (((head(out[-1]) - y) ** 2).sum() / batch).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        seconds.append(time.perf_counter() - begin)
        spent += seconds[-1] if len(seconds) > 1 else 0.0
    return sorted(seconds[1:])[(len(seconds) - 1) // 2]


def step_bytes(cell, rows, hidden, inputs):
    """About what autograd keeps: gates, their products and states of every step."""
    return 4 * rows * (inputs + 4 * GATES[cell] * hidden)


def time_case(cell, batch, steps, hidden, inputs, repeats, patience, memory):
    times = {}
    for chunk in (batch, *(c for c in CHUNKS if c < batch)):
        if step_bytes(cell, chunk * steps, hidden, inputs) <= memory:
            times[chunk] = step_seconds(cell, batch, steps, hidden, inputs, chunk, repeats, patience)
    best = min(times, key=times.get, default=None)
    return {"whole_s": times.get(batch), "best_s": times.get(best), "best_chunk": best}


def main():
    if len(sys.argv) > 1 and int(sys.argv[1]) > 0:
        torch.set_num_threads(int(sys.argv[1]))
    memory = int(sys.argv[2]) if len(sys.argv) > 2 else 8 << 30
    print(json.dumps({"peer": "pytorch", "version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        cell, *sizes, patience = line.split()
        batch, steps, hidden, inputs, repeats = map(int, sizes)
        case = time_case(cell, batch, steps, hidden, inputs, repeats, float(patience), memory)
        print(json.dumps(case), flush=True)


main()
