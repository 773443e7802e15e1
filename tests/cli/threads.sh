#!/bin/bash
# Threads that do not start: a training is refused with one line, its diagnosis does with fewer; a sweep on the processor does all its runs with the
# threads it has; a team on a shared device ends with exit code 7. Nothing hangs.
# --threads limits an OpenCL processor.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
preload=${FAULTY_THREADS:-}
if [ -z "$preload" ]; then
    echo "a program with a sanitizer takes no library before it: not tried"
    exit 77
fi
small=(--batch 8 --steps 5 --hidden 4 --updates 5)

# The program, of which the N-th thread and all after it do not start: failing N ARGUMENT...
failing=$folder/failing
cat >"$failing" <<SCRIPT
#!/bin/sh
export RG_FAIL_THREAD=\$1 LD_PRELOAD=$preload
shift
exec "$program" "\$@"
SCRIPT
chmod +x "$failing"

for n in 1 2; do
    refused 7 "cannot start thread $((n + 1)) of 3: Resource temporarily unavailable; try a smaller --threads" \
        "$failing" "$n" "${small[@]}" --device cpu --threads 3
done
checked "train: refused, with what to do"

# The 3rd thread of the program and those after it are the diagnosis's.
large=(--batch 64 --steps 200 --hidden 64 --updates 1 --device cpu --threads 3 --json)
expect_status 0 "$program" "${large[@]}"
diagnosis() { grep -o '"lags":.*' "$folder/stdout" | sed 's/"[a-z_]*_s":[^,}]*//g'; }
wanted=$(diagnosis)
[ -n "$wanted" ] || fail "no diagnosis"
for n in 3 4 5; do
    expect_status 0 "$failing" "$n" "${large[@]}"
    [ "$(diagnosis)" = "$wanted" ] || fail "without thread $n: another diagnosis"
done
checked "the closing diagnosis: the same with fewer threads"

sweep=(sweep "${small[@]}" --seed 1-5 --json)
hashes() { grep -o '"weights_hash":"[0-9a-f]*"' "$folder/stdout"; }
expect_status 0 "$program" "${sweep[@]}" --device cpu --threads 4
wanted=$(hashes)
[ "$(wc -l <<<"$wanted")" -eq 5 ] || fail "not five runs"
for n in 1 2 3; do
    expect_status 0 "$failing" "$n" "${sweep[@]}" --device cpu --threads 4
    [ "$(hashes)" = "$wanted" ] || fail "without thread $n: other weights, or runs are missing"
done
checked "sweep on the processor: the other threads do the work, with the same weights"

if [ "${#devices[@]}" -gt 1 ]; then
    for n in 1 3 5; do
        expect_status 7 "$failing" "$n" "${sweep[@]}" --device opencl
        [ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "stderr has not one line"
        expect_line "^rnn-gpu: cannot start thread $n of 5; try a smaller --memory" stderr
    done
    checked "sweep on a shared device: exit code 7"

    hash_of() { grep -o '"weights_hash":"[0-9a-f]*"' "$folder/stdout"; }
    expect_status 0 "$program" "${small[@]}" --device opencl --json
    wanted=$(hash_of)
    expect_status 0 "$program" "${small[@]}" --device opencl --threads 1 --json
    [ "$(hash_of)" = "$wanted" ] || fail "other weights with one thread"
    expect_status 0 "$program" "${small[@]}" --device opencl --threads 1
    expect_line "^device .*, 1 unit$" stderr
    checked "OpenCL on a processor: --threads limits it, with the same weights"
fi
