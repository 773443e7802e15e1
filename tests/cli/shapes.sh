#!/bin/bash
# Shapes of work-groups: --shape on an OpenCL device, and the ladder of a GPU whose driver refuses large groups.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# The first part has the cell with the fewest gates and no diagnosis, whose kernels take a third of the time to compile.
cell=lstm diagnose=(--diagnose sample)
! sampled || { cell=rnn && diagnose=(--diagnose none); }
small=(--batch 6 --steps 5 --hidden 9 --updates 2 --cell "$cell" --clip-norm 0 "${diagnose[@]}")
list='4,2,8,32; 4,2,8,16; 2,2,8,16; 2,2,8,8; 2,1,8,4; 2,16,1,1; 1,8,1,1; 1,4,1,1'

# hash OPTION...: weights_hash of a small training.
hash() {
    expect_status 0 "$program" train "${small[@]}" --json "$@"
    sed -n 's/.*"weights_hash":"\([0-9a-f]*\)".*/\1/p' "$folder/stdout"
}

refused 2 "--shape: there is no shape '3,2,8,32'; NV,VEC,COLS,ROWS is one of $list" "$program" train --shape 3,2,8,32
refused 2 "--shape: there is no shape 'big'" "$program" bench --batch 4 --shape big
refused 2 '--math tf32 has a shape of its own; leave out --shape' "$program" train --math tf32 --shape 4,2,8,32
refused 3 '--shape requires an OpenCL device, and this is the native one' "$program" train --device cpu --shape 4,2,8,32
checked "shapes that are refused"

if [ "${#devices[@]}" -eq 1 ]; then
    echo "no OpenCL device: the rest is not tried"
    exit 0
fi
if ! sampled; then
    first=$(hash --device opencl --shape 2,1,8,4)
    for shape in ${list//; / }; do
        [ "$(hash --device opencl --shape "$shape")" = "$first" ] || fail "$shape has other bits"
    done
    expect_status 0 "$program" train "${small[@]}" --device opencl --shape 2,1,8,4 --precision double
    checked "a training has the same bits in every shape"
fi

# A GPU that is a processor compiles when a launch is queued: nobody need wait for it.
export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that passes for a GPU} RNN_GPU_LAUNCH_SECONDS=0
if ! sampled; then
    [ "$(RG_GPU=1024 hash --device gpu)" = "$first" ] || fail "the largest groups have other bits"
    expect_no_line 'do not run in work-groups' stderr
fi
# The first part trains nothing: kernels of groups with barriers take long to compile.
for items in 127:64 32:32; do
    if ! sampled; then
        [ "$(RG_GPU=${items%:*} hash --device gpu)" = "$first" ] || fail "groups of ${items#*:} items have other bits"
    elif [ "$items" = 32:32 ]; then
        RG_GPU=32 expect_status 0 "$program" train "${small[@]}" --device gpu --dry-run
    else
        continue
    fi
    expect_line "do not run in work-groups of 256 items; smaller groups of ${items#*:} are used$" stderr
done
RG_GPU=31 expect_status 3 "$program" train "${small[@]}" --device gpu
expect_line 'can run 31 items a group, 32 are needed' stderr
checked "a GPU takes the largest groups that its driver can run"

# Scans alone: groups of 256 items in this training. A validation's engine is made before that of the training.
export RG_GPU=1024
small=(--batch 64 --steps 5 --hidden 64 --updates 2 --cell "$cell" --clip-norm 0 --data data.csv --val-frac 0.3
    "${diagnose[@]}")
{ echo series,x,label && for i in $(seq 300); do echo "s$i,0.$i,$((i % 2))" && echo "s$i,0.5,$((i % 2))"; done; } >data.csv
# The first part tries shapes to the end, and none does; the second part takes the ones between.
if ! sampled; then
    first=$(hash --device gpu)
    expect_no_line 'in work-groups of shape' stderr
    for case in RG_SCAN_ITEMS=127:2,2,8,8 RG_SPILLS_FROM=65:2,2,8,8 RG_SPILLS_FROM=256:4,2,8,16; do
        [ "$(export "${case%:*}" && hash --device gpu)" = "$first" ] || fail "$case: other bits"
        expect_line "the scans do not run, or spill registers, in work-groups of shape 4,2,8,32; ${case#*:} is taken$" stderr
    done
    [ "$(RG_SPILLS_FROM=1 hash --device gpu)" = "$first" ] || fail "other bits where all shapes spill"
    expect_line 'the scans spill registers in every shape of work-groups$' stderr
    checked "a scan that does not run, or spills, gets smaller groups"
    exit 0
fi
export RG_GPU=64 # two shapes to try; the second part tries all of them
RG_SCAN_ITEMS=16 expect_status 3 "$program" train "${small[@]}" --device gpu --quiet
[ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "stderr has not one line"
expect_line "rg_${cell}_forward can run 16 items a group, [0-9]+ are needed; try --device cpu\$" stderr
RG_KINDS=D RG_SCAN_ITEMS=16 expect_status 0 "$program" train "${small[@]}"
expect_line "^rnn-gpu: skipping device pthread.*: rg_${cell}_forward can run 16 items a group" stderr
expect_line '^device +native: ' stderr
checked "a scan that runs in no shape ends the training; auto leaves the device"
