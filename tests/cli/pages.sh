#!/bin/bash
# README.md, CONTRIBUTING.md and docs/: every command that a page shows is accepted, and every option that it names exists.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"

# The pages' options file, as docs/options.md shows it.
sed -n '/^    # pump.toml/,/^[^ ]/s/^    //p' "$root/docs/options.md" >pump.toml
grep -q '^\[train\]' pump.toml || fail "docs/options.md shows no options file"

# --dump-config reads all options and ends before any file of data is opened.
python3 - "$program" "$root" <<'PYTHON' || fail "the pages are not as expected"
import re, shlex, subprocess, sys
from pathlib import Path

program, root = sys.argv[1], Path(sys.argv[2])
pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted(root.glob("docs/*.md"))]
texts = {page.name: page.read_text().replace("\\\n", " ") for page in pages}
foreign = {"--enable-recovery", "--mca", "--oversubscribe"}  # mpirun's


def accepted(words):
    if "--resume" in words:  # takes the options of the run; the others are looked at alone
        at = words.index("--resume")
        words = words[:at] + words[at + 2 :]
    if words and words[0] in ("help", "version", "completion"):
        ran = subprocess.run([program, *words], capture_output=True, text=True)
    else:
        ran = subprocess.run([program, *words, "--dump-config"], capture_output=True, text=True)
    return "" if ran.returncode == 0 else ran.stderr.strip()


commands, wrong = 0, []
for name, text in texts.items():
    shown = re.findall(r"^    .*?\./rnn-gpu\b(.*)$", text, re.M) + re.findall(r"`[^`\n]*\./rnn-gpu\b([^`]*)`", text)
    for command in shown:
        words = shlex.split(re.sub(r"\s#.*", "", command))
        ends = [i for i, word in enumerate(words) if word in ("|", ">", "&&", ";", "2>", "&")]
        words = words[: ends[0]] if ends else words
        commands += 1
        if words == ["help", "COMMAND"]:
            continue
        why = accepted(words)
        if why:
            wrong.append(f"{name}: ./rnn-gpu {' '.join(words)}: {why}")

every = subprocess.run([program, "help"], capture_output=True, text=True).stdout
for command in re.findall(r"^  ([a-z]+)  ", every, re.M):
    every += subprocess.run([program, "help", command], capture_output=True, text=True).stdout
known = set(re.findall(r"--[a-z][a-z0-9-]*", every)) | foreign
for name, text in texts.items():
    wrong += [f"{name}: {option} is no option" for option in set(re.findall(r"`(--[a-z][a-z0-9-]*)", text)) - known]

# What a newcomer pastes fits a window: the blocks of every page, and the tables of two.
for page in pages:
    name, lines = page.name, page.read_text().split("\n")
    begins = ("    ", "|") if name in ("own-data.md", "data-and-files.md") else "    "
    wrong += [f"{name}:{i}: {len(line)} columns, more than 120" for i, line in enumerate(lines, 1) if line.startswith(begins) and len(line) > 120]
assert not wrong, "\n".join(wrong)
assert commands >= 100, commands
print(commands, "commands")
PYTHON
checked "commands and options of the pages"
