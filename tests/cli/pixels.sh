#!/bin/bash
# Images as sequences of single pixels: the same training as from a file of such sequences, and a model that reads
# images as it was trained on them.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
import random
random.seed(3)
pixels, labels = [random.randrange(256) for _ in range(30 * 12)], [random.randrange(3) for _ in range(30)]
open("t-images-idx3-ubyte", "wb").write(struct.pack(">4B3I", 0, 0, 8, 3, 30, 4, 3) + bytes(pixels))
open("t-labels-idx1-ubyte", "wb").write(struct.pack(">4BI", 0, 0, 8, 1, 30) + bytes(labels))
write_npz("pixels.npz", {"x": ((30, 12, 1), [p / 255 for p in pixels]), "y": ((30,), labels)})'
train=("$program" --hidden 4 --batch 10 --updates 6 --device cpu --quiet --diagnose none --val-frac 0.2 --json)

result() {
    sed -n 's/.*"weights_hash":"\([^"]*\)".*/\1/p' "$folder/stdout"
}
expect_status 0 "${train[@]}" --data t-images-idx3-ubyte --pixels --out run
expect_line '"pixels":true' stdout
images=$(result)
expect_status 0 "${train[@]}" --data pixels.npz
[ "${images:-none}" = "$(result)" ] || fail "pixels of images train to $images, the same numbers to $(result)"
expect_status 0 "${train[@]}" --data t-images-idx3-ubyte --pixels --permute 7 --out permuted
[ "$images" != "$(result)" ] || fail "--permute changes nothing"
permuted=$(result)
expect_status 0 "${train[@]}" --data t-images-idx3-ubyte --pixels --permute 7
[ "$permuted" = "$(result)" ] || fail "--permute 7 is not the same twice"
checked "single pixels, row by row and permuted"
expect_status 0 "$program" export --model permuted/model.safetensors --out 'a model.c'
expect_line "parameters; a step is a pixel of an image, divided by 255, in the order of --permute 7\$" stderr
grep -q "cc -std=c99 -DA_MODEL_TEST 'a model.c' -lm" 'a model.c' || fail "the name of the file is not quoted in its comment"

for command in eval predict grad; do
    more=()
    [ "$command" = eval ] || more=(--out "$command.safetensors")
    expect_status 0 "$program" "$command" --model permuted/best.safetensors --data t-images-idx3-ubyte "${more[@]}"
done
expect_status 0 "$program" --model permuted/model.safetensors --data t-images-idx3-ubyte --updates 1 --device cpu --quiet
expect_status 0 "$program" --resume run --updates 8 --quiet
checked "the model reads images as it was trained on them"

expect_status 2 "$program" --model run/model.safetensors --data t-images-idx3-ubyte --pixels --permute 7 --updates 1
expect_line 'run/model.safetensors was trained on pixels row by row; leave it out' stderr
expect_status 2 "$program" --data pixels.npz --pixels
expect_line 'pixels.npz has none' stderr
expect_status 2 "$program" --pixels
expect_line 'add --task fashion-mnist or --data with an IDX file' stderr
expect_status 2 "$program" --data t-images-idx3-ubyte --permute 7
expect_line 'add --pixels' stderr
checked "what cannot be"
