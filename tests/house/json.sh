#!/bin/sh
# Lines of JSON are made by host/files/json_lines.c alone: what it gives cannot lack a key that was meant to be there.
# usage: json.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"

# jansson's functions that add to a value or write it; each can fail, and its result is easily forgotten.
complain "jansson's own functions are used beside rg_json_pack, rg_json_set and the others of json_lines.h" "$(
    files '*.c' '*.h' | grep -E '^(host|bench)/' | grep -v '^host/files/json_lines\.[ch]$' |
        xargs -r grep -nHE '(^|[^_[:alnum:]])json_(v?pack|object_(set|update|del)|array_(append|insert|set|extend)|dump|s?printf)'
)"
exit "$failed"
