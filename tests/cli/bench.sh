#!/bin/bash
# The benchmark: table and JSON lines, the file of --out and its comparison, ceilings, peers that are and are not there.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--batch 8 --steps 4 --hidden 8 --input 3 --repeats 1)

for device in "${devices[@]}"; do
    expect_status 0 "$program" bench --device "$device" "${small[@]}" --cell lstm -v
    expect_line '^lstm +8 +4 +8 +[0-9.]+ (us|ms|s) '
    expect_line 'chunk 8, tile [0-9]+, block [0-9]+, slices [0-9]+; 9 launches'
    expect_line '^ +reverse .*weight gradient .*clip .*Adam '
    [ "$(wc -L <"$folder/stdout")" -le 80 ] || fail "wider than 80 columns"
    expect_empty stderr
done
checked "a case with its plan and phases"

if [ "${#devices[@]}" -gt 1 ]; then
    expect_status 0 "$program" bench --device opencl,cpu,cpu "${small[@]}" --roofline --out results.jsonl
    expect_line '^cell +batch +steps +hidden +opencl +GFLOP/s +peak +native +GFLOP/s +peak$'
    expect_line '^  product [0-9]+ GFLOP/s.*, memory [0-9]+ GB/s, tanh [0-9.]+ G/s, launch [0-9.]+ us'
    expect_line '(compute|memory|tanh|launch) binds, at [0-9]+ % of its ceiling'
    [ "$(grep -c ' binds, ' "$folder/stdout")" -eq 3 ] || fail "not each device has its bound"
    [ "$(wc -L <"$folder/stdout")" -le 80 ] || fail "wider than 80 columns"
    checked "devices side by side, each with its ceilings"
    expect_status 0 "$program" bench --device opencl,cpu "${small[@]}" --json
    check_json 'peaks = {line["fma_peak_gflops"] for line in lines}
assert len(lines) == 2 and len(peaks) == 1, peaks
assert all(abs(line["fraction_of_peak"] * line["fma_peak_gflops"] / line["gflops"] - 1) < 1e-6 for line in lines), lines'
    checked "one FMA peak for the devices of a processor"
else
    expect_status 0 "$program" bench --device cpu "${small[@]}" --roofline --out results.jsonl
    expect_line ' binds, at [0-9]+ % of its ceiling'
fi
cp results.jsonl "$folder/stdout"
check_json '
assert lines[0]["bench"]["command"].startswith("rnn-gpu bench --device ") and "--roofline --out results.jsonl" in lines[0]["bench"]["command"], lines[0]
assert lines[0]["bench"]["machine"] and lines[0]["bench"]["version"]
ceilings = [line["roofline"] for line in lines if "roofline" in line]
keys = "fma_gflops product_gflops bandwidth_gb_s tanh_g_s launch_s".split()
assert ceilings and all(c[k] > 0 for c in ceilings for k in keys), ceilings
assert end["bound"] in ("compute", "memory", "tanh", "launch") and end["fraction_of_bound"] > 0
assert end[end["bound"] + "_bound_s"] == max(end[k] for k in end if k.endswith("_bound_s"))
'
checked "the file of --out: command, machine, ceilings, results"

expect_status 0 python3 "$root/bench/plot.py" results.jsonl
check_svg() { python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$folder/stdout"; }
check_svg || fail "the picture is no XML"
expect_line '>native C<'
expect_line '>8 × 4 × 8<'
expect_line 'rnn-gpu bench --device .* --repeats 1 --roofline --out results.jsonl on '
echo '{}' >empty.jsonl
expect_status 1 python3 "$root/bench/plot.py" empty.jsonl
expect_line 'plot: empty.jsonl holds no results of bench' stderr
rm empty.jsonl
checked "the picture of results"

expect_status 0 "$program" bench --device cpu --compare results.jsonl
expect_line '^rnn +8 +4 +8 +[0-9.]+ (us|ms) +[0-9]+ % +[0-9.]+x$'
expect_status 0 "$program" bench --device cpu --compare results.jsonl --json
check_json 'assert len(lines) == 1 and abs(end["speedup"] - end["earlier_update_s"] / end["update_s"]) < 1e-6'
expect_status 0 "$program" bench --device cpu "${small[@]}" --outputs 5 --target steps --json
check_json 'assert end["outputs"] == 5 and end["target"] == "steps" and end["head_s"] > 0'
expect_status 0 "$program" bench --device cpu "${small[@]}" --outputs 300 --gemm library -v
expect_line 'MiB, OpenBLAS [0-9.]+$'
expect_status 0 "$program" bench --device cpu "${small[@]}" --outputs 300 --gemm own -v
expect_line 'MiB$'
expect_status 0 "$program" bench --device cpu --compare results.jsonl --steps 5 --hidden 8
expect_line ' new$'
refused 4 'missing.jsonl' "$program" bench --device cpu --compare missing.jsonl
printf '{"update_s":1}\n' >bad.jsonl
refused 4 'bad.jsonl: line 1: ' "$program" bench --device cpu --compare bad.jsonl
refused 8 'no/where: cannot be saved' "$program" bench --device cpu --out no/where "${small[@]}"
refused 2 '--grid and a size' "$program" bench --device cpu --grid full --batch 3
expect_status 7 "$program" bench --device cpu --hidden 65536 --batch 1073741824 --steps 1000000000 # after the heads
expect_line 'more than a machine can address' stderr
rm bad.jsonl results.jsonl
checked "--compare, and files that are none"

# A PyTorch of which only the answers count; then one that ends in between, one without torch, and none.
cat >python <<'PYTHON'
#!/bin/sh
echo '{"peer":"pytorch","version":"9.9","threads":1}'
while read -r cell batch steps rest; do
    echo "{\"whole_s\":null,\"best_s\":0.5,\"best_chunk\":$batch}"
    [ "$batch" != 9 ] || exit 1
done
PYTHON
chmod +x python
peers() { expect_status 0 env RNN_GPU_PYTHON="$1" "$program" bench --device cpu "${small[@]}" --peers "${@:2}"; }
peers ./python
expect_line '^PyTorch 9\.9, '
expect_line '^BLAS +.*, step by step'
expect_line '^rnn +8 +4 +8 .* 500 ms +[0-9.]+x +[0-9.]+x$'
peers ./python --json
check_json '
ours, pytorch, blas = lines
assert pytorch["peer"] == "pytorch" and pytorch["whole_s"] is None and pytorch["best_s"] == 0.5
assert blas["peer"] == "cblas" and blas["update_s"] > 0 and "peer" not in ours
assert all(line["batch"] == 8 and line["cell"] == "rnn" for line in lines)
'
peers ./python --activation elu --json
check_json 'assert len(lines) == 1 and end["activation"] == "elu"'
peers false
expect_line 'PyTorch is left out: false has no torch' stderr
peers /nowhere/python
expect_line 'PyTorch is left out: /nowhere/python cannot be started' stderr
[ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "not one line"
checked "peers that are there and that are not"

python3 - "$root/bench/peers/pytorch_step.py" <<'PYTHON' || fail "bench/peers/pytorch_step.py is no Python"
import ast, sys
ast.parse(open(sys.argv[1]).read())
PYTHON
