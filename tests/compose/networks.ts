import type { ComposeFile } from "./compose_files.ts";

export type Profile = "plain" | "secure";

/** A port on which a service hears other containers. */
interface Heard {
  readonly port: number;
  /** The networks in which it is heard, where it is not all of the service's. */
  readonly networks?: readonly string[];
}

const same = (...ports: number[]): readonly Heard[] => ports.map((port) => ({ port }));

const HEARD_IN_BOTH: Readonly<Record<string, readonly Heard[]>> = {
  postgres: same(5432),
  zookeeper: same(2181),
  // The listeners INTERNAL and EXTERNAL, and the agent that shows JMX.
  kafka: same(29092, 9092, 7071),
  // The REST interface has addresses of its own: CONNECT_LISTENERS.
  debezium: [{ port: 8083, networks: ["configuration", "debezium_port"] }, ...same(9404)],
  weir: same(8686),
  "postgres-exporter": same(9187),
  prometheus: same(9090),
  grafana: same(3000),
};

/** Where each long-running service listens, beside its own loopback. The profiles differ in ClickHouse's TLS alone. */
export const HEARD: Readonly<Record<Profile, Readonly<Record<string, readonly Heard[]>>>> = {
  plain: { ...HEARD_IN_BOTH, clickhouse: same(8123, 9000, 9363) },
  secure: { ...HEARD_IN_BOTH, clickhouse: same(8443, 9440, 9363) },
};

const KAFKA = ["kafka:29092", "kafka:9092", "kafka:7071"];
const CLICKHOUSE = {
  plain: ["clickhouse:8123", "clickhouse:9000", "clickhouse:9363"],
  secure: ["clickhouse:8443", "clickhouse:9440", "clickhouse:9363"],
};

/**
 * Who reaches whom: for each service, every `service:port` to which a connection from its container succeeds, and no
 * other. What is not needed but follows from a network in common is here too: metrics beside the data, Prometheus by
 * what it asks.
 */
export function reachTable(profile: Profile): Readonly<Record<string, readonly string[]>> {
  const clickhouse = CLICKHOUSE[profile];
  return {
    postgres: ["debezium:9404", "postgres-exporter:9187"],
    zookeeper: KAFKA,
    kafka: ["zookeeper:2181", "debezium:9404", "weir:8686", "prometheus:9090"],
    "kafka-init": [...KAFKA, "debezium:9404", "weir:8686"],
    debezium: [...KAFKA, "postgres:5432", "postgres-exporter:9187", "weir:8686", "prometheus:9090"],
    "connector-init": ["debezium:8083", "debezium:9404", "postgres:5432", "postgres-exporter:9187"],
    clickhouse: ["weir:8686", "prometheus:9090", "grafana:3000"],
    weir: [...KAFKA, ...clickhouse, "debezium:9404", "prometheus:9090"],
    "weir-proof": [...clickhouse, "postgres:5432", "weir:8686", "debezium:9404", "postgres-exporter:9187"],
    "postgres-exporter": ["postgres:5432", "debezium:9404", "prometheus:9090"],
    prometheus: [
      ...KAFKA,
      ...clickhouse,
      "weir:8686",
      "debezium:9404",
      "postgres-exporter:9187",
      "grafana:3000",
    ],
    grafana: [...clickhouse, "prometheus:9090"],
  };
}

/** Names of the networks that a service is in. */
export function networksOf({ services }: ComposeFile, name: string): string[] {
  const { networks } = services[name];
  return Array.isArray(networks) ? [...networks] : Object.keys(networks);
}

/** What the networks of a compose file make possible, in the form of {@link reachTable}. */
export function computedReach(file: ComposeFile, profile: Profile): Record<string, string[]> {
  const names = Object.keys(file.services);
  return Object.fromEntries(names.map((from) => {
    const mine = networksOf(file, from);
    const reached = names.filter((to) => to !== from).flatMap((to) =>
      (HEARD[profile][to] ?? [])
        .filter(({ networks }) => (networks ?? networksOf(file, to)).some((network) => mine.includes(network)))
        .map(({ port }) => `${to}:${port}`)
    );
    return [from, reached];
  }));
}
