#!/bin/bash
# bench --plan: how a GPU that is not there would run an update, from the real planner and engine.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
cards='h100 h200 rtx4090 mi300x rx7900xtx a770 igpu24 m1max'

for card in $cards; do
    expect_status 0 "$program" bench --plan "$card" --cell lstm
    expect_line '^lstm, batch [0-9]+, steps [0-9]+, hidden [0-9]+: chunk [0-9]+, tile [0-9]+, slices [0-9]+$'
    expect_line '^lstm_reverse +[0-9]+ +[0-9]+x[0-9]+ +[0-9]+ % .* (compute|latency|cache|memory|launch)$'
    expect_line '^estimated [0-9.]+ ms an update, [0-9.]+ % of the peak; not measured$'
    [ "$(wc -L <"$folder/stdout")" -le 80 ] || fail "wider than 80 columns"
    expect_empty stderr
done
checked "a table for each card"

for cell in rnn lstm gru; do
    expect_status 0 "$program" bench --plan H100 --cell "$cell" --batch 4096 --steps 100 --hidden 128 --json
    check_json "
cell, gates = '$cell', {'rnn': 1, 'lstm': 4, 'gru': 3}['$cell']
kernels, update = lines[:-1], lines[-1]
keys = 'card kernel groups items busy_rows registers local_bytes bytes flops estimated_s bound'.split()
assert all(k in line for line in kernels for k in keys), kernels
assert all(line['card'] == 'h100' and 0 < line['busy_rows'] <= 1 and line['estimated_s'] > 0 for line in kernels)
assert all(k in update for k in 'card cell estimated_s fraction_of_peak'.split()) and update['cell'] == cell
names = [line['kernel'] for line in kernels]
assert len(set(names)) == len(names) and {'rg_%s_forward' % cell, 'rg_%s_reverse' % cell, 'rg_weight_gradient', 'rg_adam'} <= set(names)
assert abs(sum(line['estimated_s'] for line in kernels) / update['estimated_s'] - 1) < 1e-6
b, t, h, f = 4096, 100, 128, 2
flops = 6 * gates * h * (h + f) * b * t - 2 * gates * h * f * b * t
assert abs(flops / update['estimated_s'] / 66.9e12 / update['fraction_of_peak'] - 1) < 1e-6, update
# forward, backward and weight gradient, but for the products with h_0 = 0 and the head
done = sum(line['flops'] for line in kernels)
assert 0.97 < done / flops < 1.02, done / flops"
done
checked "JSON: one object a kernel, one for the update; the arithmetic is that of the update"

expect_status 0 "$program" bench --plan a770 --batch 8 --steps 3000 --hidden 40 --outputs 300 --target steps --memory 32M --json
check_json "assert {'rg_product', 'rg_wide_loss', 'rg_copy'} <= {line.get('kernel') for line in lines}"
checked "wide heads and segments in time"

refused 2 "--plan: unknown card 'h1000'; known are ${cards// /, }; did you mean h100" "$program" bench --plan h1000
refused 2 "--plan: unknown card 'voodoo'; known are ${cards// /, }" "$program" bench --plan voodoo
for option in --tune --peers --roofline '--compare x' '--grid full' '--out x' '--device cpu' '--shape 4,2,8,32' '--precision double' '--math tf32'; do
    # shellcheck disable=SC2086 # an option and its value
    refused 2 "--plan estimates an update in floats and times nothing; leave out ${option%% *}" "$program" bench --plan h100 $option
done
refused 7 'batch|buffer' "$program" bench --plan igpu24 --batch 1000000000 --steps 100
refused 7 'local memory.*Apple M1 Max' "$program" bench --plan m1max --hidden 8000 --batch 1 --steps 2
checked "what is refused"
