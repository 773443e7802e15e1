#!/bin/bash
# Bounded launches: the limit on a launch's time changes no bit, and an interrupt does not wait for a long update.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"

# hash OPTION...: weights_hash of a small training.
hash() {
    expect_status 0 "$program" train --batch 300 --steps 20 --hidden 9 --updates 3 --cell lstm --layers 2 --json "$@"
    sed -n 's/.*"weights_hash":"\([0-9a-f]*\)".*/\1/p' "$folder/stdout"
}

for device in "${devices[@]}"; do
    first=$(RNN_GPU_LAUNCH_SECONDS=0 hash --device "$device")
    for limit in 1e-9 1e-4 10; do
        [ "$(RNN_GPU_LAUNCH_SECONDS=$limit hash --device "$device")" = "$first" ] || fail "$limit s: other bits"
    done
done
for limit in -1 1s nan; do
    RNN_GPU_LAUNCH_SECONDS=$limit refused 2 "RNN_GPU_LAUNCH_SECONDS=$limit: give seconds, 0 for no limit" \
        "$program" train --device cpu
done
RNN_GPU_LAUNCH_SECONDS='' expect_status 0 "$program" train --device cpu --batch 4 --steps 4 --hidden 4 --updates 1
checked "the limit changes no bit, and must be a number of seconds"

# One sequence of 60,000 steps: a forward pass of seconds, which is one launch where nothing cuts it. Seconds of processor time from the signal to the end.
for device in "${devices[@]}"; do
    command="interrupt on $device"
    python3 - "$program" "$device" <<'PYTHON' || fail "an interrupt waits"
import resource, signal, subprocess, sys, time
long = [sys.argv[1], "train", "--device", sys.argv[2], "--batch", "1", "--steps", "60000", "--cell", "lstm", "--hidden", "256",
        "--json", "--diagnose", "none"]
for delay in 0.3, 0.8:
    process = subprocess.Popen(long, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert '"start"' in process.stdout.readline()
    time.sleep(delay)
    clock = ~process.pid << 3 | 2  # clock_getcpuclockid(3)
    begin = time.clock_gettime(clock)
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - begin
    print(f"{took:.2f} s")
    assert code == 130 and took < 1.0, (code, took)
PYTHON
    checked "$device: an interrupt ends an update of one long sequence"
done
