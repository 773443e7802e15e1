#!/bin/bash
# docs/own-data.md: every command there runs as it stands, one after another, and what the page says of them is so.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
document=$root/docs/own-data.md
export RNN_GPU_DEVICE=cpu
ln -s "$program" rnn-gpu

# A command is an indented block of one or more lines; lines of one that ends in \ or inside quotes belong together.
python3 - "$document" <<'PYTHON' || fail "the page has no commands"
import re, sys
lines, commands = [], []
for line in open(sys.argv[1]):
    if line.startswith("    "):
        lines.append(line[4:].rstrip("\n"))
        text = "\n".join(lines)
        if not text.endswith("\\") and text.count("'") % 2 == 0:
            commands.append(text)
            lines = []
assert not lines and len(commands) >= 10, commands
for i, command in enumerate(commands):
    open("command-%02d" % i, "w").write(command + "\n")
PYTHON
for file in command-*; do
    expect_status 0 bash -euo pipefail "$file"
    case $(cat "$file") in
        *'--dry-run'*)
            expect_line '^dry run: an update takes [0-9.]+ ms, 1,000 updates about '
            expect_line 'the inputs are large \(.current. is about 4[12]\)' stderr
            expect_line '^labels +2 classes: good, worn$' stderr
            ;;
        *sweep*)
            expect_line '^of what was held out, over the folds:$'
            expect_line '^ gru +5 '
            grep -q '>What was held out, run by run<' cells.html || fail "the page has no folds"
            ;;
        *'--fill'*)
            expect_line '^with .*fill previous' stderr
            expect_line '^test with the best weights: loss [0-9.]+, accuracy (0\.9|1\.)[0-9]* '
            expect_line 'on 50 sequences$'
            expect_line '^leak +[01]\.[0-9]+ +(0\.[89]|1\.0)'
            ;;
        *'--normalize'*)
            expect_line '^test with the best weights: loss [0-9.]+, accuracy (0\.[89]|1\.)[0-9]* '
            expect_line 'on 40 sequences$'
            expect_line '^true . predicted +good +worn$'
            [ -s pump/best.safetensors ] || fail "no best.safetensors"
            [ -s pump/report.html ] || fail "no report.html"
            ;;
        *'eval'*'--json'*) check_json 'assert end["classes"] == ["good", "worn"] and end["accuracy"] > 0.8, end' ;;
        *'predicted.csv'*)
            [ "$(head -1 predicted.csv)" = sequence,series,label,predicted,probability_good,probability_worn ] || fail "another header"
            [ "$(wc -l <predicted.csv)" -eq 41 ] || fail "not a row for every series"
            ;;
        *'--data - --json'*) check_json 'assert end["class_name"] in end["probabilities"] and "label" not in end, end' ;;
    esac
done
checked "$(find . -name 'command-*' | wc -l) commands run"
