#!/bin/bash
# What a message advises can be done: hints that can be pasted, options that the user gave, names that are told apart.
# shellcheck disable=SC2016 # backquotes are part of the messages
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
on=(--device cpu --hidden 3 --updates 2 --diagnose none --quiet)
{
    printf 'series,"current, A",vibration,label\n'
    for i in 1 2 3 4 5 6; do
        printf '%d,%d,0.5,good\n%d,,0.25,good\n' $i $i $i
        printf '1%d,%d,0.5,"worn, bad"\n1%d,3,0.75,"worn, bad"\n' $i $i $i
    done
} >pumps.csv
printf 'abc ab abc\nabc abc c\n%.0s' 1 2 3 4 >text.txt
printf 'once\n' >>text.txt
expect_status 0 "$program" "${on[@]}" --data pumps.csv --fill mean --normalize --out pump
expect_status 0 "$program" "${on[@]}" --data text.txt --level char --steps 4 --out letters
expect_status 0 "$program" "${on[@]}" --data text.txt --level word --min-count 2 --steps 3 --out words

# data of another kind than the model's: no option that came from the model is blamed
for verb in eval predict; do
    refused 4 'pump/model.safetensors takes columns of numbers, and text.txt has words or bytes$' \
        "$program" $verb --model pump/model.safetensors --data text.txt --device cpu
    refused 4 'pumps.csv:1:1: the file has columns of numbers; text of characters was expected$' \
        "$program" $verb --model letters/model.safetensors --data pumps.csv --device cpu
    refused 4 'pumps.csv:1:1: the file has columns of numbers; text of words was expected$' \
        "$program" $verb --model words/model.safetensors --data pumps.csv --device cpu
done
refused 4 'pump/model.safetensors takes columns of numbers, and text.txt has words or bytes$' \
    "$program" --model pump/model.safetensors --data text.txt "${on[@]:0:2}" --updates 1
refused 2 'fill is for missing numbers, and text.txt has words or bytes; leave it out' \
    "$program" --data text.txt --fill mean --updates 1 --device cpu
printf '\0\0\10\3\0\0\0\4\0\0\0\2\0\0\0\2abcdefghijklmnop' >i-images-idx3-ubyte
printf '\0\0\10\1\0\0\0\4\0\1\2\0' >i-labels-idx1-ubyte
expect_status 0 "$program" "${on[@]}" --data i-images-idx3-ubyte --pixels --out pixels
printf 'series,a,label\n1,1,1\n2,2,2\n3,1,1\n' >l12.csv
refused 4 'pixels/model.safetensors takes images, pixel by pixel, and l12.csv has none$' \
    "$program" eval --model pixels/model.safetensors --data l12.csv --device cpu
python3 - <<'PYTHON'
import struct, zipfile
def array(shape, values, kind, code):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape)
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + struct.pack("<%d%s" % (len(values), code), *values)
def write(path, n, y):
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("x.npy", array((4, 3, 1), [i / 9 for i in range(12)], "<f4", "f"))
        z.writestr("y.npy", array((4, n) if n > 1 else (4,), y, "<i4", "i"))
write("steps.npz", 3, [i % 2 for i in range(12)])
write("single.npz", 1, [0, 1, 1, 0])
write("three.npz", 1, [0, 1, 2, 0])
PYTHON
expect_status 0 "$program" "${on[@]}" --data steps.npz --target steps --out each
refused 4 'single.npz: y has 1 number a sequence; the model needs them for each of the 3 steps' \
    "$program" eval --model each/model.safetensors --data single.npz --device cpu
expect_status 0 "$program" "${on[@]}" --data single.npz --out two
refused 4 "three.npz: sequence 3 has the label 2; with the model's two classes labels are 0 and 1$" \
    "$program" eval --model two/model.safetensors --data three.npz --device cpu
checked "data of another kind than the model's"

# names with commas stand apart, on the screen and in messages
expect_status 0 "$program" --data pumps.csv --fill mean --device cpu --dry-run
expect_line '^inputs   `current, A`, vibration$' stderr
expect_line '^labels   2 classes: good, `worn, bad`$' stderr
expect_status 0 "$program" inspect pump/model.safetensors
expect_line '^  features +`current, A`, vibration$'
expect_line '^  classes +good, `worn, bad`$'
refused 2 'pumps.csv has 2 classes: good, `worn, bad`: give one for each' "$program" --data pumps.csv --fill mean --class-weights 1 --device cpu
expect_status 0 "$program" --data pumps.csv --fill mean --class-weights 1,3 --device cpu --updates 1 --diagnose none
expect_line '^weights  of the classes in the training loss: good 1, `worn, bad` 3; scores have' stderr
refused 4 'no column `humidity`, which is a target; the columns are `current, A`, vibration, label' \
    "$program" --data pumps.csv --target-column humidity --device cpu
checked "names with commas"

# labels that leave classes out
expect_status 0 "$program" --data l12.csv --updates 1 --device cpu --diagnose none --json
check_json 'start = lines[0]
assert start["labels"] == "3 classes: 0, 1, 2; no sequence has class 0 (classes are numbered from 0)", start
assert start["n_classes"] == 3 and start["classes"] == ["0", "1", "2"], start'
printf 'series,a,label\n1,1,1\n2,2,9\n3,1,7\n' >l9.csv
expect_status 0 "$program" sweep --data l9.csv --updates 1 --device cpu --diagnose none
expect_line '^labels   10 classes: 0 to 9; no sequence has class 0, 2, 3, 4' stderr
printf 'series,a,label\n1,1,1\n2,2,0\n' >l01.csv
expect_status 0 "$program" --data l01.csv --updates 1 --device cpu --diagnose none
expect_line '^labels   2 classes: 0, 1$' stderr
checked "classes without a sequence"

# what is said once
sed 's/good/gut/' pumps.csv >strange.csv
expect_status 0 "$program" predict --model pump/model.safetensors --data strange.csv --out p.csv --device cpu
expect_line "strange.csv: 6 of 12 labels are not among the model's classes and left out of the score$" stderr
expect_no_line 'no target' stderr
expect_status 0 "$program" sample --model words/model.safetensors --prompt 'abc xyzzy' --length 2
expect_line "^rnn-gpu: --prompt: 1 of 2 words is not in the model's vocabulary and reads as <unk>$" stderr
expect_status 0 "$program" sample --model words/model.safetensors --prompt 'abc ab' --length 2
expect_no_line 'vocabulary' stderr
checked "unknown labels and words"

# hints
refused 2 '^rnn-gpu: the command comes first: \./rnn-gpu compare --device cpu \(see \./rnn-gpu --help\)$' "$program" --device cpu compare
refused 2 'the command comes first: \./rnn-gpu sweep --device cpu \.\.\. ' "$program" --device cpu sweep --seed 1-2
refused 2 '\(see \./rnn-gpu help import\)$' "$program" import --onnx ex.onnx --out ex.c
refused 2 "'ex.onnx' is not an option; did you mean --onnx ex.onnx\? \(see \./rnn-gpu help import\)$" \
    "$program" import ex.onnx --out b.safetensors
refused 2 "'pumps.csv' is not an option; did you mean --data pumps.csv\? \(see \./rnn-gpu help eval\)$" "$program" eval pumps.csv
refused 2 'has never seen `é` \(see \./rnn-gpu help sample\)$' "$program" sample --model letters/model.safetensors --prompt 'é'
refused 2 "unknown probe 'nix'; .\./rnn-gpu probe. lists them \(see \./rnn-gpu help probe\)$" "$program" probe nix
printf 'series,a,label\n1,1,0.5\n2,2,0.25\n3,1,0.75\n' >values.csv
refused 2 'figure accuracy needs classes; a regression has no accuracy \(see' \
    "$program" --data values.csv --val-frac 0.5 --figure accuracy --plot a.svg --device cpu
refused 2 'figure accuracy needs two validations; give --val FILE' "$program" --data l01.csv --figure accuracy --plot a.svg --device cpu
long=$(printf 'a%.0s' {1..200})/$(printf 'b%.0s' {1..200})
while [ ${#long} -lt 4080 ]; do long=$long/x; done
refused 2 'out: DIR/model.safetensors is longer than 4095 bytes' "$program" "${on[@]}" --out "$long"
refused 2 'resume: DIR/model.safetensors is longer than 4095 bytes' "$program" --resume "$long"
refused 7 '^rnn-gpu: an update of 1000000000 sequences \(--batch times --accumulate\) needs at least [0-9.]+ [MG]iB on .*, and the limit is 50.0 MiB; at most [0-9]+ sequences fit$' \
    "$program" --device cpu --batch 1000 --accumulate 1000000 --memory 50M
refused 7 '^rnn-gpu: --batch 1000000000 needs at least .*, and the limit is 50.0 MiB; at most --batch [0-9]+ fits$' \
    "$program" --device cpu --batch 1000000000 --memory 50M
checked "hints"
