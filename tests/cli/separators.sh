#!/bin/bash
# CSV with commas, semicolons or tabs, from a file or from stdin, is the same data; what is wrong in it has its place.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"

cp "$root/data/cat-mat-rat.csv" words.csv
printf 'series,"a;b",c,label\n0,1.5,-2,x\n0,2.5,3e-1,x\n1,1,2,"y ""z"""\n1,3,4,"y ""z"""\n2,0,1,x\n' >numbers.csv
train=("$program" --hidden 3 --updates 3 --device cpu --json --quiet)
for name in words numbers; do
    expect_status 0 "${train[@]}" --data $name.csv
    hash=$(json_end weights_hash)
    for separator in ';' '\t'; do
        # outside quotes
        awk -v to="$separator" 'BEGIN { FS = OFS = "\"" } { for (i = 1; i <= NF; i += 2) gsub(/,/, to, $i); print }' \
            $name.csv >other.csv
        ! cmp -s $name.csv other.csv || fail "the file is the same"
        expect_status 0 "${train[@]}" --data other.csv
        [ "$(json_end weights_hash)" = "$hash" ] || fail "'$separator' makes other weights of $name"
        cp other.csv other.tsv
        expect_status 0 "${train[@]}" --data other.tsv
        [ "$(json_end weights_hash)" = "$hash" ] || fail "the ending .tsv makes other weights of $name"
        # shellcheck disable=SC2016
        expect_status 0 sh -c 'cat other.csv | "$@"' sh "${train[@]}" --data -
        [ "$(json_end weights_hash)" = "$hash" ] || fail "stdin makes other weights of $name"
        check_json 'assert lines[0]["task"] == "stdin", lines[0]["task"]'
    done
done
checked "commas, semicolons and tabs, files and stdin"

train=("$program" --device cpu --out new)
printf 'series;a;label\n0;1,5;0.5\n' >comma.csv
printf 'series;a;label\n0;1;0.5\n1;;0.25\n' >hole.csv
printf 'series\ta\tlabel\r\n0\t1\t0.5\n1\t2\r' >short.tsv
printf 'series;a;label\n0;1;0.5\n1;2;3;4\n' >long.csv
refused 4 'comma\.csv:2:3: .1,5. is not a number.*with a point for the fraction' "${train[@]}" --data comma.csv
refused 4 'hole\.csv:3:3: empty cell in column 2' "${train[@]}" --data hole.csv
refused 4 'short\.tsv:3:4: the row ends after 2 of the header.s 3 columns' "${train[@]}" --data short.tsv
refused 4 'long\.csv:3:7: one cell too many' "${train[@]}" --data long.csv
refused 4 'stdin:1:1: empty file' "${train[@]}" --data -
refused 2 'stdin, .-., can be used for only one' "${train[@]}" --data - --val -
checked "places of what is wrong"
