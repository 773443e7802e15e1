#!/bin/bash
# train --model: the training begins with the saved weights, and takes sizes, names and scaling from the file.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"

printf 'series,b,a,label\n' >swapped.csv
printf 'series,a,b,label\n' >first.csv
for i in 1 2 3 4 5 6 7 8 9; do
    printf '%d,%d,%d.5,%s\n' "$i" "$i" $((20 - i)) "$([ $((i % 3)) = 0 ] && echo up || echo down)" >>first.csv
    printf '%d,%d.5,%d,%s\n' "$i" $((20 - i)) "$i" "$([ $((i % 3)) = 0 ] && echo up || echo down)" >>swapped.csv
done
train=("$program" --json --quiet --overwrite)
split_devices
for device in "${devices[@]}"; do
    for precision in float double; do
        on=(--device "$device" --precision "$precision")
        expect_status 0 "${train[@]}" "${on[@]}" --data first.csv --normalize --cell lstm --layers 2 --hidden 5 --updates 9 --out first
        hash=$(json_end weights_hash)
        expect_status 0 "${train[@]}" "${on[@]}" --data first.csv --model first/model.safetensors --updates 0 --out same
        [ "$(json_end weights_hash)" = "$hash" ] || fail "$device $precision: the weights are not those of the file"
        check_json 'options = lines[0]["options"]
assert (options["cell"], options["layers"], options["hidden"]) == ("lstm", 2, 5) and lines[0]["model"] == "first/model.safetensors"'
        cmp first/model.safetensors same/model.safetensors || fail "the file is another one"
        # plain descent: two updates are one update twice, whatever the order of columns and sequences
        descent=("${train[@]}" "${on[@]}" --optimizer sgd --lr 0.5)
        expect_status 0 "${descent[@]}" --model first/model.safetensors --data swapped.csv --updates 2
        check_json 'open("losses", "w").write(json.dumps([u["loss"] for u in events("update")]))'
        expect_status 0 "${descent[@]}" --model first/model.safetensors --data first.csv --updates 1 --out one
        expect_status 0 "${descent[@]}" --model one/model.safetensors --data first.csv --updates 1
        check_json 'first, second = json.load(open("losses"))
assert abs(end["last_loss"] - second) < 1e-6 and abs(first - second) > 1e-3, (first, second, end["last_loss"])'
    done
    checked "$device: the weights, and the training that goes on from them"
done
sampled || exit 0

printf 'text,label\ncat mat rat,1\nmat mat cat,0\n' >words.csv
printf 'text,label\ncat dog rat,1\nmat mat cat,0\n' >more.csv
on=(--device cpu)
expect_status 0 "${train[@]}" "${on[@]}" --data words.csv --embed 4 --hidden 5 --updates 2 --out words
expect_status 0 "$program" "${on[@]}" --data more.csv --model words/model.safetensors --updates 2
expect_line '1 of 6 words is not in the model' stderr
expect_line '^start +the weights of words/model\.safetensors$' stderr
expect_status 0 "${train[@]}" "${on[@]}" --hidden 6 --steps 9 --batch 4 --updates 1 --out task
expect_status 0 "${train[@]}" "${on[@]}" --model task/model.safetensors --steps 12 --batch 4 --updates 1
checked "words, and a task"

new=("$program" "${on[@]}" --out new --updates 1)
refused 2 'hidden is determined by the model' "${new[@]}" --data first.csv --model first/model.safetensors --hidden 4
expect_status 0 "${train[@]}" "${on[@]}" --data first.csv --hidden 3 --updates 1 --out bare
expect_status 0 "${train[@]}" "${on[@]}" --data first.csv --hidden 3 --updates 1 --normalize --out scaled
refused 2 'normalize is determined by scaled/model.safetensors, which was trained with it; leave it out' \
    "${new[@]}" --data first.csv --model scaled/model.safetensors --normalize
refused 2 'takes inputs as they are; leave --normalize out' "${new[@]}" --data first.csv --model bare/model.safetensors --normalize
printf 'series,a,label\n1,2,up\n2,3,down\n' >narrow.csv
printf 'series,a,b,label\n1,2,3,up\n2,3,4,sideways\n' >class.csv
refused 4 'narrow\.csv:1:' "${new[@]}" --data narrow.csv --model first/model.safetensors
refused 4 'class\.csv:3:7: .*sideways' "${new[@]}" --data class.csv --model first/model.safetensors
refused 4 'has 2 inputs and 1 outputs, target last; the task copy has 10 and 9, steps' "${new[@]}" --task copy --model task/model.safetensors
refused 4 'missing\.safetensors.*No such file' "${new[@]}" --data first.csv --model missing.safetensors
checked "what does not fit"
