#!/bin/bash
# Starts the worker as soon as a broker accepts connections. Before that it would end after a minute, and a container that ends while
# `docker compose up` waits for it counts as failed, even if it is started again at once.
set -euo pipefail

accepts() { (exec 3<> "/dev/tcp/$1/$2") 2> /dev/null; }

if [[ "${1:-}" == start ]]; then
  broker="${BOOTSTRAP_SERVERS%%,*}"
  until accepts "${broker%:*}" "${broker##*:}"; do
    if [[ -z "${told:-}" ]]; then told=1 && echo "waiting for Kafka at ${broker}"; fi
    sleep 1
  done
fi
exec /docker-entrypoint.sh "$@"
