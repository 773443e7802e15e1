#!/bin/sh
# The library reads no variable of the environment: the program (host/cli, bench) passes on what it needs.
# The documentation lists the variables that are read.
# usage: environment.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

# Files that may read it, and why:
#   host/base/guard.c                 starts the program again, with the environment that it had
#   host/device/opencl/trial.c        passes the environment on to a child process, and tells from the drivers' variables
#                                     whether a driver has been tried as it is now
#   host/device/opencl/pocl_cache.c   names the folder that PoCL uses in an error message, as PoCL finds it
complain "the library reads the environment" "$(files '*.c' '*.h' |
    grep -E '^(host|include|kernels)/' | grep -vE '^host/cli/' |
    grep -vxE 'host/(base/guard|device/opencl/(trial|pocl_cache))\.c' |
    xargs -r grep -nHE '(^|[^_[:alnum:]"])((secure_)?getenv|putenv|(un)?setenv|environ)([^_[:alnum:]"]|$)' |
    grep -vE '^[^:]*:[0-9]*: *(/\*| \*)')"
# The table of docs/data-and-files.md names the variables that are read, and no others. A name is the argument of getenv.
# A file that calls getenv with something else has the names as strings, or as a macro that is called ..._VARIABLE.
names='[A-Z][A-Z0-9_]+[A-Z0-9]'
code=$(files 'host/*.c' 'host/*.h' 'bench/*.c')
read_names() {
    [ -z "$code" ] || {
        echo "$code" | xargs grep -ohE "getenv\(\"$names\"|_VARIABLE \"$names\""
        echo "$code" | xargs grep -lE 'getenv\([^")]' | xargs -r grep -ohE "\"$names\""
    } | grep -oE "\"$names\"" | tr -d '"'
    files 'python/*.py' | grep -v '^python/tests/' |
        xargs -r grep -ohE "environ(\.get\(|\[)\"$names\"" | grep -oE "\"$names\"" | tr -d '"'
    files rnn-gpu | xargs -r grep -ohE 'RNN_GPU_[A-Z_]+'
}
told_names() {
    files docs/data-and-files.md | xargs -r sed -n '/^## Environment variables/,/^## [^E]/p' | grep '^|' | cut -d '|' -f 2 |
        grep -oE "$names"
}
complain "environment variables that are read and not in docs/data-and-files.md, or the other way round" \
    "$({ read_names | sort -u; told_names | sort -u; } | sort | uniq -u)"
exit "$failed"
