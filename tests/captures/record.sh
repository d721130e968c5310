#!/usr/bin/env bash
# Records captures of real programs that talk to each other on loopback: NAME.pcap by record/NAME.sh.
#
# Each runs in namespaces of its own (network, host name, processes, a fresh /srv), so that nothing of the machine gets into a
# capture and nothing that was started stays. A record/NAME.sh says what it needs and has the functions
#
#   serve   starts the servers and waits until they listen, in $dir
#   talk    runs the clients; this is what gets recorded
#
# Needs root, and Debian's tcpdump, iproute2, util-linux, binutils, openssl, python3.
# usage: [PYTHON=...] [KEEP_LOGS=FOLDER] tests/captures/record.sh [NAME...]
# All if none is named. PYTHON is one that has the modules that are needed.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
python=${PYTHON:-/usr/bin/python3}
dir=/srv
pids=()

# Runs a program beside the script.
spawn() {
    "$@" </dev/null >>"$dir/spawned.log" 2>&1 &
    pids+=($!)
}

# Waits until something listens on a port of TCP, or of UDP: await 80, await 53 u.
await() {
    for _ in $(seq 300); do
        [[ -n $(ss -Hln"${2:-t}" "sport = :$1") ]] && return
        sleep 0.1
    done
    echo "nothing listens on port $1" >&2
    return 1
}

# Runs a client, whose outcome is in the capture.
run() { timeout 30 "$@" </dev/null >>"$dir/clients.log" 2>&1 || true; }

# Sends bytes as they are, in one segment, and takes what comes back: raw PORT 'GET / ...'.
raw() {
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf '%b' "$2" | dd bs=64k iflag=fullblock status=none >&3
    run timeout 0.5 cat <&3
    exec 3>&-
}

# Runs one of the programs in record/.
script() {
    local name=$1
    shift
    run "$python" "$here/record/$name" "$@"
}

# Makes a key and a certificate for a name: key.pem and cert.pem.
certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=DNS:$1,IP:127.0.0.1" \
        -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
    chmod a+r "$dir/key.pem"
}

finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    [[ -z ${KEEP_LOGS-} ]] || cp "$dir"/*.log "$KEEP_LOGS"
}

# In the namespaces: records one capture.
record() {
    local name=$1 capture=$2
    hostname demo
    mount -t tmpfs -o mode=755 tmpfs "$dir"
    printf '127.0.0.1 localhost demo\n::1 localhost\n' >"$dir/hosts"
    mount --bind "$dir/hosts" /etc/hosts
    ip link set lo up
    # Some resolvers ask for an address that is not of loopback before they take any.
    ip address add 192.0.2.1/32 dev lo
    trap finish EXIT
    cd "$dir"
    # shellcheck source=/dev/null
    source "$here/record/$name.sh"
    serve
    tcpdump -i lo --immediate-mode -U -s 0 -Z root -w "$dir/$name.pcap" 2>"$dir/tcpdump.log" &
    local tcpdump=$!
    until grep -qs 'listening on' "$dir/tcpdump.log"; do sleep 0.1; done
    talk
    sleep 0.5
    kill -INT "$tcpdump"
    wait "$tcpdump" || true
    cp "$dir/$name.pcap" "$capture"
}

if [[ ${1-} == --inside ]]; then
    record "$2" "$3"
    exit
fi
names=("$@")
(($#)) || mapfile -t names < <(cd "$here/record" && basename -s .sh -- *.sh)
for name in "${names[@]}"; do
    fresh=$(mktemp)
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/srv USER=demo LANG=C.UTF-8 PYTHON="$python" KEEP_LOGS="${KEEP_LOGS-}" \
        unshare --net --uts --pid --fork --kill-child --mount-proc -- "$here/record.sh" --inside "$name" "$fresh"
    # Names of a few letters are in any random bytes.
    if strings -n 4 "$fresh" | grep -qwF -e "$here" -e "$(uname -r)" -e "$(hostname -f | grep ..... || echo "$here")" \
        -e "$(logname 2>/dev/null | grep ..... || echo "$here")"; then
        echo "$name: the capture tells of this machine" >&2
        exit 1
    fi
    chmod 644 "$fresh"
    mv "$fresh" "$here/$name.pcap"
    echo "$name: $(stat -c %s "$here/$name.pcap") bytes, $(tcpdump -r "$here/$name.pcap" 2>/dev/null | wc -l) packets"
done
