#!/bin/sh
# The library reads no variable of the environment: the program (host/cli, bench) passes on what it needs.
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
exit "$failed"
