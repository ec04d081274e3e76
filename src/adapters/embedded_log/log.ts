// deno-lint-ignore-file require-await -- methods of the port are async so that what they throw is a rejection
import type { Clock } from "../../ports/clock.ts";
import type { GroupOptions, Log, Membership, NewTopic, Position } from "../../ports/log.ts";
import { LogGroups } from "./log_group.ts";
import { defaultLogLimits, type EmbeddedLogLimits } from "./log_limits.ts";
import { LogMaintenance, type MaintainOptions, type Maintenance } from "./log_maintenance.ts";
import type { MaintenanceOptions } from "./log_maintenance_options.ts";
import { closedLog, LogReader } from "./log_reader.ts";
import { truncatePartition } from "./log_retention.ts";
import { LogStore, type TopicState } from "./log_store.ts";
import { checkNewTopic, describe, existing, existingWith, keepsEveryKey } from "./log_topics.ts";
import { LogWriter } from "./log_writer.ts";
import { productionError } from "../local/sqlite.ts";
import { type ReadPortion, RecentPortions } from "../local/recent_portions.ts";
import { systemClock } from "../local/system_clock.ts";

export type { EmbeddedLogLimits } from "./log_limits.ts";
export type { MaintainOptions, Maintenance } from "./log_maintenance.ts";

/** How to open an embedded log. */
export interface EmbeddedLogOptions {
  /** The log's file, created if missing; `:memory:` for a log that lives as long as the object. */
  readonly path: string;
  /** The machine's clock if absent. */
  readonly clock?: Clock;
  /** {@link EmbeddedLogLimits}; the defaults for those left out. */
  readonly limits?: Partial<EmbeddedLogLimits>;
}

/** The Log port in one file, with what a broker would do by itself, and a few faults that tests provoke. */
export interface EmbeddedLog extends Log {
  /** Positions that members of the group have committed or advanced, ordered by topic and partition. */
  committed(group: string): Promise<Position[]>;
  /** Starts retention and compaction in the background. They end with `stop()` or with the log. */
  maintain(options?: MaintainOptions): Maintenance;
  /** Compacts a compacted topic now, however little there is to do. Gives back how many records were removed. */
  compact(topic: string): Promise<number>;
  /** Deletes now what a topic with cleanup "delete" no longer keeps. Gives back how many records were deleted. */
  retain(topic: string): Promise<number>;
  /** Removes a topic with its records and positions. Appends that wait for their turn are refused. */
  deleteTopic(topic: string): Promise<void>;
  /**
   * Ends a membership as a broker would that has not heard of the member for too long: `onFailed`, and its tasks move.
   */
  failMember(membership: Membership, error: Error): void;
}

/**
 * Opens the log. Acknowledged appends survive the sudden end of the process (not: of the machine, where the last ones
 * may be lost). One process, and in it one object, may have the file open at a time.
 * @throws ConfigError when the file cannot be opened or is open elsewhere
 */
export function openEmbeddedLog({ path, clock = systemClock, limits }: EmbeddedLogOptions): EmbeddedLog {
  let closed = false;
  const readers = new Set<LogReader>();
  const recent = new RecentPortions<ReadPortion>();
  const store = new LogStore(path);
  const options: MaintenanceOptions = {
    store,
    clock,
    limits: { ...defaultLogLimits, ...limits },
    isStopped: () => closed,
  };
  const writer = new LogWriter({ ...options, onWritten: () => readers.forEach((reader) => reader.wake()) });
  const groups = new LogGroups({ ...options, append: (batches, together) => writer.append(batches, together) });
  const maintenance = new LogMaintenance(options);
  const assertOpen = () => {
    if (closed) throw closedLog();
  };

  return {
    ...topicMethods({ ...options, assertOpen, maintenance, forget: (topic) => writer.forget(topic) }),
    async append(batches) {
      assertOpen();
      return writer.append(batches);
    },
    reader() {
      assertOpen();
      const reader = new LogReader({
        ...options,
        recent,
        onTransientRead: (topic, partition) => forgetRead(readers, topic, partition),
        onClosed: (ended) => readers.delete(ended),
      });
      readers.add(reader);
      return reader;
    },
    async join(groupOptions: GroupOptions) {
      assertOpen();
      return groups.join(groupOptions);
    },
    async committed(group) {
      assertOpen();
      return store.positions.all(group);
    },
    failMember: (membership, error) => groups.fail(membership, error),
    maintain(maintainOptions) {
      assertOpen();
      return maintenance.start(maintainOptions);
    },
    async close() {
      if (closed) return;
      closed = true;
      await Promise.all([writer.idle(), maintenance.idle(), ...[...readers].map((reader) => reader.close())]);
      groups.close();
      store.close();
    },
  };
}

/** What all readers of the partition have read is gone: nobody goes back in a transient topic. */
function forgetRead(readers: Iterable<LogReader>, topic: TopicState, partition: number): void {
  const state = topic.partitions[partition];
  let read = state.end;
  for (const reader of readers) read = Math.min(read, reader.positionOf(topic.name, partition) ?? read);
  topic.transient?.[partition].dropBefore(read);
  state.start = Math.max(state.start, read);
}

interface TopicMethodsOptions extends MaintenanceOptions {
  readonly maintenance: LogMaintenance;
  assertOpen(): void;
  forget(topic: string): void;
}

type TopicMethods = Pick<
  EmbeddedLog,
  | "topics"
  | "createTopic"
  | "alterTopic"
  | "offsets"
  | "epochEnds"
  | "truncateBefore"
  | "compact"
  | "retain"
  | "deleteTopic"
>;

function topicMethods(options: TopicMethodsOptions): TopicMethods {
  const { store, limits, maintenance, assertOpen } = options;
  return {
    async topics(names) {
      assertOpen();
      const found = names.map((name) => store.topic(name)).filter((topic) => topic !== undefined);
      return new Map(found.map((topic) => [topic.name, describe(topic, limits)]));
    },
    async createTopic(topic: NewTopic) {
      assertOpen();
      if (store.topic(topic.name)) return;
      checkNewTopic(topic);
      try {
        store.createTopic(topic, topic.deleteRetentionMs ?? limits.deleteRetentionMs);
      } catch (error) {
        throw productionError(`create topic "${topic.name}"`, error);
      }
    },
    async alterTopic(name, changes) {
      assertOpen();
      const topic = existing(store, name);
      checkNewTopic({ name, partitions: topic.partitions.length, cleanup: "delete", ...changes });
      try {
        store.alterTopic(topic, changes);
      } catch (error) {
        throw productionError(`change topic "${name}"`, error);
      }
    },
    async offsets(name) {
      assertOpen();
      const { partitions } = existing(store, name);
      return { start: partitions.map(({ start }) => start), end: partitions.map(({ end }) => end) };
    },
    async epochEnds(name, epochs) {
      assertOpen();
      const topic = existing(store, name);
      return epochs.map(({ partition, leaderEpoch }) =>
        store.openings.endOf({ ...topic.partitions[partition], rowId: topic.rowId }, leaderEpoch)
      );
    },
    async truncateBefore(name, { partition, offset }) {
      assertOpen();
      const topic = existingWith(store, { topic: name, partition });
      if (topic.compacted) throw keepsEveryKey(name);
      const state = topic.partitions[partition];
      await truncatePartition(options, { topic, state, start: Math.min(offset, state.end) });
    },
    async compact(name) {
      assertOpen();
      const topic = existing(store, name);
      return topic.compacted ? await maintenance.compact(topic) : 0;
    },
    async retain(name) {
      assertOpen();
      return await maintenance.retain(existing(store, name));
    },
    async deleteTopic(name) {
      assertOpen();
      store.deleteTopic(existing(store, name));
      options.forget(name);
    },
  };
}
