#!/bin/bash
# Ranks of mpirun on three hosts, which talk by TCP: network namespaces of this machine, each with a name, an address and a
# link of its own. The bits, a rank that is killed on another host, and the resumed job. Needs root, and ip of iproute2;
# the namespaces end with the test, and the machine's network is not touched.
# shellcheck source=lib.inc
if [ -z "${RG_HOSTS_INSIDE:-}" ]; then
    if ! { command -v ip mpirun && unshare --net --mount --uts --pid --fork true; } >/dev/null 2>&1; then
        echo "not run: no mpirun, no ip, or no right to make network namespaces"
        exit 77
    fi
    exec env RG_HOSTS_INSIDE=1 unshare --net --mount --uts --pid --fork --kill-child --mount-proc -- "$0"
fi
. "${BASH_SOURCE[0]%/*}/lib.inc"
hosts=3

# ---- the hosts: node1, node2, node3 with 10.77.0.1, 10.77.0.2, 10.77.0.3 on one bridge ----

mount -t tmpfs none /run
mkdir /run/netns
ip link add bridge type bridge
ip link set bridge up
for i in $(seq "$hosts"); do
    ip netns add "node$i"
    ip link add "wire$i" type veth peer name eth0 netns "node$i"
    ip link set "wire$i" master bridge up
    ip -n "node$i" address add "10.77.0.$i/24" dev eth0
    ip -n "node$i" link set eth0 up
    ip -n "node$i" link set lo up
    echo "10.77.0.$i slots=1" >>hosts
done
cat >remote <<'REMOTE'
#!/bin/sh
# remote ADDRESS COMMAND...: what ssh would do.
node=node${1##*.}
shift
exec nsenter --net="/run/netns/$node" unshare --uts sh -c "hostname $node; $*"
REMOTE
chmod +x remote

# ---- the checks ----

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
across=(./remote 10.77.0.1 exec mpirun --hostfile hosts --mca plm_rsh_agent "$PWD/remote" --mca btl "self,tcp"
    --mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0 --bind-to none -n "$hosts")
job=("$program" --cell lstm --batch 96 --steps 20 --hidden 24 --device cpu --threads 1 --diagnose none --json --quiet)
hash_of() { grep -o '"weights_hash":"[0-9a-f]*"' "$1" | tail -n 1; }
# alone UPDATES: weights hash of one process with the shards of the last command.
alone() {
    local shards
    shards=$(grep -o '"shards":[0-9]*' "$folder/stdout" | head -n 1 | cut -d: -f2)
    expect_status 0 "${job[@]}" --updates "$1" --shards "$shards"
    hash_of "$folder/stdout"
}

expect_status 0 "${across[@]}" "${job[@]}" --updates 20
expect_line "\"ranks\":$hosts,\"hosts\":$hosts"
got=$(hash_of "$folder/stdout")
[ -n "$got" ] || fail "no hash of the weights"
[ "$got" = "$(alone 20)" ] || fail "$hosts ranks have the hash $got, and one process another"
checked "ranks on several hosts have the bits of one process"

"${across[@]}" "${job[@]}" --updates 100000 --save-every 50 --out model >killed 2>&1 &
for _ in $(seq 300); do
    ! ls model/checkpoint-*.ckpt >saved 2>&1 || break
    sleep 0.1
done
[ -s saved ] || fail "no checkpoint after 30 s"
begin=$(date +%s) status=0
for pid in $(ip netns pids "node$hosts"); do
    [ "$(cat "/proc/$pid/comm")" != rnn-gpu ] || kill -9 "$pid"
done
wait $! || status=$?
[ "$status" -eq 137 ] || fail "exit $status of a job with a killed rank"
[ $(($(date +%s) - begin)) -le 10 ] || fail "the job of a killed rank took $(($(date +%s) - begin)) s to end"
expect_status 0 "${across[@]}" "$program" --resume model --updates 1000 --json --quiet
got=$(hash_of "$folder/stdout")
[ "$got" = "$(alone 1000)" ] || fail "the resumed job has other bits"
checked "a rank that is killed on another host ends the job, and the resumed job has the bits of a straight run"
