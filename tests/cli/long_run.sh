#!/bin/bash
# A long run of a small net: its log grows ever more slowly, its memory not at all, and a run that was stopped in the
# middle and resumed writes the same log.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--hidden 2 --batch 1 --steps 2 --device cpu --threads 1 --quiet --diagnose none)
expect_status 0 "$program" "${small[@]}" --updates 150000 --out straight
expect_status 0 "$program" verify straight
expect_status 0 python3 - <<'PYTHON'
import json
events = [json.loads(line) for line in open("straight/log.jsonl")]
updates = [event["update"] for event in events if event["event"] == "update"]
expected = [*range(1, 65537), *range(65538, 131073, 2), *range(131076, 150001, 4)]
assert updates == expected, (len(updates), len(expected))
assert events[-1]["event"] == "end" and events[-1]["updates"] == 150000, events[-1]
PYTHON
checked "each of the first 65,536 updates has a line, then ever fewer"

expect_status 0 "$program" "${small[@]}" --updates 100000 --out stopped
expect_status 0 "$program" --resume stopped --updates 150000 --quiet
expect_status 0 "$program" verify stopped
expect_status 0 python3 - <<'PYTHON'
import json
def updates(name):
    events = [json.loads(line) for line in open(name + "/log.jsonl")]
    return [(e["update"], e["loss"], e["grad_norm"]) for e in events if e["event"] == "update"]
assert updates("straight") == updates("stopped")
PYTHON
checked "a resumed run writes the same log"

sed -i '70000d' straight/log.jsonl
refused 6 'log.jsonl: line [0-9]+ has update [0-9]+; the line before has [0-9]+' "$program" verify straight/log.jsonl
checked "verify sees a line that is missing among the fewer ones"

expect_status 0 python3 - "$program" "${small[@]}" <<'PYTHON'
import os, subprocess, sys
def peak(updates):  # KiB
    child = subprocess.Popen([*sys.argv[1:], "--updates", str(updates)], stdout=subprocess.DEVNULL)
    return os.wait4(child.pid, 0)[2].ru_maxrss
short, long = peak(10000), peak(100000)
assert long < short + 1024, f"{short} KiB for 10,000 updates, {long} KiB for ten times as many"
PYTHON
checked "ten times the updates take no more memory"
