import { ChangedLimits } from "./changed_limits.ts";
import { createBackoff } from "./protocol/backoff.ts";
import { systemClock } from "../local/system_clock.ts";
import { asProductionError, isConnectionError } from "./protocol/errors.ts";
import type { BrokerAddress, KafkaSettings } from "./protocol/options.ts";
import { type BrokerConnection, openConnection } from "./protocol/kafkajs_internals.ts";
import { type ClusterMetadata, fetchMetadata, type TopicMetadata } from "./protocol/metadata.ts";
import { ProductionError } from "../../record/errors.ts";

/**
 * Connections of one purpose, at most one per broker. A purpose has its own because a broker answers the requests of a
 * connection one after the other: a fetch that waits for records would hold back an append.
 */
export interface BrokerChannel {
  /**
   * Runs `use` on a connection to the node that the newest metadata name so. A connection that fails is opened anew
   * next time.
   */
  call<T>(nodeId: number, use: (connection: BrokerConnection) => Promise<T>): Promise<T>;
  /** As `call`, on the first broker that can be reached. */
  callAny<T>(use: (connection: BrokerConnection) => Promise<T>): Promise<T>;
  /** Rejects what is under way. The channel is not used again. */
  close(): Promise<void>;
}

/** The brokers, and which of them leads which partition. */
export interface Cluster {
  readonly settings: KafkaSettings;
  readonly limits: ChangedLimits;
  openChannel(): BrokerChannel;
  /** Asks for the newest metadata of `topics`, and remembers their leaders. */
  refresh(topics: readonly string[]): Promise<ClusterMetadata>;
  /** What `refresh` last told about a topic. */
  known(topic: string): TopicMetadata | undefined;
  /**
   * Whether `refresh` ever told about a topic. A broker that has just started knows no topic for a while: one that was
   * there is waited for, one that never was may be a wrong name.
   */
  seen(topic: string): boolean;
  /**
   * Repeats `attempt` while it fails for a passing reason.
   * @throws ProductionError at once for other reasons, else at the deadline
   */
  persistently<T>(attempt: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function openCluster(settings: KafkaSettings): Cluster {
  const addresses = new Map<number, BrokerAddress>();
  const topics = new Map<string, TopicMetadata>();
  const seen = new Set<string>();
  const report = stateReporter(settings);
  const closing = new AbortController();
  const newChannel = () => openChannel({ settings, addresses, report, closed: closing.signal });
  const own = newChannel();
  return {
    settings,
    limits: new ChangedLimits(),
    openChannel: newChannel,
    async refresh(names) {
      const metadata = await own.callAny((connection) => fetchMetadata(connection, names));
      addresses.clear();
      for (const [nodeId, address] of metadata.brokers) addresses.set(nodeId, address);
      for (const name of names) {
        const topic = metadata.topics.get(name);
        if (topic === undefined) topics.delete(name);
        else {
          topics.set(name, topic);
          seen.add(name);
        }
      }
      return metadata;
    },
    known: (topic) => topics.get(topic),
    seen: (topic) => seen.has(topic),
    async persistently(attempt) {
      const deadline = performance.now() + settings.operationTimeoutMs;
      const backoff = createBackoff();
      for (;;) {
        try {
          return await attempt();
        } catch (thrown) {
          const error = asProductionError(thrown, settings);
          const waitMs = backoff.nextMs();
          const late = performance.now() + waitMs > deadline;
          if (!error.retriable || late || closing.signal.aborted) throw error;
          await systemClock.sleep(waitMs, closing.signal);
        }
      }
    },
    async close() {
      closing.abort();
      await own.close();
    },
  };
}

interface ChannelParts {
  readonly settings: KafkaSettings;
  readonly addresses: ReadonlyMap<number, BrokerAddress>;
  readonly report: (error?: unknown) => void;
  readonly closed: AbortSignal;
}

function openChannel({ settings, addresses, report, closed }: ChannelParts): BrokerChannel {
  const connections = new Map<string, BrokerConnection>();
  const dropped = new Set<Promise<void>>();
  let open = true;

  function drop(connection: BrokerConnection): void {
    const name = nameOf(connection.address);
    if (connections.get(name) === connection) connections.delete(name);
    const ended = connection.destroy().catch(() => {}).finally(() => dropped.delete(ended));
    dropped.add(ended);
  }

  async function run<T>(address: BrokerAddress, use: (connection: BrokerConnection) => Promise<T>): Promise<T> {
    if (!open || closed.aborted) {
      throw new ProductionError("Cannot use this Kafka log: it is closed", { retriable: false });
    }
    const name = nameOf(address);
    const connection = connections.get(name) ?? openConnection(settings, address);
    connections.set(name, connection);
    try {
      await connection.broker.connect();
      return await use(connection);
    } catch (error) {
      // Also after a failed login: the next attempt begins with a fresh connection.
      if (isConnectionError(error) || !asProductionError(error, settings).retriable) drop(connection);
      throw error;
    }
  }

  return {
    async call(nodeId, use) {
      const address = addresses.get(nodeId);
      if (address === undefined) {
        throw new ProductionError(`Cannot reach Kafka's node ${nodeId}: its address is not known yet`, {
          retriable: true,
        });
      }
      return await run(address, use);
    },
    async callAny(use) {
      let failure: unknown;
      for (const address of distinct([...addresses.values(), ...settings.bootstrap])) {
        try {
          const result = await run(address, use);
          report();
          return result;
        } catch (error) {
          failure = error;
          if (!isConnectionError(error)) break;
        }
      }
      if (open && !closed.aborted) report(failure);
      throw failure;
    },
    async close() {
      open = false;
      for (const connection of [...connections.values()]) drop(connection);
      await Promise.all(dropped);
    },
  };
}

/** Passes on changes only: a cluster that stays away is reported once. */
function stateReporter(settings: KafkaSettings): (error?: unknown) => void {
  let state: "unknown" | "connected" | "disconnected" = "unknown";
  return (error) => {
    const next = error === undefined ? "connected" : "disconnected";
    if (next === state) return;
    state = next;
    settings.onState(
      error === undefined ? { state: next } : { state: next, error: asProductionError(error, settings) },
    );
  };
}

function nameOf({ host, port }: BrokerAddress): string {
  return `${host}:${port}`;
}

function distinct(addresses: readonly BrokerAddress[]): BrokerAddress[] {
  return [...new Map(addresses.map((address) => [nameOf(address), address])).values()];
}
