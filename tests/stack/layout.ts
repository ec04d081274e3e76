import { fileURLToPath } from "node:url";

/**
 * Versions of the jars: those of the images in compose/ ({@link kafkaInImage}): broker and ZooKeeper at the last Kafka
 * that has ZooKeeper, the Connect worker newer, as Debezium's image has it.
 */
export const versions = {
  kafka: "3.9.2",
  connect: "4.3.0",
  debezium: "3.6.3.Final",
  jmxExporter: "1.0.1",
  // The newest of this connector that the registry has.
  debeziumMysql: "3.6.1.Final",
} as const;

/**
 * Which Kafka an image has, by the first two numbers of its tag. Sources: Confluent's table of versions
 * (docs.confluent.io/platform/current/installation/versions-interoperability.html), and `KAFKA_VERSION` in
 * `kafka/<line>/Dockerfile` of github.com/debezium/container-images, from which Debezium's image is made.
 */
export const kafkaInImage: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "confluentinc/cp-kafka": { "7.9": "3.9" },
  "quay.io/debezium/connect": { "3.6": "4.3.0" },
};

export const connectorName = "online-store";

export interface StackPorts {
  readonly zookeeper: number;
  readonly kafka: number;
  /** Listener for Connect and the broker itself. */
  readonly kafkaInternal: number;
  readonly connect: number;
  readonly postgres: number;
  readonly mariadb: number;
  readonly clickhouse: number;
  /** ClickHouse's read-only address, for dashboards. */
  readonly clickhouseReader: number;
  readonly weir: number;
  readonly prometheus: number;
  /** What the broker shows to Prometheus. */
  readonly kafkaMetrics: number;
  /** What Connect and Debezium show to Prometheus. */
  readonly connectMetrics: number;
  readonly postgresMetrics: number;
}

/** Where one stack keeps everything, and the ports it listens on (127.0.0.1 only). */
export interface StackLayout {
  readonly root: string;
  readonly libs: string;
  readonly plugins: string;
  readonly data: string;
  readonly logs: string;
  readonly run: string;
  readonly etc: string;
  readonly secrets: string;
  readonly ports: StackPorts;
}

export interface LayoutOptions {
  /** Folder of this stack; default: environment `WEIR_STACK`, else `.stack` in the project. */
  readonly root?: string;
  /**
   * Added to every port, so that two stacks can run side by side; default: environment `WEIR_STACK_PORT_OFFSET`, else
   * 0.
   */
  readonly portOffset?: number;
}

/** Path of a file of this project. */
export function projectPath(relative: string): string {
  return fileURLToPath(new URL(`../../${relative}`, import.meta.url));
}

/** @throws TypeError when the port offset is not a whole number that leaves every port below 65,536 */
export function stackLayout(options: LayoutOptions = {}): StackLayout {
  const root = options.root ?? Deno.env.get("WEIR_STACK") ?? projectPath(".stack");
  const offset = options.portOffset ?? Number(Deno.env.get("WEIR_STACK_PORT_OFFSET") ?? 0);
  if (!Number.isInteger(offset) || offset < 0 || offset > 36_000) {
    throw new TypeError(
      `Cannot use "WEIR_STACK_PORT_OFFSET" as a port offset from 0 to 36000: current value is ${offset}`,
    );
  }
  return {
    root,
    libs: `${root}/libs`,
    plugins: `${root}/plugins`,
    data: `${root}/data`,
    logs: `${root}/log`,
    run: `${root}/run`,
    etc: `${root}/etc`,
    secrets: `${root}/secrets`,
    ports: {
      zookeeper: 2181 + offset,
      kafka: 9092 + offset,
      kafkaInternal: 29092 + offset,
      connect: 8083 + offset,
      postgres: 5432 + offset,
      mariadb: 3306 + offset,
      clickhouse: 8123 + offset,
      clickhouseReader: 8124 + offset,
      weir: 8686 + offset,
      prometheus: 9090 + offset,
      kafkaMetrics: 7071 + offset,
      connectMetrics: 9404 + offset,
      postgresMetrics: 9187 + offset,
    },
  };
}
