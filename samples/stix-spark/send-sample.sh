#!/usr/bin/env bash
# Sends test-stix.json by UDP, once per second, until stopped. Usage: send-sample.sh [host] [port]; default 127.0.0.1 15155.
set -euo pipefail
cd "$(dirname "$0")"
host=${1:-127.0.0.1}
port=${2:-${LISTEN_PORT:-15155}}
while true; do
  cat test-stix.json > "/dev/udp/$host/$port"
  echo "sent to $host:$port"
  sleep 1
done
