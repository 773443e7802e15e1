#!/bin/sh
# Measure each recipe of docs/remedies.md again: its command with three seeds, until its loss is below the target.
# From the root of the sources; RNN_GPU names another program, an argument chooses recipes. One line a recipe and length.
set -eu
program=${RNN_GPU:-./rnn-gpu} device=${RNN_GPU_DEVICE:-cpu} chosen=${1:-.}

# measure TASK STEPS TARGET OPTION...: "learned of 3 | median updates | median seconds"
measure() {
    task=$1 steps=$2 target=$3
    shift 3
    for seed in 1 2 3; do
        "$program" --task "$task" --steps "$steps" --target-loss "$target" --seed "$seed" --device "$device" \
            --diagnose none --quiet --json "$@" | sed -n '/"event":"end"/p'
    done | python3 -c '
import json, statistics, sys
ends = [json.loads(line) for line in sys.stdin]
learned = [end for end in ends if end["reason"] == "target"]
median = lambda name: statistics.median(end[name] for end in ends)
print("%d of %d | %d | %.2g s" % (len(learned), len(ends), median("updates"), median("seconds")))'
}

# Rows: | recipe | task | steps | target | `options` | learned | updates | time |
grep '^| [a-z, ]* | [a-z-]* | [0-9]* | ' docs/remedies.md | grep "^| [^|]*$chosen" |
    while IFS='|' read -r _ recipe task steps target options _; do
        options=${options# \`}
        # shellcheck disable=SC2086,SC2016 # words are meant, and back-quotes
        printf '|%s|%s|%s|%s| `%s` | %s |\n' "$recipe" "$task" "$steps" "$target" "${options%\` }" \
            "$(measure $task $steps $target ${options%\` } </dev/null)"
    done
