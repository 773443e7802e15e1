#!/bin/sh
# Includes point one way: commands -> diagnostics -> trainer -> model and device table <- opencl, native. And only main.c exits.
# usage: include_direction.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

sources=$(files '*.c' '*.h' '*.cl')
[ -n "$sources" ] || complain "nothing to check in" "$root"

# forbid RULE WHERE TARGET: no file whose path matches WHERE may include what matches TARGET (regular expressions).
forbid() {
    complain "$1" "$(printf '%s\n' "$sources" | grep -E "$2" |
        xargs -r grep -nHE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"](\.\./)*($3)")"
}

complain "OpenCL's headers outside host/device/opencl" "$(printf '%s\n' "$sources" |
    grep -E '^(host|include|kernels|bench)/' | grep -v '^host/device/opencl/' |
    xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]CL/')"
forbid "a device knows nothing of models, files or options" '^host/device/(opencl|native)/' \
    'rnn_gpu/(model|config|dataset|tensors|trainer)\.h|(commands|train|model|data|files)/'
forbid "models, data and files know nothing of devices, training or commands" '^host/(model|data|files)/' \
    'rnn_gpu/(device|trainer)\.h|(device|train|commands)/'
forbid "training knows nothing of commands and diagnostics" '^host/train/' '(commands|gradient)/'
forbid "diagnostics know nothing of commands and reports" '^host/gradient/' '(commands|report)/'
forbid "kernels know only kernels" '^kernels/' '(rnn_gpu|host|device|train|model|data|files|commands)/'
complain "public headers include public headers and C's own" "$(printf '%s\n' "$sources" | grep '^include/' |
    xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' | grep -v '"rnn_gpu/')"

complain "only host/main.c ends the program" "$(printf '%s\n' "$sources" | grep -E '^(host|bench)/' |
    grep -v '^host/main\.c$' | xargs -r grep -nHE '(^|[^[:alnum:]_.>"])(_?exit|_Exit|quick_exit|abort) *\(')"
exit "$failed"
