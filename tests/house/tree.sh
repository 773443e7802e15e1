#!/bin/sh
# The tree holds what it should: known names at the top, text without left-over marks or paths of somebody's machine,
# no trailing space, no tabs in sources, scripts that can be run as they stand.
# usage: tree.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

all=$(files '*')
[ -n "$all" ] || complain "nothing to check in" "$root"
text=$(printf '%s\n' "$all" | xargs -r -d '\n' grep -lI '')

complain "not among the names of the top level" "$(printf '%s\n' "$all" | sed 's|/.*||' | sort -u | grep -vxE \
    'CMakeLists\.txt|README\.md|CONTRIBUTING\.md|CHANGELOG\.md|LICENSE|host|kernels|include|bench|tests|data|docs|python|rnn-gpu|\.[A-Za-z].*')"

# in_text RULE PATTERN: no text file may match. Patterns here are written so that they do not match themselves.
in_text() {
    complain "$1" "$(printf '%s\n' "$text" | xargs -r -d '\n' grep -nHE -e "$2" | cut -c 1-160)"
}
in_text "left-over marks" '\b(TOD[O]|FIXM[E]|XX[X])\b'
in_text "marks of a merge" '^(<{7}|>{7}|={7})( |$)'
in_text "paths of somebody's machine" '(^|[^[:alnum:]_.~}/])/(wor[k]|far[m]|hom[e]|User[s]|roo[t])/'

# Links of a page, [text](path), lead to files of the tree.
complain "links that lead nowhere" "$(printf '%s\n' "$text" | grep '\.md$' | while read -r page; do
    grep -oE '\]\([^)#: ]+' "$page" | sed 's/^](//' | while read -r link; do
        [ -e "$(dirname "$page")/$link" ] || printf '%s: %s\n' "$page" "$link"
    done
done)"

sources=$(printf '%s\n' "$text" | grep -E '\.(c|h|cl|sh|inc|cmake|md|py)$|CMakeLists\.txt$|^rnn-gpu$')
complain "space at the end of a line" "$(printf '%s\n' "$sources" | xargs -r -d '\n' grep -nHE '[[:space:]]$' |
    cut -c 1-160)"
complain "tabs" "$(printf '%s\n' "$sources" | xargs -r -d '\n' grep -nHP '\t' | cut -c 1-160)"
complain "a script (#!) that is not executable: chmod +x" "$(printf '%s\n' "$text" | xargs -r -d '\n' grep -lm1 '^#!' |
    while read -r script; do [ "$(head -c 2 "$script")" != '#!' ] || [ -x "$script" ] || printf '%s\n' "$script"; done)"
exit "$failed"
