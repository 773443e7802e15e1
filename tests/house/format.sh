#!/bin/sh
# C and OpenCL C are laid out as .clang-format says. To mend: clang-format -i FILE
# usage: format.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

need clang-format
sources=$(files '*.c' '*.h' '*.cl')
[ -n "$sources" ] || complain "nothing to check in" "$root"
printf '%s\n' "$sources" | xargs -d '\n' clang-format --dry-run -Werror --ferror-limit=3 2>&1 || failed=1
exit "$failed"
