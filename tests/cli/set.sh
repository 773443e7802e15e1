#!/bin/bash
# --set NAME[i,j]=V: the weights are those of a file that has them, for grad, predict and train; screens, JSON, log and page
# say so; what is not there is refused with the nearest name and its shape.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
data=$root/data/cat-mat-rat.csv
weights=$root/data/cat-mat-rat-weights.safetensors
export RNN_GPU_DEVICE=cpu

# The same weights in a file, by the names of the file and those of the notes, whose matrices are the transposes.
tensors '
w = read_safetensors(sys.argv[1])
def changed(name, row, column, value):
    shape, values = w[name]
    values = list(values)
    values[row * shape[1] + column] = value
    w[name] = shape, values
changed("rnn.weight_hh_l0", 2, 0, 0.75)
changed("rnn.weight_ih_l0", 1, 2, -0.5)
changed("head.weight", 0, 1, 1e-3)
changed("rnn.weight_hh_l0", 1, 1, 2.0)
write_safetensors("changed.safetensors", w, "d")
' "$weights"
sets=(--set 'Wh[0,2]=0.75' --set 'Wi[2,1]=-.5,Wo[1]=1e-3' --set='weight_hh_l0[1,1]=2')
expect_status 0 "$program" grad --model changed.safetensors --data "$data" --precision double --out wanted.safetensors
expect_status 0 "$program" grad --model "$weights" --data "$data" --precision double --out got.safetensors "${sets[@]}"
expect_line 'set Wh\[0,2\]=0\.75 \(it was 0\.2\)$' stderr
expect_line 'set Wi\[2,1\]=-\.5 \(it was 0\.1\)$' stderr
expect_line 'set Wo\[1\]=1e-3 \(it was -0\.4\)$' stderr
expect_line 'set weight_hh_l0\[1,1\]=2 \(it was 0\.5\)$' stderr
cmp wanted.safetensors got.safetensors || fail "the gradient is not that of the changed weights"
expect_status 0 "$program" grad --model "$weights" --data "$data" --set 'Wh[0,2]=0.75' --set 'Wh[0,2]=0.2' --precision double --out back.safetensors
expect_status 0 "$program" grad --model "$weights" --data "$data" --precision double --out wanted.safetensors
cmp wanted.safetensors back.safetensors || fail "the last of two values does not count"
expect_status 0 "$program" grad --model "$weights" --data "$data" --trace --set 'Wh[0,2]=0.75'
expect_line ' 0\.750000 -0\.300000  0\.400000$'
checked "grad: as a file with these weights"

expect_status 0 "$program" predict --model changed.safetensors --data "$data"
cp "$folder/stdout" wanted.txt
expect_status 0 "$program" predict --model "$weights" --data "$data" "${sets[@]}"
cmp "$folder/stdout" wanted.txt || fail "predict does not have the changed weights"
checked "predict: as a file with these weights"

# train: they are what the training begins with, in every precision, with a model and without.
for precision in float double; do
    expect_status 0 "$program" train --data "$data" --cell lstm --hidden 3 --updates 0 --precision $precision --out plain --overwrite --quiet
    expect_status 0 "$program" train --data "$data" --cell lstm --hidden 3 --updates 0 --precision $precision --out set --overwrite --log l.jsonl \
        --report r.html --set 'rnn.weight_hh_l0[11,2]=0.75' --set 'rnn.bias_ih_l0[4]=3,Wi[1,7]=-2' --set 'head.bias[0]=1'
    expect_line 'set rnn\.bias_ih_l0\[4\]=3 \(it was ' stderr
    tensors '
plain, got = (read_safetensors(path + "/model.safetensors") for path in ("plain", "set"))
differ = {(name, i): v for name in got for i, v in enumerate(got[name][1]) if v != plain[name][1][i]}
assert differ == {("rnn.weight_hh_l0", 11 * 3 + 2): 0.75, ("rnn.bias_ih_l0", 4): 3, ("rnn.weight_ih_l0", 7 * 3 + 1): -2,
                  ("head.bias", 0): 1}, differ'
    said='rnn.weight_hh_l0[11,2]=0.75,rnn.bias_ih_l0[4]=3,Wi[1,7]=-2,head.bias[0]=1'
    grep -qF "\"set\":\"$said\"" l.jsonl || fail "the log does not say it"
    grep -qF ">$said<" r.html || fail "the page does not say it"
done
expect_status 0 "$program" train --data "$data" --cell lstm --hidden 3 --updates 4 --out whole --quiet --set 'Wh[1,1]=1' --json
hash=$(json_end weights_hash)
expect_status 0 "$program" train --data "$data" --cell lstm --hidden 3 --updates 2 --out part --quiet --set 'Wh[1,1]=1'
expect_status 0 "$program" train --resume part --updates 4 --json
[ "$(json_end weights_hash)" = "$hash" ] || fail "a resumed run is another one"
check_json 'assert events("start")[0]["options"]["set"] == "Wh[1,1]=1"'
expect_no_line 'it was' stderr
refused 2 '--set cannot be given with --resume' "$program" train --resume part --set 'Wh[1,1]=2'
printf '[grad]\nset = ["Wh[0,2]=0.75", "Wo[1]=1e-3"]\n' >c.toml
expect_status 0 "$program" grad --model "$weights" --data "$data" --config c.toml --out c.safetensors --json
check_json 'assert end["options"]["set"] == "Wh[0,2]=0.75,Wo[1]=1e-3", end'
checked "train: the start, the log, the page, a resumed run; a file of options"

for bad in 'Wx[0,1]=2|no Wx; the nearest is Wi, which is \[3, 3\]' 'rnn.weight_hh_l1[0,0]=1|nearest is rnn\.weight_hh_l0, which is \[3, 3\]' \
    'head.bias[0]=1|nearest is head\.weight, which is \[1, 3\]' 'Wh[3,0]=1|Wh is \[3, 3\]' 'Wh[0,3]=1|Wh is \[3, 3\]' \
    'Wo[3]=1|Wo is \[3, 1\]' 'Wh[0]=1|Wh is \[3, 3\]' 'Wh[0,0,0]=1|expected NAME' 'Wh=1|expected NAME' 'Wh[0,0]=|expected NAME' \
    'Wh[0,0]=nan|expected NAME' 'Wh[0,0]=1x|expected NAME' 'Wh[0,0]=1e39|--precision double' 'Wh[-1,0]=1|expected NAME' \
    'Wh[99999999999999999999,0]=1|expected NAME' '|empty' 'Wh[0,0]=1,Wx[0,0]=1|no Wx'; do
    refused 2 "--set.*${bad##*|}" "$program" grad --model "$weights" --data "$data" --precision float --out bad.safetensors --quiet --set "${bad%%|*}"
done
refused 2 '--set' "$program" train --data "$data" --hidden 3 --updates 1 --out bad --quiet --set 'Wh[3,0]=1'
refused 2 '--set does not belong to sweep' "$program" sweep --set 'Wh[0,0]=1'
checked "names and places that are not there"
