#!/bin/bash
# Exported C: compiles as C99 without a warning, passes its own test, and gives what predict gives on other data, for every
# cell, activation, kind of skip, readout, number of layers and directions, and for words.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
compiler=${CC:-cc}
flags=(-std=c99 -pedantic -Wall -Wextra -Werror -O1)

# 7 sequences of up to 8 steps of 3 numbers, or of 6 words; x.txt and tokens.txt have the same for the program below.
tensors '
import random
random.seed(3)
N, T, F, V = 7, 8, 3, 6
lengths = [T, 0, 1, 5, 2, T, 7]
x = [[[struct.unpack("f", struct.pack("f", random.gauss(0, 1)))[0] for _ in range(F)] for _ in range(T)] for _ in range(N)]
words = [[random.randrange(V) for _ in range(T)] for _ in range(N)]
words[0][:V] = range(V)
y = [random.gauss(0, 1) for _ in range(2 * N)]
n = ((N,), lengths)
write_npz("x.npz", {"x": ((N, T, F), flat(flat(x))), "y": ((N, 2), y), "lengths": n})
write_npz("steps.npz", {"x": ((N, T, F), flat(flat(x))), "y": ((N, T, 1), [random.gauss(0, 1) for _ in range(N * T)]), "lengths": n})
write_npz("tokens.npz", {"x": ((N, T), flat(words)), "y": ((N, 2), y), "lengths": n})
for name, rows in (("x.txt", [flat(row[:n]) for row, n in zip(x, lengths)]), ("tokens.txt", [row[:n] for row, n in zip(words, lengths)])):
    with open(name, "w") as file:
        for n, row in zip(lengths, rows):
            file.write(" ".join([str(n)] + ["%.9g" % v for v in row]) + "\n")
'
# Reads sequences, as their number of steps and their numbers, and prints the outputs of each.
cat >harness.c <<'C'
#include "net.c"
#include <stdio.h>

int main(void) {
    static net_input x[1000];
    static float output[1000], work[1000];
    size_t n_steps;
    while (scanf("%zu", &n_steps) == 1) {
        for (size_t i = 0; i < n_steps * NET_FEATURES; i++) {
            double number;
            if (scanf("%lf", &number) != 1) return 1;
            x[i] = (net_input)number;
        }
        net_run(x, n_steps, work, output);
        const size_t rows = n_rows(n_steps);
        for (size_t i = 0; i < rows * NET_OUTPUTS; i++) printf("%.9g ", (double)output[i]);
        printf("\n");
    }
    return 0;
}
C
count=0
# check DATA TEXT OPTION...: trains a little on DATA, exports, compiles, runs the test, and compares with predict on TEXT.
check() {
    local data=$1 text=$2 rows=1
    shift 2
    [[ "$*" != *steps* ]] || rows='(n)'
    expect_status 0 "$program" train --data "$data" "$@" --hidden 4 --updates 2 --lr 0.1 --device cpu --quiet \
        --diagnose none --out m --overwrite
    expect_status 0 "$program" export --model m/model.safetensors --out net.c
    expect_status 0 "$compiler" "${flags[@]}" -DNET_TEST net.c -lm -o net_test
    expect_status 0 ./net_test
    expect_line '^3 sequences, largest difference [0-9.e-]+$'
    expect_status 0 "$compiler" "${flags[@]}" "-Dn_rows(n)=$rows" harness.c -lm -o harness
    command="harness on $data: $*"
    ./harness <"$text" >outputs.txt || fail "the program does not run"
    expect_status 0 "$program" predict --model m/model.safetensors --data "$data" --device cpu --out p.npy
    command="the outputs of: $*"
    tensors '
shape, wanted = read_npy("p.npy")
lengths = [int(line.split()[0]) for line in open(sys.argv[1])]
for i, line in enumerate(open("outputs.txt")):
    got = [float(number) for number in line.split()]
    size = count(shape[1:])
    rows = wanted[i * size : (i + 1) * size]
    near("sequence %d" % i, got, rows if len(shape) == 2 else rows[: lengths[i] * shape[2]], 1e-5)
' "$text"
    count=$((count + 1))
}

shapes=("" "--layers 2" "--bidirectional" "--layers 2 --bidirectional")
readouts=("--readout last" "--readout final" "--readout mean" "--readout max" "--target steps")
turn=0
# in_this_part: a quarter of the nets, of each shape, readout, skip and cell some, are in the first part.
in_this_part() { if sampled; then (((turn / 4 + turn) % 4 == 0)); else (((turn / 4 + turn) % 4 != 0)); fi; }
for cell in rnn lstm gru; do
    for skip in "" "--skip 3" "--skip 2 --skip-kind dilated" "--skip-kind learned"; do
        for readout in "${readouts[@]}"; do
            data=x.npz
            [ "$readout" != "--target steps" ] || data=steps.npz
            # shellcheck disable=SC2086 # options are words
            ! in_this_part || check $data x.txt --cell $cell $skip $readout ${shapes[turn % 4]}
            turn=$((turn + 1))
        done
    done
done
activations='leaky_relu sigmoid softplus'
sampled || activations='relu elu softsign hardtanh linear'
for activation in $activations; do
    check x.npz x.txt --cell rnn --activation "$activation"
done
if ! sampled; then
    checked "$count models in C99, each with its own test and beside predict"
    exit 0
fi
# A long skip reaches back in the program's own test, which notices a wrong one. A skip that would make the test too long is
# named as left out.
check x.npz x.txt --cell gru --skip 50
grep -q 'TEST_STEPS = 53 ' net.c || fail "the test is too short for the skip"
! grep -q 'does not cover' net.c || fail "the test covers the skip"
sed 's/NET_SKIP = 50,/NET_SKIP = 49,/' net.c >wrong.c
expect_status 0 "$compiler" "${flags[@]}" -DNET_TEST wrong.c -lm -o wrong
expect_status 1 ./wrong
check x.npz x.txt --cell rnn --skip 30000
grep -q 'TEST_STEPS = 40 ' net.c || fail "the test is too long"
grep -q 'reach back: the test does not cover it' net.c || fail "the file does not name what its test leaves out"
check tokens.npz tokens.txt --cell gru --embed 3
check tokens.npz tokens.txt --cell lstm --embed 3 --bidirectional
check x.npz x.txt --cell gru --normalize
check x.npz x.txt --cell rnn --normalize --bidirectional
checked "$count models in C99, each with its own test and beside predict"

# words by name, in a file whose name is no name in C
expect_status 0 "$program" --data "$root/data/cat-mat-rat.csv" --hidden 3 --updates 1 --device cpu --quiet --out words
expect_status 0 "$program" export --model words/model.safetensors --out "3 w?.c"
expect_status 0 "$compiler" "${flags[@]}" -DMODEL_3_W__TEST "3 w?.c" -lm -o words_test
expect_status 0 ./words_test
grep -q '^const char \*const model_3_w__words\[\] = {"cat", "mat", "rat"};$' "3 w?.c" || fail "the words are not in the file"
checked "words"

# the test sees a wrong weight
sed -i '/head_bias\[/{n;s/.*/    1.0f,/}' "3 w?.c"
expect_status 0 "$compiler" "${flags[@]}" -DMODEL_3_W__TEST "3 w?.c" -lm -o words_test
expect_status 1 ./words_test
checked "a changed weight fails the file's test"
