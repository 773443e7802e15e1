#!/bin/bash
# --math tf32: who refuses it and how; on a device that passes for an NVIDIA GPU, with its tensor cores emulated, what
# says that it is in use, and that results are those of floats to about 1e-3.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
data=$root/data/cat-mat-rat.csv
weights=$root/data/cat-mat-rat-weights.safetensors
small=(--batch 20 --steps 7 --hidden 9)
needs='--math tf32 needs an NVIDIA GPU of compute capability 8\.0 or later as OpenCL device; .* is not one: leave --math out'

for device in "${devices[@]}"; do
    at=(--device "$device" --math tf32)
    refused 3 "$needs" "$program" "${at[@]}" "${small[@]}" --updates 1 --out model
    refused 3 "$needs" "$program" grad "${at[@]}" --model "$weights" --data "$data" --out gradient.safetensors
    refused 3 "$needs" "$program" predict "${at[@]}" --model "$weights" --data "$data" --out outputs.npy
    refused 3 "$needs" "$program" compare "${at[@]}" --updates 1
    refused 3 "$needs" "$program" sweep "${at[@]}" "${small[@]}" --updates 1 --seed 1,2
    refused 3 "$needs" "$program" bench "${at[@]}" "${small[@]}"
    refused 3 "$needs" "$program" selftest "${at[@]}"
done
expect_status 3 "$program" --math tf32 "${small[@]}" --updates 1
expect_line "$needs" stderr
checked "devices without tensor cores: exit code 3"

refused 2 '^rnn-gpu: --math tf32 requires --precision float; leave out --math or --precision' \
    "$program" --math tf32 --precision double
refused 2 '^rnn-gpu: --math: unknown value .half.; expected one of float, tf32' "$program" --math half
refused 2 '^rnn-gpu: --math does not belong to probe' "$program" probe --math tf32
for topic in train grad predict compare sweep bench selftest; do
    expect_status 0 "$program" help "$topic"
    expect_line '^  --math NAME +tf32 '
done
expect_status 0 "$program" help probe
expect_no_line '--math'
checked "usage"

expect_status 0 "$program" "${small[@]}" --device cpu --updates 1 --json
check_json 'assert events("start")[0]["math"] == "float", lines'
expect_no_line TF32 stderr
if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: the rest is not tried"
    exit 0
fi

export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that passes for an NVIDIA GPU} RG_NVIDIA=7
refused 3 "$needs" "$program" "${small[@]}" --device opencl --math tf32 --updates 1
checked "an older NVIDIA GPU: exit code 3"

RG_NVIDIA=8
RG_NVIDIA_BY=other refused 3 "$needs" "$program" "${small[@]}" --device opencl --math tf32 --updates 1
checked "an NVIDIA GPU under another driver: exit code 3"

export RNN_GPU_LAUNCH_SECONDS=0 # a GPU that is a processor compiles when a launch is queued: nobody need wait for it
# The first part has a forward pass alone: the kernels of a training take long to compile.
if sampled; then
    expect_status 0 "$program" predict --device gpu --math tf32 --model "$weights" --data "$data" --out outputs.npy
    expect_line '^rnn-gpu: .*, products in TF32 \(--math tf32\)$' stderr
    checked "a line says that it is in use"
    exit 0
fi
expect_status 0 "$program" "${small[@]}" --device gpu --updates 1
expect_no_line TF32 stderr
expect_status 0 "$program" "${small[@]}" --math tf32 --updates 2 --diagnose none --report run.html
expect_line '^rnn-gpu: .*, products in TF32 \(--math tf32\)$' stderr
expect_joined '^device +opencl: .*, products in TF32' stderr
grep -q 'products in TF32' run.html || fail "the report does not say so"
checked "the screen and the report say that it is in use"

expect_status 0 "$program" "${small[@]}" --math tf32 --updates 3 --json --seed 2 --lr 0.01
check_json 'assert events("start")[0]["math"] == "tf32", lines'
loss=$(json_end loss)
expect_status 0 "$program" sweep "${small[@]}" --math tf32 --updates 3 --json --seed 1-3 --lr 0.01
expect_line 'products in TF32' stderr
check_json 'runs = [r for r in events("run") if r["settings"]["seed"] in (2, "2")]
assert len(runs) == 1 and runs[0]["loss"] == '"$loss"', lines'
checked "a sweep has the bits of its runs"

for math in float tf32; do
    expect_status 0 "$program" grad --device opencl --math "$math" --model "$weights" --data "$data" --out "$math.safetensors"
done
tensors 'a, b = read_safetensors(sys.argv[1]), read_safetensors(sys.argv[2])
wanted, got = ([v for name in sorted(x) if name.startswith("grad.") for v in x[name][1]] for x in (a, b))
off = math.dist(wanted, got) / math.hypot(*wanted)
assert 1e-6 < off < 3e-3, off' float.safetensors tf32.safetensors
checked "the gradient is that of floats but for rounding"

expect_status 0 "$program" bench --math tf32 "${small[@]}" --cell rnn --repeats 1 --json
check_json 'assert [line["math"] for line in lines if "update_s" in line] == ["tf32"], lines'
expect_status 0 "$program" bench --math tf32 "${small[@]}" --cell rnn --repeats 1
expect_line 'products in TF32, FMA peak'
checked "bench says so, and measures no device without"
