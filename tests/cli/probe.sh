#!/bin/bash
# probe: every experiment gives its known numbers on every device; what is outside exits 6; bad input.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
split_devices
names="wall power fixed-point orthogonal sigmoid lyapunov mean-field forget-bias alive-paths curse"

expect_status 0 "$program" probe
[ "$(awk '{print $1}' "$folder/stdout" | tr '\n' ' ')" = "$names " ] || fail "the list is not: $names"
[ "$(wc -L <"$folder/stdout")" -le 80 ] || fail "the list is wider than 80 columns"
checked "the list"

# The first part leaves out the two that take as long as the others together.
for device in "${devices[@]}"; do
    if sampled; then
        names="wall power fixed-point orthogonal sigmoid lyapunov mean-field curse"
        for name in $names; do
            expect_status 0 "$program" probe "$name" --json --device "$device"
            cat "$folder/stdout" >>"$folder/together"
            expect_empty stderr
        done
        mv "$folder/together" "$folder/stdout"
    else
        expect_status 0 "$program" probe all --json --device "$device"
        expect_empty stderr
    fi
    check_json '
wanted = sys.argv[1].split()
found = list(dict.fromkeys(line["probe"] for line in lines))
assert found == wanted, found
assert all(line["ok"] is True and line["rule"] != "shown" for line in lines)
value = {(line["probe"], line["quantity"]): line for line in lines}
wall = value["wall", "E at b = -2.612"]
assert abs(wall["measured"] - .00847633) < 1e-8 and wall["expected"] == .00847633 and wall["tolerance"] == 1e-6
assert abs(value["power", "largest sigma_max of W^l"]["measured"] - 11.635514) < 1e-6
assert value["fixed-point", "spectral radius of W"]["measured"] == 0
for line in lines:
    if line["rule"] == "relative":
        assert abs(line["measured"] - line["expected"]) <= line["tolerance"] * abs(line["expected"]), line
    if line["rule"] == "absolute":
        assert abs(line["measured"] - line["expected"]) <= line["tolerance"], line' "$names"
    checked "$device: all numbers are inside"
done

if ! sampled; then
    expect_status 0 "$program" probe all --device cpu
    [ "$(wc -L <"$folder/stdout")" -le 80 ] || fail "the table is wider than 80 columns"
    expect_line '^  at l +9 +9 +0 ok$'
    checked "the table"
    exit 0
fi

expect_status 0 "$program" probe wall --weight 5.2
expect_line '34241\.6'
expect_status 0 "$program" probe power --matrix '2,0;0,1' --steps 10
expect_line 'sigma_max of W\^10 +1024 *$'
expect_status 0 "$program" probe lyapunov --hidden 20 --seed 7
checked "options"

expect_status 6 "$program" probe mean-field --hidden 16
expect_line ' OUTSIDE$'
expect_line '^rnn-gpu: [1-9][0-9]* of 6 numbers are outside what is known$' stderr
checked "a number outside exits 6"

refused 2 "unknown probe 'wal'.*did you mean wall" "$program" probe wal
refused 2 "unknown probe 'foo'" "$program" probe foo
refused 2 "'wall' is not an option" "$program" probe power wall
refused 2 'not a square matrix' "$program" probe power --matrix '1,2;3'
refused 2 'not a square matrix' "$program" probe power --matrix '1,x;3,4'
refused 2 'not a square matrix' "$program" probe power --matrix '1,2;3,4;'
refused 2 'not a square matrix' "$program" probe power --matrix '1e999'
refused 2 'matrix is an option of the probe power; wall has none' "$program" probe wall --matrix '1,2;3,4'
refused 2 'weight is an option of the probe wall; power has none' "$program" probe power --weight 5
refused 2 '8 to 500 steps, not 501' "$program" probe all --steps 501
refused 2 '16 to 1024 units, not 15' "$program" probe all --hidden 15
checked "bad input is refused"
