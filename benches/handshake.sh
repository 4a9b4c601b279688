#!/usr/bin/env bash
# What making a connection by hand costs beside letting the kernel make it: in one lab, alternating, the time from SYN
# to SYN/ACK and from SYN/ACK to our ACK, both by the kernel's stamps of the frames.
#
# Usage: benches/handshake.sh [RUNS]    (needs a release build: cargo build --release)
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-20}
netlab=$PWD/target/release/netlab
export netlab runs
exec "$netlab" --lab lab -- bash -euc '
    "$netlab" lab --on mac -- python3 -m http.server 8000 --bind 192.168.11.7 >/dev/null 2>&1 &
    server=$!
    trap "kill $server" EXIT
    until "$netlab" lab --on mac -- ss -Hltn sport = :8000 | grep -q .; do sleep 0.05; done
    # Milliseconds from the first to the second and from the second to the third frame of the conversation.
    measure() {
        "$netlab" handshake --json "$@" 192.168.11.7:8000 | python3 -c "
import json, sys
times = [o[\"time\"] for o in map(json.loads, sys.stdin) if o[\"type\"] == \"packet\" and o[\"stream\"] is not None]
print((times[1] - times[0]) / 1e6, (times[2] - times[1]) / 1e6)"
    }
    for ((run = 0; run < runs; run++)); do
        echo "hand $(measure)"
        echo "kernel $(measure --kernel)"
    done | python3 -c "
import statistics, sys
found = {}
for line in sys.stdin:
    who, answer, ack = line.split()
    found.setdefault(who, []).append((float(answer), float(ack)))
for who, rows in found.items():
    answer, ack = (statistics.median(column) for column in zip(*rows))
    print(f\"{who:7} SYN to SYN/ACK {answer:7.3f} ms   SYN/ACK to ACK {ack:7.3f} ms   (medians of {len(rows)})\")"
'
