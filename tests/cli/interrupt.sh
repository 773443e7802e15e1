#!/bin/bash
# Signals at random moments of every command: one line at once, an end soon after, the exit code, no temporary file.
# RG_TRIES: how many of each command, by default 1, and 10 in the second part, which has OpenCL too.
# "At once" and "soon" are seconds of processor time that the command has used since the signal: a machine that is busy
# with other work stretches the clock's seconds, not these. One that waits for something uses none: it ends in a minute.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
write_npz("data.npz", {"x": ((64, 300, 2), [i % 97 / 97 for i in range(38400)]), "y": ((64, 1), [0.5] * 64)})
write_npz("many.npz", {"x": ((640, 300, 2), [i % 97 / 97 for i in range(384000)]), "y": ((640, 1), [0.5] * 640)})'
expect_status 0 "$program" --quiet --data data.npz --hidden 48 --updates 1 --device cpu --out model
mv model/model.safetensors model.safetensors

# What a command may use from the signal to its end. A driver's compiler cannot be stopped, so on OpenCL it is what a
# first run uses, in which every kernel is compiled.
soon=3
tries=$(sampled && echo 1 || echo 10)
first_run() {
    XDG_CACHE_HOME=$folder/cache python3 - "$program" <<'PYTHON'
import resource, subprocess, sys
subprocess.run([sys.argv[1], "train", "--device", "opencl", "--updates", "1", "--quiet"], check=True, capture_output=True)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(3 + usage.ru_utime + usage.ru_stime)
PYTHON
}

# signals NAME SECONDS ARGUMENT...: the command, stopped at moments up to that many seconds after it can be.
signals() {
    local name=$1
    shift
    command="signals at $name: $*"
    python3 - "$program" "${RG_TRIES:-$tries}" "$soon" "$@" <<'PYTHON' || fail "$name does not end as it should"
import os, random, re, signal, subprocess, sys, tempfile, threading, time
program, tries, arguments = sys.argv[1], int(sys.argv[2]), sys.argv[5:]
soon, seconds = float(sys.argv[3]), float(sys.argv[4])
codes = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}
random.seed(1)

def catches(process, number):
    status = open(f"/proc/{process.pid}/status").read()
    return int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16) >> (number - 1) & 1

def has_ended(process):
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)

def used(process):  # by all threads of a process that has not been waited for
    return time.clock_gettime(~process.pid << 3 | 2)  # clock_getcpuclockid(3)

stopped, longest = 0, 0
for number in list(codes) * tries:
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([program] + [a.replace("OUT", folder) for a in arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        lines = []
        def read():
            for line in process.stderr:
                lines.append((used(process), line))
        reader = threading.Thread(target=read)
        reader.start()
        while not (catches(process, number) or has_ended(process)):
            time.sleep(0.001)
        time.sleep(random.uniform(0, seconds))
        begin = used(process)
        os.kill(process.pid, number)  # send_signal would wait for a process that has ended
        reader.join(60)  # to the end of its stderr
        ended = not reader.is_alive()
        if not ended:
            process.kill()
            reader.join(5)
        _, state, usage = os.wait4(process.pid, 0)
        code = process.returncode = os.waitstatus_to_exitcode(state) if ended else "none: it went on"
        took = usage.ru_utime + usage.ru_stime - begin
        text = "".join(line for _, line in lines)
        answers = [t - begin for t, line in lines if "rnn-gpu: interrupted" in line and " leaves at once" in line]
        left = [f for _, _, files in os.walk(folder) for f in files if f.endswith(".tmp")]
        assert not left, (number, left)
        if not answers:  # all its work was done
            assert code in (0, -number), (number, code, text)
            continue
        stopped, longest = stopped + 1, max(longest, took)
        assert len(answers) == 1 and answers[0] < 0.5, (number, answers, text)
        assert code == codes[number] and took < soon, (number, code, took, soon, text)
        saved = re.search(r"; saved (\S+)", text)
        assert not saved or os.path.getsize(saved[1]) > 1000, text
assert stopped >= tries, f"only {stopped} were stopped"
print(f"{longest:.2f} s of processor time from the signal to the end at most; {soon:.1f} s are allowed")
PYTHON
    checked "$name: signals are answered, and end it"
}

! sampled || devices=(cpu)
for device in "${devices[@]}"; do
    [ "$device" = cpu ] || soon=$(first_run)
    signals "train, $device" 0.6 train --batch 2048 --hidden 32 --updates 100000 --device "$device" --out OUT/run
    signals "grad, $device" 0.3 grad --model model.safetensors --data data.npz --device "$device" --out OUT/g.safetensors
done
soon=3
for _ in $(seq 20); do printf 'the cat sat on the mat\n'; done >text.txt
expect_status 0 "$program" --quiet --data text.txt --hidden 3 --updates 1 --diagnose none --device cpu --out text
mkfifo pipe
signals sample 0.2 sample --model text/model.safetensors --length 1000000
signals export 0.2 export --task adding --sequences 50000 --steps 300 --out OUT/d.npz
signals "a pipe that nobody reads" 0.1 train --batch 2 --steps 3 --hidden 2 --updates 1 --device cpu --log pipe
signals predict 0.02 predict --model model.safetensors --data many.npz --device cpu --out OUT/p.npy
signals compare 0.6 compare --batch 256 --hidden 32 --device cpu --report OUT/r.html
signals sweep 0.6 sweep --batch 256 --hidden 32 --cell rnn,gru --updates 500 --device cpu --report OUT/r.html
signals probe 1 probe all --device cpu
signals bench 1 bench --device cpu --grid standard
signals selftest 1 selftest --device cpu
signals devices 0.02 devices

# Data that never come; exec keeps the pipe open for writing.
mkfifo never
exec 7<>never
"$program" --data - --device cpu <never >stdout 2>stderr &
waiting=$!
sleep 1
kill -TERM "$waiting"
{ sleep 20 && kill -KILL "$waiting"; } 2>/dev/null &
watch=$!
got=0
wait "$waiting" || got=$?
kill "$watch" 2>/dev/null || true
exec 7>&-
[ "$got" -eq 143 ] || fail "exit $got, expected 143: a signal does not end the wait for stdin"
checked "a wait for data from stdin ends at the first signal"

# What killed processes left is removed by the next that writes there; files of others stay.
sleep 0 &
dead=$!
wait "$dead"
touch ".rnn-gpu-$dead-0.tmp" ".rnn-gpu-$dead-17.tmp" ".rnn-gpu-$$-0.tmp" .rnn-gpu-notes.tmp ".rnn-gpu-$dead-0.tmp.txt"
expect_status 0 "$program" predict --model model.safetensors --data data.npz --device cpu --out p.npy
[ "$(find . -name '.rnn-gpu-*' | sort | tr '\n' ' ')" = \
    "$(printf '%s\n' "./.rnn-gpu-$$-0.tmp" "./.rnn-gpu-$dead-0.tmp.txt" ./.rnn-gpu-notes.tmp | sort | tr '\n' ' ')" ] ||
    fail "left are $(find . -name '.rnn-gpu-*')"
checked "temporary files of dead processes are removed, others are not"
