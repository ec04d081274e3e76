#!/bin/bash
# Starts the broker. The agent's option is set here and not in the container's environment: health checks and tools run by
# `docker exec` would inherit it, try to listen on the same port, and fail.
set -euo pipefail

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
