/**
 * What the images make of their environment, and where they declare volumes: rules of others, written down once with
 * their source, so that the tests can tell what a variable of compose/ really sets.
 */

/**
 * The property that Confluent's images make of a variable: `_` between two other characters is a dot, then `___` a
 * dash, then `__` an underscore. The page "Docker configuration parameters" of their documentation says dash and
 * underscore the other way round. Source: `env_to_props` of dub.py in confluentinc/confluent-docker-utils, which
 * cp-kafka 7.x runs; confluentinc/kafka-images issue 145.
 */
export function confluentProperty(variable: string, prefix = "KAFKA_"): string {
  return variable.slice(prefix.length).toLowerCase()
    .replaceAll(/(?<=[^_])_(?=[^_])/g, ".").replaceAll("___", "-").replaceAll("__", "_");
}

/**
 * Variables of cp-kafka that are for the JVM or its start script and become no property. Source: /etc/confluent/docker
 * of the image.
 */
export const CONFLUENT_NO_PROPERTIES = ["KAFKA_HEAP_OPTS", "KAFKA_OPTS"] as const;

/**
 * The property that Debezium's image makes of a variable CONNECT_...: every `_` is a dot. An existing line of
 * connect-distributed.properties is changed, others are added, and nothing is ever taken away. Source:
 * connect-base/3.6/docker-entrypoint.sh in debezium/container-images.
 */
export function connectProperty(variable: string): string {
  return variable.slice("CONNECT_".length).toLowerCase().replaceAll("_", ".");
}

/**
 * Folders that an image declares as volumes. Each container gets a volume without a name there, which outlives it,
 * unless compose mounts something else. Source: VOLUME in the images' Dockerfiles.
 */
export const DECLARED_VOLUMES: Readonly<Record<string, readonly string[]>> = {
  postgres: ["/var/lib/postgresql/data"],
  zookeeper: ["/var/lib/zookeeper/data", "/var/lib/zookeeper/log", "/etc/zookeeper/secrets"],
  kafka: ["/var/lib/kafka/data", "/etc/kafka/secrets"],
  debezium: ["/kafka/data", "/kafka/logs", "/kafka/config"],
  clickhouse: ["/var/lib/clickhouse"],
  prometheus: ["/prometheus"],
};

/**
 * Debezium's image runs as this user and group, who must be able to write what is mounted. Source:
 * kafka/3.6/Dockerfile.
 */
export const DEBEZIUM_USER = "uid=1001,gid=1001";

/**
 * Settings of ZooKeeper that the image takes from the environment; it ignores all others without a word, the list of
 * four-letter commands among them. Source: /etc/confluent/docker/zookeeper.properties.template of cp-zookeeper 7.9.
 */
export const ZOOKEEPER_SETTINGS = [
  "ZOOKEEPER_CLIENT_PORT",
  "ZOOKEEPER_TICK_TIME",
  "ZOOKEEPER_ADMIN_ENABLE_SERVER",
  "ZOOKEEPER_AUTOPURGE_PURGE_INTERVAL",
] as const;
