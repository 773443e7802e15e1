#!/bin/bash
# Models from ONNX files as a user reads them: predict then gives what ONNX Runtime gave; files that are no such model are
# refused in one line, and nothing is written.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=tensors.inc
. "$cli/tensors.inc"
fixtures=$root/tests/fixtures/onnx_models

check() {
    local name=$1 pattern=$2
    expect_status 0 "$program" import --onnx "$fixtures/$name.onnx" --out m.safetensors
    expect_line "^rnn-gpu: m\.safetensors: $pattern$" stderr
    expect_empty stdout
    tensors '
fixture = read_safetensors(sys.argv[1])
write_npz("x.npz", {"x": fixture["x"]})
' "$fixtures/$name.safetensors"
    expect_status 0 "$program" predict --model m.safetensors --data x.npz --device cpu --out p.npy
    tensors 'near("output", read_npy("p.npy")[1], read_safetensors(sys.argv[1])["output"][1])' "$fixtures/$name.safetensors"
}
check torch_lstm_last 'lstm, 1 layer of 4, readout last; 3 -> 2'
check torch_gru_final 'gru, 2 layers of 4, bidirectional, readout final; 3 -> 2'
check torch_rnn_steps 'rnn relu, 1 layer of 4, bidirectional, an output at every step; 3 -> 2'
checked "files of torch.onnx.export"

# There and back, with the names of words and classes.
expect_status 0 "$program" --data "$root/data/cat-mat-rat.csv" --cell gru --hidden 3 --updates 2 --device cpu --quiet --out m
expect_status 0 "$program" export --model m/model.safetensors --out m.onnx
expect_status 0 "$program" import --onnx m.onnx --out back.safetensors
cmp m/model.safetensors back.safetensors || fail "the model that came back is another"
refused 2 '^rnn-gpu: --loss mse: m\.onnx says its own loss, bce; leave --loss out' "$program" import --onnx m.onnx --out n.safetensors --loss mse
expect_status 0 "$program" import --onnx m.onnx --out same.safetensors --loss bce
for name in n.onnx n.npz n.pt n; do
    refused 2 "^rnn-gpu: --out $name: the name must end in \.safetensors" "$program" import --onnx m.onnx --out "$name"
done
checked "a file of rnn-gpu's own"

# Numbers in another file are read from the same folder, and only from there.
cp "$fixtures/torch_gru_words_dynamo.onnx" words.onnx
refused 4 'torch_gru_words_dynamo.onnx.data.*No such file' "$program" import --onnx words.onnx --out n.safetensors
cp "$fixtures/torch_gru_words_dynamo.onnx.data" .
expect_status 0 "$program" import --onnx words.onnx --out n.safetensors --loss ce
head -c 1000 "$fixtures/torch_gru_words_dynamo.onnx.data" >torch_gru_words_dynamo.onnx.data
refused 4 'is not as long in the other file as its dimensions' "$program" import --onnx words.onnx --out o.safetensors
sed 's|torch_gru_words_dynamo.onnx.data|../ch_gru_words_dynamo.onnx.data|' words.onnx >outside.onnx
refused 4 'whose name must be one of the same folder' "$program" import --onnx outside.onnx --out o.safetensors
checked "numbers in a file beside it"

refused 4 'no node RNN, LSTM or GRU.*dynamo=False' "$program" import --onnx "$fixtures/torch_rnn_unrolled_dynamo.onnx" --out o.safetensors
refused 4 'byte [0-9]+ is not well formed|there is no graph' "$program" import --onnx m/model.safetensors --out o.safetensors
refused 4 'No such file' "$program" import --onnx none.onnx --out o.safetensors
refused 2 'import needs --onnx FILE' "$program" import --out o.safetensors
refused 2 'import needs --out PATH' "$program" import --onnx m.onnx
refused 2 'is the file of --onnx' "$program" import --onnx m.onnx --out m.onnx
refused 8 'nowhere/o' "$program" import --onnx m.onnx --out nowhere/o.safetensors
checked "what is no such model"
