#!/bin/bash
# What goes to which stream: JSON events and their keys, --quiet, colours, results that are not finite.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--batch 32 --steps 10 --hidden 8)

check_events() {
    check_json '
assert [line["event"] for line in lines] == ["start"] + ["update"] * 3 + ["end"], lines
start = {"event", "schema", "version", "device", "backend", "seed", "parameters", "baseline"}
update = {"event", "update", "loss", "grad_norm", "clipped", "lr", "sequences_per_s"}
last = {"event", "reason", "updates", "loss", "verdict", "horizon", "clip_rate", "weights_hash"}
for wanted, name in (start, "start"), (update, "update"), (last, "end"):
    for line in events(name):
        assert wanted <= set(line), wanted - set(line)
assert lines[0]["schema"] == 1 and lines[0]["seed"] == 1 and lines[0]["backend"] in ("native", "opencl")
assert lines[0]["parameters"] == 8 * (8 + 2 + 2) + 8 + 1 and abs(lines[0]["baseline"] - 1 / 6) < 1e-8
assert [line["update"] for line in events("update")] == [1, 2, 3]
assert all(type(line["clipped"]) is bool and line["lr"] == 0.001 for line in events("update"))
assert end["reason"] == "done" and end["updates"] == 3 and end["last_loss"] == lines[3]["loss"]
losses = [line["loss"] for line in lines[1:4]]
assert end["loss_updates"] == 3 and abs(end["loss"] - sum(losses) / 3) < 1e-8 * end["loss"], end
assert end["verdict"] in ("VANISHING", "STABLE", "EXPLODING", "MIXED", "SENSITIVE", "FADING", "NONE")
assert 1 <= end["horizon"] <= 10 and end["clip_rate"] == 1 and len(end["weights_hash"]) == 16
'
    expect_empty stderr
}

for device in "${devices[@]}"; do
    expect_status 0 "$program" --json --updates 3 "${small[@]}" --device "$device"
    check_events
    expect_status 0 "$program" --json --quiet --updates 3 "${small[@]}" --device "$device"
    check_events
    checked "$device: start, update and end events have their keys"

    expect_status 5 "$program" --json --updates 400 "${small[@]}" --device "$device" --lr 1e6 --optimizer sgd --clip-norm 0
    check_json '
assert end["reason"] == "diverged" and end["skipped"] == 10 and end["updates"] == events("update")[-1]["update"] < 400
assert end["loss"] in ("inf", "nan") and end["grad_norm"] in ("inf", "nan") and end["verdict"] is None
'
    [ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "stderr is not one line"
    expect_line 'diverged: stopped at update .*, updates skipped: 10$' stderr
    checked "$device: numbers that are not finite are strings"

    expect_status 0 "$program" devices --json
    check_json 'assert [d["backend"] for d in lines].count("native") == 1 and all("usable" in d for d in lines)'
    if [ "$device" = cpu ]; then # kernels/test_selftest has the others
        expect_status 0 "$program" selftest --json --device "$device"
        check_json 'assert end["checks"] == len(events("check")) > 20 and end["failed"] == 0'
    fi
    expect_status 0 "$program" bench --json --device "$device" --batch 8 --steps 4 --hidden 8 --input 3 --repeats 1
    check_json '
keys = """device backend cell batch steps hidden input update_s forward_s backward_s weight_gradient_s clip_s optimizer_s
gflops fma_peak_gflops fraction_of_peak build_s memory_bytes""".split()
assert len(lines) == 1 and not set(keys) - set(end), set(keys) - set(end)
assert (end["cell"], end["batch"], end["steps"], end["hidden"], end["input"]) == ("rnn", 8, 4, 8, 3)
assert end["update_s"] > 0 and end["fma_peak_gflops"] > 0 and end["memory_bytes"] > 0
assert abs(end["fraction_of_peak"] - end["gflops"] / end["fma_peak_gflops"]) < 1e-6
assert abs(end["gflops"] * 1e9 * end["update_s"] / (6 * 8 * 11 * 8 * 4 - 2 * 8 * 3 * 8 * 4) - 1) < 1e-3
'
    checked "$device: devices, selftest and bench as JSON"
done

expect_status 0 "$program" --json --updates 1 "${small[@]}" --device cpu --seed 18446744073709551615
check_json 'assert int(lines[0]["seed"]) == 2**64 - 1'
expect_status 0 "$program" --json --updates 0 "${small[@]}" --device cpu
check_json 'assert end["updates"] == 0 and end["loss"] == "nan" and len(lines) == 2'
checked "the largest seed; no updates"

expect_status 0 "$program" --quiet --updates 2 "${small[@]}" --device cpu
expect_line '^done after 2 updates: loss '
expect_line '^(VANISHING|STABLE|EXPLODING|MIXED|SENSITIVE|FADING|NONE): '
expect_empty stderr
checked "--quiet shows the result alone"

expect_status 0 "$program" --updates 2 "${small[@]}" --device cpu
for word in model task training device memory; do
    expect_line "^$word " stderr
done
expect_line 'baseline 0\.166667' stderr
expect_no_line $'[\r\033]' stderr
expect_no_line $'[\r\033]'
[ "$(wc -L <"$folder/stderr")" -le 80 ] || fail "an opening line is wider than 80 columns"
[ "$(wc -L <"$folder/stdout")" -le 80 ] || fail "a line of the result is wider than 80 columns"
checked "plain text where there is no terminal, at most 80 columns"

# a name that is not UTF-8
data=$root/data/cat-mat-rat.csv
expect_status 0 "$program" --updates 1 --hidden 3 --data "$data" --device cpu --json --out $'odd\377'
check_json 'assert [line["file"] for line in events("checkpoint")] == \
    ["odd\ufffd/checkpoint-1.ckpt", "odd\ufffd/model.safetensors"], lines'
expect_empty stderr
expect_status 0 "$program" grad --model $'odd\377/model.safetensors' --data "$data" --device cpu --json --out $'odd\377.g'
check_json 'assert end["file"] == "odd\ufffd.g"'
checked "names that are not UTF-8 stand in JSON with U+FFFD"

# names of every length around the sizes of buffers, cut nowhere, and the same everywhere
for letters in 28 29 30 31 100; do
    name=x$(printf 'д%.0s' $(seq "$letters")).csv
    cp "$data" "$name"
    for run in "train --hidden 3 --updates 1 --out long --overwrite --report long.html" "compare --remedies tanh+plain --updates 1" \
            "sweep --seed 1-2 --updates 1 --report long.html"; do
        # shellcheck disable=SC2086 # words of a command
        expect_status 0 "$program" $run --data "$name" --device cpu --json
        check_json '
names = [line["task"] for line in lines if "task" in line]
assert names and set(names) == {sys.argv[1]}, names' "$name"
        [ "${run%% *}" = compare ] || iconv -f UTF-8 -t UTF-8 long.html >/dev/null || fail "the page is not UTF-8"
        [ "${run%% *}" = compare ] || ! grep -q $'\357\277\275' long.html || fail "the page has a cut character"
    done
done
checked "long names of files are whole in every line of JSON, and cut at a character on pages"

# a reader that has enough
expect_status 0 "$program" --updates 1 --hidden 3 --data "$data" --device cpu --quiet --out piped
for run in "predict --model piped/model.safetensors --data $data" "predict --json --model piped/model.safetensors --data $data" \
        "probe all --json" "devices" "bench --json --batch 4 --steps 3 --hidden 3 --repeats 1" "sweep --seed 1-9 --updates 1 --json"; do
    # shellcheck disable=SC2086
    { "$program" $run 2>"$folder/stderr" && codes=0 || codes=$?; echo "$codes" >"$folder/code"; } | head -c 0
    [ "$(cat "$folder/code")" -eq 141 ] || [ "$(cat "$folder/code")" -eq 0 ] || fail "$run | head -c 0: exit $(cat "$folder/code")"
    expect_no_line 'Broken|cannot' stderr
done
checked "a reader that goes away is no failure"

expect_status 0 "$program" --updates 1 "${small[@]}" --device cpu --color always
expect_line $'\033\\['
if has_terminals; then
    on_terminal 80 --updates 30 "${small[@]}" --device cpu
    expect_line $'\033\\['
    NO_COLOR=1 on_terminal 80 --updates 30 "${small[@]}" --device cpu
    expect_no_line $'\033\\[[0-9]*m'
    checked "colours on a terminal, none with NO_COLOR"
else
    checked "colours by --color alone: this machine has no pseudo-terminals"
fi
