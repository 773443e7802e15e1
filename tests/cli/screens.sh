#!/bin/bash
# Whole screens against stored ones, tests/expected/screens/: every word and column; numbers and bars are masked, as they
# differ between machines. That the numbers are right is asked below, of the ones that --json has too.
# After a change that is meant: RG_RENEW=1 ctest --test-dir build -R cli/screens; git diff tests/expected
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
export LC_ALL=C.UTF-8
cp "$root/data/cat-mat-rat.csv" data.csv # lines break where a path is long
data=data.csv
stored=$root/tests/expected/screens
small=(--batch 8 --steps 12 --hidden 4 --updates 30 --device cpu --threads 2)

# A number becomes N, a bar B, and several spaces one; lines that depend on time or machine are left out. Where the line with
# the time breaks depends on the time.
mask() {
    sed -zE 's/; ([0-9.]+) m?s,\s+([0-9.]+[kM]?)\s+sequences/; \1 s, \2 sequences/' "$1" | sed -E 's/^device( +\|?).*/device\1D/; s/hash [0-9a-f]+/hash H/; /^update [0-9]+\/[0-9]+ /d; s/, [0-9]+ (s|min) left$//
        s/[▁▂▃▄▅▆▇█▏▎▍▌▋▊▉░▒▓]+/B/g; s/\x1b/ESC/g
        s/(^|[^[:alnum:]_.])-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?[kM]?/\1N/g; s/\b(nan|inf)\b/N/g; s/\bN ms\b/N s/g; s/\bN [KM]iB\b/N MiB/g; s/B( *B)*/B/g; s/ +/ /g; s/ $//'
}

# screen NAME STATUS ARGUMENT...: what the program shows is what is stored under the name.
screen() {
    local name=$1 status=$2
    shift 2
    expect_status "$status" "$program" "$@"
    { echo "stdout:"; mask "$folder/stdout"; echo "stderr:"; mask "$folder/stderr"; } >"$folder/screen"
    compare_stored "$name"
}

# compare_stored NAME: what is in $folder/screen with what is stored.
compare_stored() {
    local name=$1
    if [ "${RG_RENEW:-0}" = 1 ]; then
        mkdir -p "$stored"
        cp "$folder/screen" "$stored/$name.txt"
    fi
    diff -u "$stored/$name.txt" "$folder/screen" >&2 ||
        fail "the screen differs from tests/expected/screens/$name.txt; if it is meant: RG_RENEW=1 ctest --test-dir build -R cli/screens"
}

screen train 0 "${small[@]}"
# The memory of one sequence, which depends on the processor's vectors: so the batch is cut into its sequences.
lstm=("${small[@]}" --cell lstm --layers 2 --bidirectional --skip 3 --optimizer sgd --clip-norm 0)
expect_status 7 "$program" "${lstm[@]}" --memory 1K --lag-every 10
needed=$(sed -n 's/.* needs at least \([0-9]*\)\.[0-9]* KiB .*/\1/p' "$folder/stderr")
screen train-lstm 0 "${lstm[@]}" --memory $((needed + 1))K --lag-every 10
screen train-gru 0 "${small[@]}" --cell gru --skip-kind learned --color always
screen train-file 0 --data "$data" --hidden 3 --updates 3 --device cpu --threads 2 --embed 2
screen train-vanishing 0 --task copy --cell rnn --hidden 4 --batch 8 --steps 120 --updates 2 --probe-time 130 --lr 1e-5 \
    --init normal:0.01 --device cpu --threads 2
screen train-exploding 0 "${small[@]}" --activation linear --init identity:3 --lr 1e-9
screen train-diverged 5 "${small[@]}" --activation relu --optimizer sgd --lr 1e6 --clip-norm 0 --updates 300
screen train-one-step 0 --batch 8 --steps 2 --hidden 4 --updates 1 --device cpu --threads 2
screen train-no-update 0 "${small[@]}" --updates 0
screen compare 0 compare "${small[@]}" --remedies tanh,lstm+plain,skip+clip
screen compare-diverged 0 compare "${small[@]}" --lr 1e6 --optimizer sgd --updates 300 --remedies relu+plain,tanh+clip
screen sweep 0 sweep "${small[@]}" --cell rnn,gru --steps 5,10 --seed 1-3
screen sweep-plain 0 sweep "${small[@]}" --lr 1e-3,1e-2
checked "screens of train, compare and sweep"

expect_status 0 "$program" --data "$data" --hidden 3 --updates 3 --device cpu --out model --bidirectional
screen grad 0 grad --model model/model.safetensors --data "$data" --device cpu --out g.safetensors
screen predict 0 predict --model model/model.safetensors --data "$data" --device cpu
screen probe 0 probe fixed-point
checked "screens of grad, predict and probe"

# page NAME ARGUMENT...: the text of the page that --report writes, that of its figures too, without options and version,
# as stored.
page() {
    local name=page-$1
    shift
    expect_status 0 "$program" "$@" --report page.html
    python3 - page.html >"$folder/page" <<'PYTHON'
import html, re, sys
text = open(sys.argv[1]).read()
for left_out in (r"<style>.*?</style>", r'<h2>Options</h2>.*?(?=<p class="note">)', r"rnn-gpu [0-9][0-9.]*\."):
    text = re.sub(left_out, "", text, flags=re.S)
text = re.sub(r"</?(td|th|dd)[^>]*>", " | ", text)
text = re.sub(r'<text[^>]*>[-0-9.e]*</text>', "", text)  # ticks
print(html.unescape(re.sub(r"<[^>]*>", "", text)))
PYTHON
    grep -q '^Made 20.* UTC' "$folder/page" || fail "the page of $name does not say when it was made"
    mask "$folder/page" | grep -v -e '^$' -e '^Made N' >"$folder/screen"
    compare_stored "$name"
}
page train "${small[@]}" --cell gru --layers 2 --bidirectional --lag-every 10
page train-lstm "${small[@]}" --cell lstm
page compare compare "${small[@]}" --remedies tanh,lstm+plain
page sweep sweep "${small[@]}" --cell rnn,gru --steps 5,10 --seed 1-3
page grad grad --model model/model.safetensors --data "$data" --device cpu --out g.safetensors
checked "pages of train, compare, sweep and grad"

# latex NAME ARGUMENT...: what grad --trace-latex writes, as stored.
latex() {
    local name=latex-$1
    shift
    expect_status 0 "$program" grad "$@" --device cpu --trace-latex walk.tex
    mask walk.tex >"$folder/screen"
    compare_stored "$name"
}
latex notes --model "$root/data/cat-mat-rat-weights.safetensors" --data "$data"
expect_status 0 "$program" --data "$data" --hidden 2 --updates 0 --device cpu --quiet --out net --cell gru --skip 2 --bidirectional
latex gru --model net/model.safetensors --data "$data"
checked "the walk in LaTeX"

# The same numbers as --json: rows of a comparison, runs of a sweep, the result of a training.
same_numbers() {
    local program_text=$1
    shift
    expect_status 0 "$program" "$@"
    cp "$folder/stdout" "$folder/text"
    expect_status 0 "$program" "$@" --json
    check_json "
text = open('$folder/text').read()
$program_text"
}
same_numbers '
import re
found = re.search(r"done after (\d+) updates.*: loss (\S+) \(baseline (\S+)\)", text)
assert found, text
assert int(found[1]) == end["updates"] == 30 and found[2] == "%.6g" % end["loss"], (found[0], end)
assert found[3] == "%.6g" % lines[0]["baseline"]
found = re.search(r"gradient norm (\S+), clipped (\S+) %, skipped (\d+);", text)
assert found[1] == "%.4g" % end["grad_norm"] and found[2] == "%.1f" % (100 * end["clip_rate"]), (found[0], end)
assert int(found[3]) == end["skipped"]' "${small[@]}"
same_numbers '
shown = [line.split() for line in text.splitlines() if line[:2].strip().isdigit()]
assert len(shown) == len(lines) == 4
for row, line in zip(lines, shown):
    share = 100 * row["long_share"]
    wanted = ["%d%s" % (row["rank"], "=" if row["tied"] else ""), row["remedy"], row["with"], "%.3g" % row["lr"],
              "%.3g" % row["loss_median"], "%.3g" % row["loss_q1"], "%.3g" % row["loss_q3"],
              "%d/%d" % (row["learned"], row["seeds"]), "%.1f" % (0 if abs(share) < 0.05 else share), row["verdict"]]
    assert line == wanted, (line, wanted)' compare "${small[@]}" --remedies tanh,gru,tanh+plain,gru+rate
checked "the numbers shown are those of --json"
