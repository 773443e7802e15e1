#!/bin/bash
# A model as .npz and as .safetensors: the same numbers and options; and states of PyTorch modules under other names, in
# every floating type, which predict reads as the model they are.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
expect_status 0 "$program" --data "$root/data/cat-mat-rat.csv" --cell lstm --hidden 3 --embed 2 --bidirectional --updates 2 \
    --device cpu --quiet --out m
model=m/model.safetensors
expect_status 0 "$program" export --model "$model" --out m.npz
expect_line '^rnn-gpu: m\.npz: NumPy, 181 parameters$' stderr
expect_status 0 "$program" export --model "$model" --out again.safetensors
cmp "$model" again.safetensors || fail "the file read and written is another"
tensors '
wanted = read_safetensors(sys.argv[1])
raw = open(sys.argv[1], "rb").read()
config = json.loads(raw[8 : 8 + struct.unpack("<Q", raw[:8])[0]])["__metadata__"]["config"]
with zipfile.ZipFile("m.npz") as file:
    names = {name[:-4] for name in file.namelist()}
    assert names == set(wanted) | {"config"}, names
    assert all(parse_npy(file.read(name + ".npy")) == wanted[name] for name in wanted)
    assert file.read("config.npy").endswith(config.encode()) and json.loads(config)["cell"] == "lstm"
' "$model"
checked ".npz and .safetensors"

# An .npz file read as a model is the same model: cell, words, classes, scale of the inputs, replacements of missing ones.
same_back() {
    expect_status 0 "$program" export --model "$1" --out back.npz
    expect_empty stdout
    expect_no_line 'does not fill' stderr
    expect_status 0 "$program" export --model back.npz --out back.safetensors
    expect_no_line 'not used' stderr
    cmp "$1" back.safetensors || fail "the model read from .npz is another"
}
same_back "$model"
printf 'series,a,b,label\n0,3,,yes\n0,500,1,yes\n1,5,1,no\n1,,2,no\n2,400,1,yes\n' >gaps.csv
expect_status 0 "$program" --data gaps.csv --fill mean --normalize --cell irnn --hidden 3 --updates 2 --device cpu --quiet --out gaps
same_back gaps/model.safetensors
tensors '
with zipfile.ZipFile("back.npz") as whole, zipfile.ZipFile("broken.npz", "w") as broken:
    for name in whole.namelist():
        data = whole.read(name)
        broken.writestr(name, data[:-9] + b" " * 9 if name == "config.npy" else data)
' back.npz
refused 4 '^rnn-gpu: broken\.npz: ' "$program" eval --model broken.npz --data gaps.csv --device cpu
checked ".npz as a model"

# A Python module finds its weights from its own folder, wherever it is used from.
mkdir -p py/sub other
for case in "f.py m/model.safetensors" "m/f.py model.safetensors" "py/sub/f.py ../../m/model.safetensors" "$PWD/py/f.py ../m/model.safetensors" \
        "other/../m/f.py model.safetensors"; do
    read -r file weights <<<"$case"
    expect_status 0 "$program" export --model "$model" --out "$file"
    expect_line '^rnn-gpu: .*f\.py: ' stderr
    grep -qxF "WEIGHTS = pathlib.Path(__file__).parent / \"$weights\"" "$file" || fail "the weights are not $weights: $(grep ^WEIGHTS "$file")"
done
checked ".py: where the weights are"

# The state of a module that was compiled and wrapped, without metadata, in three types; beside it a layer of another use.
tensors '
values = read_safetensors(sys.argv[1])
renamed = {"embed.": "_orig_mod.module.emb.", "rnn.": "_orig_mod.module.lstm.", "head.": "_orig_mod.module.classifier.0."}
state = {}
for name, tensor in values.items():
    old = next(prefix for prefix in renamed if name.startswith(prefix))
    state[renamed[old] + name[len(old):]] = tensor
state["_orig_mod.module.norm.running_mean"] = ((4,), (0.0,) * 4)
write_safetensors("f32.safetensors", state)
write_safetensors("f64.safetensors", state, "d")

def narrow(path, dtype, convert):
    header, data = {}, b""
    for name, (shape, numbers) in state.items():
        block = b"".join(convert(number) for number in numbers)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(block)]}
        data += block
    text = json.dumps(header).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)
narrow("f16.safetensors", "F16", lambda number: struct.pack("<e", number))
narrow("bf16.safetensors", "BF16", lambda number: struct.pack("<f", number)[2:])
' "$model"
data=$root/data/cat-mat-rat.csv
tensors '
write_npz("words.npz", {"x": ((3, 3), [0, 1, 2, 2, 2, 1, 1, 1, 0])})
'
expect_status 0 "$program" predict --model "$model" --data "$data" --device cpu --out wanted.npy
for type in f32 f64 f16 bf16; do
    expect_status 0 "$program" predict --model $type.safetensors --data words.npz --device cpu --out $type.npy
    expect_line 'the head is _orig_mod\.module\.classifier\.0, the embedding _orig_mod\.module\.emb$' stderr
    expect_line 'not used: _orig_mod\.module\.norm\.running_mean$' stderr
    tensors 'near(sys.argv[1], read_npy(sys.argv[1] + ".npy")[1], read_npy("wanted.npy")[1], float(sys.argv[2]))' \
        $type "$([ ${type#b} = f16 ] && echo 0.02 || echo 2e-6)"
done
refused 2 "f32.safetensors has no tensor 'rnn.weight_ih_l0'.*export it as .safetensors first" \
    "$program" export --quiet --model f32.safetensors --out f.py
refused 4 "no linear layer 'value' reads the 6 numbers of the recurrent part; these do: _orig_mod.module.classifier.0" \
    "$program" predict --model f32.safetensors --head value --data words.npz --device cpu
refused 4 'says what its head is; leave --head out' "$program" predict --model "$model" --head head --data "$data"
checked "states of PyTorch modules, under other names and in every floating type"
