#!/bin/bash
# docs/notes-in-practice.md: every command there is accepted and runs (one update), and every picture has its command.
# shellcheck disable=SC2016 # patterns with back-quotes
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
document=$root/docs/notes-in-practice.md
export RNN_GPU_DEVICE=cpu
ln -s "$root/data" data
mkdir -p docs/images

# Commands stand in indented lines, which a back-slash continues, and between back-quotes; options alone in the first cell
# of a table's row.
sed -e ':join' -e '/\\$/{N;s/\\\n *//;b join' -e '}' "$document" >joined.md
commands=$({
    sed -n 's/^    \.\/rnn-gpu \(.*\)/\1/p' joined.md
    grep -o '`\./rnn-gpu [^`]*`' "$document" | sed 's/^`\.\/rnn-gpu \(.*\)`$/\1/'
    sed -n 's/^| `\(--[^`]*\)` |.*/\1 --hidden 8/p' "$document"
} | sed 's/ *#.*//')
[ "$(wc -l <<<"$commands")" -ge 25 ] || fail "only these commands were found: $commands"
while read -r -a words; do
    case ${words[0]} in
        grad | predict | probe) expect_status 0 "$program" "${words[@]}" ;;
        *) expect_status 0 "$program" "${words[@]}" --updates 1 ;;
    esac
done <<<"$commands"
checked "$(wc -l <<<"$commands") commands run"

# What is printed there is what predict, grad and probe print: the same words, and numbers to the last digit but one.
cat >"$folder/numbers.py" <<'PYTHON'
import re, subprocess, sys
number = r"[-+]?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?"

def words(line):
    return " ".join(re.sub(number, "N", re.sub("[\u2580-\u258f\u2591-\u2593#]+", "", line)).split())

def close(a, b):
    digits = len(re.sub("[^0-9]", "", re.sub("e.*", "", a)).lstrip("0"))
    return abs(float(a) - float(b)) <= 2 * 10.0 ** -min(digits - 1, 12) * max(abs(float(a)), 1e-300) or a == b

blocks = re.split(r"^    \./rnn-gpu ", open(sys.argv[2]).read(), flags=re.M)[1:]
checked = 0
for block in blocks:
    command, _, rest = block.partition("\n")
    if command.split()[0] not in ("predict", "grad", "probe"):
        continue
    shown = []
    for line in rest.split("\n"):  # the lines below the command that are indented as it is
        if line.strip() and not line.startswith("    "):
            break
        shown.append(line[4:])
    printed = subprocess.run([sys.argv[1]] + command.split("#")[0].split(), capture_output=True, text=True).stdout.split("\n")
    for line in shown:
        if not re.search("[0-9]", line) or "…" in line:
            continue
        like = [p for p in printed if words(p) == words(line)]
        assert like, "%s: no line like\n%s\nin\n%s" % (command, line, "\n".join(printed))
        wanted = re.findall(number, line)
        assert any(all(close(a, b) for a, b in zip(wanted, re.findall(number, p))) for p in like), (command, line, like)
        checked += 1
assert checked >= 15, checked
print(checked, "lines")
PYTHON
expect_status 0 python3 "$folder/numbers.py" "$program" "$document"
checked "what the page prints is what the program prints: $(cat "$folder/stdout")"

for picture in $(grep -o '(images/[^)]*)' "$document" | tr -d '()'); do
    [ -s "$root/docs/$picture" ] || fail "docs/$picture is not there"
    [ -s "docs/$picture" ] || fail "no command makes docs/$picture"
    [ "$(wc -c <"$root/docs/$picture")" -lt 60000 ] || fail "docs/$picture has 60 kB or more"
done
checked "pictures"

expect_status 5 "$program" --activation relu --init identity:1.08 --init-input normal:0.001 --batch 64 --hidden 64 \
    --updates 500 --optimizer sgd --lr 0.01 --clip-norm 0
expect_line '^diverged after 11 updates: last loss (nan|inf) '
expect_line 'with loss (nan|inf) and gradient norm (nan|inf),' stderr
checked "without clipping it diverges"
