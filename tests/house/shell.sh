#!/bin/sh
# Shell scripts are clean under shellcheck. No pipe ends with `grep -q`, which ends at the first match: the command before it
# may then get SIGPIPE, and with pipefail the match counts as a failure.
# usage: shell.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

need shellcheck
scripts=$(files '*.sh' '*.inc' rnn-gpu tests/run .ci/run .packages/install)
[ -n "$scripts" ] || complain "nothing to check in" "$root"
printf '%s\n' "$scripts" | xargs -d '\n' shellcheck --external-sources --source-path=SCRIPTDIR || failed=1
# shellcheck disable=SC2086 # names of the project's files, without spaces
complain "a pipe ends with grep -q; write grep … >/dev/null" "$(grep -nE '[^|]\| *grep -[a-zA-Z]*q' $scripts | grep -v '^tests/house/shell.sh:')"
exit "$failed"
