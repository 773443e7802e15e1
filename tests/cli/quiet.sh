#!/bin/bash
# --quiet: nothing on stderr, and the same result on stdout, of every command that has it. The command line on a page.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--batch 8 --steps 6 --hidden 4 --updates 12 --device cpu)
data=$root/data/cat-mat-rat.csv
expect_status 0 "$program" --data "$data" --hidden 3 --updates 2 --device cpu --out "$folder/model"
model=$folder/model/model.safetensors

# Times and rates differ from run to run.
masked() {
    sed -zE 's/[0-9.]+ m?s,\s+[0-9.]+[kM]?\s+sequences\/s/TIME/' "$folder/stdout" | sed -E 's/ +[0-9.]+[kM]?$/ RATE/;
        s/"(seconds|sequences_per_s|[a-z_]+_s|build_s)":[^,}]*/"\1":0/g'
}

# quiet WORDS-ON-STDERR ARGUMENT...: without --quiet stderr has them.
quiet() {
    local words=$1 loud
    shift
    expect_status 0 "$program" "$@"
    expect_line "$words" stderr
    [ -s "$folder/stdout" ] || fail "no result"
    loud=$(masked)
    expect_status 0 "$program" "$@" --quiet
    expect_empty stderr
    [ "$(masked)" = "$loud" ] || fail "with --quiet the result differs from: $loud"
}

quiet '^training 12 updates' train "${small[@]}"
quiet '^1/2 tanh plain: loss' compare "${small[@]}" --remedies tanh+plain,gru+clip
for command_line in "sweep ${small[*]} --seed 1-2" "probe fixed-point" "grad --model $model --data $data --device cpu --out g.safetensors" \
    "predict --model $model --data $data --device cpu" "devices"; do
    # shellcheck disable=SC2086 # words are meant
    expect_status 0 "$program" $command_line --quiet
    expect_empty stderr
    [ -s "$folder/stdout" ] || fail "no result"
done
checked "--quiet: the result and nothing else"

# A resumed training is quiet where --quiet is given now, or was given to the run.
expect_status 0 "$program" "${small[@]}" --out run
expect_status 0 "$program" --resume run --updates 13
expect_line '^rnn-gpu: resuming from run/' stderr
expect_status 0 "$program" --resume run --updates 14 --quiet
expect_empty stderr
expect_status 0 "$program" "${small[@]}" --out still --quiet
expect_status 0 "$program" --resume still --updates 14
expect_empty stderr
checked "--quiet with --resume"

# made_by COMMAND-LINE-AS-SHOWN ARGUMENT...: the page shows the command as it was typed, to be pasted into a shell.
made_by() {
    local shown=$1 text
    shift
    expect_status 0 "$program" "$@" --report "a page's.html"
    text=$(tr '\n' ' ' <"a page's.html")
    case $text in
        *"<h2>Made by</h2> <pre>./rnn-gpu $shown --report &#39;a page&#39;\\&#39;&#39;s.html&#39;</pre>"*) ;;
        *) fail "the page does not show: $shown" ;;
    esac
}
made_by 'train --batch 8 --steps 6 --hidden 4 --updates 12 --device cpu' train "${small[@]}"
made_by 'sweep --batch 8 --steps 6 --hidden 4 --updates 12 --device cpu --lr 1e-3,1e-2 --seed 1-2' \
    sweep "${small[@]}" --lr 1e-3,1e-2 --seed 1-2
made_by 'compare --batch 8 --steps 6 --hidden 4 --updates 12 --device cpu --remedies tanh+plain' \
    compare "${small[@]}" --remedies tanh+plain
checked "the command on a page of train, sweep and compare"
