import { ConfigError } from "../../../record/errors.ts";

/** TLS with the broker. `true` trusts the system's certificate authorities. */
export interface KafkaTls {
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca?: string;
  /** PEM text of this client's own certificate, where the broker asks for one; with `key`. */
  readonly cert?: string;
  readonly key?: string;
}

/** Who this client is: a user with a password, or whoever a token names. */
export type KafkaSasl =
  | {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  }
  | {
    readonly mechanism: "oauthbearer";
    /** Asked at every login. @throws ProductionError */
    readonly token: () => Promise<string>;
  };

/** Whether the cluster can be reached. `error` says why it cannot. */
export interface KafkaState {
  readonly state: "connected" | "disconnected";
  readonly error?: Error;
}

/**
 * A line of kafkajs' own log, with its own idea of the level. For debugging: what matters comes as errors and states.
 */
export interface KafkaLogLine {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly message: string;
}

export interface KafkaOptions {
  /** `host:port` of some brokers; the others are learned from them. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** As a function it is asked at every connection, so that certificates can be renewed. */
  readonly tls?: true | KafkaTls | (() => KafkaTls);
  readonly sasl?: KafkaSasl;
  readonly connectTimeoutMs?: number;
  /** How long a broker may take to answer one request. */
  readonly requestTimeoutMs?: number;
  /** How long `topics`, `createTopic` and `offsets` keep trying while the cluster cannot be reached. */
  readonly operationTimeoutMs?: number;
  /** How long `append` keeps trying before it rejects with a retriable error. */
  readonly deliveryTimeoutMs?: number;
  /** Compression of what is appended. */
  readonly compression?: "none" | "gzip" | "zstd";
  /** Uncompressed size at which records go into another batch; must stay below the topics' `max.message.bytes`. */
  readonly batchBytesMax?: number;
  /** Bytes fetched from one partition at a time, and from one broker at a time. */
  readonly fetchPartitionBytesMax?: number;
  readonly fetchBytesMax?: number;
  /** What one reader holds at most of what it has fetched and not delivered, over all partitions and decompressed. */
  readonly readerBytesMax?: number;
  /** A batch that holds more once decompressed is not read. */
  readonly decompressedBytesMax?: number;
  /** How long a broker holds a fetch that finds nothing. */
  readonly fetchWaitMs?: number;
  /** Compares the checksum of every batch read. */
  readonly checkCrcs?: boolean;
  /** A member unheard of for so long loses its tasks. */
  readonly sessionTimeoutMs?: number;
  /** How long members have to join again when the group changes. */
  readonly rebalanceTimeoutMs?: number;
  readonly heartbeatIntervalMs?: number;
  /** A transaction of others that is open for longer, and behind which records wait, is told as a problem. */
  readonly openTransactionMs?: number;
  /**
   * Directory of this machine's own in which memberships are noted, so that the groups of a killed process do not wait
   * for its sessions to end: the next process leaves in its stead. Several processes may share it.
   */
  readonly membersDirectory?: string;
  /** Replicas of topics created; absent: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number;
  readonly onState?: (state: KafkaState) => void;
  readonly onLog?: (line: KafkaLogLine) => void;
  /** Told of every request that is sent to a broker: its name in the protocol, such as "Fetch". */
  readonly onRequest?: (name: string) => void;
}

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** {@link KafkaOptions} with every default filled in. */
export type KafkaSettings =
  & Required<Omit<KafkaOptions, "brokers" | "tls" | "sasl" | "replicationFactor" | "membersDirectory">>
  & Pick<KafkaOptions, "tls" | "sasl" | "replicationFactor" | "membersDirectory">
  & { readonly bootstrap: readonly BrokerAddress[] };

/** Checks the options and fills in the defaults. @throws ConfigError with all problems */
export function kafkaSettings(options: KafkaOptions): KafkaSettings {
  const problems: string[] = [];
  const bootstrap = options.brokers.flatMap((broker) => {
    const address = parseAddress(broker);
    if (address === null) {
      problems.push(`Cannot use "${broker}" as a Kafka broker's address: give it as host:port, for example kafka:9092`);
    }
    return address ?? [];
  });
  if (options.brokers.length === 0) {
    problems.push('Cannot use "brokers" as a list of Kafka brokers: it is empty; name at least one as host:port');
  }
  problems.push(...tlsProblems(options.tls), ...saslProblems(options.sasl));
  const { onState = () => {}, onLog = () => {}, onRequest = () => {}, brokers: _, ...given } = options;
  const settings: KafkaSettings = {
    connectTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    operationTimeoutMs: 30_000,
    deliveryTimeoutMs: 120_000,
    compression: "none",
    batchBytesMax: 900_000,
    fetchPartitionBytesMax: 1_048_576,
    fetchBytesMax: 4_194_304,
    readerBytesMax: 67_108_864,
    decompressedBytesMax: 268_435_456,
    fetchWaitMs: 250,
    checkCrcs: true,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    heartbeatIntervalMs: 1_000,
    openTransactionMs: 15_000,
    ...definedOnly(given),
    onState,
    onLog,
    onRequest,
    bootstrap,
  };
  if (settings.heartbeatIntervalMs * 3 > settings.sessionTimeoutMs) {
    problems.push(
      `Cannot use "heartbeatIntervalMs" as at most a third of "sessionTimeoutMs": current values are ` +
        `${settings.heartbeatIntervalMs} and ${settings.sessionTimeoutMs}`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

function parseAddress(broker: string): BrokerAddress | null {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:/\s]+)):(\d{1,5})$/.exec(broker.trim());
  if (match === null || Number(match[3]) < 1 || Number(match[3]) > 65_535) return null;
  return { host: match[1] ?? match[2], port: Number(match[3]) };
}

function tlsProblems(tls: KafkaOptions["tls"]): string[] {
  if (tls === undefined || tls === true) return [];
  const given = typeof tls === "function" ? tls() : tls;
  const problems: string[] = [];
  for (const [name, what] of [["ca", "CERTIFICATE"], ["cert", "CERTIFICATE"], ["key", "PRIVATE KEY"]] as const) {
    const text = given[name];
    if (text !== undefined && !new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(text)) {
      problems.push(`Cannot use "tls.${name}" as PEM text: it has no "-----BEGIN ${what}-----" line`);
    }
  }
  if ((given.cert === undefined) !== (given.key === undefined)) {
    problems.push('Cannot use "tls.cert" and "tls.key" as a client certificate: give both or neither');
  }
  return problems;
}

function saslProblems(sasl: KafkaSasl | undefined): string[] {
  if (sasl === undefined) return [];
  if (sasl.mechanism === "oauthbearer") return [];
  const problems: string[] = [];
  if (!["plain", "scram-sha-256", "scram-sha-512"].includes(sasl.mechanism)) {
    problems.push(
      `Cannot use "${sasl.mechanism}" as a SASL mechanism: use plain, scram-sha-256, scram-sha-512 or oauthbearer`,
    );
  }
  if (!sasl.username || !sasl.password) {
    problems.push('Cannot use "sasl" as credentials: user name or password is empty');
  }
  return problems;
}

/** Without the keys whose value is undefined, so that they do not cover a default. */
function definedOnly<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
