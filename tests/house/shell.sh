#!/bin/sh
# Shell scripts are clean under shellcheck.
# usage: shell.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

need shellcheck
scripts=$(files '*.sh' '*.inc' rnn-gpu tests/run .ci/run .packages/install)
[ -n "$scripts" ] || complain "nothing to check in" "$root"
printf '%s\n' "$scripts" | xargs -d '\n' shellcheck --external-sources --source-path=SCRIPTDIR || failed=1
exit "$failed"
