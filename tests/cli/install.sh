#!/bin/bash
# cmake --install and the Debian package: the program runs from where it is installed and shows its manual page; completion
# in bash, and in fish where there is one; what `version --verbose` says.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
build=$(dirname "$program")
[ -f "$build/CMakeCache.txt" ] || fail "no build folder around $program"

expect_status 0 cmake --install "$build" --prefix "$folder/installed"
installed=$folder/installed/bin/rnn-gpu
for file in share/man/man1/rnn-gpu.1 share/bash-completion/completions/rnn-gpu share/fish/vendor_completions.d/rnn-gpu.fish \
    share/zsh/vendor-completions/_rnn-gpu share/doc/rnn-gpu/docs/export.md share/doc/rnn-gpu/copyright; do
    [ -s "$folder/installed/$file" ] || fail "$file is not installed"
done
for device in "${devices[@]}"; do
    expect_status 0 env -i PATH=/usr/bin:/bin HOME="$folder" "$installed" --batch 8 --steps 5 --hidden 4 --updates 2 \
        --device "$device" --quiet
done
expect_status 0 "$program" help man
cmp "$folder/stdout" "$folder/installed/share/man/man1/rnn-gpu.1" || fail "the page installed is another"
expect_line '^\.TH RNN\\-GPU 1 '
# every option of the help is on the page, and every command
for command in train grad predict bench export import; do
    expect_status 0 "$program" help $command
    grep -oE '^  (-., )?--[a-z0-9-]+' "$folder/stdout" | sed 's/.*--//' | sort -u >options.txt
    [ -s options.txt ] || fail "help $command has no options"
    while read -r option; do
        grep -qF "\\fB\\-\\-${option//-/\\-}\\fR" "$folder/installed/share/man/man1/rnn-gpu.1" || fail "--$option is not on the page"
    done <options.txt
done
if command -v man >/dev/null && command -v groff >/dev/null; then
    expect_status 0 env MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l "$folder/installed/share/man/man1/rnn-gpu.1"
    expect_empty stderr
fi
checked "cmake --install: the program, its manual page, completion, documentation"

# ---- completion

cat >complete.bash <<'B'
source "$1"
shift
complete_words() {
    COMP_WORDS=("$@")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _rnn_gpu
    printf '%s\n' "${COMPREPLY[@]}"
}
complete_words "$@"
B
completes() {
    local expected=$1
    shift
    expect_status 0 bash complete.bash "$folder/installed/share/bash-completion/completions/rnn-gpu" rnn-gpu "$@"
    [ "$(paste -s -d , "$folder/stdout")" = "$expected" ] || fail "completes to $(paste -s -d , "$folder/stdout"), expected $expected"
}
touch 'a b.npz'
completes train tr
completes rnn,lstm,gru,irnn --cell ''
completes dilated train --skip-kind d
completes predict,probe help pr
completes bash,zsh,fish completion ''
completes 'a b.npz' --data 'a b'
completes --onnx,--out import --o
completes 'a b.npz' inspect 'a b'
completes '' --hidden ''
expect_status 0 "$program" completion zsh
expect_line '^#compdef rnn-gpu$'
expect_status 0 "$program" completion fish
expect_line "^complete -c rnn-gpu -n '__fish_seen_subcommand_from import' -l onnx -r -F -d '"
if command -v fish >/dev/null; then
    "$program" completion fish >rnn-gpu.fish
    expect_status 0 fish --no-config -c "source rnn-gpu.fish; complete -C 'rnn-gpu train --cell l'"
    expect_line '^lstm'
fi
refused 2 "there is no completion for 'fisch'.*did you mean fish" "$program" completion fisch
refused 2 'completion needs a shell: bash, zsh or fish' "$program" completion
checked "completion"

expect_status 0 "$program" version --verbose
expect_line '^rnn-gpu [0-9.]+$'
expect_line '^build: (gcc|clang) '
expect_line '^  jansson +[0-9.]+ +MIT '
checked "version --verbose"

# ---- the Debian packages, in the second part
! sampled || exit 0

# The same twice, a second later: nothing in them says when or where they were made.
if command -v dpkg-deb >/dev/null && command -v dpkg-shlibdeps >/dev/null; then
    for packages in one two; do
        RG_PATIENCE=600 expect_status 0 env SOURCE_DATE_EPOCH=1700000000 cpack -G DEB --config "$build/CPackConfig.cmake" \
            -B "$folder/$packages"
    done
    for package in rnn-gpu librnn-gpu0 librnn-gpu-dev python3-rnn-gpu; do
        [ -s "$(echo "$folder/one/${package}_"*.deb)" ] || fail "there is no package $package"
    done
    for package in "$folder"/one/*.deb; do
        cmp "$package" "$folder/two/${package##*/}" || fail "two packages of the same files differ"
        expect_status 0 dpkg-deb --extract "$package" "$folder/root"
        if command -v lintian >/dev/null; then
            expect_status 0 lintian --allow-root --no-cfg "$package"
            expect_no_line '^E:'
        fi
    done
    expect_status 0 dpkg-deb --field "$folder"/one/rnn-gpu_*.deb Depends Recommends
    expect_line '^Depends: .*libc6.*libjansson4.*zlib1g'
    expect_line '^Recommends: .*pocl-opencl-icd'
    expect_status 0 dpkg-deb --field "$folder"/one/librnn-gpu-dev_*.deb Depends
    expect_line '^librnn-gpu0 \(= [0-9.]+\)$'
    expect_status 0 dpkg-deb --field "$folder"/one/python3-rnn-gpu_*.deb Depends Architecture
    expect_line '^Depends: librnn-gpu0 \(>= [0-9.]+\), python3, python3-numpy$'
    expect_line '^Architecture: all$'
    expect_status 0 env -i PATH=/usr/bin:/bin HOME="$folder" "$folder/root/usr/bin/rnn-gpu" --batch 8 --steps 5 --hidden 4 \
        --updates 2 --device cpu --quiet
    gzip -dc "$folder/root/usr/share/man/man1/rnn-gpu.1.gz" | cmp - "$folder/installed/share/man/man1/rnn-gpu.1" ||
        fail "another manual page"
    for file in include/rnn_gpu/rnn_gpu.h lib/librnn_gpu.so lib/librnn_gpu.a lib/pkgconfig/rnn-gpu.pc \
        lib/cmake/rnn_gpu/rnn_gpu-config.cmake lib/python3/dist-packages/rnn_gpu/__init__.py; do
        [ -e "$folder/root/usr/$file" ] || fail "no package has $file"
    done
    checked "cpack -G DEB: four packages, the same twice"
else
    echo "not run: cpack -G DEB, for want of dpkg-shlibdeps (dpkg-dev)"
fi
