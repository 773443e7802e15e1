#!/bin/sh
# Includes point one way. Each folder has a row that lists the folders it may include; a folder without a row fails.
# OpenCL's headers stay in host/device/opencl, only host/cli/main.c ends the program, and no two headers share a guard.
# usage: include_direction.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

# FOLDER: the folders it may include besides itself. `pub` is include/rnn_gpu; other names are folders of host/, or of
# the root. docs/architecture.md draws this table.
cat >"${TMPDIR:-/tmp}/allowed.$$" <<'EOF'
include/rnn_gpu:
kernels:
host/base: pub
host/ranks: pub base
host/device: pub base kernels
host/device/native: pub base device kernels
host/device/opencl: pub base device kernels
host/files: pub base
host/data: pub base files
host/model: pub base files kernels
host/export: pub base files model
host/plan: pub base files model device kernels
host/engine: pub base ranks model plan device kernels
host/gradient: pub base model plan engine device kernels
host/api: pub base model options train gradient device
host/train: pub base ranks files data model options plan engine gradient device kernels
host/reference: pub base model
host/walk: pub base model train reference
host/verify/selftest: pub base model plan engine train gradient reference device kernels
host/verify/experiments: pub base model plan engine train gradient reference device
host/options: pub base files model kernels
host/cli: pub base ranks files model options kernels cli/commands
host/cli/report: pub base ranks files model options plan engine train gradient reference walk cli
host/cli/commands: pub base ranks files data model export options plan engine train gradient reference walk verify/selftest verify/experiments device cli cli/report bench
bench: pub base files model plan engine train device kernels
EOF
trap 'rm -f "${TMPDIR:-/tmp}/allowed.$$"' EXIT

sources=$(files '*.c' '*.h' '*.cl')
[ -n "$sources" ] || complain "nothing to check in" "$root"

# Every quoted include of the library and the program as FILE:LINE:FOLDER OF THE FILE:FOLDER OF THE INCLUDED FILE.
includes=$(printf '%s\n' "$sources" | grep -E '^(host|include|kernels|bench)/' |
    xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' |
    sed -E 's/^([^:]*)\/([^\/:]*):([0-9]+):[^"]*"([^"]*)".*/\1 \2:\3 \4/')
complain "a folder may include only what its row above allows" "$(printf '%s\n' "$includes" | awk -v rows="${TMPDIR:-/tmp}/allowed.$$" '
    BEGIN {
        while ((getline line < rows) > 0) {
            split(line, part, ":")
            n = split(part[2], names, " ")
            known[part[1]] = 1
            for (i = 1; i <= n; i++) allowed[part[1] "/" names[i]] = 1
        }
    }
    NF == 3 {
        from = $1
        if (from ~ /^kernels(\/|$)/) from = "kernels"
        if ($3 ~ /\.\./) target = "a path with .."
        else if ($3 ~ /^rnn_gpu\//) target = "pub"
        else if ($3 ~ /^bench\//) target = "bench"
        else if (from == "kernels" || $3 ~ /^kernels\//) target = "kernels"
        else { target = $3; sub(/\/[^\/]*$/, "", target) }
        own = from
        sub(/^host\//, "", own)
        if (from == "include/rnn_gpu") own = "pub"
        if (!(from in known)) print from "/" $2 ": " from " has no row"
        else if (target != own && !((from "/" target) in allowed)) print from "/" $2 ": " $3
    }')"

complain "a folder of sources without a row" "$(printf '%s\n' "$sources" | grep -E '^(host|include|bench)/' |
    sed 's|/[^/]*$||' | sort -u | while read -r folder; do
        grep -q "^$folder:" "${TMPDIR:-/tmp}/allowed.$$" || echo "$folder"
    done)"
complain "a device knows nothing of models, files or options" "$(printf '%s\n' "$sources" |
    grep -E '^host/device/' | xargs -r grep -nHE 'rnn_gpu/(model|config|dataset|tensors)\.h"')"
complain "OpenCL's headers outside host/device/opencl" "$(printf '%s\n' "$sources" |
    grep -E '^(host|include|kernels|bench)/' | grep -v '^host/device/opencl/' |
    xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]CL/')"
complain "only host/cli/main.c ends the program" "$(printf '%s\n' "$sources" | grep -E '^(host|bench)/' |
    grep -v '^host/cli/main\.c$' | xargs -r grep -nHE '(^|[^[:alnum:]_.>"])(_?exit|_Exit|quick_exit|abort) *\(')"
complain "two headers with one guard: whoever includes both loses the second" "$(printf '%s\n' "$sources" |
    grep '\.h$' | while read -r header; do
        awk -v name="$header" '/^#ifndef .*_H$/ { print $2, name; exit }' "$header"
    done | sort | awk '$1 == guard { print guard ": " name ", " $2 } { guard = $1; name = $2 }')"
exit "$failed"
