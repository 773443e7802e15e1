#!/bin/bash
# Every option that names a file or folder to be written: refused before the first update where it cannot be, in one line and
# with nothing left behind; and what cannot be written at the end hinders neither the result nor the other files.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
cp "$root/data/cat-mat-rat.csv" data.csv
run=(--batch 8 --steps 6 --hidden 3 --updates 4 --device cpu)
expect_status 0 "$program" "${run[@]}" --out made --quiet
expect_status 0 "$program" --data data.csv --hidden 3 --updates 4 --device cpu --out words --quiet
touch file

# Its fault and its place, and the name that an option with that ending then gets.
declare -A endings=([report]=.html [plot]=.svg [log]=.jsonl [trace-latex]=.tex)
declare -A commands=(
    [train]="train ${run[*]}" [compare]="compare ${run[*]} --remedies tanh+plain --seeds 1" [sweep]="sweep ${run[*]} --seed 1,2"
    [grad]="grad --task adding --steps 6 --hidden 3 --batch 4 --device cpu"
    [predict]="predict --model words/model.safetensors --data data.csv --device cpu"
    [export]="export --model made/model.safetensors" [import]="import --onnx made.onnx"
    [bench]="bench --batch 8 --steps 5 --hidden 4 --cell rnn --device cpu")
expect_status 0 "$program" export --model made/model.safetensors --out made.onnx --quiet
declare -A results=([train]=folder [compare]=.csv [sweep]=.jsonl [grad]=.safetensors [predict]=.npy [export]=.onnx
    [import]=.safetensors [bench]=.jsonl)

# The options that a command takes, from its help, whose value is a file to be written.
tried=0
for command in "${!commands[@]}"; do
    read -ra words <<<"${commands[$command]}"
    [ "$command" != grad ] || words+=(--trace)
    for option in $("$program" help "$command" | grep -oE '^  (-., )?--(out|report|plot|log|trace-latex|tensorboard) ' | grep -oE '[a-z]+-?[a-z]+'); do
        ending=${endings[$option]:-}
        [ "$option" != out ] || ending=${results[$command]}
        if [ "$option" = tensorboard ] || [ "$ending" = folder ]; then
            bad=(file file/inside nowhere/inside)
        else
            bad=("nowhere/name$ending" "file/name$ending" "made")
            [ "$option" = log ] || [ "$command" = bench ] || [ "$option" = trace-latex ] || [ "$ending" = .safetensors ] || bad[2]=nowhere/nowhere$ending
        fi
        for path in "${bad[@]}"; do
            refused 8 "^rnn-gpu: .*$path" "$program" "${words[@]}" --quiet "--$option" "$path"
            tried=$((tried + 1))
        done
    done
done
[ "$tried" -ge 50 ] || fail "only $tried files were tried"
checked "$tried places that cannot be written to are refused before the work"

# The table of options knows all of them: an option whose help calls its value a file or folder is one of these.
expect_status 0 env bash -c "for c in train compare sweep grad predict export import bench eval; do '$program' help \$c; done |
    grep -oE '^  (-., )?--[a-z-]+ (F\.[a-z]+|FILE|DIR|PATH)' | sed 's/.*--//' | sort -u"
diff - "$folder/stdout" >&2 <<'TEXT' || fail "an option that names a file was added: is it tried above?"
compare FILE
config F.toml
data FILE
log F.jsonl
model FILE
onnx FILE
out PATH
plot F.svg
report F.html
resume DIR
tensorboard DIR
test FILE
trace-latex F.tex
val FILE
TEXT
checked "every option that names a file"

# ---- What is there already ----

# One that is run again replaces its result, and says so; the data and the model are never written to, by whatever name.
for _ in 1 2; do
    expect_status 0 "$program" predict --model words/model.safetensors --data data.csv --device cpu --out again.csv
done
expect_line '^rnn-gpu: again.csv exists and is replaced$' stderr
ln -s data.csv soft.csv
ln data.csv hard.csv
ln words/model.safetensors hard.safetensors
printf '{"device":"x"}\n' >earlier.jsonl
before=$(cat data.csv words/model.safetensors earlier.jsonl | sha256sum)
for name in data.csv ./data.csv soft.csv hard.csv; do
    refused 2 "--out $name is the file of --data, which it would overwrite" "$program" predict --model words/model.safetensors \
        --data data.csv --device cpu --out "$name"
done
refused 2 'hard.safetensors is the file of --model' "$program" predict --model words/model.safetensors --data data.csv \
    --device cpu --out hard.safetensors
refused 2 'is the file of --compare' "$program" bench --compare earlier.jsonl --out ./earlier.jsonl --device cpu
refused 2 'data.csv: this file holds no results of bench; give another name' "$program" bench --out data.csv --device cpu
ln -s data.csv rows-curves.csv
refused 2 '--out rows-curves.csv is the file of --data' "$program" compare --data data.csv --out rows.csv --device cpu
rm rows-curves.csv
[ "$(cat data.csv words/model.safetensors earlier.jsonl | sha256sum)" = "$before" ] || fail "a file that is read was written to"
checked "a result is replaced with a notice, and what is read is never written to"

# ---- Figures that a run will not have ----

no_figure() { refused 2 "^rnn-gpu: --figure.*$1" "$program" "${@:2}" --quiet --plot f.svg; }
no_figure 'there is no figure .nothing.' "${run[@]}" --figure nothing
no_figure 'gates needs the gates' "${run[@]}" --figure gates
no_figure 'accuracy needs classes' "${run[@]}" --figure accuracy
no_figure 'norm-map needs samples' "${run[@]}" --figure norm-map
no_figure 'jacobian needs the diagnosis' "${run[@]}" --figure jacobian --diagnose none
no_figure 'gates needs the gates' grad --task adding --steps 6 --hidden 3 --batch 4 --device cpu --out g.safetensors --figure gates
no_figure 'probes needs --probe-times' grad --task adding --steps 6 --hidden 3 --batch 4 --device cpu --out g.safetensors --figure probes
no_figure 'loss is drawn along' sweep "${run[@]}" --cell rnn,gru --figure loss
no_figure 'learned counts seeds' sweep "${run[@]}" --hidden 3,4 --figure learned
refused 2 'must end in .svg' "$program" "${run[@]}" --plot f.gif
for figure in loss norm lags cumulative shares gates jacobian activations norm-map share-map depth; do
    expect_status 0 "$program" "${run[@]}" --cell gru --lag-every 2 --quiet --plot f.svg --figure "$figure"
    [ -s f.svg ] || fail "no figure $figure"
    rm f.svg
done
checked "figures are refused before the run, or drawn after it"

# ---- What fails at the end: a disk that is full, for one file at a time ----

# whole FILE...: they are there.
whole() {
    for file in "$@"; do
        [ -s "$file" ] || fail "$file is missing"
    done
}

# lost OPTION FILE COMMAND...: the result is shown, the other files are whole, and exit code and message tell of this one.
lost() {
    local option=$1 name=$2
    shift 2
    rm -rf out other.html other.svg other.jsonl other.safetensors other.csv
    ln -sf /dev/full "$name"
    expect_status 8 "$program" "$@" "--$option" "$name"
    expect_line "$name: cannot be saved: No space left" stderr
    rm "$name"
}
lost plot full.svg "${run[@]}" --report other.html --log other.jsonl --out out
expect_line '^done after 4 updates'
whole other.html other.jsonl out/model.safetensors out/report.html out/log.jsonl
lost report full.html "${run[@]}" --plot other.svg --out out
expect_line '^done after 4 updates'
whole other.svg out/report.html
lost plot full.svg compare "${run[@]}" --remedies tanh+plain --seeds 1 --report other.html --out other.csv
expect_line 'tanh +plain'
whole other.html
[ "$(wc -l <other.csv)" -eq 2 ] || fail "the table is not whole"
lost plot full.svg sweep "${run[@]}" --seed 1,2 --report other.html --out other.jsonl
expect_line '^over the seeds:'
whole other.html
[ "$(wc -l <other.jsonl)" -eq 2 ] || fail "the table is not whole"
lost trace-latex full.tex grad --task adding --steps 6 --hidden 3 --batch 4 --device cpu --trace --report other.html --out other.safetensors
expect_line '^loss '
whole other.html other.safetensors
checked "one file that cannot be written costs no other"

# The folder of the report is removed while the training runs.
mkdir gone
"$program" "${run[@]}" --updates 100000000 --max-time 3 --report gone/r.html --plot other.svg --out out --overwrite \
    >"$folder/stdout" 2>"$folder/stderr" &
process=$!
wait_for '"update"' out/log.jsonl
rm -rf gone
ended 60 $process
command="a training whose folder is removed"
[ "$got" -eq 8 ] || fail "exit $got, expected 8"
expect_line '^time is up after'
expect_line '^rnn-gpu: gone/r.html: cannot be saved: No such file' stderr
whole other.svg out/model.safetensors out/report.html
checked "a folder that is removed meanwhile"

# ---- What the screen says about them ----

# says LINE COMMAND...: the screen ends with this line, which may wrap.
says() {
    local line=$1
    shift
    expect_status 0 "$program" "$@"
    [ "$(sed -z 's/\n  */ /g' "$folder/stdout" | tail -n 1)" = "$line" ] || fail "the last line is not: $line"
}
page=(--report all.html --plot all.svg --log all.jsonl --tensorboard board)
says 'wrote p.npy' predict --model words/model.safetensors --data data.csv --device cpu --out p.npy
says 'wrote b.jsonl' bench --batch 2 --steps 3 --hidden 2 --cell rnn --device cpu --out b.jsonl
says 'wrote walk.safetensors, walk.tex, walk.html' grad --model words/model.safetensors --data data.csv --device cpu --trace \
    --report walk.html --out walk.safetensors --trace-latex walk.tex
says 'wrote all/model.safetensors, all/report.html, all/log.jsonl, all.html, all.svg, all.jsonl, board/' \
    "${run[@]}" --out all/ "${page[@]}"
says 'wrote held/model.safetensors, held/best.safetensors, held/report.html, held/log.jsonl' \
    --data data.csv --val data.csv --hidden 3 --updates 4 --device cpu --out held --log /dev/null
name='a folder whose long name has blanks in it, 0.6 and 0.7'
says "wrote $name/model.safetensors, $name/report.html, $name/log.jsonl" train "${run[@]}" --out "$name"
expect_line "^  $name/report.html,$"
says 'wrote rows.csv, rows-curves.csv, rows-lags.csv, rows-models/, all.html' compare "${run[@]}" --remedies tanh+plain --seeds 1 --out rows.csv --keep --report all.html
says 'wrote grid/' sweep "${run[@]}" --seed 1,2 --out grid
expect_status 0 "$program" "${run[@]}" --json --out as-json
expect_no_line '^wrote'
expect_status 0 "$program" "${run[@]}"
expect_no_line '^wrote'
checked "the screen names what was written"
