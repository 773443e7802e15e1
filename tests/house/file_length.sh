#!/bin/sh
# No source file has more than 600 lines: a longer one has two topics, or a table beside its readers. No exceptions.
# README.md has at most 130.
# usage: file_length.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

sources=$(files '*.c' '*.h' '*.cl' '*.py' '*.sh' '*.inc')
[ -n "$sources" ] || complain "nothing to check in" "$root"
complain "more than 600 lines" "$(printf '%s\n' "$sources" | while read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || printf '%s: %s\n' "$file" "$lines"
done)"

complain "README.md has more than 130 lines" "$(awk 'END { if (NR > 130) print NR }' "$root/README.md" 2>/dev/null)"
exit "$failed"
