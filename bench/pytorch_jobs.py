#!/usr/bin/env python3
"""Train in PyTorch what docs/jobs.md trains with rnn-gpu: the same data, model, updates and rate, other random numbers.

usage: pytorch_jobs.py text FILE [--cell lstm] [--hidden 256] [--batch 32] [--tbptt 100] [--epochs 5] [--lr 2e-3]
       pytorch_jobs.py images rows|pixels|permuted [--cell lstm] [--hidden 128] [--batch 256] [--updates 600] [--lr 1e-3]
       pytorch_jobs.py forecast TRAIN.csv TEST.csv [--cell gru] [--hidden 32] [--batch 64] [--epochs 10] [--lr 5e-3]
                                [--window 100] [--horizon 15]
All take [--threads 2] [--seed 1]. The last line has the score and the seconds of the updates: bits per character of the last tenth
of the text; accuracy and loss on the 10,000 test images of Debian's dataset-fashion-mnist; or the mean squared error on
the test series, by the weights of the epoch with the lowest error on the last fifth of the training series.
"""
import argparse
import gzip
import math
import time

import torch
from torch import nn
from torch.nn import functional as F

FASHION = "/usr/share/datasets/fashion-mnist/%s-%s-ubyte.gz"
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class Net(nn.Module):
    """A recurrent layer and a linear head, of every step or of the last one."""

    def __init__(self, cell, inputs, hidden, outputs, last):
        super().__init__()
        if cell == "irnn":
            self.rnn = nn.RNN(inputs, hidden, nonlinearity="relu")
            nn.init.eye_(self.rnn.weight_hh_l0)
            nn.init.xavier_uniform_(self.rnn.weight_ih_l0)
            nn.init.zeros_(self.rnn.bias_ih_l0)
            nn.init.zeros_(self.rnn.bias_hh_l0)
        else:
            self.rnn = CELLS[cell](inputs, hidden)
        self.head = nn.Linear(hidden, outputs)
        self.last = last

    def forward(self, x, state=None):
        y, state = self.rnn(x, state)
        return self.head(y[-1] if self.last else y), state


def update(net, optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()


def detach(state):
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()


def train_text(a):
    text = open(a.file, encoding="utf-8").read()
    numbers = {c: i for i, c in enumerate(sorted(set(text)))}
    tokens = torch.tensor([numbers[c] for c in text])
    held_out = len(tokens) // 10

    def windows(part):  # [steps, batch, characters] in the order of the text, and the characters that follow
        steps = (len(part) - 1) // a.batch
        x = part[: steps * a.batch].view(a.batch, steps).t()
        y = part[1 : steps * a.batch + 1].view(a.batch, steps).t()
        for t in range(0, steps, a.tbptt):
            yield F.one_hot(x[t : t + a.tbptt], len(numbers)).float(), y[t : t + a.tbptt]

    net = Net(a.cell, len(numbers), a.hidden, len(numbers), last=False)
    optimizer = torch.optim.Adam(net.parameters(), a.lr)
    seconds, bits = 0.0, math.inf
    for epoch in range(a.epochs):
        begin, state = time.perf_counter(), None
        for x, y in windows(tokens[:-held_out]):
            z, state = net(x, state)
            state = detach(state)
            update(net, optimizer, F.cross_entropy(z.flatten(0, 1), y.flatten()))
        seconds += time.perf_counter() - begin
        with torch.no_grad():
            total, count, state = 0.0, 0, None
            for x, y in windows(tokens[-held_out:]):
                z, state = net(x, state)
                total += F.cross_entropy(z.flatten(0, 1), y.flatten(), reduction="sum").item()
                count += y.numel()
        bits = min(bits, total / count / math.log(2))
        print(f"epoch {epoch + 1}: {total / count / math.log(2):.4f} bits per character, {seconds:.1f} s")
    print(f"best {bits:.4f} bits per character, {seconds:.1f} s of updates")


def read_images(part, form):
    raw = gzip.open(FASHION % (part, "images-idx3")).read()[16:]
    x = torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(-1, 28, 28).float() / 255
    y = torch.frombuffer(bytearray(gzip.open(FASHION % (part, "labels-idx1")).read()[8:]), dtype=torch.uint8).long()
    if form != "rows":
        x = x.view(-1, 784, 1)
    if form == "permuted":
        x = x[:, torch.randperm(784, generator=torch.Generator().manual_seed(1))]
    return x.transpose(0, 1).contiguous(), y


def train_images(a):
    x, y = read_images("train", a.form)
    net = Net(a.cell, x.shape[2], a.hidden, 10, last=True)
    optimizer = torch.optim.Adam(net.parameters(), a.lr)
    begin = time.perf_counter()
    order = torch.empty(0, dtype=torch.long)
    for _ in range(a.updates):
        if len(order) < a.batch:
            order = torch.randperm(len(y))
        rows, order = order[: a.batch], order[a.batch :]
        update(net, optimizer, F.cross_entropy(net(x[:, rows])[0], y[rows]))
    seconds = time.perf_counter() - begin
    x, y = read_images("t10k", a.form)
    with torch.no_grad():
        z = torch.cat([net(part)[0] for part in x.split(500, 1)])
    accuracy = (z.argmax(1) == y).float().mean().item()
    print(f"test accuracy {accuracy:.4f}, loss {F.cross_entropy(z, y).item():.4f}, {seconds:.1f} s of updates")


def train_forecast(a):
    def windows(values, begin, end):  # [window, windows, 1] whose first step is in begin to end - 1, and their targets
        x = values[begin : end + a.window - 1].unfold(0, a.window, 1).t().unsqueeze(2)
        return x.contiguous(), values[begin + a.window - 1 + a.horizon :][: x.shape[1]].unsqueeze(1)

    def read(path):
        return torch.tensor([float(line) for line in open(path, encoding="utf-8").read().split()[1:]])

    def error(x, y):
        with torch.no_grad():
            return F.mse_loss(net(x)[0], y).item()

    series, test = read(a.train), read(a.test)
    after = a.window - 1 + a.horizon  # steps from a window's first one to its target
    border = len(series) - len(series) // 5
    x, y = windows(series, 0, border - after)
    held_out = windows(series, border, len(series) - after)
    net = Net(a.cell, 1, a.hidden, 1, last=True)
    nn.init.constant_(net.head.bias, y.mean().item())
    optimizer = torch.optim.Adam(net.parameters(), a.lr)
    seconds, best, score, updates = 0.0, math.inf, math.inf, 0
    for epoch in range(a.epochs):
        begin = time.perf_counter()
        for rows in torch.randperm(len(y)).split(a.batch):
            update(net, optimizer, F.mse_loss(net(x[:, rows])[0], y[rows]))
            updates += 1
        seconds += time.perf_counter() - begin
        now = error(*held_out)
        print(f"epoch {epoch + 1}: {now:.3g} on the held-out part, {seconds:.1f} s")
        if now < best:
            best, score = now, error(*windows(test, 0, len(test) - after))
    print(f"test error {score:.3g} after {updates} updates, {seconds:.1f} s of updates")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    jobs = parser.add_subparsers(required=True)
    text, images, forecast = jobs.add_parser("text"), jobs.add_parser("images"), jobs.add_parser("forecast")
    text.add_argument("file")
    text.add_argument("--tbptt", type=int, default=100)
    text.add_argument("--epochs", type=int, default=5)
    text.set_defaults(job=train_text)
    images.add_argument("form", choices=["rows", "pixels", "permuted"])
    images.add_argument("--updates", type=int, default=600)
    images.set_defaults(job=train_images)
    forecast.add_argument("train")
    forecast.add_argument("test")
    forecast.add_argument("--window", type=int, default=100)
    forecast.add_argument("--horizon", type=int, default=15)
    forecast.add_argument("--epochs", type=int, default=10)
    forecast.set_defaults(job=train_forecast)
    for job, cell, hidden, batch, lr in (
        (text, "lstm", 256, 32, 2e-3),
        (images, "lstm", 128, 256, 1e-3),
        (forecast, "gru", 32, 64, 5e-3),
    ):
        job.add_argument("--cell", default=cell, choices=[*CELLS, "irnn"])
        job.add_argument("--hidden", type=int, default=hidden)
        job.add_argument("--batch", type=int, default=batch)
        job.add_argument("--lr", type=float, default=lr)
        job.add_argument("--threads", type=int, default=2)
        job.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    a.job(a)


if __name__ == "__main__":
    main()
