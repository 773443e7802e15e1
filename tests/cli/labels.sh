#!/bin/bash
# What is trained: classes or values, labels that do not count, names of columns, classes and words in the model's file,
# files without labels, and the types that an npz file may have.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
train=("$program" --hidden 3 --updates 2 --device cpu)

# ---- labels that do not count: PyTorch'"'"'s ignore_index, whose mean is over the others
tensors '
import random
random.seed(3)
N, T = 5, 4
x = [random.uniform(-1, 1) for _ in range(N * T)]
lengths = [4, 2, 3, 1, 4]
label = [[random.randint(0, 2) for _ in range(T)] for _ in range(N)]
masked = [[y if t < n else -100 for t, y in enumerate(row)] for row, n in zip(label, lengths)]
write_npz("cut.npz", {"x": ((N, T, 1), x), "y": ((N, T), flat(label)), "lengths": ((N,), lengths)})
write_npz("masked.npz", {"x": ((N, T, 1), x), "y": ((N, T), flat(masked))})
other = [[y if t < n else 7 for t, y in enumerate(row)] for row, n in zip(label, lengths)]
write_npz("other.npz", {"x": ((N, T, 1), x), "y": ((N, T), flat(other))})
values = [[y + 0.5 if t < n else math.nan for t, y in enumerate(row)] for row, n in zip(label, lengths)]
write_npz("nan.npz", {"x": ((N, T, 1), x), "y": ((N, T), flat(values))})
write_npz("values.npz", {"x": ((N, T, 1), x), "y": ((N, T), [y + 0.5 for y in flat(label)]), "lengths": ((N,), lengths)})
last = [0, 1, -100, 2, -100]
write_npz("last.npz", {"x": ((N, T, 1), x), "y": ((N,), last)})
kept = [i for i in range(N) if last[i] >= 0]
write_npz("kept.npz", {"x": ((3, T, 1), flat(x[i * T :][:T] for i in kept)), "y": ((3,), [last[i] for i in kept])})
'
expect_status 0 "${train[@]}" --data cut.npz --target steps --out steps
expect_status 0 "${train[@]}" --data values.npz --target steps --out real
expect_status 0 "${train[@]}" --data kept.npz --out last
for device in "${devices[@]}"; do
    for precision in float double; do
        # doubles on OpenCL, whose kernels take long to compile, are in the second part
        if [ "$device $precision" = 'opencl double' ]; then
            ! sampled || continue
        else
            sampled || continue
        fi
        at=(--device "$device" --precision "$precision")
        for case in "steps cut" "steps masked" "steps other --ignore-label 7" "real values" "real nan" "last kept" \
                "last last --ignore-label -100"; do
            read -r model file option <<<"$case"
            # shellcheck disable=SC2086
            expect_status 0 "$program" grad --model "$model/model.safetensors" --data "$file.npz" "${at[@]}" $option \
                --out "$file.safetensors"
        done
        tensors '
for whole, masked in (("cut", "masked"), ("cut", "other"), ("values", "nan"), ("kept", "last")):
    a, b = read_safetensors(whole + ".safetensors"), read_safetensors(masked + ".safetensors")
    for name in a:
        if name in ("loss", "grad_norm") or name.startswith("grad."):
            assert any(a[name][1]), name
            near(masked + " " + name, b[name][1], a[name][1], 1e-6 * max(map(abs, a[name][1])))
'
    done
done
if ! sampled; then
    checked "--ignore-label, -100 and NaN in double precision"
    exit 0
fi
expect_status 0 "${train[@]}" --data masked.npz --target steps --json
check_json 'assert lines[0]["classes"] == ["0", "1", "2"] and lines[0]["left_out"] == 6
assert lines[0]["baseline"] > 0 and end["verdict"] != "NONE"'
expect_status 0 "$program" predict --model last/model.safetensors --data last.npz --ignore-label -100 --device cpu
expect_line '5 sequences, loss .*; 2 of 5 sequences have no target \(label -100 or' stderr
checked "--ignore-label, -100 and NaN leave steps and sequences out"

# ---- classes or values
tensors '
x = [0.5, -1, 2, 0.25, 1, 3, -0.5, 0]
def put(name, y):
    write_npz(name, {"x": ((4, 2, 1), x), "y": y})
put("classes.npz", ((4,), [0, 2, 1, 2]))
put("floats.npz", ((4,), [0.0, 1.0, 0.0, 1.0]))
put("counts.npz", ((4,), [7.0, 0.0, 166.0, 3.0]))
put("prices.npz", ((4,), [458532, 3, 17, 99]))
put("many.npz", ((4,), [1000, 0, 1, 2]))
put("negative.npz", ((4,), [0, 1, -1, 2]))
put("hot.npz", ((4, 3), [1.0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1]))
put("nearly.npz", ((4, 3), [1.0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 2]))
put("all_but.npz", ((4,), [5, 5, 5, 5]))
'
for case in "classes 3 classes: 0, 1, 2;ce" "floats values from 0 to 1 .*--loss bce;mse" "counts values from 0 to 166;mse" \
        "hot 3 classes: 0, 1, 2 \(one-hot.*--loss ce;ce" "nearly values from 0 to 2;mse"; do
    expect_status 0 "${train[@]}" --data "${case%% *}.npz"
    labels=${case#* }
    expect_line "^labels +${labels%;*}" stderr
    expect_line "loss ${case##*;}, baseline" stderr
done
refused 2 'prices\.npz: .*458533 classes: give --loss ce .*--loss mse' "${train[@]}" --data prices.npz
refused 2 'many\.npz: .*1001 classes: give --loss ce' "${train[@]}" --data many.npz
expect_status 0 "${train[@]}" --data many.npz --loss ce
expect_status 0 "${train[@]}" --data prices.npz --loss mse
expect_line '^labels +values from 3 to 458532' stderr
printf 'series,a,label\n1,1,4.14\n2,0,643.2\n3,1,16777215\n' >written.csv # floats as the file writes them
expect_status 0 "${train[@]}" --data written.csv --loss mse
expect_line '^labels +values from 4\.14 to 16777215$' stderr
expect_status 0 "${train[@]}" --data hot.npz --loss mse
expect_line '^labels +values from 0 to 1' stderr
refused 4 'negative\.npz: .*label -1, .*--ignore-label -1 .*--loss mse' "${train[@]}" --data negative.npz
refused 4 'nearly\.npz: --loss ce .*3 numbers that are not one-hot' "${train[@]}" --data nearly.npz --loss ce
refused 4 'all_but\.npz: .*no sequence has a target, so there is no loss' "${train[@]}" --data all_but.npz --ignore-label 5
expect_status 0 "${train[@]}" --data negative.npz --ignore-label -1
expect_line '^labels +3 classes: 0, 1, 2; 1 of 4 sequences has no target \(label -1 or NaN\)' stderr
printf 'series,a,label\n1,1,0\n2,0,99\n' >whole.csv
printf 'series,a,label\n1,1,0\n2,0,100\n' >hundred.csv
printf 'series,a,label\n1,1,0\n2,0,1.5\n' >real.csv
expect_status 0 "${train[@]}" --data whole.csv
expect_line '^labels +100 classes: 0 to 99' stderr
for file in hundred real; do
    expect_status 0 "${train[@]}" --data "$file.csv"
    expect_line '^labels +values from 0 to 1' stderr
done
# words are classes, which only their names tell apart, in every command
printf 'text,label\na b,cat\nb a,dog\na a,bird\n' >three.csv
printf 'text,label\na b,cat\nb a,dog\na a,cat\n' >two.csv
for command in train compare sweep; do
    again=("$program" "$command" --hidden 3 --updates 2 --device cpu --quiet)
    refused 2 'three\.csv: --loss mse needs numbers, and the labels are 3 classes: .*leave --loss out' "${again[@]}" --data three.csv --loss mse
    refused 2 'three\.csv: --loss bce needs two classes, and the labels are 3 classes' "${again[@]}" --data three.csv --loss bce
    refused 2 'two\.csv: --loss mse needs numbers, and the labels are 2 classes: .*--loss bce' "${again[@]}" --data two.csv --loss mse
    [ -s a.txt ] || printf 'abcabcabcabcabcabc' >a.txt
    refused 2 'a\.txt: the next token of a text is a class; leave --loss mse out' "${again[@]}" --data a.txt --steps 2 --loss mse
    refused 2 'loss ce does not fit --task adding; its loss is mse' "${again[@]}" --task adding --loss ce
    refused 2 'loss mse does not fit --task copy; its loss is ce' "${again[@]}" --task copy --loss mse
done
expect_status 0 "$program" sweep --hidden 3 --updates 2 --device cpu --data three.csv --seed 1-3
[ "$(grep -c '^labels ' "$folder/stderr")" -eq 1 ] || fail "the labels of a sweep do not stand there once"
expect_status 0 "${train[@]}" --data three.csv --out three
refused 2 'three\.csv: --loss mse needs numbers' "$program" eval --model three/model.safetensors --data three.csv --loss mse --device cpu
refused 2 'three\.csv: --loss mse needs numbers' "$program" grad --model three/model.safetensors --data three.csv --loss mse --device cpu --out g.safetensors
tensors 'write_npz("pairs.npz", {"x": ((4, 3, 1), [0.5] * 12), "y": ((4, 3, 2), [0.5, 1, 2] * 8)})'
expect_status 0 "${train[@]}" --data pairs.npz
expect_line '^labels +values from 0\.5 to 2; all 6 are outputs of the last step, --target$' stderr
expect_line '^ +steps takes 2 a step$' stderr
# labels of steps that do not count stay in their places where the padding comes first
tensors '
nan, lengths = float("nan"), [3, 1, 2, 3]
y = [[0.5, nan, 1.5], [2.5, 9, 9], [nan, 0.25, 9], [1, 2, nan]]
left = lambda rows: [row[n:] + row[:n] for row, n in zip(rows, lengths)]
x = [[n + t / 4 for t in range(3)] for n in range(4)]
for name, turn in ("right", lambda rows: rows), ("left", left):
    write_npz(name + ".npz", {"x": ((4, 3, 1), sum(turn(x), [])), "y": ((4, 3), sum(turn(y), [])), "lengths": ((4,), lengths)})'
expect_status 0 "${train[@]}" --data right.npz --target steps --json
right=$(sed -n 's/.*"weights_hash":"\([^"]*\)".*/\1/p' "$folder/stdout")
expect_status 0 "${train[@]}" --data left.npz --target steps --pad left --json
grep -q "\"weights_hash\":\"${right:-none}\"" "$folder/stdout" || fail "other weights where the padding comes first"
# a CSV file has labels of whole sequences alone, also if there are as many as steps
printf 'series,a,y,z\n1,0.5,1,2.5\n1,0.5,1,2.5\n2,0.1,3,1.5\n2,0.1,3,1.5\n' >pairs.csv
refused 4 'pairs\.csv: a \.csv has one label a sequence, .* each of the 2 steps' "${train[@]}" --data pairs.csv --target-column y,z --target steps
expect_status 0 "${train[@]}" --data pairs.csv --target-column y,z
expect_line '^labels +values from 1 to 3$' stderr
refused 4 'pairs\.csv:1:1: the column .series. has the names of the sequences; it cannot be a target' "${train[@]}" --data pairs.csv --target-column y,series
# numbers for each step, of which the last step is to have all, are told from one for each step
tensors 'write_npz("every.npz", {"x": ((4, 3, 1), [0.5] * 12), "y": ((4, 3), [0, 1, 2] * 4)})'
expect_status 0 "${train[@]}" --data every.npz
expect_line '^labels +values from 0 to 2; all 3 are outputs of the last step,' stderr
expect_line '--target steps' stderr
expect_status 0 "${train[@]}" --data every.npz --target steps
expect_line '^labels +3 classes: 0, 1, 2$' stderr
checked "classes or values, by the file or by --loss"

# ---- names: columns in another order, classes as words
printf 'series,a,b,label\n1,1,0,saw\n2,0,1,sine\n3,1,0.2,saw\n4,0.1,1,square\n' >t.csv
printf 'series,label,b,a\n1,saw,0,1\n2,sine,1,0\n3,saw,0.2,1\n4,square,1,0.1\n' >s.csv
printf 'series,b,a\n1,0,1\n2,1,0\n3,0.2,1\n4,1,0.1\n' >none.csv
printf 'series,a,label\n1,1,saw\n' >missing.csv
printf 'series,a,c,b,label\n1,1,0,1,saw\n' >more.csv
printf 'series,a,b,label\n1,1,0,saw\n2,1,0,triangle\n' >stranger.csv
printf 'series,a,b,label\n1,1,0,0\n2,1,0,1\n' >numbers.csv
expect_status 0 "$program" --data t.csv --hidden 4 --updates 200 --lr .05 --device cpu --out named
expect_line '^labels +3 classes: saw, sine, square' stderr
at=(--model named/model.safetensors --device cpu)
expect_status 0 "$program" predict "${at[@]}" --data t.csv --out t.npy
for file in s none; do
    expect_status 0 "$program" predict "${at[@]}" --data "$file.csv" --out "$file.npy"
    tensors 'assert read_npy(sys.argv[1]) == read_npy("t.npy")' "$file.npy"
done
expect_status 0 "$program" predict "${at[@]}" --data s.csv
expect_line '^ +2  series 2  label sine  class sine  probability 0\.[0-9]+$'
expect_line 'accuracy 1\.0000' stderr
expect_status 0 "$program" predict "${at[@]}" --data s.csv --json
check_json 'assert end["class_name"] == end["label_name"] == "square" and set(end["probabilities"]) == {"saw", "sine", "square"}
assert abs(sum(end["probabilities"].values()) - 1) < 1e-6'
grad=("$program" grad "${at[@]}" --out g.safetensors)
for command in "$program predict" "$program grad --out g.safetensors"; do
    # shellcheck disable=SC2086
    refused 4 'missing\.csv:1:1: the column .b., which the model needs, is missing' $command "${at[@]}" --data missing.csv
    # shellcheck disable=SC2086
    refused 4 'more\.csv:1:10: the column .c. is none of the model' $command "${at[@]}" --data more.csv
done
refused 4 'stranger\.csv:3:7: the label .triangle. is not one of the model.s 3 classes' "${grad[@]}" --data stranger.csv
expect_status 0 "$program" predict "${at[@]}" --data stranger.csv
expect_line '1 of 2 labels is not among the model.s classes' stderr
expect_line '^ +2  series 2  label \?  class '
expect_status 0 "$program" --data numbers.csv --hidden 2 --updates 1 --device cpu --out numbers
refused 4 't\.csv has words as labels, .saw.' "$program" grad --model numbers/model.safetensors --data t.csv --device cpu \
    --out g.safetensors
checked "names of columns and classes: matched, missing, unknown"

# ---- texts without labels, and words that the model does not know
printf 'text,label\ncat mat rat,no\nrat rat mat,yes\nmat mat cat,no\n' >text.csv
printf 'text\ncat mat\n' >unlabelled.csv
printf 'text,label\ncat dog,no\nrat bird cow,yes\n' >unknown.csv
printf 'text,label\ncat <unk> rat,no\nrat rat mat,yes\n' >with_unk.csv
for embed in 0 4; do
    expect_status 0 "$program" --data text.csv --hidden 3 --updates 5 --embed "$embed" --device cpu --out text --overwrite
    expect_line '^labels +2 classes: no, yes' stderr
    for device in "${devices[@]}"; do
        at=(--model text/model.safetensors --device "$device")
        expect_status 0 "$program" predict "${at[@]}" --data unlabelled.csv
        expect_line '^cat mat +class (no|yes)  probability 0\.[0-9]+$'
        expect_empty stderr
        expect_status 0 "$program" predict "${at[@]}" --data unknown.csv
        expect_line 'unknown\.csv: 3 of 5 words are not in the model.s vocabulary and read as <unk>' stderr
        expect_status 0 "$program" grad "${at[@]}" --data unknown.csv --out "u$device.safetensors"
    done
done
tensors 'assert {name: shape for name, (shape, values) in read_safetensors("text/model.safetensors").items()}["embed.weight"] == (3, 4)'
refused 4 'unlabelled\.csv has no labels to train on' "${train[@]}" --data unlabelled.csv
printf 'series,a,class\n1,0.5,1\n2,0.1,0\n' >class.csv
refused 4 'class\.csv has no labels to train on; --target-column NAME says' "${train[@]}" --data class.csv
expect_status 0 "$program" --data with_unk.csv --hidden 3 --updates 5 --device cpu --out text --overwrite
for file in unknown with_unk; do
    sed 's/dog\|bird\|cow/<unk>/' "$file.csv" >replaced.csv
done
sed 's/dog\|bird\|cow/<unk>/g' unknown.csv >replaced.csv
expect_status 0 "$program" predict --model text/model.safetensors --data unknown.csv --device cpu --out a.npy
expect_status 0 "$program" predict --model text/model.safetensors --data replaced.csv --device cpu --out b.npy
tensors 'assert read_npy("a.npy") == read_npy("b.npy")'
checked "texts without labels; unknown words are <unk>, zeros or what was trained"

# ---- messages name what is too large
tensors 'write_npz("large.npz", {"x": ((64, 512, 4), [0.5] * 64 * 512 * 4), "y": ((64,), [i % 3 for i in range(64)])})
write_npz("words.npz", {"x": ((2, 2), [0, 1, 2, 1 << 24]), "y": ((2,), [0, 1])})
write_npz("labels.npz", {"x": ((2, 2, 1), [0.5, 1, 2, 3]), "y": ((2,), [0, 16777215])})
write_npz("empty.npz", {"x": ((2, 2, 1), [0.5, 1, 2, 3]), "y": ((2, 2), [0, 1, 2, 1]), "lengths": ((2,), [0, 0])})
write_npz("no-steps.npz", {"x": ((2, 2, 1), [0.5, 1, 2, 3]), "y": ((2,), [0.5, 1.5]), "lengths": ((2,), [0, 0])})
write_npz("no-values.npz", {"x": ((2, 2, 1), [0.5, 1, 2, 3]), "y": ((2, 2), [math.nan] * 4)})
write_npz("sevens.npz", {"x": ((2, 2, 1), [0.5, 1, 2, 3]), "y": ((2,), [7.0, 7.0])})
'
refused 7 'the data set alone needs 5[0-9.]+ KiB .*limit is 300\.0 KiB.*--memory.*--data' "${train[@]}" --data large.npz --memory 300K
refused 7 'words\.npz: 16777217 different words' "${train[@]}" --data words.npz
refused 7 '16777216 classes' "${train[@]}" --data labels.npz --loss ce
for loss in ce bce mse; do
    refused 4 'empty\.npz: every sequence is empty' "${train[@]}" --data empty.npz --target steps --loss "$loss"
done
refused 4 'no-steps\.npz: every sequence is empty' "${train[@]}" --data no-steps.npz
tensors 'write_npz("last-full.npz", {"x": ((4, 2, 1), [1] * 8), "y": ((4,), [0, 1, 0, 1]), "lengths": ((4,), [0, 0, 0, 2])})'
refusals=0
for fold in 1 2 3 4; do # one of them holds out the only sequence with steps
    "${train[@]}" --data last-full.npz --fold "$fold" --folds 4 >"$folder/stdout" 2>"$folder/stderr" && continue
    expect_line 'last-full\.npz: every sequence of the part that is trained on is empty' stderr
    refusals=$((refusals + 1))
done
[ "$refusals" -eq 1 ] || fail "$refusals folds are refused, not 1"
refused 4 'no-values\.npz: no step has a target' "${train[@]}" --data no-values.npz --target steps
refused 4 'sevens\.npz: no sequence has a target' "${train[@]}" --data sevens.npz --ignore-label 7
expect_status 0 "$program" --data sevens.npz --updates 0 --device cpu --out seven --quiet
refused 4 'sevens\.npz: no sequence has a target' "$program" grad --model seven/model.safetensors --data sevens.npz \
    --ignore-label 7 --device cpu
refused 4 'sevens\.npz: no sequence has a target' "$program" eval --model seven/model.safetensors --data sevens.npz \
    --ignore-label 7 --device cpu
checked "data without a step or a target that counts are refused, with every loss"
checked "messages name the data set, the words, the classes"

# ---- the types of an npz file, and members that nothing reads
tensors '
def npy(descr, shape, data):
    text = "{\"descr\": \"%s\", \"fortran_order\": False, \"shape\": %s, }\n" % (descr, shape)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data
def put(path, **members):
    with zipfile.ZipFile(path, "w") as file:
        for name, member in members.items():
            file.writestr(name + ".npy", npy(*member))
numbers = [0, 1, 2, 3, 2, 1]
y = ("<f8", (2,), struct.pack("<2d", 0.5, 1.5))
for letter, code in (("u1", "B"), ("u2", "H"), ("u4", "I"), ("u8", "Q"), ("i1", "b"), ("i2", "h"), ("i4", "i"), ("i8", "q")):
    put("words-%s.npz" % letter, x=("<" + letter, (2, 3), struct.pack("<6" + code, *numbers)), y=y)
    put("numbers-%s.npz" % letter, x=("<" + letter, (2, 3, 1), struct.pack("<6" + code, *numbers)), y=y)
put("numbers-f4.npz", x=("<f4", (2, 3, 1), struct.pack("<6f", *numbers)), y=y)
put("bools.npz", x=("|b1", (2, 3, 1), bytes([0, 1, 1, 0, 0, 1])), y=y)
put("zeros.npz", x=("<f4", (2, 3, 1), struct.pack("<6f", 0, 1, 1, 0, 0, 1)), y=y)
extra = {"names": ("<U1", (2,), "ab".encode("utf-32-le")), "when": ("<M8[D]", (1,), bytes(8)), "things": ("|O", (1,), b"x")}
put("extra.npz", x=("<i8", (2, 3), struct.pack("<6q", *numbers)), y=y, **extra)
put("text_y.npz", x=("<i8", (2, 3), struct.pack("<6q", *numbers)), y=("<U1", (2,), "ab".encode("utf-32-le")))
'
hash_of() {
    expect_status 0 "${train[@]}" --data "$1" --json
    json_end weights_hash
}
for precision in float double; do
    train=("$program" --hidden 3 --updates 2 --device cpu --precision "$precision")
    words=$(hash_of words-i8.npz) numbers=$(hash_of numbers-f4.npz) bools=$(hash_of zeros.npz)
    for letter in u1 u2 u4 u8 i1 i2 i4; do
        [ "$(hash_of "words-$letter.npz")" = "$words" ] || fail "words of type $letter are others than of i8"
        [ "$(hash_of "numbers-$letter.npz")" = "$numbers" ] || fail "numbers of type $letter are others than of f4"
    done
    [ "$(hash_of bools.npz)" = "$bools" ] || fail "truth values are others than 0 and 1"
    [ "$(hash_of extra.npz)" = "$words" ] || fail "members that nothing reads change the training"
done
expect_status 0 "${train[@]}" --data extra.npz
expect_line 'extra\.npz: not used: names, when, things' stderr
refused 4 'text_y\.npz\(y\.npy\).*<U1. \(text\)' "${train[@]}" --data text_y.npz
checked "npz: unsigned, narrow and truth values; members of other kinds"
