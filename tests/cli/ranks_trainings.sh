#!/bin/bash
# compare and sweep with several ranks of mpirun: their trainings are dealt to the ranks, the results are those of one process
# in its order, and what a rank has finished is kept when another one dies.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
# shellcheck source=ranks.inc
. "$cli/ranks.inc"

expect_status 0 "$program" version --verbose
if ! grep -q 'ranks of mpirun yes' "$folder/stdout"; then
    echo "not run: the program was built without MPI"
    exit 77
fi

dealt sweep --steps 5,10 --cell rnn,lstm --seed 1-3 --device cpu
dealt compare --steps 10 --remedies tanh,irnn,gru --seeds 2 --device cpu
# What was finished before a rank died is not trained again.
grid=(sweep --steps 5 --seed 1-6 --hidden 9 --batch 16 --updates 30 --device cpu --json)
expect_status 0 "$program" "${grid[@]}"
wanted=$(numbers)
# shellcheck disable=SC2046
expect_status 0 $(ranks 2) "$program" "${grid[@]}" --out kept
[ "$(find kept -name 'training-*.done' | wc -l)" -eq 6 ] || fail "not every rank keeps what it has trained"
find kept -name 'training-*.done' | sort | head -n 2 | xargs rm
# shellcheck disable=SC2046
expect_status 0 $(ranks 2) "$program" "${grid[@]}" --out kept
expect_line '4 of 6 runs were done before' stderr
[ "$(numbers)" = "$wanted" ] || fail "with kept results: other results"
checked "compare and sweep: trainings are dealt to the ranks, with the results of one process"

# A rank that is killed: what any rank has finished is kept, and the same command trains what is missing, and only that.
grid=(sweep --steps 20 --seed 1-8 --hidden 20 --batch 16 --updates 3000 --device cpu --threads 1 --json)
expect_status 0 "$program" "${grid[@]}"
wanted=$(numbers)
done_files() { find dealt -name 'training-*.done' 2>/dev/null | sort; }
# shellcheck disable=SC2046
$(ranks 2) "$program" "${grid[@]}" --out dealt >"$folder/stdout" 2>"$folder/stderr" </dev/null &
job=$!
command="a sweep by two ranks, one of them killed"
for _ in $(seq 600); do
    [ "$(done_files | wc -l)" -lt 3 ] || break
    sleep 0.05
done
before=$(done_files)
kill_rank 1 "$job"
ended 10 "$job"
[ "$got" -eq 137 ] || fail "exit $got, expected 137"
kept=$(done_files | wc -l)
[[ $kept -ge 3 && $kept -lt 8 ]] || fail "$kept of 8 trainings are kept"
[ -z "$(comm -23 <(echo "$before") <(done_files))" ] || fail "a finished training was lost"
sums=$(done_files | xargs cksum)
# shellcheck disable=SC2046
expect_status 0 $(ranks 2) "$program" "${grid[@]}" --out dealt
expect_line "$kept of 8 runs were done before" stderr
[ "$(numbers)" = "$wanted" ] || fail "after a rank was killed: other results"
[ "$(echo "$sums" | awk '{print $3}' | xargs cksum)" = "$sums" ] || fail "a kept training was trained again"
checked "kill -9 of a rank of a sweep: finished trainings are kept, and the same command trains the others alone"
