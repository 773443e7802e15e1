#!/bin/bash
# Data larger than --memory: the device holds the sequences of one update at a time, and every bit is that of the training
# with all data on the device.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
tensors '
n, t, f = 1500, 20, 4
x = [i * 0.7 % 1.9 for i in range(n * t * f)]
write_npz("values.npz", {"x": ((n, t, f), x), "y": ((n, 1), [i % 13 / 13 for i in range(n)]), "lengths": ((n,), [i % (t + 1) for i in range(n)])})
write_npz("kinds.npz", {"x": ((n, t, f), x), "y": ((n,), [i * i % 7 % 3 for i in range(n)])})
write_npz("steps.npz", {"x": ((n, t, f), x), "y": ((n, t), [-100 if i % 5 == 0 else i * i % 7 % 3 for i in range(n * t)]),
                        "lengths": ((n,), [1 + i % t for i in range(n)])})
write_npz("states.npz", {"x": ((n, t, f), x), "y": ((n, 1), [i % 13 / 13 for i in range(n)]), "h_0": ((1, n, 3), [i % 11 / 11 for i in range(3 * n)])})
write_npz("words.npz", {"x": ((4 * n, t), [i * i % 19 for i in range(4 * n * t)]), "y": ((4 * n,), [i % 2 for i in range(4 * n)])})
with zipfile.ZipFile("short.npz", "w") as file: # 16-bit numbers stay that narrow on the host
    values = [i * 31 % 701 - 350 for i in range(n * t * f)]
    header = "{\"descr\": \"<i2\", \"fortran_order\": False, \"shape\": (%d, %d, %d), }\n" % (n, t, f)
    file.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<%dh" % len(values), *values))
    file.writestr("y.npy", npy_bytes((n, 1), [i % 13 / 13 for i in range(n)]))
open("i-images-idx3-ubyte", "wb").write(struct.pack(">4I", 0x803, 3000, 20, 12) + bytes(i * i % 251 for i in range(3000 * 240)))
open("i-labels-idx1-ubyte", "wb").write(struct.pack(">2I", 0x801, 3000) + bytes(i % 3 for i in range(3000)))
open("text.txt", "w").write("".join("abc de\n"[i * i % 23 % 7] for i in range(90000)))'

# same MEMORY OPTION...: the training with that --memory has the weights and the losses of the one without.
same() {
    local memory=$1
    shift
    expect_status 0 "${train[@]}" "$@"
    cp "$folder/stdout" whole
    expect_status 0 "${train[@]}" "$@" --memory "$memory"
    check_json 'whole = [json.loads(line) for line in open("whole")]
keys = ("update", "loss", "grad_norm", "clipped", "accuracy", "r2", "weights_hash", "test")
def numbers(lines):
    return [{k: line[k] for k in keys if k in line} for line in lines]
assert numbers(lines) == numbers(whole), (numbers(lines)[:4], numbers(whole)[:4])
assert lines[0]["memory_bytes"] <= int(sys.argv[1]) * 1024, lines[0]' "${memory%K}"
}

split_devices
for device in "${devices[@]}"; do
    for precision in float double; do
        on=(--device "$device" --precision "$precision" --hidden 3 --diagnose none)
        train=("$program" train --json --quiet "${on[@]}" --batch 7 --updates 40)
        same 450K --data values.npz --val-frac 0.1 --val-every 15
        same 450K --data kinds.npz --class-weights balanced
        [ "$precision" = double ] || same 450K --data kinds.npz --normalize --cell lstm --batch 5 --accumulate 3
        same 450K --data steps.npz --target steps --class-weights 1,2,3
        same 450K --data states.npz --cell gru
        same 450K --data short.npz --test short.npz
        same 450K --data words.npz --embed 2
        same 450K --data i-images-idx3-ubyte
        same 450K --data text.txt --steps 30
        same 450K --data text.txt --tbptt 10
    done
    checked "$device: numbers, words, images, text; lengths, labels that do not count, weights, states, streams"

    expect_status 0 "$program" train --quiet "${on[@]}" --data kinds.npz --batch 7 --updates 20 --out model --overwrite
    for what in eval predict; do
        expect_status 0 "$program" $what --json --device "$device" --precision "$precision" --model model/model.safetensors --data kinds.npz
        cp "$folder/stdout" whole
        expect_status 0 "$program" $what --json --device "$device" --precision "$precision" --model model/model.safetensors --data kinds.npz --memory 700K
        cmp -s "$folder/stdout" whole || fail "$what says something else with a small --memory"
    done
    checked "$device: eval and predict"
done
sampled || exit 0
