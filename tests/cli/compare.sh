#!/bin/bash
# compare: its rows are those of train, a row that diverges is shown and does not end it, Ctrl-C shows what is done.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
sizes=(--batch 20 --steps 10 --hidden 9 --updates 30)

for device in "${devices[@]}"; do
    expect_status 0 "$program" compare --json "${sizes[@]}" --device "$device"
    expect_empty stderr
    cp "$folder/stdout" "$folder/rows"
    check_json '
names = "tanh relu irnn orthogonal skip lstm gru".split()
assert [(r["remedy"], r["with"]) for r in lines] == [(n, w) for n in names for w in ("plain", "clip", "rate")]
for r in lines:
    assert r["task"] == "adding" and r["steps"] == 10 and r["batch"] == 20 and r["updates"] == 30 and r["hidden"] == 9
    assert r["reason"] == "done" and 0 < r["best_loss"] <= r["loss"] < 3 and abs(r["baseline"] - 1 / 6) < 1e-8
    assert (r["clip_norm"] > 0) == (r["with"] == "clip") and (r["clip_rate"] == 0 or r["with"] == "clip")
    assert r["schedule"] == ("cosine" if r["with"] == "rate" else "constant")
    assert 1 <= r["horizon"] <= 10 and r["decay"] > 0 and -1 < r["long_share"] < 2 and r["verdict"] in ("STABLE", "VANISHING", "EXPLODING", "MIXED", "SENSITIVE")
    assert r["sequences_per_s"] > 0
assert len({r["weights_hash"] for r in lines if r["with"] != "clip"}) == 14'
    # A row is the run that train makes of the same options.
    while IFS='|' read -r remedy with options; do
        # shellcheck disable=SC2086 # words are meant
        expect_status 0 "$program" --json "${sizes[@]}" --device "$device" $options
        hash=$(json_end weights_hash)
        grep "\"remedy\":\"$remedy\",\"with\":\"$with\"" "$folder/rows" | grep -q "\"weights_hash\":\"$hash\"" ||
            fail "$remedy $with is not the run of: $options"
    done <<'ROWS'
tanh|plain|--clip-norm 0
tanh|clip|
relu|plain|--activation relu --clip-norm 0
irnn|clip|--cell irnn
orthogonal|plain|--init orthogonal --clip-norm 0
skip|clip|--skip 2
lstm|rate|--cell lstm --forget-bias 1 --clip-norm 0 --schedule cosine --warmup 3
gru|clip|--cell gru
ROWS
    checked "$device: 21 rows, which are those of train"
done

expect_status 0 "$program" compare "${sizes[@]}" --device cpu --remedies gru+clip,tanh+plain
[ "$(grep -cE '^ [12] (gru|tanh)' "$folder/stdout")" -eq 2 ] || fail "not two rows"
[ "$(wc -L <"$folder/stdout")" -le 80 ] || fail "the table is wider than 80 columns"
expect_line '^1/2 gru clip: loss ' stderr
expect_line '^2/2 tanh plain: loss ' stderr
expect_status 0 "$program" compare "${sizes[@]}" --device cpu --remedies lstm+plain --quiet
expect_empty stderr
expect_status 0 "$program" compare --data "$root/data/cat-mat-rat.csv" --updates 5 --remedies skip --device cpu --json
check_json 'assert len(lines) == 3 and all(r["batch"] == 3 and r["steps"] == 3 for r in lines), lines'
expect_status 0 "$program" compare "${sizes[@]}" --device cpu --remedies learned+clip --json
hash=$(json_end weights_hash)
check_json 'assert lines[0]["remedy"] == "learned" and 0 < lines[0]["updates_used"] <= 1'
expect_status 0 "$program" "${sizes[@]}" --device cpu --skip-kind learned --json
[ "$(json_end weights_hash)" = "$hash" ] || fail "learned is not the run of --skip-kind learned"
checked "chosen remedies, a table of 80 columns, data from a file"

expect_status 0 "$program" compare --device cpu --batch 32 --steps 10 --hidden 8 --updates 300 --lr 1e6 --optimizer sgd \
    --remedies relu+plain,tanh+clip
expect_line '^ 2 relu .* diverged '
expect_line '^ 1 tanh '
expect_status 0 "$program" compare --device cpu --batch 32 --steps 10 --hidden 8 --updates 300 --lr 1e6 --optimizer sgd \
    --remedies relu+plain --json
check_json 'assert end["reason"] == "diverged" and end["loss"] == "nan" and end["verdict"] is None and end["horizon"] is None'
checked "a row that diverges stands last"

refused 2 "unknown remedy 'foo'" "$program" compare --remedies foo
refused 2 "unknown remedy 'lst'.*did you mean lstm" "$program" compare --remedies tanh,lst
refused 2 "unknown variant 'clop'.*did you mean clip" "$program" compare --remedies tanh+clop
refused 2 "unknown remedy ''" "$program" compare --remedies tanh,
refused 2 "tanh\\+clip is there twice" "$program" compare --remedies tanh,gru,tanh+clip
refused 4 'no-such-file' "$program" compare --data no-such-file.csv
refused 7 'need at least .* the limit is 1.0 MiB' "$program" compare --hidden 60000 --memory 1M
checked "bad input is refused"

# Ctrl-C after the first row: the table of what is done.
"$program" compare --device cpu --batch 64 --steps 100 --updates 100000 --hidden 16 --remedies tanh+plain,tanh+clip \
    --max-time 1 >"$folder/stdout" 2>"$folder/stderr" </dev/null &
process=$!
command="compare, Ctrl-C"
for ((i = 0; i < 300; i++)); do
    grep -q '^1/2 ' "$folder/stderr" && break
    sleep 0.1
done
kill -INT "$process"
got=0
wait "$process" || got=$?
[ "$got" -eq 130 ] || fail "exit $got, expected 130"
expect_line '^ 1 tanh '
expect_no_line '^ 2 '
expect_line 'interrupted; 1 of 2 rows are done' stderr
checked "Ctrl-C shows what is done"
