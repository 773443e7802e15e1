#!/bin/bash
# The C library as it is installed: what it exports, the header as C99 and C++17, the examples built with pkg-config
# (shared and static) and with find_package, and what they compute beside the program.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
build=$(dirname "$program")
[ -f "$build/CMakeCache.txt" ] || fail "no build folder around $program"
if grep -q '^RG_SANITIZE:STRING=.' "$build/CMakeCache.txt"; then
    echo "skipped: a library with sanitizers needs programs that have them"
    exit 77
fi

expect_status 0 cmake --install "$build" --prefix "$folder/installed"
expect_status 0 mv "$folder/installed" "$folder/moved" # the files name no folder
prefix=$folder/moved
lib=$(dirname "$(find "$prefix" -name librnn_gpu.so)")
[ "$(cd "$prefix/include" && find . -type f)" = ./rnn_gpu/rnn_gpu.h ] || fail "other headers than the public one"
export PKG_CONFIG_PATH=$lib/pkgconfig LD_LIBRARY_PATH=$lib
cc=${CC:-gcc} cxx=${CXX:-$(command -v g++ || command -v clang++ || echo g++)}

# ---- names

header=$prefix/include/rnn_gpu/rnn_gpu.h
grep -oE '^RNN_GPU_API .*' "$header" | grep -oE 'rnn_gpu_[a-z_]+\(' | tr -d '(' | sort >declared.txt
nm -D --defined-only "$lib/librnn_gpu.so" | awk '$2 == "T" {print $3}' | sed 's/@.*//' | sort >exported.txt
nm -g --defined-only "$lib/librnn_gpu.a" | awk 'NF == 3 && $2 == "T" {print $3}' | sort >static.txt
[ "$(wc -l <declared.txt)" -ge 40 ] || fail "only $(wc -l <declared.txt) functions in the header"
cmp declared.txt exported.txt || fail "the shared library exports other names than the header declares"
cmp declared.txt static.txt || fail "the static library defines other names than the header declares"
[ "$(nm -D --defined-only "$lib/librnn_gpu.so" | awk '$2 != "T" && $2 != "A"' | wc -l)" -eq 0 ] || fail "data are exported"
[ "$(objdump -p "$lib/librnn_gpu.so" | awk '/SONAME/ {print $2}')" = librnn_gpu.so.0 ] || fail "another soname"
[ "$(pkg-config --modversion rnn-gpu)" = 0.1.0 ] || fail "another version in pkg-config"
checked "the names exported are those of the header"

# ---- the header

printf '#include <rnn_gpu/rnn_gpu.h>\nint main(void) { return rnn_gpu_version()[0] == 0; }\n' | tee header.c >header.cpp
# shellcheck disable=SC2046 # words are meant
for language in '-std=c99' '-std=c11'; do
    expect_status 0 "$cc" $language -Wall -Wextra -Werror -pedantic header.c $(pkg-config --cflags --libs rnn-gpu) -o header
    expect_status 0 ./header
done
if command -v "$cxx" >/dev/null; then
    # shellcheck disable=SC2046
    expect_status 0 "$cxx" -std=c++17 -Wall -Wextra -Werror -pedantic header.cpp $(pkg-config --cflags --libs rnn-gpu) -o header
    expect_status 0 ./header
else
    echo "not run: the header as C++17, for want of $cxx"
fi
checked "the header in C99, C11 and C++17"

# ---- the examples

# run_examples FOLDER: what they print, without the names of files
run_examples() {
    expect_status 0 "$1/train" "$1/model.safetensors"
    expect_line '^done after 200 updates: loss 0\.00[0-9]+, validation accuracy 1\.000, gradient [A-Z]+; saved '
    expect_status 0 "$program" inspect "$1/model.safetensors"
    expect_line 'lstm'
    expect_status 0 "$1/predict" "$1/model.safetensors"
    expect_line '^turn 2: probability of a rise 0\.0[0-9]+ 0\.9[0-9]+ 0\.0[0-9]+ 0\.9[0-9]+$'
    cp "$folder/stdout" "$1/predict.txt"
    expect_status 0 "$1/gradient" "$root/data/cat-mat-rat.csv"
    expect_line '^loss 0\.[0-9]+, verdict [A-Z]+, horizon [0-9]+$'
    awk '/^lag/ {gsub("%", ""); sum += $NF; n++} END {exit !(n == 3 && sum > 99.8 && sum < 100.2)}' "$folder/stdout" ||
        fail "the shares do not add to 100 %"
}
mkdir shared static
for name in train gradient predict; do
    # shellcheck disable=SC2046
    expect_status 0 "$cc" -std=c99 -Wall -Wextra -Werror "$root/docs/examples/$name.c" $(pkg-config --cflags --libs rnn-gpu) \
        -lm -o shared/$name
    # shellcheck disable=SC2046
    expect_status 0 "$cc" -std=c99 "$root/docs/examples/$name.c" $(pkg-config --cflags rnn-gpu) "$lib/librnn_gpu.a" \
        $(pkg-config --static --libs rnn-gpu | sed 's/-lrnn_gpu//') -o static/$name
done
run_examples shared
checked "the examples with pkg-config and the shared library"
(unset LD_LIBRARY_PATH; run_examples static)
cmp shared/model.safetensors static/model.safetensors || fail "the static library trains otherwise"
checked "the examples with the static library"
expect_status 0 cmake -S "$root/docs/examples" -B cmake -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc"
expect_status 0 cmake --build cmake
run_examples cmake
cmp shared/model.safetensors cmake/model.safetensors || fail "the library of find_package trains otherwise"
printf 'cmake_minimum_required(VERSION 3.16)\nproject(a C)\nfind_package(rnn_gpu 0.1 REQUIRED)\nadd_executable(a ../header.c)\ntarget_link_libraries(a rnn_gpu::rnn_gpu_static)\n' \
    >cmake/lists.txt
mkdir of_static
cp cmake/lists.txt of_static/CMakeLists.txt
expect_status 0 cmake -S of_static -B of_static/build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc"
expect_status 0 cmake --build of_static/build
expect_status 0 of_static/build/a
checked "the examples with find_package, which also has the static library"
expect_status 1 shared/predict nosuch.safetensors
expect_line '^predict: nosuch.safetensors' stderr
expect_status 1 shared/gradient nosuch.csv
expect_line '^gradient: nosuch.csv: cannot be opened' stderr

# ---- beside the program

# The same options give the same weights, and the library says nothing by itself.
cat >same.c <<'C'
#include <rnn_gpu/rnn_gpu.h>
#include <stdio.h>
int main(int argc, char **argv) {
    rnn_gpu_options *options = NULL;
    rnn_gpu_data *data = NULL;
    rnn_gpu_trainer *trainer = NULL;
    struct rnn_gpu_result result;
    rnn_gpu_options_create("train", &options);
    for (int i = 2; i + 1 < argc; i += 2) {
        if (rnn_gpu_options_set(options, argv[i], argv[i + 1])) return puts(rnn_gpu_error_message()), 1;
    }
    if ((argv[1][0] && rnn_gpu_data_open(argv[1], &data)) ||
        rnn_gpu_trainer_create(NULL, options, NULL, data, NULL, &trainer) || rnn_gpu_trainer_run(trainer) ||
        rnn_gpu_trainer_result(trainer, &result)) return puts(rnn_gpu_error_message()), 1;
    printf("%016llx %s\n", (unsigned long long)result.weights_hash, result.verdict.verdict);
    rnn_gpu_trainer_destroy(trainer);
    rnn_gpu_data_destroy(data);
    rnn_gpu_options_destroy(options);
    return 0;
}
C
# shellcheck disable=SC2046
expect_status 0 "$cc" same.c $(pkg-config --cflags --libs rnn-gpu) -o same
same() {
    local data=$1 hash verdict
    shift
    # shellcheck disable=SC2046 # an option a word
    expect_status 0 "$program" train ${data:+--data "$data"} $(printf -- '--%s %s ' "$@") --json
    hash=$(json_end weights_hash)
    verdict=$(json_end verdict)
    expect_status 0 ./same "$data" "$@"
    expect_empty stderr
    [ "$(cat "$folder/stdout")" = "$hash $verdict" ] || fail "the program has $hash $verdict"
}
for device in "${devices[@]}"; do
    same '' device "$device" cell gru hidden 9 batch 16 steps 12 updates 7
    same "$root/data/cat-mat-rat.csv" device "$device" cell lstm hidden 5 lr 0.05 updates 9 precision double
done
expect_status 1 ./same '' hidden 0
[ "$(cat "$folder/stdout")" = '--hidden: 0 is out of range; 1 to 65536' ] || fail "another message"
checked "the library trains as the program does"
