#!/bin/sh
# The launcher, on a small tree of its own with a program that prints its arguments: builds when it must and only then,
# keeps stdout and the arguments for the program, and survives interrupted, failed and simultaneous builds.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
tree="$top/a tree"
failed=0

# expect WHAT WANTED GOT
expect() {
    [ "$2" = "$3" ] || { printf '%s: expected\n%s\ngot\n%s\n' "$1" "$2" "$3"; failed=1; }
}

# Print the program's output and exit code for these arguments; stderr goes to $top/stderr.
launch() {
    "$tree/rnn-gpu" "$@" 2>"$top/stderr"
    echo "exit $?"
}

program() {
    printf '#include <stdio.h>\nint main(int argc, char **argv) {\n    printf("%s:");
    for (int i = 1; i < argc; i++) {\n        printf(" <%%s>", argv[i]);\n    }\n    puts("");\n    return %d;\n}\n' \
        "$1" "$2" >"$tree/host/main.c"
}

mkdir -p "$tree/host" "$tree/.packages"
cp "$here/rnn-gpu" "$tree/"
cp "$here/.packages/install" "$tree/.packages/"
printf '[build]\nlibc-bin\n[run]\ndpkg\n[test]\nno-such-package\n' >"$tree/.packages/list"
printf 'cmake_minimum_required(VERSION 3.24)\nproject(small C)\nadd_executable(rnn-gpu host/main.c)\n' \
    >"$tree/CMakeLists.txt"

# The first run builds; the next does not, from anywhere and through a link.
program one 7
expect "first run" "one: <a b> <> <--quiet> <*>
exit 7" "$(launch 'a b' '' --quiet '*')"
grep -q 'building in' "$top/stderr" || expect "first run says that it builds" yes no
expect "second run" "one:
exit 7" "$(launch)"
expect "second run is silent" "" "$(cat "$top/stderr")"
ln -s "$tree/rnn-gpu" "$top/link"
expect "link, other folder" "one: <x>" "$(cd / && "$top/link" x 2>&1)"
expect "through sh" "one: <x>" "$(cd "$tree" && sh rnn-gpu x 2>&1)"
expect "stdin reaches the program" "one:" "$(echo input | "$tree/rnn-gpu")"

# A newer source, and a file that went.
program two 0
expect "changed source" "two:
exit 0" "$(launch)"
touch "$tree/host/other.h" && launch >/dev/null && rm "$tree/host/other.h"
launch >/dev/null
grep -q 'building in' "$top/stderr" || expect "a removed source is seen" yes no

# A build that fails says why, leaves stdout empty, and works when mended.
echo 'no C' >"$tree/host/main.c"
expect "broken source" "exit 1" "$(launch)"
grep -q 'main\.c:1' "$top/stderr" || expect "the compiler's message is shown" yes no
program three 0
expect "mended source" "three:
exit 0" "$(launch)"

# A build that was cut off may leave a broken binary or object behind: it starts over.
program four 0
: >"$tree/build/.started"
echo garbage >"$tree/build/rnn-gpu"
find "$tree/build" -name 'main.c.o' -exec sh -c 'echo garbage >"$1"' - {} \;
expect "interrupted build" "four:
exit 0" "$(launch)"

# The tree moves.
mv "$tree" "$top/moved"
tree=$top/moved
expect "moved tree, nothing to build" "four:
exit 0" "$(launch)"
program five 0
expect "moved tree, built again" "five:
exit 0" "$(launch)"

# Two at once build once after the other, and both run.
program six 0
"$tree/rnn-gpu" a >"$top/a" 2>&1 &
"$tree/rnn-gpu" b >"$top/b" 2>&1
wait $!
expect "two at once" "six: <a> six: <b>" "$(tail -n 1 "$top/a") $(tail -n 1 "$top/b")"

# Missing packages: named, never installed when that is forbidden; a fresh binary runs without them.
if command -v apt-get >/dev/null; then
    printf '[build]\nlibc-bin\nno-such-package-a\n[run]\nno-such-package-b # comment\n' >"$tree/.packages/list"
    line='apt-get update && apt-get install -y --no-install-recommends no-such-package-a no-such-package-b'
    expect "missing packages" "exit 1" "$(RNN_GPU_NO_BOOTSTRAP=1 launch)"
    grep -qF "$line" "$top/stderr" || expect "the line that installs" "$line" "$(cat "$top/stderr")"
    touch -r "$tree/build/.fresh" -d '+1 hour' "$tree/build/.fresh"
    expect "missing packages, fresh binary" "six:
exit 0" "$(RNN_GPU_NO_BOOTSTRAP=1 launch)"
fi
exit "$failed"
