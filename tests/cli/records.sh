#!/bin/bash
# What a run leaves behind: --report, --plot, --log, --tensorboard, and the files in --out's folder.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
small=(--batch 32 --steps 10 --hidden 8 --device cpu --updates 12)

# check_page FILE TEXT...: one page that needs nothing else, below the limit, well-formed, with each text in it.
check_page() {
    python3 - "$@" <<'PYTHON' || fail "$1 is not as expected"
import html.parser, re, sys
import xml.etree.ElementTree as tree
page = open(sys.argv[1], encoding="utf-8").read()
assert len(page.encode()) < 500_000
pictures = re.findall(r"<svg.*?</svg>", page, re.S)
assert len(pictures) >= 3, len(pictures)
for picture in pictures:
    tree.fromstring(picture)
assert "<script" not in page and "prefers-color-scheme:dark" in page
assert not re.search(r"(src|href|url|@import)\s*[=(]", page)
assert not re.search(r'"[^"]*(nan|inf)[^"]*"/>', page)

class Page(html.parser.HTMLParser):
    void = {"meta", "rect", "path", "br"}
    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""
    def handle_starttag(self, tag, attributes):
        self.open += [] if tag in self.void else [tag]
    def handle_startendtag(self, tag, attributes):
        pass
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        self.text += data
parsed = Page()
parsed.feed(page)
assert parsed.open == []
for text in sys.argv[2:]:
    assert text in parsed.text, text
PYTHON
}

odd="a <b>&\"c' \$(d)"
expect_status 0 "$program" --quiet "${small[@]}" --report "$odd.html" --out "$odd"
check_page "$odd.html" "adding, 10 steps" 'of that at the loss' 'baseline 0.1667' "$odd" "--out" "--updates 12" "hidden"
check_page "$odd/report.html" "$odd" "rnn, 8 hidden units"
for file in log.jsonl model.safetensors checkpoint-12.ckpt; do
    [ -s "$odd/$file" ] || fail "the folder of --out has no $file"
done
[ "$(find "$odd" -type f | wc -l)" -eq 4 ] || fail "the folder of --out holds $(ls -A "$odd")"
checked "a page, and the folder of --out; names are escaped"

# the command on the page makes the same run again
paste=$(python3 -c '
import html, re, sys
print(html.unescape(re.search(r"<pre>\./rnn-gpu (.*?)</pre>", open(sys.argv[1]).read(), re.S).group(1)))' "$odd.html")
mv "$odd.html" first.html
mv "$odd" first
expect_status 0 sh -c "'$program' $paste"
python3 -c '
import re, sys
a, b = (re.sub(r"<dt>time</dt>.*|>Made 20.*", "", open(f).read()) for f in sys.argv[1:])
assert a == b' first.html "$odd.html" || fail "the pasted command makes another page"
rm -r "$odd"
mv first "$odd"
checked "the command on the page, pasted into a shell"

expect_status 0 "$program" --json "${small[@]}" --log run.jsonl --plot run.svg --tensorboard board
cmp -s "$folder/stdout" run.jsonl || fail "--log is not what --json prints"
expect_status 0 "$program" --quiet "${small[@]}" --log quiet.jsonl
python3 - run.jsonl quiet.jsonl <<'PYTHON' || fail "the log changes with --json"
import json, sys
rates = ("sequences_per_s", "seconds")
a, b = ([{k: v for k, v in json.loads(line).items() if k not in rates} for line in open(f)] for f in sys.argv[1:])
for events in a, b:
    del events[-1]["advice"]["command"], events[-1]["remedy"] # with the names of the run's files
assert a == b and len(a) == 14, (a, b)
PYTHON
checked "--log has the lines of --json"

python3 - <<'PYTHON' || fail "the picture is not as expected"
import xml.etree.ElementTree as tree
root = tree.parse("run.svg").getroot()
space = "{http://www.w3.org/2000/svg}"
texts = [t.text for t in root.iter(space + "text")]
assert root.tag == space + "svg" and float(root.get("width")) > 500
for text in ("Loss over updates", "Gradient norm over updates", "Norm of the gradient's terms by lag", "update",
             "lag: steps back from the loss", "weight_hh_l0", "weight_ih_l0"):
    assert text in texts, text
PYTHON
expect_status 0 "$program" --quiet "${small[@]}" --plot 'run<&>.svg'
if "$program" --quiet "${small[@]}" --plot 'run<&>.PNG' >"$folder/stdout" 2>"$folder/stderr"; then
    [ "$(head -c 8 'run<&>.PNG' | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] ||
        fail "the picture is not PNG"
else
    expect_line 'built without cairo' stderr
fi
checked "pictures: SVG and PNG"

python3 - run.jsonl board/events.out.tfevents.* <<'PYTHON' || fail "the TensorBoard file is not as expected"
import json, struct, sys
def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at
def fields(data):
    at, found = 0, []
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(tag & 7)
            if size is None:
                size, at = varint(data, at)
            value, at = data[at : at + size], at + size
        found.append((tag >> 3, value))
    return found
raw, at, events = open(sys.argv[2], "rb").read(), 0, []
while at < len(raw):
    size = struct.unpack_from("<Q", raw, at)[0]
    events.append(dict(fields(raw[at + 12 : at + 12 + size])))
    at += 16 + size
assert events[0][3] == b"brain.Event:2"
updates = [line for line in map(json.loads, open(sys.argv[1])) if line["event"] == "update"]
assert len(events) == 1 + len(updates)
for event, line in zip(events[1:], updates):
    values = {f[1].decode(): struct.unpack("<f", f[2])[0] for f in (dict(fields(v)) for _, v in fields(event[5]))}
    assert event[2] == line["update"]
    for key in ("loss", "grad_norm", "lr", "clipped"):
        assert abs(values[key] - line[key]) <= 1e-6 * abs(line[key]), (key, values, line)
    so_far = updates[:line["update"]]
    assert abs(values["clip_rate"] - sum(u["clipped"] for u in so_far) / len(so_far)) < 1e-6, (values, line)
    assert abs(values["baseline"] - 1 / 6) < 1e-6 and values["seconds_left"] >= 0, values
assert values["seconds_left"] == 0
PYTHON
checked "--tensorboard has loss beside its baseline, norm, rate, clipping and time left of each update"

refused 2 '^rnn-gpu: --plot p\.jpg: the name must end in \.svg, \.png or \.pdf' "$program" "${small[@]}" --plot p.jpg --out o
refused 8 'none/r\.html' "$program" --quiet "${small[@]}" --report none/r.html
refused 8 'none/p\.svg' "$program" --quiet "${small[@]}" --plot none/p.svg
refused 8 'none/l\.jsonl: cannot be saved' "$program" --quiet "${small[@]}" --log none/l.jsonl
refused 8 'tensorboard run\.svg: this is no folder' "$program" --quiet "${small[@]}" --tensorboard run.svg
for ending in svg png pdf; do
    expect_status 0 "$program" --quiet "${small[@]}" --cell lstm --plot "one.$ending" --figure gates --figure-size 700x400
done
grep -q 'viewBox="0 0 716 416"' one.svg || fail "a figure of 700x400 is $(grep -o 'viewBox="[^"]*"' one.svg)"
[ "$(grep -c 'class="f1 b"' one.svg)" -eq 1 ] || fail "one figure has not one title"
[ "$(head -c 5 one.pdf)" = '%PDF-' ] || fail "one.pdf is no PDF"
expect_status 2 "$program" --quiet "${small[@]}" --plot one.svg --figure gates
expect_line 'figure gates needs the gates of a cell' stderr
refused 2 "there is no figure 'lag' here; the figures are loss, .*; did you mean lags" "$program" --plot a.svg --figure lag
refused 2 'the figures are loss, learned, quartiles, updates' "$program" sweep --seed 1,2 --plot a.svg --figure gates
refused 2 'the figures are lags, cumulative, loss' "$program" compare --plot a.svg --figure gates
refused 2 'figure requires --plot FILE' "$program" --figure lags
for command in train compare sweep; do
    refused 2 'plot-theme requires --plot FILE' "$program" "$command" --plot-theme dark
done
refused 2 "'800' is not WIDTHxHEIGHT" "$program" --plot a.svg --figure-size 800
checked "one figure, as SVG, PNG and PDF"
refused 2 'report does not belong to devices' "$program" devices --report r.html
if [ -e /dev/full ]; then
    expect_status 8 "$program" --quiet "${small[@]}" --log /dev/full
    expect_line '/dev/full cannot be written: No space left' stderr
    expect_status 8 "$program" --quiet "${small[@]}" --report /dev/full
    expect_line '/dev/full: cannot be saved: No space left' stderr
    expect_line '^done after 12 updates'
fi
for option in "--log" "bench --out"; do # through a link nothing is written
    echo theirs >theirs.txt
    ln -sf theirs.txt link.jsonl
    # shellcheck disable=SC2086
    case $option in
        --log) expect_status 0 "$program" --quiet "${small[@]}" --log link.jsonl ;;
        *) expect_status 0 "$program" $option link.jsonl --quiet --device cpu --batch 4 --steps 3 --hidden 3 --repeats 1 ;;
    esac
    [ "$(cat theirs.txt)" = theirs ] || fail "$option writes through a link"
    [ ! -L link.jsonl ] || fail "$option does not replace the link"
    [ -z "$(find . -name '.rnn-gpu*')" ] || fail "a temporary file stays"
done
checked "files that cannot be written: said before training, or after it with the result shown"

expect_status 5 "$program" --quiet "${small[@]}" --updates 400 --lr 1e6 --optimizer sgd --clip-norm 0 --plot bad.svg \
    --report bad.html --log bad.jsonl
python3 -c 'import json; assert json.loads(open("bad.jsonl").read().splitlines()[-1])["reason"] == "diverged"' ||
    fail "the log has no end"
python3 -c 'import xml.etree.ElementTree as t; assert "skipped" in t.tostring(t.parse("bad.svg").getroot(), "unicode")' ||
    fail "the picture does not show skipped updates"
grep -q 'diverged after' bad.html || fail "the report does not say that the run diverged"
expect_status 0 "$program" --quiet "${small[@]}" --updates 0 --plot none.svg --report none.html --log none.jsonl
grep -q '</svg>' none.svg || fail "no picture of a run without updates"
grep -q '</html>' none.html || fail "no report of a run without updates"
for options in "--steps 1 --updates 3" "--updates 0 --skip 30 --skip-kind dilated"; do
    # shellcheck disable=SC2086 # words are meant
    expect_status 0 env LC_ALL=C "$program" --quiet "${small[@]}" $options --report one-step.html
    ! grep -qE '<dd>-?(nan|inf)' one-step.html || fail "$options: a number of the report is none"
    ! LC_ALL=C grep -q '[^ -~]' "$folder/stdout" || fail "$options: more than ASCII in an ASCII locale"
done
checked "a run that diverged, one without updates, and one without a past are recorded too"

tensors '
write_npz("long.npz", {"x": ((7, 12, 2), [i / 99 for i in range(168)]), "y": ((7, 1), [0.5] * 7)})'
expect_status 0 "$program" grad --model "$odd/model.safetensors" --data long.npz --device cpu \
    --out g.safetensors --report g.html --plot g.svg
check_page g.html "The gradient, by lag" "factor a step back" "7 sequences of 12 steps" "weight_hh_l0"
grep -q 'Share of the gradient by lag' g.svg || fail "no shares in the picture of grad"
cp "$odd/model.safetensors" only.safetensors
refused 2 '^rnn-gpu: --out \./only\.safetensors is the file of --model' "$program" grad --model only.safetensors \
    --data long.npz --out ./only.safetensors
refused 2 '^rnn-gpu: --out long\.npz is the file of --data' "$program" predict --model only.safetensors --data long.npz \
    --out long.npz
refused 2 '^rnn-gpu: --log one\.html is the file of --report' "$program" "${small[@]}" --report one.html --log one.html
refused 2 '^rnn-gpu: --report one\.svg: the name must end in \.html' "$program" "${small[@]}" --report one.svg --plot one.svg
mkdir -p there
ln -sf there link
for options in "--report m/report.html" "--log m/log.jsonl"; do
    # shellcheck disable=SC2086 # words are meant
    refused 2 'is the file of --out: its ' "$program" "${small[@]}" --out m $options
done
refused 2 '^rnn-gpu: --log link/log\.jsonl is the file of --out: its log\.jsonl' "$program" "${small[@]}" --out there \
    --log link/log.jsonl
refused 2 '^rnn-gpu: --log new\.html is the file of --report' "$program" "${small[@]}" --report "$PWD/new.html" --log new.html
refused 2 '^rnn-gpu: --tensorboard \./new\.htm is the file of --report' "$program" "${small[@]}" --report new.htm --tensorboard ./new.htm
cp long.npz there/log.jsonl
refused 2 '^rnn-gpu: --out there/log\.jsonl is the file of --data' "$program" "${small[@]}" --data there/log.jsonl --out there
expect_status 0 "$program" --quiet "${small[@]}" --log /dev/null --report /dev/null
expect_status 0 "$program" --quiet "${small[@]}" --out both --tensorboard both --log both/other.jsonl
checked "no result takes the place of another, of the model or the data"
refused 2 'plot g\.gif' "$program" grad --model "$odd/model.safetensors" --data long.npz --out h --plot g.gif
checked "grad: the same page and picture"

expect_status 0 "$program" sweep --quiet --batch 16 --hidden 4 --updates 6 --device cpu --cell rnn,gru --steps 3,5,9 \
    --seed 1-3 --report sweep.html --plot sweep.svg
check_page sweep.html "Sweep on adding: cell, steps, seed" "18 of 18" "largest --steps learned" "lower quartile" "0 of 3"
for text in 'Median loss over the seeds by steps' 'Learned by steps' 'gru, steps 9' quartiles 'single runs' baseline; do
    grep -qF ">$text<" sweep.svg || fail "no '$text' in the picture of sweep"
done
expect_status 0 "$program" sweep --quiet "${small[@]}" --activation relu,linear --init identity:30 --lr 1e-3,1 --plot sweep.png \
    --report one.html
check_page one.html "All runs" "activation" "4 of 4"
[ "$(head -c 4 sweep.png | tail -c 3)" = PNG ] || fail "sweep.png is no PNG"
expect_status 0 "$program" sweep --quiet "${small[@]}" --seed 1-3 --report seeds.html
grep -q '>all runs<' seeds.html || fail "no figure of the seeds"
refused 2 'report a\.svg: the name must end in \.html' "$program" sweep --seed 1,2 --report a.svg --plot a.svg
refused 8 'none/s\.html' "$program" sweep --quiet --seed 1,2 --report none/s.html
expect_status 0 "$program" sweep --quiet --batch 32 --hidden 4 --updates 2 --device cpu --seed 1,2 --report given.html
python3 -c '
page = open("given.html").read().split("<h2>Options</h2>")[1].split("<details>")
assert "<dt>batch</dt>" in page[0] and "<dt>batch</dt>" not in page[1] and "<dt>lr</dt>" in page[1]' ||
    fail "a given option is among those that have their defaults"
checked "sweep: tables, medians and quartiles, small multiples"

expect_status 0 "$program" compare --quiet "${small[@]}" --remedies tanh,tanh+plain,tanh+rate,irnn+clip,lstm+plain --report c.html --plot c.svg
check_page c.html "Remedies for adding, 10 steps" "Ranked by the median loss of the seeds" "irnn" "5 of 5" "long-term share" "--remedies"
for text in 'tanh: loss' 'irnn: loss' 'lstm: loss' 'lstm, plain, 0.01' 'irnn, clip, 0.005' baseline; do
    grep -qF ">$text<" c.svg || fail "no '$text' in the picture of compare"
done
refused 8 'none/c\.html' "$program" compare --quiet "${small[@]}" --report none/c.html
refused 2 'log does not belong to compare' "$program" compare --log l
checked "compare: table, curves and small multiples"
