import type { TopicTable } from "../../ports/topic_table.ts";
import type { Clock } from "../../ports/clock.ts";
import type { AppendBatch, Log, TopicDescription } from "../../ports/log.ts";
import type {
  EnsureReport,
  InsertBatch,
  NewerRow,
  RowSum,
  ShownRow,
  TablePresence,
  TableSpec,
  Warehouse,
  Watermark,
} from "../../ports/warehouse.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { type KeyState, TopicIndex } from "./topic_index.ts";
import { isNewer, type RowRecord, rowRecord } from "../../record/row_record.ts";

/** What of a warehouse is about rows by key. */
export type RowTables = Pick<
  Warehouse,
  "ensure" | "present" | "insert" | "shown" | "summed" | "newer" | "orphans" | "greatestEpochs"
>;

/** Rows of one answer's chunk. */
const CHUNK_ROWS = 1_000;
/** A topic that nobody asks for so long is read anew when somebody does. */
const KEPT_MS = 30_000;

/** What is read of one topic. */
interface Reading {
  readonly id: string | null;
  readonly index: TopicIndex;
  usedMs: number;
  /** Settles when the index is at an end that was asked for before. */
  done: Promise<void>;
}

/**
 * Tables that are topics: rows are appended to compacted topics, and read back from them. What a topic shows of a key
 * is its last record, as compaction keeps that one. Where that is not the newest version, since somebody wrote late, a
 * digest is told that no row has: so it is written again, whatever the row is.
 */
export class TopicTables implements RowTables {
  readonly #log: Log;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #partitions = new Map<string, number>();
  readonly #readings = new Map<string, Reading>();
  #closed = false;

  constructor({ log, clock }: { readonly log: Log; readonly clock: Pick<Clock, "nowMs"> }) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @throws ConfigError for a topic that keeps not the newest record of every key */
  async ensure({ output }: TableSpec): Promise<EnsureReport> {
    const { topic, partitions } = output!;
    const there = await this.#describe(topic);
    if (there === null) {
      await this.#log.createTopic({ name: topic, partitions, cleanup: "compact", retentionMs: -1 });
      return { created: true, added: [] };
    }
    if (there.compacted && !there.deletes) return { created: false, added: [] };
    throw new ConfigError([
      `Cannot write a table to topic "${topic}", as ${
        there.compacted ? "its records are deleted after a time" : "it is not compacted"
      }: rows that do not change would be lost. Change it: kafka-configs --bootstrap-server <broker> --alter ` +
      `--entity-type topics --entity-name ${topic} --add-config cleanup.policy=compact`,
    ]);
  }

  async present(tables: readonly Pick<TableSpec, "name" | "output">[]): Promise<Map<string, TablePresence>> {
    const found = await this.#log.topics(tables.map(({ output }) => output!.topic));
    return new Map(tables.map(({ name, output }) => {
      const topic = found.get(output!.topic);
      return [name, { id: topic === undefined ? null : topic.id ?? topic.name, view: topic !== undefined }];
    }));
  }

  async insert({ table: { output }, upserts, deletes }: InsertBatch): Promise<void> {
    const { topic } = output!;
    const partitions = this.#partitions.get(topic) ?? (await this.#found(topic)).partitions;
    // In the order in which they were made, as far as they wait together.
    const rows = [...upserts, ...deletes].sort((a, b) => isNewer(a, b) ? 1 : -1);
    const into = new Map<number, RowRecord[]>();
    for (const row of rows) {
      const record = rowRecord(output!, row);
      into.getOrInsertComputed(partitionOf(record.key, partitions), () => []).push(record);
    }
    const batches = [...into].map(([partition, records]): AppendBatch => ({ topic, partition, records }));
    try {
      await this.#log.append(batches);
    } catch (error) {
      this.#partitions.delete(topic);
      if (!(error instanceof ProductionError) || error.reason !== "too_large") throw error;
      throw new ProductionError(error.message, { retriable: false, reason: "content", cause: error });
    }
  }

  async *shown({ output }: TableSpec, tasks: readonly string[]): AsyncGenerator<readonly ShownRow[]> {
    const wanted = new Set(tasks);
    yield* chunked(await this.#states(output!), (state) => wanted.has(state.task) ? shownOf(state) : null);
  }

  async summed({ output }: TableSpec, watermarks: readonly Watermark[]): Promise<Map<string, RowSum>> {
    const marks = new Map(watermarks.map((mark) => [mark.task, mark]));
    const sums = new Map(watermarks.map(({ task }) => [task, { rows: 0, digests: 0n }]));
    for (const state of await this.#states(output!)) {
      const mark = marks.get(state.task);
      const row = shownOf(state);
      if (mark === undefined || row === null || isNewer(state, mark)) continue;
      const sum = sums.get(state.task)!;
      sum.rows++;
      sum.digests += BigInt(row.digest);
    }
    return sums;
  }

  async *newer({ output }: TableSpec, watermarks: readonly Watermark[]): AsyncGenerator<readonly NewerRow[]> {
    const marks = new Map(watermarks.map((mark) => [mark.task, mark]));
    yield* chunked(await this.#states(output!), (state) => {
      const mark = marks.get(state.task);
      if (mark === undefined || !isNewer(state, mark)) return null;
      return { task: state.task, key: state.key, digest: shownOf(state)?.digest ?? null };
    });
  }

  async *orphans({ output }: TableSpec, tasks: readonly string[]): AsyncGenerator<readonly ShownRow[]> {
    const known = new Set(tasks);
    yield* chunked(await this.#states(output!), (state) => known.has(state.task) ? null : shownOf(state));
  }

  async greatestEpochs({ output }: TableSpec, tasks: readonly string[]): Promise<Map<string, number>> {
    const greatest = new Map(tasks.map((task) => [task, 0]));
    for (const { task, epoch } of await this.#states(output!)) {
      const known = greatest.get(task);
      if (known !== undefined && known < epoch) greatest.set(task, epoch);
    }
    return greatest;
  }

  /** Forgets what nobody has asked for in a while. */
  release(): void {
    const beforeMs = this.#clock.nowMs() - KEPT_MS;
    for (const [topic, { usedMs }] of this.#readings) if (usedMs < beforeMs) this.#readings.delete(topic);
  }

  /** Nothing is read any more: whoever waits for an answer is told that the log does not give it. */
  close(): void {
    this.#closed = true;
    this.#readings.clear();
  }

  /** What the topic has now. Questions come one after the other: each sees what was there when it was asked. */
  async #states(table: TopicTable): Promise<KeyState[]> {
    const { topic } = table;
    const { id } = await this.#found(topic);
    let reading = this.#readings.get(topic);
    if (reading === undefined || reading.id !== id) {
      const index = new TopicIndex(table, { log: this.#log, stopped: () => this.#closed });
      this.#readings.set(topic, reading = { id, index, usedMs: 0, done: Promise.resolve() });
    }
    const { index } = reading;
    const before = reading.done;
    const now = reading.done = before.catch(() => {}).then(() => index.catchUp());
    try {
      await now;
    } finally {
      reading.usedMs = this.#clock.nowMs();
    }
    return index.states();
  }

  /** @throws ProductionError of reason `missing` when there is no such topic */
  async #found(topic: string): Promise<TopicDescription> {
    const found = await this.#describe(topic);
    if (found !== null) return found;
    throw new ProductionError(`Topic "${topic}" is not there`, { retriable: true, reason: "missing" });
  }

  async #describe(topic: string): Promise<TopicDescription | null> {
    const found = (await this.#log.topics([topic])).get(topic) ?? null;
    if (found === null) this.#partitions.delete(topic);
    else this.#partitions.set(topic, found.partitions);
    return found;
  }
}

/** What is shown of a key; null for nothing. */
function shownOf({ task, key, newest, last }: KeyState): ShownRow | null {
  if (last === newest) return newest === null ? null : { task, key, digest: newest };
  return { task, key, digest: -1 };
}

function* chunked<T>(states: readonly KeyState[], give: (state: KeyState) => T | null): Generator<readonly T[]> {
  let chunk: T[] = [];
  for (const state of states) {
    const one = give(state);
    if (one === null) continue;
    chunk.push(one);
    if (chunk.length < CHUNK_ROWS) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
