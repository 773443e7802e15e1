#!/usr/bin/env python3
"""What mpirun brings: update times of 1 to a few ranks here, measured, and the efficiency that they predict for more.

usage: scale.py PROGRAM [--ranks 1,2] [--predict 8,64,1024] [--latency S] [--bandwidth B] -- OPTION...

OPTION... are those of `rnn-gpu train`, such as --batch 4096 --steps 100 --cell lstm. Every rank has one thread. A rank computes
its shards one after the other and then exchanges the gradient:

    update(P) = step ceil(S / P) / S + 2 bytes (P - 1) / P / bandwidth + 2 (P - 1) latency

step: seconds of an update of one process with one thread, measured, in which the sums of the shards are; S: the shards of the
batch; bytes: of the gradient and the losses. Latency (seconds of a message) and bandwidth (bytes a second of a rank) are those
of the network between the hosts, given; the defaults are those of 10-gigabit Ethernet by TCP. The efficiency of P ranks is
step / (P update(P)). A batch of B sequences has no more than B shards, so that --batch must grow with the ranks.
"""
import argparse
import json
import math
import os
import subprocess
import sys


def run(command):
    """(start event, end event) of a training."""
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines[0], lines[-1]


def measured(program, ranks, options):
    """Seconds of an update, and what the start event says."""
    words = [program, *options, "--threads", "1", "--diagnose", "none", "--json", "--quiet"]
    start, end = run(["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *words])
    return end["seconds"] / end["updates"], start


def predicted(step, start, ranks, latency, bandwidth):
    real = 8 if start["precision"] == "double" else 4
    size = real * (start["parameters"] + 2 * start["batch"])
    shards = start["shards"]
    compute = step * math.ceil(shards / ranks) / shards
    return compute + 2 * size * (ranks - 1) / ranks / bandwidth + 2 * (ranks - 1) * latency


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--ranks", default="1,2")
    parser.add_argument("--predict", default="8,64,1024")
    parser.add_argument("--latency", type=float, default=30e-6)
    parser.add_argument("--bandwidth", type=float, default=1.1e9)
    own, _, options = " ".join(sys.argv[1:]).partition(" -- ")
    asked = parser.parse_args(own.split())
    asked.options = options.split()
    step, start = measured(asked.program, 1, asked.options)
    print(f"one rank of one thread: {step:.4g} s an update; {start['shards']} shards, {start['parameters']} parameters")
    for ranks in (int(n) for n in asked.ranks.split(",") if int(n) > 1):
        seconds, _ = measured(asked.program, ranks, asked.options)
        print(f"{ranks} ranks here: {seconds:.4g} s measured, efficiency {step / seconds / ranks:.2f}")
    for ranks in (int(n) for n in asked.predict.split(",")):
        if ranks > start["shards"]:
            print(f"{ranks} ranks: more than the {start['shards']} shards; a larger --batch, or --shards")
            continue
        seconds = predicted(step, start, ranks, asked.latency, asked.bandwidth)
        print(f"{ranks} ranks by the network: {seconds:.4g} s predicted, efficiency {step / seconds / ranks:.2f}")


if __name__ == "__main__":
    main()
