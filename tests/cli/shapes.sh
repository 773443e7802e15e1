#!/bin/bash
# Shapes of work-groups: --shape on an OpenCL device, and the ladder of a GPU whose driver refuses large groups.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--batch 6 --steps 5 --hidden 9 --updates 2 --cell lstm --clip-norm 0)
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
first=$(hash --device opencl --shape 4,2,8,32)
for shape in ${list//; / }; do
    [ "$(hash --device opencl --shape "$shape")" = "$first" ] || fail "$shape has other bits"
done
expect_status 0 "$program" train "${small[@]}" --device opencl --shape 2,1,8,4 --precision double
checked "a training has the same bits in every shape"

export OPENCL_LAYERS=${FAULTY_LAYER:?the layer that passes for a GPU}
first=$(RG_GPU=1024 hash --device gpu)
expect_no_line 'do not run in work-groups' stderr
for items in 127:64 32:32; do
    [ "$(RG_GPU=${items%:*} hash --device gpu)" = "$first" ] || fail "groups of ${items#*:} items have other bits"
    expect_line "do not run in work-groups of 256 items; smaller groups of ${items#*:} are used$" stderr
done
RG_GPU=31 expect_status 3 "$program" train "${small[@]}" --device gpu
expect_line 'can run 31 items a group, 32 are needed' stderr
checked "a GPU takes the largest groups that its driver can run"
