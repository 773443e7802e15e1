#!/bin/bash
# Data larger than --memory stay on the disk: the same bits as from memory for everything that a run does with data, a small
# process whatever the size of the file, and one clear line where the file changes or ends under it.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
n, t, f = 1500, 20, 4
x = [i * 0.7 % 1.9 for i in range(n * t * f)]
y = [i % 13 / 13 for i in range(n * t)]
lengths = ((n,), [1 + i * 7 % t for i in range(n)])
write_npz("values.npz", {"x": ((n, t, f), x), "y": ((n, 1), y[:n]), "lengths": lengths})
write_npz("classes.npz", {"x": ((n, t, f), x), "y": ((n,), [i * i % 7 % 3 for i in range(n)])})
m = 5 * n
write_npz("steps.npz", {"x": ((m, t, 1), x + x[: m * t - len(x)]), "y": ((m, t), 5 * y), "lengths": ((m,), 5 * lengths[1])})
write_npz("marks.npz", {"x": ((m, t), [i * i % 19 for i in range(m * t)]), "y": ((m, t), [-100 if i % 5 == 0 else i * i % 3 for i in range(m * t)])})
write_npz("gaps.npz", {"x": ((n, t, f), [math.nan if i % 11 == 3 else v for i, v in enumerate(x)]), "y": ((n, 1), y[:n])})
write_npz("long.npz", {"x": ((2, 40 * n, 1), x + x[: 80 * n - len(x)]), "y": ((2, 40 * n), x + x[: 80 * n - len(x)])})
write_npz("series.npz", {"x": ((40 * n, 2), x + x[: 80 * n - len(x)])})
open("t-images-idx3-ubyte", "wb").write(struct.pack(">4I", 0x803, 40000, 4, 3) + bytes(i * i % 251 for i in range(480000)))
open("t-labels-idx1-ubyte", "wb").write(struct.pack(">2I", 0x801, 40000) + bytes(i % 3 for i in range(40000)))
for code in "h", "d":
    with zipfile.ZipFile(code + ".npz", "w") as file:
        text = "{\"descr\": \"<%s\", \"fortran_order\": False, \"shape\": (%d, %d, %d), }" % ({"h": "i2", "d": "f8"}[code], n, t, f)
        text += " " * (-(len(text) + 11) % 64) + "\n"
        values = [i * 31 % 701 - 350 if code == "h" else v for i, v in enumerate(x)]
        file.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + struct.pack("<%d%s" % (len(x), code), *values))
        file.writestr("y.npy", npy_bytes((n, 1), y[:n]))'

results='keys = ("update", "loss", "grad_norm", "accuracy", "r2", "weights_hash", "test", "best_loss", "baseline")
def numbers(lines):
    return [{k: line[k] for k in keys if k in line} for line in lines]'
# same MEMORY OPTION...: with that --memory the data stay on the disk, and nothing that the run says differs.
same() {
    local memory=$1
    shift
    expect_status 0 "${train[@]}" "$@"
    expect_no_line 'stays on the disk' stderr
    cp "$folder/stdout" whole
    expect_status 0 "${train[@]}" "$@" --memory "$memory"
    expect_line 'stays on the disk' stderr
    check_json "$results"'
whole = [json.loads(line) for line in open("whole")]
assert numbers(lines) == numbers(whole), (numbers(lines)[:4], numbers(whole)[:4])'
}

precisions=float # the second part has doubles
sampled || precisions=double
for precision in $precisions; do
    train=("$program" train --json --device cpu --precision "$precision" --hidden 3 --diagnose none --batch 7 --updates 20)
    same 450K --data values.npz --val-frac 0.1 --val-every 15 --test values.npz
    same 450K --data values.npz --pad left --steps 15
    same 450K --data classes.npz --normalize --fold 2 --class-weights balanced
    same 450K --data gaps.npz --fill mean --normalize --val gaps.npz
    same 450K --data h.npz --normalize --val-frac 0.2
    same 450K --data d.npz --fill 0
    same 450K --data steps.npz --target steps --val-frac 0.2 --steps 12
    same 450K --data marks.npz --target steps --embed 2
    same 450K --data long.npz --window 10 --stride 3 --horizon 2 --val-frac 0.2
    same 450K --data series.npz --window 10 --horizon 5 --normalize --val-frac 0.2
    same 450K --data t-images-idx3-ubyte --pixels --permute 7 --val-frac 0.2 --batch 5 --updates 4
    same 450K --data t-images-idx3-ubyte --normalize
done
sampled || exit 0
checked "the bits of data in memory: lengths, padding, scales, gaps, types, words, targets of steps, windows, images, parts"

train=("$program" train --json --device cpu --hidden 3 --diagnose none --batch 7 --updates 20)
expect_status 0 "${train[@]}" --data gaps.npz --fill previous
cp "$folder/stdout" whole
expect_status 0 "${train[@]}" --data gaps.npz --fill previous --memory 450K
check_json "$results"'
assert numbers(lines) == numbers([json.loads(line) for line in open("whole")])'
checked "--fill previous reads them into memory"

expect_status 0 "${train[@]}" --data values.npz --memory 450K --out model --normalize
for what in eval predict; do
    on=("$program" "$what" --device cpu --model model/model.safetensors --data values.npz)
    [ $what = eval ] || on+=(--out out.npz)
    expect_status 0 "${on[@]}"
    expect_no_line 'stays on the disk' stderr
    cp "$folder/stdout" whole
    [ $what = eval ] || mv out.npz whole.npz
    expect_status 0 "${on[@]}" --memory 700K
    expect_line 'stays on the disk' stderr
    cmp -s "$folder/stdout" whole || fail "$what says something else"
    [ $what = eval ] || cmp -s out.npz whole.npz || fail "$what has other numbers"
done
on=("$program" grad --device cpu --model model/model.safetensors --data values.npz --json --out g.safetensors)
expect_status 0 "${on[@]}"
loss=$(json_end loss)
expect_status 0 "${on[@]}" --memory 700K # which also cuts the batch into parts, whose sum is rounded differently
python3 -c "assert abs($(json_end loss) - $loss) < 1e-6" || fail "grad has another loss"
expect_status 0 "$program" --resume model --updates 30 --json
resumed=$(json_end weights_hash)
expect_status 0 "${train[@]}" --data values.npz --normalize --updates 30
[ "$(json_end weights_hash)" = "$resumed" ] || fail "a run that was resumed from the disk has other weights"
checked "eval, predict, grad, --resume"

# ---- the size of the process
python3 - <<'PYTHON' || fail "no large file"
import struct, zipfile
n, t, f = 200, 4000, 48 # 154 MB of x
def header(descr, shape):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, shape)
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()
with zipfile.ZipFile("large.npz", "w") as file:
    with file.open("x.npy", "w", force_zip64=True) as member:
        member.write(header("<f4", (n, t, f)))
        for i in range(n):
            member.write(struct.pack("<48f", *(i * k % 17 / 17 for k in range(48))) * t)
    file.writestr("y.npy", header("<f4", (n, 1)) + struct.pack("<%df" % n, *(i % 5 / 5 for i in range(n))))
PYTHON
command="a training on 154 MB with --memory 64M"
python3 - "$program" <<'PYTHON' || fail "the process is too large"
import resource, subprocess, sys
subprocess.run([sys.argv[1], "train", "--device", "cpu", "--data", "large.npz", "--memory", "64M", "--batch", "2", "--hidden", "4",
                "--updates", "20", "--val-frac", "0.02", "--val-every", "10", "--normalize", "--quiet", "--diagnose", "none"], check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{peak:.0f} MiB")
assert peak < 64 + 64, peak
PYTHON
checked "154 MB in a process of less than 128 MiB"

# ---- the file changes under the run
run=("$program" train --device cpu --data under.npz --memory 450K --hidden 3 --batch 7 --updates 100000000 --json --diagnose none)
# while_running COMMAND...: runs it on under.npz after the first updates of a training.
while_running() {
    cp values.npz under.npz
    : >"$folder/stdout"
    command="${run[*]}, meanwhile $*"
    "${run[@]}" >"$folder/stdout" 2>"$folder/stderr" &
    wait_for '"update":40' "$folder/stdout"
    "$@"
}
for change in 'truncate -s 100000' 'truncate -s 0' 'touch' 'cp classes.npz'; do
    # shellcheck disable=SC2086 # words of a command
    while_running $change under.npz
    ended 20 $!
    [ "$got" -eq 4 ] || fail "exit $got after $change, expected 4"
    [ "$(grep -c '^rnn-gpu: under.npz' "$folder/stderr")" -eq 2 ] || fail "not one line after the notice"
    expect_line '^rnn-gpu: under.npz: (the file changed|byte [0-9]+: cannot be read: the file became shorter)' stderr
done
while_running mv values.npz under.npz
sleep 0.3
kill -INT $!
ended 20 $!
[ "$got" -eq 130 ] || fail "exit $got: a file of the same name is another file"
checked "a file that is cut off, touched or overwritten ends the run with one line; one that is replaced does not"
