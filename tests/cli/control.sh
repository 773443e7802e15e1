#!/bin/bash
# Names from files and command lines that hold control characters, which could command the terminal: no screen, message,
# page or picture passes them on, a name of several lines breaks no line, and the files keep the names as they are.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
evil=$'\e]0;title\a\e[2J\xc2\x9b1m'
{
    printf 'series,a,c%s\nol,label\n' "$evil" | sed 's/c.*/"&/; s/^ol/&"/'
    for i in $(seq 1 12); do
        printf '"s%s%s\n%d",%d,0.%d,%s\n' "$i" "$evil" "$i" $((i % 3)) "$i" "$([ $((i % 2)) = 0 ] && printf 'bad%s' "$evil" || printf ok)"
    done
} >data.csv
name=$'d\e[2J\nta.csv'
cp data.csv "$name"

# Neither stream, nor a file of these, has a control character besides line ends; colours are off in a file.
clean() { ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$@"; }
shown() {
    local code=$1
    shift
    expect_status "$code" "$@"
    clean "$folder/stdout" || fail "control characters on stdout: $(cat -v "$folder/stdout")"
    clean "$folder/stderr" || fail "control characters on stderr: $(cat -v "$folder/stderr")"
}
job=(--hidden 3 --updates 4 --batch 4 --device cpu)
shown 0 "$program" train --data data.csv "${job[@]}" --val-frac 0.3 --test data.csv --out run --plot run.svg
expect_line '^labels   2 classes: bad.*, ok' stderr
shown 0 "$program" train --data "$name" "${job[@]}" --cell lstm --out named
for command in "predict --data data.csv" "eval --data data.csv" "grad --data data.csv --trace --sequence 1"; do
    read -r -a words <<<"$command"
    shown 0 "$program" "${words[0]}" --model run/best.safetensors "${words[@]:1}"
done
expect_status 0 "$program" predict --model run/best.safetensors --data data.csv
[ "$(grep -c '^ *[0-9]* *series s' "$folder/stdout")" = 12 ] || fail "a row of predict is not one line"
shown 0 "$program" inspect run/best.safetensors
shown 0 "$program" inspect named/checkpoint-4.ckpt
shown 0 "$program" runs .
mkdir $'r\e[2J'
cp run/best.safetensors $'r\e[2J'
shown 0 "$program" verify $'r\e[2J'
shown 0 "$program" sweep --data "$name" "${job[@]}" --cell rnn,gru --report sweep.html
shown 0 "$program" compare --data "$name" "${job[@]}" --remedies gru,tanh --report compare.html
shown 4 "$program" train --data $'none\e[2J\n.csv'
shown 2 "$program" $'--x\e[2J'
checked "screens and messages"

LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' run/report.html named/report.html sweep.html compare.html run.svg &&
    fail "control characters in a page or a picture"
# the command on the page is that of the run
python3 - "$name" <<'PYTHON' || fail "the command on the page names another file"
import html, re, subprocess, sys
page = open("named/report.html").read()
command = html.unescape(re.search(r"\./rnn-gpu (.*--data .*?)</", page, re.S).group(1))
words = subprocess.run(["bash", "-c", "printf '%s\\0' " + command], capture_output=True).stdout.split(b"\0")
assert words[words.index(b"--data") + 1].decode() == sys.argv[1], words
PYTHON
expect_status 0 "$program" predict --model run/best.safetensors --data data.csv --json
python3 - "$folder/stdout" <<'PYTHON' || fail "names in JSON"
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert rows[0]["series"] == "s1\x1b]0;title\x07\x1b[2J\x9b1m\n1", rows[0]
PYTHON
checked "pages, pictures, files"
