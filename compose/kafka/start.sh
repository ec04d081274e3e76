#!/bin/bash
# Starts the broker. The agent's option is set here and not in the container's environment: health checks and tools run by
# `docker exec` would inherit it, try to listen on the same port, and fail.
set -euo pipefail

# What ZooKeeper answers to one of its four-letter commands; nothing if it does not answer.
zookeeper() {
  local address="${KAFKA_ZOOKEEPER_CONNECT%%[,/]*}"
  (exec 3<> "/dev/tcp/${address%:*}/${address##*:}" && printf '%s' "$1" >&3 && cat <&3) 2> /dev/null || true
}

# A broker that cannot start yet must wait and not end: a container that ends while `docker compose up` waits for it counts as failed, even
# if it is started again at once.
until [[ "$(zookeeper srvr)" == *"Mode: "* ]]; do
  if [[ -z "${told:-}" ]]; then told=1 && echo "waiting for ZooKeeper at ${KAFKA_ZOOKEEPER_CONNECT}"; fi
  sleep 1
done
# The registration of a broker that was killed stays until its session has timed out (18 s), and a broker that meets it ends. After a
# minute it is somebody else's: then the broker may say so.
for ((waited = 0; waited < 60; waited++)); do
  registered="$(zookeeper dump)"
  if ! grep -qx "[[:space:]]*/brokers/ids/${KAFKA_BROKER_ID}" <<< "${registered}"; then break; fi
  if ((waited == 0)); then echo "waiting until the former broker ${KAFKA_BROKER_ID} is no longer registered"; fi
  sleep 1
done

# With SASL the broker logs in to itself, so its users must be in ZooKeeper before it starts. A password is never an argument of a
# command, where others could see it: the tool reads it from a file that is gone a moment later.
if [[ -n "${SCRAM_USERS:-}" ]]; then
  umask 077
  for user in ${SCRAM_USERS}; do
    file="$(mktemp)"
    printf 'SCRAM-SHA-512=iterations=8192,password=%s\n' "$(cat "/run/secrets/kafka_${user}_password")" > "${file}"
    kafka-configs --zookeeper "${KAFKA_ZOOKEEPER_CONNECT}" --alter --entity-type users --entity-name "${user}" \
      --add-config-file "${file}"
    rm -f "${file}"
  done
fi

export KAFKA_OPTS="${KAFKA_OPTS:-} -javaagent:/opt/jmx/agent.jar=7071:/opt/jmx/kafka.yml"
exec /etc/confluent/docker/run
