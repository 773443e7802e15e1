#!/bin/bash
# A run that was stopped or killed goes on from its newest checkpoint and ends as one that was never stopped: the same
# weights and result, and a log in which no update is missing or there twice. RG_TRIES: how many are killed, by
# default 5, and 15 others in the second part; RG_SEED: of the moments.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
cp "$root/data/cat-mat-rat.csv" words.csv
tensors '
write_npz("data.npz", {"x": ((40, 9, 2), [i % 97 / 97 for i in range(720)]),
                       "y": ((40, 1), [i * 7 % 13 / 13 for i in range(40)]),
                       "lengths": ((40,), [1 + i % 9 for i in range(40)])})
write_npz("kinds.npz", {"x": ((40, 9, 2), [(i * i) % 97 - 40 for i in range(720)]), "y": ((40,), [i * i % 7 % 3 for i in range(40)])})
write_npz("wide.npz", {"x": ((600, 80, 8), [i * 0.7 % 1.9 for i in range(600 * 640)]), "y": ((600, 1), [i % 5 / 5 for i in range(600)])})
open("text.txt", "w").write("".join("abc de\n"[i * i % 23 % 7] for i in range(900)))
with open("gaps.csv", "w") as file:
    file.write("series,a,b,label\n")
    for i in range(120):
        file.write("%d,%s,%.3f,%s\n" % (i // 5, "" if i % 7 == 3 else "%.3f" % (i % 13 - 4), 50 + i % 11, "bad" if i // 5 % 4 == 0 else "good"))
with open("series.csv", "w") as file:
    file.write("a,b\n")
    for i in range(200):
        file.write("%.4f,%.4f\n" % (math.sin(i / 3), 5 + math.cos(i / 7)))
open("i-images-idx3-ubyte", "wb").write(struct.pack(">4I", 0x803, 30, 5, 4) + bytes(i * i % 251 for i in range(600)))
open("i-labels-idx1-ubyte", "wb").write(struct.pack(">2I", 0x801, 30) + bytes(i % 3 for i in range(30)))'

# The state of a run, changed where it lies: seal FILE makes the header of a changed file whole again.
cat >"$folder/checkpoint.py" <<'PYTHON'
import struct, zlib

def sections(raw):
    """Name: (begin, bytes, place of its row)."""
    rows = {}
    for i in range(struct.unpack_from("<I", raw, 12)[0]):
        name, begin, size = struct.unpack_from("<40sQQ", raw, 32 + 64 * i)
        rows[name.rstrip(b"\0").decode()] = (begin, size, 32 + 64 * i)
    return rows

def seal(raw):
    for begin, size, row in sections(raw).values():
        struct.pack_into("<I", raw, row + 56, zlib.crc32(raw[begin:begin + size]))
    front = 32 + 64 * struct.unpack_from("<I", raw, 12)[0]
    struct.pack_into("<I", raw, 24, 0)
    struct.pack_into("<I", raw, 24, zlib.crc32(raw[:front]))
    return raw
PYTHON
export PYTHONPATH="$folder"

# ---- Killed at any moment ----

cat >"$folder/kill.py" <<'PYTHON'
import json, os, random, re, shutil, signal, subprocess, sys, time
program, tries, devices = sys.argv[1], int(sys.argv[2]), sys.argv[3].split()
random.seed(int(sys.argv[4]))
TASKS = [["--steps", "40"], ["--task", "copy", "--steps", "12"], ["--data", "words.csv", "--batch", "2", "--embed", "3"],
         ["--data", "data.npz", "--batch", "7"],
         ["--data", "data.npz", "--batch", "7", "--val-frac", "0.3"],
         ["--data", "kinds.npz", "--batch", "7", "--val-frac", "0.3", "--patience", "40", "--class-weights", "balanced", "--normalize"],
         ["--data", "wide.npz", "--batch", "5", "--memory", "2M"],  # staged
         ["--data", "text.txt", "--steps", "20", "--batch", "8", "--embed", "3"],
         ["--data", "text.txt", "--tbptt", "10", "--batch", "4", "--val-frac", "0.2"],
         ["--data", "gaps.csv", "--batch", "6", "--fill", "previous", "--normalize", "--fold", "2", "--val-every", "17"],
         ["--data", "series.csv", "--window", "12", "--horizon", "2", "--batch", "16", "--val-frac", "0.2", "--accumulate", "2"],
         ["--data", "i-images-idx3-ubyte", "--pixels", "--permute", "3", "--batch", "8", "--freeze", "head.bias"]]
MODELS = [[], ["--cell", "lstm", "--layers", "2", "--dropout", "0.3"], ["--cell", "gru", "--bidirectional"],
          ["--skip-kind", "learned", "--skip-budget", "0.01"], ["--skip", "2", "--lag-every", "50"]]
OPTIMIZERS = ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "adagrad"]
SCHEDULES = ["constant", "step:40", "exponential:0.99", "cosine", "linear", "one-cycle", "plateau:9"]

def choose():
    arguments = ["--hidden", "12", "--updates", "300", "--lr", "0.01", "--diagnose", "none", "--quiet", "--json"]
    arguments += random.choice(TASKS) + random.choice(MODELS) + ["--optimizer", random.choice(OPTIMIZERS)]
    arguments += ["--schedule", random.choice(SCHEDULES), "--precision", random.choice(["float", "double"])]
    if "--batch" not in arguments:
        arguments += ["--batch", "16"]
    return arguments + ["--device", random.choice(devices), "--save-every", random.choice(["3", "40", "0.02s", "0.1s"])]

def run(arguments, kill_after=None):
    process = subprocess.Popen([program] + arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    if kill_after is not None:
        time.sleep(kill_after)
        process.send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=600)
    allowed = (0, 2) if kill_after is None else (0, -9)  # 2: options that do not go together
    assert process.returncode in allowed, (arguments, err)
    return out, process.returncode

def events(path):
    lines = [json.loads(line) for line in open(path)]
    return [line for line in lines if line["event"] in ("update", "lags", "validation")], lines

def comparable(event):
    """Without times. The advised command repeats the threads of the last --resume and names another folder."""
    kept = {k: v for k, v in event.items() if not any(word in k for word in ("seconds", "_per_s", "saved"))}
    return json.loads(re.sub(r" --threads [12]\b| --out (whole|part)-\d+", "", json.dumps(kept)))

def key(event):
    return event["event"], event["update"]

resumed = killed = 0
for attempt in range(tries):
    code = 2
    while code == 2:
        arguments = choose()
        for name in ("whole", "part"):
            shutil.rmtree(name, ignore_errors=True)
        begin = time.monotonic()
        code = run(arguments + ["--out", "whole"])[1]
    took = time.monotonic() - begin
    begun = False
    for _ in range(4):  # killed again and again
        words = ["--resume", "part", "--threads", str(random.choice([1, 2]))] if begun else arguments + ["--out", "part", "--overwrite"]
        code = run(words, random.uniform(0.2, 1.0) * took)[1]
        killed += code == -9
        begun = os.path.isdir("part") and any(n.startswith("checkpoint-") for n in os.listdir("part"))
        resumed += code == -9 and begun
        if code == 0:
            break
    assert run(["--resume", "part"] if begun else arguments + ["--out", "part", "--overwrite"])[1] == 0
    a, all_a = events("whole/log.jsonl")
    b, all_b = events("part/log.jsonl")
    where = " ".join(arguments)
    assert sorted(map(key, a)) == sorted(map(key, b)), (where, len(a), len(b))
    for x, y in zip(sorted(a, key=key) + all_a[-1:], sorted(b, key=key) + all_b[-1:]):
        x, y = comparable(x), comparable(y)
        assert x == y, (where, {k: (x.get(k), y.get(k)) for k in {**x, **y} if x.get(k) != y.get(k)})
    model = [open(f"{name}/model.safetensors", "rb").read() for name in ("whole", "part")]
    assert model[0] == model[1], where
    assert not [n for n in os.listdir("part") if n.endswith(".tmp")], os.listdir("part")
assert tries < 10 or 2 * resumed >= tries, f"only {resumed} of {tries} went on"
print(f"{tries} runs, killed {killed} times, of which {resumed} left a checkpoint")
PYTHON
tries=5 seed=1
sampled || tries=15 seed=2
! sampled || devices=(cpu) # cli/lost resumes on OpenCL
RG_PATIENCE=3600 expect_status 0 python3 "$folder/kill.py" "$program" "${RG_TRIES:-$tries}" "${devices[*]}" "${RG_SEED:-$seed}"
checked "killed at random moments: $(cat "$folder/stdout")"
sampled || exit 0

# ---- Stopped by Ctrl-C ----

small=(--batch 8 --steps 20 --hidden 8 --device cpu)
long=(--batch 128 --steps 200 --hidden 32 --device cpu)
expect_status 0 "$program" "${long[@]}" --updates 600 --json
hash=$(json_end weights_hash)
"$program" "${long[@]}" --updates 600 --save-every 0 --out stopped >"$folder/stdout" 2>"$folder/stderr" &
wait_for '"update":2,' stopped/log.jsonl
kill -INT $!
ended 20 $!
[ "$got" -eq 130 ] || fail "exit $got, expected 130"
expect_line 'resume with: ./rnn-gpu --resume stopped' stderr
expect_status 0 "$program" --resume stopped --json
[ "$(json_end weights_hash)" = "$hash" ] || fail "the weights differ"
check_json 'assert lines[0]["event"] == "start" and lines[1]["event"] == "resume" and lines[1]["update"] >= 2, lines[:2]
assert end["updates"] == 600 and end["reason"] == "done"'
[ "$(find stopped -name '*.ckpt' | wc -l)" -eq 2 ] || fail "the folder holds $(ls stopped)"
checked "Ctrl-C saves and says how to go on"

# ---- What may be new, and what not ----

expect_status 0 "$program" "${small[@]}" --updates 40 --json --out longer
expect_status 0 "$program" --resume longer --updates 90 --threads 1 --json
hash=$(json_end weights_hash)
expect_status 0 "$program" "${small[@]}" --updates 90 --json
[ "$(json_end weights_hash)" = "$hash" ] || fail "90 updates in two parts are others than in one"
expect_status 0 "$program" --resume longer --json
[ "$(json_end weights_hash)" = "$hash" ] || fail "a run that is done does not end as it did"
expect_status 0 "$program" runs longer --json
check_json 'assert [(run["options"]["updates"], run["updates"]) for run in lines] == [(90, 90)], lines'
refused 2 '--hidden cannot be given with --resume' "$program" --resume longer --hidden 9
refused 2 '--out cannot be given with --resume' "$program" --resume longer --out other
refused 2 '--verbose cannot be given with --resume' "$program" --resume longer -v
refused 2 'already made 90 updates, and the run is to end after 50; give a larger --updates' "$program" --resume longer --updates 50 --quiet
refused 4 'nowhere: --resume takes the folder' "$program" --resume nowhere
touch file
refused 4 'file: --resume takes the folder that --out of the run named; this is a file$' "$program" --resume file
refused 4 'nowhere: .*; No such file or directory$' "$program" --resume nowhere
mkdir empty
refused 4 'empty holds no checkpoint .*; give the folder that --out of the run named' "$program" --resume empty
"$program" "${small[@]}" --steps 60 --activation linear --init normal:1000 --nonfinite stop --out burst --quiet >/dev/null 2>&1 &&
    fail "no divergence"
refused 4 'burst holds a run that ended \(diverged\) after update 1, before it saved a checkpoint .*--out burst --overwrite' \
    "$program" --resume burst
refused 2 'holds an earlier result' "$program" "${small[@]}" --out longer
expect_status 2 "$program" --resume longer --updates 400 --max-time 0.00001
expect_line 'has already trained for .*s, and --max-time ends the whole run after 0.01 ms; give a larger --max-time' stderr
expect_empty stdout
rm longer/model.safetensors longer/report.html longer/log.jsonl
refused 2 'holds a run that was stopped .* --resume longer' "$program" "${small[@]}" --out longer
expect_status 0 "$program" "${small[@]}" --updates 3 --out longer --overwrite
[ "$(find longer -name '*.ckpt')" = longer/checkpoint-3.ckpt ] || fail "the folder holds $(ls longer)"
checked "longer runs, options beside --resume, folders without a run, --overwrite"

# Every option that may be new replaces the run's own. A report still shows what was given with its default's value.
chosen() {
    sed -n 's|.*<dt>\([a-z-]*\)</dt><dd class="set">.*|\1|p' given/report.html | xargs
}
expect_status 0 "$program" --data words.csv --batch 2 "${small[@]:4}" --updates 3 --layers 1 --lr 0.001 --out given
[[ " $(chosen) " = *' layers '*' updates lr device '* ]] || fail "the report shows: $(chosen)"
expect_status 0 "$program" --resume given --epochs 4 --max-time 1h --device auto --threads 1 --shards 2 --mixed --json
check_json 'new = {name: lines[0]["options"][name] for name in ("epochs", "max-time", "device", "threads", "shards", "mixed")}
assert new == {"epochs": 4, "max-time": 3600, "device": "auto", "threads": 1, "shards": 2, "mixed": True}, new'
[[ " $(chosen) " = *' layers '*' epochs max-time lr device threads shards mixed '* ]] || fail "the report shows: $(chosen)"
checked "what is new, and what was given before"

# ---- Damage, and other versions ----

expect_status 0 "$program" "${small[@]}" --updates 40 --save-every 15 --json --out hurt
hash=$(json_end weights_hash)
python3 - <<'PYTHON'
from checkpoint import sections
raw = bytearray(open("hurt/checkpoint-40.ckpt", "rb").read())
raw[sections(raw)["optimizer.first"][0] + 5] ^= 4
open("hurt/checkpoint-40.ckpt", "wb").write(raw)
PYTHON
expect_status 0 "$program" --resume hurt --json
expect_line "checkpoint-40.ckpt: the section 'optimizer.first' is damaged.*; going back" stderr
[ "$(json_end weights_hash)" = "$hash" ] || fail "from the checkpoint before the weights differ"
[ "$(cd hurt && echo *.ckpt*)" = "checkpoint-30.ckpt checkpoint-40.ckpt checkpoint-40.ckpt.damaged" ] || fail "left are $(ls hurt)"
head -c 100 hurt/checkpoint-30.ckpt >short && mv short hurt/checkpoint-30.ckpt
: >hurt/checkpoint-40.ckpt
refused 4 'there is no other checkpoint in hurt' "$program" --resume hurt --quiet
checked "a damaged checkpoint is told, and the one before it used"

expect_status 0 "$program" "${small[@]}" --updates 4 --save-every 2 --out other
cp other/checkpoint-4.ckpt whole.ckpt
python3 - <<'PYTHON'
from checkpoint import seal
raw = bytearray(open("whole.ckpt", "rb").read())
raw[8] = 2
open("other/checkpoint-4.ckpt", "wb").write(seal(raw))
PYTHON
refused 4 'checkpoint-4.ckpt: a checkpoint of format 2, of another version of rnn-gpu' "$program" --resume other
python3 - <<'PYTHON'
from checkpoint import seal, sections
raw = bytearray(open("whole.ckpt", "rb").read())
begin = sections(raw)["program"][0]
raw[begin] = ord("7")
open("other/checkpoint-4.ckpt", "wb").write(seal(raw))
PYTHON
refused 4 'was written by rnn-gpu 7' "$program" --resume other
checked "checkpoints of other versions are refused by name"

# ---- The data ----

expect_status 0 "$program" --data words.csv --hidden 3 --device cpu --updates 30 --json
hash=$(json_end weights_hash)
expect_status 0 "$program" --data words.csv --hidden 3 --device cpu --updates 10 --out words
mkdir elsewhere
cd elsewhere
expect_status 0 "$program" --resume ../words --updates 30 --json
[ "$(json_end weights_hash)" = "$hash" ] || fail "from another folder the weights differ"
cd ..
sed 's/1$/0/' words.csv >changed.csv
cp words.csv kept.csv
cp changed.csv words.csv
refused 4 'words.csv has changed since the run began' "$program" --resume words --quiet
rm words.csv
refused 4 'words.csv, the data of the run, no longer exists' "$program" --resume words --quiet
mv kept.csv words.csv
"$program" --data - --hidden 3 --device cpu --updates 3 --out piped <words.csv >"$folder/stdout" 2>"$folder/stderr" ||
    fail "data of stdin are not trained on"
expect_line 'data from stdin cannot be read again, so no checkpoint is made' stderr
refused 4 'piped holds a run on data from stdin, which cannot be read again, so it saved no checkpoint; .*--out piped --overwrite' \
    "$program" --resume piped
checked "the data of another folder, changed, gone, of stdin"

# ---- A full disk ----

if [ -n "${FAILING_CALLS:-}" ]; then
    # the disk is full as long as there is the file `full`
    run_on_full_disk() {
        LD_PRELOAD=$FAILING_CALLS RG_FAIL_WHAT=disk RG_FULL_DISK=$PWD/full "$program" "$@"
    }
    run_on_full_disk --batch 64 --steps 50 --hidden 16 --device cpu --updates 1000000 --max-time 3 --save-every 0.05s \
        --out full-run --json --log full.jsonl --tensorboard full-board >"$folder/stdout" 2>"$folder/stderr" &
    wait_for '"update":20,' full-run/log.jsonl
    touch full
    sleep 0.4
    rm full
    ended 60 $!
    [ "$got" -eq 0 ] || fail "exit $got, expected 0"
    [ "$(grep -c 'the run continues and tries again' "$folder/stderr")" -eq 1 ] || fail "a full disk is told more or less than once"
    expect_line 'log.jsonl: No space left on device; new records are kept until there is room' stderr
    expect_line 'log.jsonl: there is room again, and nothing was lost' stderr
    check_json 'import re
assert [line["update"] for line in events("update")] == list(range(1, end["updates"] + 1))
for path in ("full.jsonl", "full-run/log.jsonl"):
    assert [json.loads(line) for line in open(path)] == lines, path'
    expect_status 0 "$program" --resume full-run
    checked "a full disk: the run goes on, and logs are whole when there is room"
fi

# ---- The command that is recorded makes the whole run: one, or two where a schedule's end was moved ----

# made_by N OPTION... -- OPTION...: a run with the first options, resumed with the others, is made again by N commands.
made_by() {
    local n=$1 hash first=()
    shift
    while [ "$1" != -- ]; do
        first+=("$1")
        shift
    done
    shift
    rm -rf made
    expect_status 0 "$program" --hidden 3 --device cpu "${first[@]}" --out made --quiet
    expect_status 0 "$program" --resume made "$@" --json --quiet
    hash=$(json_end weights_hash)
    expect_status 0 "$program" inspect made/checkpoint-40.ckpt
    sed -n '/^made by$/,/^$/s/^\.\/rnn-gpu //p' "$folder/stdout" >commands
    [ "$(wc -l <commands)" -eq "$n" ] || fail "made by $(cat commands)"
    python3 -c 'import html, re, sys
page = re.search("Made by</h2>\n<pre>(.*?)</pre>", open("made/report.html").read(), re.S)[1]
assert html.unescape(page).replace("./rnn-gpu ", "").split("\n") == open("commands").read().split("\n")[:-1], page' ||
        fail "the page names other commands"
    rm -rf made
    while read -ra words; do
        expect_status 0 "$program" "${words[@]}" --json
    done <commands
    [ "$(json_end weights_hash)" = "$hash" ] || fail "they make other weights: $(cat commands)"
}
task=(--batch 8 --steps 6)
made_by 1 "${task[@]}" --updates 20 --threads 2 -- --updates 40
made_by 1 "${task[@]}" --updates=20 --threads=2 --max-time 1h -- --updates 40 --threads 1 --max-time 2h
made_by 2 "${task[@]}" --updates 20 --schedule cosine -- --updates=40
cp "$root/data/cat-mat-rat.csv" words.csv
made_by 1 --data words.csv --epochs 5 -- --updates 40
made_by 1 --data words.csv --updates 5 -- --epochs 40
checked "the command that makes a resumed run"

# ---- a run with nothing left to train says why
nothing_left() { # nothing_left WHY ANEW OPTION...: of a run with these options, resumed with ANEW
    rm -rf over
    expect_status 0 "$program" --device cpu --hidden 3 --out over --diagnose none "${@:3}"
    # shellcheck disable=SC2086 # words are meant
    expect_status 0 "$program" --resume over $2
    expect_line "nothing was left to train: $1" stderr
}
nothing_left '--patience 2 had ended the run, as so many validations had no lower loss; a new run ' '--updates 900' \
    --data words.csv --val words.csv --lr 1e-9 --val-every 5 --patience 2
nothing_left 'the loss had reached --target-loss 50' '--updates 900' "${task[@]}" --target-loss 50 --updates 40
nothing_left 'the time of --max-time is over; give a larger ' '' "${task[@]}" --max-time 0.2 --updates 100000000
nothing_left 'the run has made its 5 updates; give more with --updates or --epochs' '' "${task[@]}" --updates 5
expect_status 0 "$program" --resume over --updates 6
[ "$(grep -c 'nothing was left' "$folder/stderr")" -eq 0 ] || fail "there was an update left"
checked "why nothing is left to train"
