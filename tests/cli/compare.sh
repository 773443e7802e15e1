#!/bin/bash
# compare: its rows are those of train, a row that diverges is shown and does not end it, Ctrl-C shows what is done.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
sizes=(--batch 20 --steps 10 --hidden 9 --updates 30)

split_devices
for device in "${devices[@]}"; do
    expect_status 0 "$program" compare --json "${sizes[@]}" --device "$device"
    expect_empty stderr
    cp "$folder/stdout" "$folder/rows"
    check_json '
names = "tanh relu irnn orthogonal skip lstm gru".split()
rates = dict(tanh=5e-4, relu=5e-4, irnn=5e-3, orthogonal=5e-4, skip=5e-4, lstm=1e-2, gru=1e-2)
verdicts = ("STABLE", "VANISHING", "EXPLODING", "MIXED", "SENSITIVE", "FADING", "NONE")
assert sorted(r["remedy"] for r in lines) == sorted(names) and len(lines) == 7
for r in lines:
    assert r["task"] == "adding" and r["steps"] == 10 and r["batch"] == 20 and r["updates"] == 30 and r["hidden"] == 9
    assert r["reason"] == "done" and 0 < r["best_loss"] <= r["loss"] < 3 and abs(r["baseline"] - 1 / 6) < 1e-8
    assert r["with"] == "clip" and r["clip_norm"] == 1 and r["schedule"] == "constant" and r["lr"] == rates[r["remedy"]]
    assert 1 <= r["horizon"] <= 10 and r["factor"] > 0 and -1 < r["long_share"] < 2 and r["verdict"] in verdicts
    assert r["sequences_per_s"] > 0 and r["seeds"] == 3 and [run["seed"] for run in r["runs"]] == [1, 2, 3]
    losses = sorted(run["median_loss"] for run in r["runs"])
    near = lambda a, b: abs(a - b) < 1e-8 * b
    assert near(r["loss_median"], losses[1]) and r["median_loss"] == losses[1], (r["loss_median"], losses)
    assert near(r["loss_q1"], (losses[0] + losses[1]) / 2) and near(r["loss_q3"], (losses[1] + losses[2]) / 2), losses
    assert r["learned"] == sum(run["learned"] for run in r["runs"]) == sum(l < 0.01 for l in losses)
    middle = [run for run in r["runs"] if run["seed"] == r["seed"]][0]
    assert middle["median_loss"] == losses[1] and middle["weights_hash"] == r["weights_hash"]
medians, ranks = [r["loss_median"] for r in lines], [r["rank"] for r in lines]
assert medians == sorted(medians) and ranks[0] == 1, (medians, ranks)
for i in range(1, 7):
    above, row = lines[i - 1], lines[i]
    assert row["rank"] in (above["rank"], i + 1) and (row["rank"] != above["rank"] or row["tied"] and above["tied"]), ranks
    apart = max(run["median_loss"] for run in above["runs"]) < min(run["median_loss"] for run in row["runs"])
    assert not apart or row["rank"] == i + 1, (above, row)
assert len({run["weights_hash"] for r in lines for run in r["runs"]}) == 21'
    # A run is the one that train makes of the same options.
    while IFS='|' read -r remedy seed options; do
        # shellcheck disable=SC2086 # words are meant
        expect_status 0 "$program" --json "${sizes[@]}" --device "$device" --seed "$seed" $options
        hash=$(json_end weights_hash)
        grep "\"remedy\":\"$remedy\",\"with\":\"clip\"" "$folder/rows" |
            grep -q "\"seed\":$seed,\"median_loss\":[0-9.e-]*,\"learned\":[a-z]*,\"weights_hash\":\"$hash\"" ||
            fail "$remedy, seed $seed, is not the run of: $options"
    done <<'ROWS'
tanh|1|--lr 5e-4
relu|2|--activation relu --lr 5e-4
irnn|3|--cell irnn --lr 5e-3
orthogonal|1|--init orthogonal --lr 5e-4
skip|2|--skip 2 --lr 5e-4
lstm|1|--cell lstm --forget-bias 1 --lr 1e-2
gru|3|--cell gru --lr 1e-2
ROWS
    expect_status 0 "$program" compare --json "${sizes[@]}" --device "$device" --remedies lstm+rate,tanh+plain --seeds 1 --seed 4
    cp "$folder/stdout" "$folder/rows"
    check_json 'assert {(r["with"], r["schedule"], r["clip_norm"]) for r in lines} == {("rate", "cosine", 0), ("plain", "constant", 0)}'
    expect_status 0 "$program" --json "${sizes[@]}" --device "$device" --cell lstm --forget-bias 1 --clip-norm 0 \
        --schedule cosine --warmup 3 --lr 1e-2 --seed 4
    grep '"remedy":"lstm"' "$folder/rows" | grep "\"weights_hash\":\"$(json_end weights_hash)\"" >/dev/null ||
        fail "lstm+rate is not the run of train"
    checked "$device: 7 rows of 3 seeds, which are those of train"
done
# Each run can be repeated from the options of its row and its seed.
repeat='
import json, subprocess, sys
program, lines = sys.argv[1], [json.loads(line) for line in open(sys.argv[3])]
runs = 0
for row in lines:
    for run in row["runs"]:
        words = []
        for name, value in dict(row["options"], seed=run["seed"]).items():
            if name not in ("remedies", "rates", "seeds") and value is not False:
                words += ["--" + name] + ([] if value is True else [str(value)])
        end = subprocess.run([program, "train", "--json", *words], stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1]
        assert json.loads(end)["weights_hash"] == run["weights_hash"], (row["remedy"], row["with"], words)
        runs += 1
assert runs == int(sys.argv[2]), runs'
printf 'series,a,b,label\n' >numbers.csv
for i in {1..12}; do printf '%s,%s,0,%s\n%s,0,1,%s\n' "$i" "$i" $((i % 2)) "$i" $((i % 2)) >>numbers.csv; done
all=tanh,relu+plain,irnn,orthogonal,skip,learned,lstm+rate,gru
for options in "--steps 9 --skip-budget 0.1 --forget-bias 2" "--data numbers.csv --normalize --val-frac 0.3 --bidirectional"; do
    # shellcheck disable=SC2086 # words are meant
    expect_status 0 "$program" compare --json --hidden 5 --updates 20 --device cpu --seeds 2 --remedies $all $options
    cp "$folder/stdout" "$folder/rows"
    python3 -c "$repeat" "$program" 16 "$folder/rows" || fail "a run is not that of its options"
done
checked "runs repeated from their options"

# Where the seed decides what is held out, each seed has its own baseline: the screen and the page have the range, and no
# line in a figure is the baseline of all.
for seeds in 1 3; do
    of_seeds=(compare --device cpu --hidden 3 --updates 20 --remedies "tanh,gru" --data numbers.csv --val-frac 0.3 --seeds "$seeds")
    expect_status 0 "$program" "${of_seeds[@]}" --json
    wanted=$(python3 -c 'import json, sys
found = sorted(run["baseline"] for line in open(sys.argv[1]) for run in json.loads(line)["runs"])
print("%.6g" % found[0] if found[0] == found[-1] else "%.6g to %.6g, by the seed" % (found[0], found[-1]))' "$folder/stdout")
    expect_status 0 "$program" "${of_seeds[@]}" --report baselines.html --plot baselines.svg --figure loss
    expect_line "the baseline's loss is $wanted\$"
    grep -q "$wanted" baselines.html || fail "the page has not: $wanted"
    [ $seeds = 1 ] || [[ $wanted = *" to "* ]] || fail "one baseline for all seeds: $wanted"
    grep -q baseline baselines.svg && has_line=1 || has_line=0
    [ "$has_line" -eq $((seeds == 1)) ] || fail "the figure of $seeds seeds: a line of the baseline, $has_line"
done
checked "the baseline of each seed"
sampled || exit 0

# The same order twice, and on both devices: the ranks are a function of the runs.
expect_status 0 "$program" compare "${sizes[@]}" --device cpu --quiet --remedies tanh,gru,lstm,relu
cp "$folder/stdout" "$folder/first"
expect_status 0 "$program" compare "${sizes[@]}" --device cpu --quiet --remedies tanh,gru,lstm,relu --threads 1
cmp -s "$folder/first" "$folder/stdout" || fail "another number of threads ranks otherwise"

# Rates: one of --lr for all, or a row for each of --rates.
expect_status 0 "$program" compare --json "${sizes[@]}" --device cpu --remedies gru,tanh --lr 3e-3 --seeds 1
check_json 'assert len(lines) == 2 and all(r["lr"] == 0.003 for r in lines), lines'
expect_status 0 "$program" compare --json "${sizes[@]}" --device cpu --remedies gru,tanh+plain --rates 1e-3,0.02 --seeds 2
check_json 'assert sorted((r["remedy"], r["with"], r["lr"]) for r in lines) == [("gru", "clip", 0.001), ("gru", "clip", 0.02), ("tanh", "plain", 0.001), ("tanh", "plain", 0.02)]'
expect_status 0 "$program" compare "${sizes[@]}" --device cpu --remedies gru,tanh --rates 1e-3,0.02 --seeds 1 --report r.html --plot p.svg
expect_line '^One seed: differences may be chance'
grep -q 'clip, 0.02' r.html || fail "the page does not name the rates"
checked "the same order twice, rates"

expect_status 0 "$program" compare "${sizes[@]}" --device cpu --remedies gru+clip,tanh+plain
[ "$(grep -cE '^ [12][= ] (gru|tanh)' "$folder/stdout")" -eq 2 ] || fail "not two rows"
[ "$(grep -v '^  \./rnn-gpu ' "$folder/stdout" | wc -L)" -le 80 ] || fail "the table is wider than 80 columns"
expect_line '^1/2 gru clip: loss ' stderr
expect_line '^2/2 tanh plain: loss ' stderr
expect_status 0 "$program" compare "${sizes[@]}" --device cpu --remedies lstm+plain --quiet
expect_empty stderr
expect_status 0 "$program" compare --data "$root/data/cat-mat-rat.csv" --updates 5 --remedies skip --device cpu --json
check_json 'assert len(lines) == 1 and all(r["batch"] == 3 and r["steps"] == 3 and r["options"]["skip"] == 2 for r in lines), lines'
expect_status 0 "$program" compare "${sizes[@]}" --device cpu --remedies learned+clip --json
hash=$(json_end weights_hash)
check_json 'assert lines[0]["remedy"] == "learned" and 0 < lines[0]["updates_used"] <= 1'
expect_status 0 "$program" "${sizes[@]}" --device cpu --skip-kind learned --json --lr 5e-4
[ "$(json_end weights_hash)" = "$hash" ] || fail "learned is not the run of --skip-kind learned"
checked "chosen remedies, a table of 80 columns, data from a file"

expect_status 0 "$program" compare --device cpu --batch 32 --steps 10 --hidden 8 --updates 300 --lr 1e6 --optimizer sgd \
    --remedies relu+plain,tanh+clip
expect_line '^ 2  relu .* diverged *$'
expect_line '^ 1  tanh '
expect_status 0 "$program" compare --device cpu --batch 32 --steps 10 --hidden 8 --updates 300 --lr 1e6 --optimizer sgd \
    --remedies relu+plain --json
check_json 'assert end["reason"] == "diverged" and end["loss"] == "nan" and end["verdict"] is None and end["horizon"] is None'
checked "a row that diverges stands last"

refused 2 "unknown remedy 'foo'" "$program" compare --remedies foo
refused 2 "unknown remedy 'lst'.*did you mean lstm" "$program" compare --remedies tanh,lst
refused 2 "unknown variant 'clop'.*did you mean clip" "$program" compare --remedies tanh+clop
refused 2 "unknown remedy ''" "$program" compare --remedies tanh,
refused 2 "tanh\\+clip is listed twice" "$program" compare --remedies tanh,gru,tanh+clip
refused 2 '--seeds: .*0' "$program" compare --seeds 0
refused 2 "--rates: 'x,1' is not a list of 1 to 8 rates" "$program" compare --rates x,1
refused 2 "--rates: '1e-3,' is not a list" "$program" compare --rates 1e-3,
refused 2 "--rates: '0' is not a list" "$program" compare --rates 0
refused 2 "--rates: 'nan' is not a list" "$program" compare --rates nan
refused 2 "--rates: '1,2,3,4,5,6,7,8,9' is not a list" "$program" compare --rates 1,2,3,4,5,6,7,8,9
refused 2 '--rates: 0.001 is listed twice' "$program" compare --rates 1e-3,0.001
refused 2 '--lr and --rates are both given' "$program" compare --rates 1e-3 --lr 1
refused 4 'no-such-file' "$program" compare --data no-such-file.csv
refused 7 'needs at least .* the limit is 1.0 MiB' "$program" compare --hidden 60000 --memory 1M
checked "bad input is refused"

# Ctrl-C after the first row: the table of what is done.
"$program" compare --device cpu --batch 64 --steps 100 --updates 100000 --hidden 16 --remedies tanh+plain,tanh+clip \
    --max-time 1 --seeds 1 >"$folder/stdout" 2>"$folder/stderr" </dev/null &
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
expect_line '^ 1  tanh '
expect_line '^learned +of the seeds that are done, those whose loss is below'
expect_no_line '^ 2'
expect_line 'interrupted; 1 of 2 trainings is done' stderr
checked "Ctrl-C shows what is done"
