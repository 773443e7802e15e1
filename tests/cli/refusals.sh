#!/bin/bash
# A refusal names its cause: the option, or the file with the place in it. A row for each way to refuse: the exit code, what
# the line says (grep -E), the command.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
cp "$root/data/cat-mat-rat.csv" texts.csv
printf 'series,a,label\n1,0.5,0\n1,x,0\n' >letters.csv
printf 'series,a,label\n1,0.5,0\n' >one.csv
printf 'notes' >notes.xyz
tensors '
write_npz("numbers.npz", {"x": ((4, 6, 2), [i / 48 for i in range(48)]), "y": ((4, 1), [0.5] * 4)})
write_npz("wide.npz", {"x": ((4, 6, 3), [i / 72 for i in range(72)]), "y": ((4, 1), [0.5] * 4)})
write_npz("large.npz", {"x": ((200, 100, 2), [0.5] * 40000), "y": ((200, 1), [0.5] * 200)})'
expect_status 0 "$program" --quiet --data numbers.npz --hidden 3 --updates 1 --device cpu --out model
printf 'series,a,label\n1,0.5,0\n1,0.7,0\n2,0.5,1\n2,0.1,1\n' >two.csv
printf 'series,a\n1,0.5\n1,0.7\n' >unlabelled.csv
expect_status 0 "$program" --quiet --data two.csv --hidden 3 --updates 1 --device cpu --out csv
printf '\10\7pytorch and more' >m.onnx
printf 'PK\3\4 and more than this' >m.pt
head -c 300 model/model.safetensors >cut.safetensors

refused_rows <<'ROWS'
# an option: its name, and what it takes
2|unknown option .--hiden.; did you mean --hidden|train --hiden 3
2|--batch: 0 is out of range|train --batch 0
2|--lr: |train --lr fast
2|--cell: unknown value 'lstn'.*lstm|train --cell lstn
2|--schedule|train --schedule stp
2|--log does not belong to compare|compare --log l.jsonl
2|--model|predict --data numbers.npz --out p.npy
2|--data|predict --model model/model.safetensors --out p.npy
2|--forget-bias|train --cell rnn --forget-bias 1
2|--skip-kind|train --skip 3 --skip-kind learned
2|--activation|train --cell lstm --activation relu
2|--loss mse does not fit --task copy|train --task copy --loss mse
2|--steps|train --task temporal-order --steps 1
2|--embed|train --data numbers.npz --embed 4
2|--probe-time|train --task copy --steps 5 --target steps --probe-time 99 --batch 2 --updates 1 --device cpu
2|--plot p\.jpg|train --updates 1 --plot p.jpg --device cpu
2|--remedies|compare --remedies tanh+clop --device cpu
# a file: its name, and the place in it
4|^rnn-gpu: none\.npz: cannot be read|train --data none.npz --device cpu
4|^rnn-gpu: letters\.csv:3:3: |train --data letters.csv --device cpu
4|^rnn-gpu: notes\.xyz: |train --data notes.xyz --device cpu
4|^rnn-gpu: cut\.safetensors: |predict --model cut.safetensors --data numbers.npz --out p.npy --device cpu
4|^rnn-gpu: wide\.npz has 3 features.*model\.safetensors|predict --model model/model.safetensors --data wide.npz --out p.npy --device cpu
4|^rnn-gpu: model/checkpoint-1\.ckpt: .* a model is best\.safetensors or model\.safetensors|eval --model model/checkpoint-1.ckpt --data numbers.npz --device cpu
4|^rnn-gpu: m\.onnx: an ONNX file; .\./rnn-gpu import --onnx|eval --model m.onnx --data numbers.npz --device cpu
4|^rnn-gpu: m\.pt: .*safetensors\.torch\.save_file|eval --model m.pt --data numbers.npz --device cpu
4|^rnn-gpu: unlabelled\.csv has no column .label., which the loss needs|eval --model csv/model.safetensors --data unlabelled.csv --device cpu
4|^rnn-gpu: two\.csv: a \.csv has one label .*leave --target out, or --window W --horizon 0|train --data two.csv --target steps --device cpu
4|^rnn-gpu: numbers\.npz: y has 1 number a sequence|train --data numbers.npz --target steps --device cpu
4|none\.safetensors|predict --model none.safetensors --data numbers.npz --out p.npy --device cpu
4|^rnn-gpu: model: is a folder; give the model in it, model/model\.safetensors$|predict --model model --data numbers.npz --out p.npy --device cpu
4|earlier\.jsonl|bench --compare earlier.jsonl --device cpu
# a device
3|--device nowhere matches no device|train --device nowhere
3|--device 91:7 matches no device|train --device 91:7
3|--device nowhere|selftest --device nowhere
3|--math tf32 needs|train --math tf32 --device cpu
# memory: the option that asks for it, or the file
7|--memory.*--data|train --data large.npz --memory 100K --hidden 3 --device cpu
7|--batch [0-9]+ fits|train --batch 1073741824 --steps 100 --hidden 8 --memory 16M --device cpu
7|--steps [0-9]+ fits|train --batch 1 --steps 1000000000 --hidden 8 --memory 4M --device cpu
7|--hidden|train --hidden 60000 --memory 16M --device cpu
7|no --batch fits|train --dry-run --steps 1000000 --hidden 1000 --memory 1M --device cpu
7|--skip 1000000000|train --batch 2 --steps 10 --hidden 4 --skip 1000000000 --device cpu
7|--batch.*--steps.*--hidden|train --steps 1000000000 --batch 1073741824 --device cpu
7|--memory|grad --model model/model.safetensors --data numbers.npz --memory 100 --out g.safetensors --device cpu
# a place to save
8|none/r\.html|train --updates 1 --report none/r.html --device cpu
8|none/l\.jsonl|train --updates 1 --log none/l.jsonl --device cpu
8|none/g\.safetensors|grad --model model/model.safetensors --data numbers.npz --out none/g.safetensors --device cpu
8|texts\.csv.*is not a folder|train --updates 1 --out texts.csv --device cpu
2|--out model holds an earlier result|train --updates 1 --out model --device cpu
ROWS
checked "$n_refused refusals name the option or the file that is their cause"

# PoCL cannot compile where it cannot write. A limit on sizes of files stands for a full disk, on which LLVM ends the process.
if "$program" devices --json | grep 'pthread\|[Pp]o[Cc][Ll]' >/dev/null; then
    small=("$program" train --batch 2 --steps 3 --hidden 3 --updates 1 --device opencl)
    mkdir empty
    for cache in "$PWD/texts.csv" /proc/none; do
        refused 3 "PoCL cannot write its cache of kernels, $cache \(from POCL_CACHE_DIR\): .*; .* POCL_CACHE_DIR" \
            env POCL_CACHE_DIR="$cache" "${small[@]}"
    done
    refused 3 "kernels, $PWD/texts.csv/pocl/kcache \(from XDG_CACHE_HOME\): Not a directory" \
        env -u POCL_CACHE_DIR XDG_CACHE_HOME="$PWD/texts.csv" "${small[@]}"
    for blocks in 1 100 400; do
        expect_status 3 bash -c "ulimit -f $blocks; export POCL_CACHE_DIR=$PWD/empty/$blocks; exec \"\$@\"" - "${small[@]}"
        expect_line "PoCL cannot write its cache of kernels, $PWD/empty/$blocks .*: File too large" stderr
        expect_empty stdout
    done
    expect_status 0 env POCL_CACHE_DIR=/proc/none "$program" train --batch 2 --steps 3 --hidden 3 --updates 1 --json
    expect_line '"backend":"native"'
    checked "a cache of PoCL that cannot be written is named"
fi
