#!/bin/bash
# On a terminal: one line that is written over and over, as wide as the window allows, and colours; neither of them
# anywhere else, nor where the environment forbids it.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"

if ! has_terminals; then
    echo "not run: this machine has no pseudo-terminals"
    exit 77
fi

# live PATTERN COLUMNS: there are lines that are written over, none of them as wide as the window, and one that matches.
live() {
    command="$command (live lines)"
    python3 - "$folder/stdout" "$1" "$2" <<'PYTHON' || fail "the live lines are not as expected"
import re, sys
text, columns = open(sys.argv[1], newline="").read(), int(sys.argv[3])
lines = text.split("\r\x1b[J")[1:]
assert len(lines) > 2, text
shown = [line[:-1] for line in lines[:-1] if line.endswith("\r")]
for line in shown:
    assert len(line) < columns, line
assert any(re.search(sys.argv[2], line) for line in shown), (sys.argv[2], shown)
PYTHON
}

long=(--batch 256 --steps 50 --hidden 32 --device cpu --threads 1 --max-time 0.6 --updates 100000)
on_terminal 100 "${long[@]}" --lag-every 20
live '[0-9]+/100000  loss [0-9.e-]+( \(baseline 0.1667\))?  norm [0-9.e-]+  clip [0-9]+ %  long [0-9.e-]+ %  [0-9.]+[kM]? seq/s  [0-9]+ (s|min|h) left$' 100
grep -q $'\x1b\\[1mtime is up after' "$folder/stdout" || fail "the result is not bold"
on_terminal 40 "${long[@]}"
live '[0-9]+/100000  loss ' 40
on_terminal 80 "${long[@]}" --lag-every 20
live '^[0-9]+/100000  loss [0-9.e-]+  norm [0-9.e-]+  clip [0-9]+ %  long [0-9.e-]+ %(  [0-9.]+[kM]? seq/s)?  [0-9]+ (s|min|h) left$' 80
on_terminal 200 "${long[@]}" --lag-every 20
live '^update [0-9]+/100000  loss [0-9.e-]+ \(baseline 0.1667\)  norm .* seq/s  lag 0 [░▒▓█ ]{24} 49  [0-9]+ s left$' 200
on_terminal 120 --data "$root/data/cat-mat-rat.csv" --val "$root/data/cat-mat-rat.csv" --val-every 10000 --hidden 8 --device cpu \
    --threads 1 --max-time 0.6 --updates 10000000
live '^(update )?[0-9]+/10000000  loss [0-9.e-]+ \(baseline 0.6365\)  held out [0-9.e-]+  norm ' 120
checked "train: a live line, as wide as there is room"

on_terminal 80 compare --batch 64 --steps 50 --hidden 16 --updates 100000 --max-time 0.4 --device cpu --threads 1 --remedies tanh+plain,lstm+clip
live '^[12]/2 (tanh plain|lstm clip), [123] of 3: update [0-9]+/100000, loss [0-9.e-]+, [0-9]+ (s|min) left$' 80
on_terminal 80 sweep --batch 64 --steps 20 --hidden 8 --updates 400 --device cpu --threads 2 --seed 1-12
live '^[0-9]+ of 12 runs' 80
checked "compare and sweep: a live line"

# A window that becomes narrower breaks the line that is shown in two. Nothing of it stays.
expect_status 0 python3 "$cli/resized.py" "$program" --batch 64 --steps 50 --hidden 32 --device cpu --threads 1 --max-time 2.5 \
    --updates 100000 --lag-every 20
expect_line '^time is up after'
expect_no_line 'seq/s|clip [0-9]+ %|[0-9]/100000|left$'
expect_status 0 python3 "$cli/resized.py" "$program" compare --batch 64 --steps 50 --hidden 16 --updates 100000 --max-time 1.2 --device cpu --threads 1 \
    --remedies tanh+plain --seeds 2
expect_line '^ 1 +tanh +plain'
expect_no_line 'update [0-9]+/100000'
checked "a window that becomes narrower"

short=(--batch 8 --steps 12 --hidden 4 --updates 3 --device cpu)
plain() {
    ! grep -q $'\x1b' "$folder/stdout" || fail "there are colours or cursor movements"
}
term=dumb on_terminal 80 "${short[@]}"
plain
expect_status 0 "$program" "${short[@]}"
plain
expect_status 0 "$program" "${short[@]}" --color always
grep -q $'\x1b\\[36m' "$folder/stdout" || fail "--color always: no colours"
on_terminal 80 "${short[@]}" --quiet --color never
plain
expect_status 0 env NO_COLOR=1 TERM=xterm python3 "$cli/terminal.py" 80 "$program" "${short[@]}" --quiet
plain
expect_status 0 env NO_COLOR= TERM=xterm python3 "$cli/terminal.py" 80 "$program" "${short[@]}" --quiet
grep -q $'\x1b\\[1m' "$folder/stdout" || fail "an empty NO_COLOR forbids colours"
on_terminal 80 "${short[@]}" --json
plain
checked "colours where they are wanted"
expect_status 0 env LC_ALL=C "$program" "${short[@]}"
! grep -qP '[^\x00-\x7F]' "$folder/stdout" || fail "characters that the C locale lacks"
expect_status 0 env LC_ALL=C.UTF-8 "$program" "${short[@]}"
grep -q '█' "$folder/stdout" || fail "no blocks in a UTF-8 locale"
checked "blocks where the locale has them"
