#!/bin/sh
# No two files of the library or the program call each other, directly or by way of others. A call is the name of a
# function that the other file defines.
# usage: circles.sh [TREE]
# shellcheck source=files.inc
. "${0%/*}/files.inc"
need tsort

# shellcheck disable=SC2016 # a program of awk
calls=$(files 'host/*.c' 'bench/*.c' | xargs -r awk '
    /^[a-z].*[ *](rg|ref|rnn_gpu)_[a-z0-9_]*\(/ && !/^(static|typedef)/ && !/;$/ {
        name = $0
        sub(/\(.*/, "", name)
        sub(/.*[ *]/, "", name)
        home[name] = FILENAME
    }
    /^ *(\/\*| \*)/ { next }
    {
        line = $0
        sub(/\/\*.*/, "", line)
        while (match(line, /(rg|ref|rnn_gpu)_[a-z0-9_]+/)) {
            used[FILENAME " " substr(line, RSTART, RLENGTH)] = 1
            line = substr(line, RSTART + RLENGTH)
        }
    }
    END {
        for (pair in used) {
            split(pair, part, " ")
            if (part[2] in home && home[part[2]] != part[1]) print part[1], home[part[2]]
        }
    }' | sort -u)
complain "files that call each other in a circle" "$(printf '%s\n' "$calls" | tsort 2>&1 >/dev/null)"
exit "$failed"
