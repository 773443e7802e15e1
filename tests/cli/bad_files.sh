#!/bin/bash
# What cannot be: files that are missing, cut short or of another kind, shapes that disagree, places where nothing can be
# saved, devices that are not there, too little memory. Each gets its exit code and one line, and leaves no trace.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
data=$root/data/cat-mat-rat.csv

expect_status 0 "$program" --data "$data" --hidden 3 --updates 1 --device cpu --out model
model=model/model.safetensors
grad=("$program" grad --device cpu --out g.safetensors)
predict=("$program" predict --device cpu --out p.npy)
train=("$program" --device cpu --updates 1 --out new)

# ---- models
mkdir -p a_folder
refused 4 'a_folder: is a folder; give a data file' "$program" --data a_folder
refused 8 'a_folder: cannot be saved: Is a directory; give the name of a file' "$program" grad --task adding --out a_folder
refused 8 'file/g: cannot be saved: Not a directory; one of the names' bash -c ': >../file; exec "$@"' _ "$program" \
    grad --task adding --out ../file/g
: >empty.safetensors
mkfifo pipe.safetensors pipe.csv pipe.npz
head -c 4 "$model" >four.safetensors
head -c 300 "$model" >header.safetensors
head -c -1 "$model" >last.safetensors
printf 'GIF89a and no more than that' >picture.safetensors
{ cat "$model"; printf 'x'; } >longer.safetensors
for bad in "missing.safetensors No such file" "a_folder folder" "empty.safetensors empty" "pipe.safetensors pipe" \
        "four.safetensors ." "header.safetensors header" "last.safetensors ." "longer.safetensors ." \
        "picture.safetensors neither safetensors" "/dev/zero device" "$data ."; do
    refused 4 "${bad%% *}.*${bad#* }" "${grad[@]}" --model "${bad%% *}" --data "$data"
    refused 4 "${bad%% *}.*${bad#* }" "${predict[@]}" --model "${bad%% *}" --data "$data"
done
checked "models: missing, folder, empty, pipe, cut short, too long, another kind"

tensors '
values = lambda n: [0.1] * n
write_safetensors("ragged.safetensors", {"rnn.weight_ih_l0": ((3, 3), values(9)), "rnn.weight_hh_l0": ((4, 4), values(16)),
                                         "head.weight": ((1, 3), values(3))})
write_safetensors("wide.safetensors", {"rnn.weight_ih_l0": ((3, 5), values(15)), "rnn.weight_hh_l0": ((3, 3), values(9)),
                                       "head.weight": ((1, 3), values(3))})
write_safetensors("outputs.safetensors", {"rnn.weight_ih_l0": ((3, 3), values(9)), "rnn.weight_hh_l0": ((3, 3), values(9)),
                                          "head.weight": ((2, 3), values(6))})
write_safetensors("headless.safetensors", {"rnn.weight_ih_l0": ((3, 3), values(9)), "rnn.weight_hh_l0": ((3, 3), values(9))})
write_npz("x.npz", {"x": ((2, 4, 3), values(24))})
write_npz("narrow.npz", {"x": ((2, 4, 2), values(16)), "y": ((2,), [0.0, 1.0])})
write_npz("nan.npz", {"x": ((2, 1, 3), [0.0, 0.0, 0.0, 0.0, math.nan, 0.0]), "y": ((2,), [0.0, 1.0])})
write_npz("short.npz", {"x": ((2, 4, 3), values(24)), "y": ((3,), values(3))})
write_npz("long.npz", {"x": ((2, 4, 3), values(24)), "y": ((2,), values(2)), "lengths": ((2,), [4, 5])})
'
refused 4 'ragged.*rnn\.weight_ih_l0.*\[3, 3\].*\[4, 3\]' "${grad[@]}" --model ragged.safetensors --data "$data"
refused 4 'headless.*head\.weight' "${grad[@]}" --model headless.safetensors --data "$data"
refused 4 'narrow\.npz.*2 features.*wide.*\[3, 5\]' "${grad[@]}" --model wide.safetensors --data narrow.npz
refused 4 '1 targets? a sequence.*\[2, 3\].*2 outputs' "${grad[@]}" --model outputs.safetensors --data "$data" --loss mse
checked "shapes that disagree: both are named"

# ---- data
: >empty.csv
printf 'text,label\n' >no_rows.csv
printf 'words,class\ncat,1\n' >header.csv
printf 'text,label\ncat mat dog,1\n' >word.csv
printf 'text,label\ncat,1\nmat,yes\n' >label.csv
printf 'series,a\n0,1\n0,x7\n' >number.csv
printf 'series,a,b\n0,1,2\n0,1\n' >columns.csv
printf 'text,label\n"cat,1\n' >quote.csv
printf 'PK\003\004 and no more' >cut.npz
head -c 200 narrow.npz >half.npz
for bad in "missing.csv No such file" "missing.npz No such file" "a_folder is a folder" "empty.csv empty" \
        "pipe.csv regular file" "pipe.npz ." "no_rows.csv:2:1 no rows" "header.csv:1:1 words" "label.csv:3:5 yes" \
        "number.csv:[13]:[13]: (.x7|the file has columns of numbers)" "columns.csv:[13]: ." "quote.csv: ." "cut.npz ." "half.npz ." "nan.npz finite" "short.npz ." \
        "long.npz ." "/dev/zero end in .csv" "$model end in .csv"; do
    name=${bad%% *}
    refused 4 "$name.*${bad#* }" "${train[@]}" --data "${name%%:*}"
    refused 4 "$name.*${bad#* }" "${predict[@]}" --model "$model" --data "${name%%:*}"
done
printf 'text,label\ncat mat rat,2\n' >label_2.csv
refused 4 'label_2\.csv: sequence 1 has the label 2; with the model.s two classes' "${grad[@]}" --model "$model" --data label_2.csv
refused 4 'x\.npz has no labels' "${grad[@]}" --model outputs.safetensors --data x.npz
refused 4 'x\.npz has no labels' "${train[@]}" --data x.npz
checked "data: missing, folder, empty, pipe, another kind, line and column of what is wrong, no labels"

# ---- places for the result
printf 'mine' >a_file
for out in missing/new a_file /dev/full /proc/new; do
    refused 8 "$out" "$program" --device cpu --updates 1 --out "$out"
done
for out in missing/g.safetensors a_folder /proc/g.safetensors; do
    refused 8 "$out" "$program" grad --device cpu --model "$model" --data "$data" --out "$out"
done
expect_status 8 "$program" grad --device cpu --model "$model" --data "$data" --out /dev/full # shown, but not saved
expect_line '/dev/full: cannot be saved' stderr
for out in missing/p.npy missing/p.npz missing/p.safetensors /proc/p.npy; do
    refused 8 "$out" "$program" predict --device cpu --model "$model" --data "$data" --out "$out"
done
refused 2 'p\.txt.*\.csv, \.npy, \.npz or \.safetensors' "$program" predict --device cpu --model "$model" --data "$data" --out p.txt
for command_line in "version" "devices --json" "--json --updates 2 --batch 8 --steps 4 --hidden 4 --device cpu" \
        "predict --model $model --data $data --device cpu"; do
    command="$program $command_line >/dev/full" got=0
    # shellcheck disable=SC2086
    "$program" $command_line >/dev/full 2>"$folder/stderr" || got=$?
    [ "$got" -eq 8 ] || fail "exit $got, expected 8"
    expect_line '^rnn-gpu: stdout cannot be written: ' stderr
done
checked "results that cannot be saved"

# ---- devices
refused 3 'nosuch.*cpu' "$program" --device nosuch --updates 1 --out new
refused 3 'nosuch.*cpu' env RNN_GPU_DEVICE=nosuch "$program" --updates 1 --out new
refused 3 'nosuch.*cpu' "$program" grad --device nosuch --model "$model" --data "$data" --out g.safetensors
refused 3 'nosuch.*cpu' "$program" selftest --device nosuch
refused 3 '91:7.*cpu' "$program" --device 91:7 --updates 1
refused 3 'opencl.*no OpenCL|opencl.*OpenCL loader.*cpu' env OCL_ICD_VENDORS=/nonexistent/ "$program" --device opencl --updates 1
expect_status 0 env OCL_ICD_VENDORS=/nonexistent/ "$program" --updates 1 --batch 8 --steps 3 --hidden 4
expect_line 'OpenCL.*running on the native device' stderr
expect_line '^device +native' stderr
if [ "${#devices[@]}" -gt 1 ]; then
    expect_status 0 env POCL_DEVICES="pthread basic" "$program" devices --json
    if [ "$(grep -c '"backend":"opencl"' "$folder/stdout")" -eq 2 ]; then
        refused 2 'matches 2 devices.*0:0.*0:1' env POCL_DEVICES="pthread basic" "$program" --device=- --updates 1 --out new
    fi
fi
checked "devices: unknown, none, several"

# ---- memory
for device in "${devices[@]}"; do
    at=(--device "$device" --updates 1 --out new)
    refused 7 'needs? .*[KMGT]iB.*limit is 1\.0 KiB.*--hidden' "$program" "${at[@]}" --memory 1K
    refused 7 'needs? .*[KMGT]iB.*(limit is|allows) .*[MG]iB.*--steps [0-9]+ fits' "$program" "${at[@]}" --steps 100000000 --memory 16M
    refused 7 'needs? .*[GT]iB.*limit is .*[MG]iB.*smaller --hidden' "$program" "${at[@]}" --hidden 65536
    refused 7 'more than a machine can address' "$program" "${at[@]}" --steps 1000000000 --batch 1073741824
    refused 7 'needs? .*limit' "$program" grad --model "$model" --data "$data" --device "$device" --memory 100 --out g.safetensors
    # what is said to fit does, and not one more
    small=(--hidden 8 --memory 512K)
    for size in "--batch 1000000 --steps 2" "--steps 100000 --batch 1"; do
        # shellcheck disable=SC2086
        refused 7 "at most ${size%% *} [0-9]+ fits" "$program" "${at[@]}" "${small[@]}" $size
        fits=$(sed -E 's/.*at most --[a-z]+ ([0-9]+) fits.*/\1/' "$folder/stderr")
        # shellcheck disable=SC2086
        refused 7 "at most ${size%% *} $fits fits" "$program" "${at[@]}" "${small[@]}" $size "${size%% *}" $((fits + 1))
        # shellcheck disable=SC2086
        expect_status 0 "$program" --device "$device" --updates 1 "${small[@]}" $size "${size%% *}" "$fits"
    done
done
checked "memory: need, limit and what fits"
