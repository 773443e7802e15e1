#!/bin/bash
# --config and --dump-config: a file's options are those of the command line, which wins; what is dumped runs the same.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"

awk 'BEGIN { srand(3); print "series,a,b,label"
    for (n = 0; n < 24; n++) for (t = 0; t < 6; t++) printf "%d,%.3f,%.3f,%d\n", n, rand() + n % 2, 9 * rand(), n % 2 }' >pumps.csv
cp "$root/data/cat-mat-rat.csv" words.csv
printf 'the cat and the rat and the mat\nand the cat\n' >text.txt

# same NAME OPTION...: the run, its dump read back, and the dump of that have the same weights and the same text.
same() {
    local name=$1
    shift
    expect_status 0 "$program" "$@" --device cpu --dump-config
    cp "$folder/stdout" first.toml
    expect_empty stderr
    expect_status 0 "$program" "$1" --config first.toml --dump-config
    cmp -s first.toml "$folder/stdout" || fail "$name: the dump of a dump differs: $(diff first.toml "$folder/stdout")"
    expect_status 0 "$program" "$@" --device cpu --json
    grep -o '"weights_hash":"[0-9a-f]*"' "$folder/stdout" >hashes || fail "$name: no hash"
    expect_status 0 "$program" "$1" --config first.toml --json
    [ "$(grep -o '"weights_hash":"[0-9a-f]*"' "$folder/stdout")" = "$(cat hashes)" ] || fail "$name: other weights"
}

small=(--hidden 4 --batch 8 --steps 6 --updates 5 --diagnose none)
same defaults train "${small[@]}"
same irnn train "${small[@]}" --cell irnn --optimizer rmsprop --clip-value 0.5 --schedule step:3:0.3333333333333333
same learned train "${small[@]}" --skip-kind learned --skip-budget 0.001 --cell lstm --forget-bias 1 --seed 18446744073709551615
same file train --data pumps.csv --hidden 4 --epochs 3 --val-frac 0.25 --normalize --cell gru --bidirectional --diagnose none
same cut train --data pumps.csv --hidden 4 --updates 4 --batch 5 --steps 3 --readout mean --lr 1e-2 --memory 64M --diagnose none
same words train --data words.csv --hidden 3 --embed 2 --updates 7 --layers 2 --dropout 0.25 --diagnose none
same text train --data text.txt --hidden 4 --steps 5 --epochs 2 --lowercase --level word --diagnose none
same steps train --task copy --hidden 4 --batch 8 --steps 12 --updates 4 --target steps --probe-time 11
same double train "${small[@]}" --precision double --threads 1 --init orthogonal:1.1 --init-input normal:0.1
checked "--dump-config read back by --config trains the same weights"

expect_status 0 "$program" --data pumps.csv --hidden 4 --updates 4 --device cpu --quiet --out start --diagnose none
same tuned train --model start/model.safetensors --data pumps.csv --updates 3 --diagnose none

# Times differ. So does the command of a run: it has what was given, and a file gives all options.
masked='s/"[a-z_]*\(seconds\|_per_s\|_s\)":[^,}]*//g; s/"command":"[^"]*"//'
same_lines() {
    expect_status 0 "$program" "$@" --device cpu --dump-config
    cp "$folder/stdout" first.toml
    expect_status 0 "$program" "$@" --device cpu --json
    sed "$masked" "$folder/stdout" >before
    expect_status 0 "$program" "$1" --config first.toml --json
    sed "$masked" "$folder/stdout" >after
    cmp -s before after || fail "$*: other results: $(diff before after | head -c 600)"
}
same_lines sweep --cell rnn,gru --hidden 3 --batch 4 --steps 4,6 --updates 3 --lr 1e-3..1e-1*2 --seed 1-2
same_lines compare --steps 4 --hidden 3 --remedies tanh,gru --seeds 2 --updates 3 --batch 4
same_lines eval --model start/model.safetensors --data pumps.csv
same_lines probe --seed 3
for words in "train --data pumps.csv" "grad --model start/model.safetensors --data pumps.csv --out g.safetensors" "grad --task copy --out g.safetensors" \
    "export --model start/model.safetensors --out m.c" "predict --model start/model.safetensors --data pumps.csv" bench devices; do
    read -ra line <<<"$words"
    expect_status 0 "$program" "${line[@]}" --dump-config
    cp "$folder/stdout" first.toml
    expect_status 0 "$program" "${line[0]}" --config first.toml --dump-config
    cmp -s first.toml "$folder/stdout" || fail "$words: the dump of a dump differs: $(diff first.toml "$folder/stdout")"
done
checked "sweep, compare, eval: the same results from their dump"

# What is dumped is TOML, and --dump-config prints only what may be given.
if python3 -c 'import tomllib' 2>/dev/null; then
    for line in "train --data a\"\\b.csv --seed 18446744073709551615 --memory 2G --save-every 30s --out kept" "sweep --seed 1-3 --lr 1e-3,1e-2" \
        "bench --batch 4" "grad --model m --data d --out o" "sample --model m --prompt x"; do
        read -ra words <<<"$line"
        expect_status 0 "$program" "${words[@]}" --dump-config
        python3 -c 'import sys, tomllib; tomllib.load(open(sys.argv[1], "rb"))' "$folder/stdout" || fail "$line: no TOML"
    done
    checked "what is dumped is TOML"
fi

# Tables, and what wins.
cat >job.toml <<'TOML'
# a job
device = 'cpu'
hidden = 1_0        # for all
"batch" = 4
[train]
hidden = 5          # counts more
steps = 6
epochs = 2
data = "nofile.csv"
quiet = true
bidirectional = false
[sweep]
seed = [1, 2,
        3]          # over lines
cell = ["rnn", "gru"]
[eval]
data = "pumps.csv"
TOML
expect_status 0 "$program" --config job.toml --task adding --updates 3 --json
check_json 'assert lines[0]["options"]["hidden"] == 5 and lines[0]["batch"] == 4 and end["updates"] == 3, lines[0]'
expect_status 0 "$program" train --hidden 7 --config=job.toml --task adding --updates 3 --json -q --dump-config
expect_line '^hidden = 7$'
expect_line '^updates = 3$'
expect_no_line '^(epochs|data|bidirectional) = '
expect_status 0 "$program" sweep --config job.toml --seed 4 --steps 5 --updates 2 --json
check_json '
runs = events("run")
assert [r["settings"] for r in runs] == [{"hidden": 10, "batch": 4, "cell": cell, "updates": 2, "steps": 5, "seed": 4}
                                         for cell in ("rnn", "gru")], runs
assert list(runs[0]["settings"])[:3] == ["hidden", "batch", "cell"], runs[0]
assert all(r["options"]["hidden"] == 10 for r in runs)'
checked "tables count for their command, the command line wins"

# Errors: file, line, what, and the nearest name; exit code 4; nothing is made.
bad() {
    printf '%b' "$2" >bad.toml
    refused 4 "$1" "$program" --config bad.toml --out made --task adding
}
bad "bad.toml:2: unknown option 'hiden'; did you mean --hidden\?" '# x\nhiden = 3\n'
bad "bad.toml:1: unknown option 'clip_norm'; did you mean --clip-norm\?" 'clip_norm = 3\n'
bad "bad.toml:3: --input does not belong to sweep; it is an option of bench" '\n[sweep]\ninput = 3\n'
bad "bad.toml:1: --hidden: 'a' is not a whole number" 'hidden = "a"\n'
bad "bad.toml:1: --hidden: 0 is out of range; 1 to 65536" 'hidden = 0\n'
bad "bad.toml:1: --cell: unknown value 'lsmt'; .*did you mean lstm" 'cell = "lsmt"\n'
bad "bad.toml:1: normalize takes true or false" 'normalize = "yes"\n'
bad "bad.toml:1: hidden takes a value, not true or false" 'hidden = true\n'
bad "bad.toml:1: hidden takes one value, not a list; sweep takes lists" 'hidden = [1, 2]\n'
bad "bad.toml:2: --lr: 'x' is not a number or auto" '[sweep]\nlr = [1e-3, "x"]\n'
bad "bad.toml:2: --cell: unknown value 'foo'" '[sweep]\ncell = ["rnn", "foo"]\n'
bad "bad.toml:3: --seed: 2 is listed twice" '[sweep]\nlr = 1e-3\nseed = "1-3,2"\n'
bad "bad.toml:2: hidden is already in line 1" 'hidden = 1\nhidden = 2\n'
bad "bad.toml:2: \[train\] is already in line 1" '[train]\n[train]\n'
bad "bad.toml:1: \[trian\] is not the name of a command: .*did you mean train\?" '[trian]\n'
bad "bad.toml:1: config is only for the command line" 'config = "x"\n'
bad "bad.toml:1: --report: the value is empty" 'report = ""\n'
bad "bad.toml:1: the string has no closing" 'data = "x\n'
bad "bad.toml: the file is empty" ''
printf 'lr = "1e-3,x"\n' >bad.toml
refused 4 "bad.toml:1: --lr: 'x' is not a number or auto" "$program" sweep --config bad.toml --out none --report none.html
refused 2 "^rnn-gpu: --lr: 'x' is not a number or auto" "$program" sweep --lr 1e-3,x --dump-config
refused 4 'none.toml: cannot be read: No such file' "$program" --config none.toml
refused 4 '\.: is a folder' "$program" --config .
head -c 1100000 /dev/zero | tr '\0' '#' >large.toml
refused 4 'large.toml: 1100000 bytes; an option file has at most 1 MiB' "$program" --config large.toml
refused 2 '\-\-config needs a value' "$program" --config
refused 2 '\-\-config needs a value' "$program" --config --quiet
refused 2 '\-\-config is given twice' "$program" --config job.toml --config job.toml
refused 2 '\-\-config cannot be given with --resume' "$program" --resume start --config job.toml
refused 2 "unknown command 'trian'" "$program" trian --config job.toml
expect_status 0 "$program" --config none.toml --help
checked "option files that are wrong are refused with their line"
