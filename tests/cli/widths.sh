#!/bin/bash
# Where 80 columns are, no line is wider, whatever command, names and options: tables go on below themselves, sentences on
# the next line. A word that is wider by itself, such as a path, stays whole; so do commands to copy, and the one line of a
# message ("rnn-gpu: ...").
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
export LC_ALL=C.UTF-8
tensors '
x = [((i * 7 + t * 3) % 11) / 11 for i in range(24) for t in range(5)]
write_npz("kinds.npz", {"x": ((24, 5, 1), x), "y": ((24,), [i % 7 for i in range(24)])})
write_npz("steps.npz", {"x": ((24, 5, 1), x), "y": ((24, 5), [i % 3 for i in range(120)])})'
{
    echo text,label
    for i in $(seq 30); do echo "a sentence of many words that says number $i at length,a class with a long name $((i % 3))"; done
} >words.csv
python3 - <<'PYTHON'
import random
random.seed(1)
with open("numbers.csv", "w") as f:
    f.write("series,first,second,label\n")
    for i in range(200):
        f.write("%d,%g,%g,%d\n" % (i // 5, random.random(), random.random(), i // 5 % 7))
PYTHON
cat >"$folder/widths.py" <<'PYTHON'
"""widths.py STDOUT STDERR: fails with the lines that are too wide and could end earlier."""
import re, sys
bad = []
for name in sys.argv[1:]:
    for line in open(name, errors="replace").read().split("\n"):
        line = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if len(line) <= 80 or line.startswith("rnn-gpu: ") or re.match(r"\s*(Try\s+)?(\./)?rnn-gpu ", line):
            continue
        if re.match(r"\s*--\S+ \S+( \\)?$", line): # an option of a command stays beside its value
            continue
        start = len(line) - len(line.lstrip())
        if " " in line[start:81].rstrip():
            bad.append("%d columns: %s" % (len(line), line))
if bad:
    raise SystemExit("\n".join(bad))
PYTHON

# fits STATUS ARGUMENT...
seen=
fits() {
    local status=$1
    shift
    expect_status "$status" "$program" "$@"
    seen="$seen $1"
    python3 "$folder/widths.py" "$folder/stdout" "$folder/stderr" 2>>"$folder/wide" || echo "of: $*" >>"$folder/wide"
}
# The same on a terminal of 80 columns, for rows that end nowhere else in a pipe or file.
fits_terminal() {
    local status=$1 piped
    shift
    expect_status "$status" "$program" "$@"
    piped=$(wc -l <"$folder/stdout")
    seen="$seen $1"
    has_terminals || return 0
    expect_status "$status" python3 "$cli/terminal.py" 80 "$program" "$@"
    tr -d '\r' <"$folder/stdout" >"$folder/screen"
    [ "$(wc -l <"$folder/screen")" -gt "$piped" ] || fail "$*: the rows of a pipe are as short as those of a screen"
    python3 "$folder/widths.py" "$folder/screen" 2>>"$folder/wide" || echo "of: $*" >>"$folder/wide"
}
no_line_is_wide() {
    [ ! -s "$folder/wide" ] || fail "lines wider than 80 columns that could end earlier: $(cat "$folder/wide")"
    checked "no line is wider than 80 columns"
}

# The self-test takes some seconds: the second part has it alone.
if ! sampled; then
    fits 0 selftest --device cpu
    no_line_is_wide
    exit 0
fi
seen="$seen selftest"

long=a-folder-with-a-name-that-is-so-long-that-nothing-fits-beside-it
mkdir "$long"
small=(--batch 8 --steps 12 --hidden 4 --updates 6 --device cpu --threads 2)
fits 0 train "${small[@]}" --cell lstm --layers 2 --bidirectional --skip 3 --lag-every 2 --clip-norm 0 --verbose
fits 0 train "${small[@]}" --optimizer rmsprop --momentum 0.5 --rmsprop-alpha 0.95 --weight-decay 0.001 --warmup 3 --schedule step:5 \
    --set 'rnn.weight_hh_l0[0,1]=2' --skip-kind learned --freeze 'rnn.bias_*,head.bias' --out "$long/run"
fits 0 train --data words.csv --hidden 3 --updates 6 --batch 8 --device cpu --val words.csv --test words.csv --class-weights balanced --embed 2 \
    --out "$long/words"
fits 0 train --data kinds.npz --hidden 3 --updates 6 --batch 8 --device cpu --val-frac 0.3 --test kinds.npz --out kinds --normalize
fits 0 train --data steps.npz --hidden 3 --updates 6 --batch 8 --device cpu --target steps --out steps
fits 0 train --data steps.npz --loss mse --hidden 3 --updates 6 --batch 8 --device cpu
fits 0 train --data numbers.csv --loss mse --hidden 3 --updates 6 --batch 8 --device cpu --test numbers.csv --val numbers.csv
fits 0 train --dry-run "${small[@]}"
fits 0 train --resume "$long/run" --updates 9
fits 0 compare "${small[@]}" --remedies tanh,relu+plain,orthogonal,lstm+rate --rates 1e-3,3e-3
fits 0 compare --data kinds.npz --hidden 3 --updates 6 --batch 8 --device cpu --val kinds.npz --remedies gru,lstm --seeds 2
sweep=(--batch 8 --hidden 4 --updates 6 --device cpu --threads 2)
fits 0 sweep "${sweep[@]}" --cell rnn,gru --steps 5,10 --seed 1-3
fits_terminal 0 sweep --quiet "${sweep[@]}" --steps 5 --cell rnn,lstm --optimizer sgd,adam --lr 0.001,0.00123456 --schedule constant,exponential:0.999 \
    --clip-norm 0,1 --init orthogonal,normal:0.0123456 --weight-decay 0,0.0001
fits_terminal 0 sweep --quiet "${sweep[@]}" --data kinds.npz --val kinds.npz --test kinds.npz --cell rnn,gru --lr 0.001,0.002 --seed 1-2 --layers 1,2
fits 0 grad --model "$long/words/model.safetensors" --data words.csv --device cpu --out "$long/gradient.safetensors" --verbose
fits 0 grad --task copy --steps 20 --batch 8 --hidden 4 --device cpu --out g.safetensors --probe-times 5,10-20
fits 0 grad --model "$root/data/cat-mat-rat-weights.safetensors" --data "$root/data/cat-mat-rat.csv" --trace
fits_terminal 0 predict --model "$long/words/model.safetensors" --data words.csv --device cpu
fits 0 predict --model kinds/model.safetensors --data kinds.npz --device cpu
fits 0 eval --model "$long/words/model.safetensors" --data words.csv --device cpu
fits 0 eval --model kinds/model.safetensors --data kinds.npz --device cpu
fits_terminal 0 inspect "$long/run/checkpoint-9.ckpt"
fits_terminal 0 inspect "$long/words/model.safetensors"
fits_terminal 0 inspect "$long/gradient.safetensors"
fits_terminal 0 inspect "$root/data/cat-mat-rat-weights.safetensors"
fits_terminal 0 verify "$long/run"
head -c 300 "$long/words/model.safetensors" >part && mv part "$long/words/model.safetensors"
fits_terminal 6 verify "$long/words"
fits_terminal 0 runs .
fits_terminal 0 runs "$long"
fits 0 probe
fits 0 probe fixed-point
fits 0 bench --batch 8 --steps 5 --hidden 8 --cell rnn --device cpu --verbose
fits 0 bench --plan h100 --cell lstm --batch 64 --steps 10
fits 0 devices
fits 0 export --model kinds/model.safetensors --out kinds.onnx
fits 0 import --onnx kinds.onnx --out imported.safetensors
tr ' ' '\n' <words.csv >text.txt
fits 0 train --data text.txt --level word --hidden 3 --updates 3 --batch 2 --steps 5 --device cpu --out text
fits 0 sample --model text/model.safetensors --length 5
fits 0 version --verbose
seen="$seen completion" # a script, which nobody reads
fits 0 help

# Every command was asked, and its help has no wider line.
for command in $("$program" help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    case " $seen " in
    *" $command "*) ;;
    *) fail "the command $command was not looked at" ;;
    esac
    fits 0 help "$command"
done
checked "every command was looked at"
no_line_is_wide
