#!/bin/bash
# Each --figure of each command draws the plot of that name. The list of names is the program's own, so a new figure is missed
# here until it has its title below.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
small=(--batch 4 --device cpu --quiet)
{
    echo text,label
    for i in {1..20}; do
        echo "aab$i,even"
        echo "abb$i,odd"
    done
} >classes.csv
declare -A commands=(
    [train]="train --data classes.csv --val-frac 0.2 --val-every 1 --updates 4 --cell lstm --lag-every 2 --hidden 3"
    [grad]="grad --task copy --steps 6 --target steps --cell lstm --probe-times 2,4 --hidden 3"
    [sweep]="sweep --steps 6 --hidden 3,4 --cell rnn,gru --seed 1,2 --updates 4"
    [compare]="compare --steps 6 --remedies tanh+plain --hidden 3 --seeds 1 --updates 4")

# The titles of the plots, one a line.
cat >"$folder/titles" <<'TITLES'
train loss: Loss over updates
train norm: Gradient norm over updates
train accuracy: Accuracy on held-out data over updates
train lags: Norm of the gradient&#39;s terms by lag
train cumulative: Share of the gradient from the nearest lags
train shares: Share of the gradient by lag
train gates: Norm of the terms of each gate by lag
train jacobian: Singular values of Jacobian products by lag
train activations: Activations by lag
train norm-map: Norm by lag and update, weight_hh_l0
train share-map: Share of the gradient by lag and update, weight_hh_l0
train depth: Norm of delta by depth and lag
grad lags: Norm of the gradient&#39;s terms by lag
grad cumulative: Share of the gradient from the nearest lags
grad shares: Share of the gradient by lag
grad gates: Norm of the terms of each gate by lag
grad jacobian: Singular values of Jacobian products by lag
grad activations: Activations by lag
grad depth: Norm of delta by depth and lag
grad spectrum: All singular values of the Jacobian product over 25 steps
grad inputs: What the net keeps of each input, without the loss
grad probes: Where each loss sends its gradient: norm of delta
sweep loss: Median loss over the seeds by hidden
sweep learned: Learned by hidden
sweep quartiles: rnn
sweep quartiles: gru
sweep updates: hidden 3, rnn
sweep updates: hidden 3, gru
sweep updates: hidden 4, rnn
sweep updates: hidden 4, gru
compare lags: Norm of the gradient&#39;s terms by lag
compare cumulative: Share of the gradient from the nearest lags
compare loss: tanh: loss
TITLES

: >"$folder/drawn"
for kind in train grad sweep compare; do
    read -ra words <<<"${commands[$kind]}"
    words+=("${small[@]}")
    expect_status 2 "$program" "${words[@]}" --plot f.svg --figure none-such
    for figure in $(sed -n "s/.*the figures are \(.*\)/\1/p" "$folder/stderr" | sed 's/[;(].*//' | tr -d ','); do
        expect_status 0 "$program" "${words[@]}" --plot f.svg --figure "$figure"
        grep -oE 'class="f1 b"[^>]*>[^<]*' f.svg | sed "s/.*>/$kind $figure: /" >>"$folder/drawn"
        rm f.svg
    done
done
diff "$folder/titles" "$folder/drawn" >&2 || fail "a figure is not the one of its name"
checked "$(wc -l <"$folder/drawn") plots, by the names of their figures"
