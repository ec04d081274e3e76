import { outputsOf } from "../../plan/outputs_of.ts";
import type { TaskTable } from "../../plan/physical.ts";
import type { Fetched, LogRecord, Reader } from "../../ports/log.ts";
import { retry, SERVICE_WAITS } from "../../ports/retry.ts";
import { parseKeyText } from "../../record/key.ts";
import { parseTaskId, taskId } from "../../record/task_id.ts";
import { homeOf } from "../conversation/ownership.ts";
import { firstEpochOf } from "../../record/epoch.ts";
import { digestOfValue, type RowMark, rowMark } from "../../record/row_record.ts";
import type { TopicTables } from "../delivery/topic_tables.ts";
import type { Task } from "../task/task.ts";
import type { Follower, Instance } from "./instance.ts";
import type { TaskHost } from "./task_host.ts";

const POLL_MS = 1_000;

/** What a record that somebody wrote late says of a key. */
interface Late {
  /** Among the sinks of its task's table. */
  readonly sink: number;
  readonly mark: RowMark;
  /** Null for a tombstone. */
  readonly digest: number | null;
}

/** A task that writes rows to topics. */
interface Writer {
  /** Of which start of its host. */
  readonly start: number;
  /** By topic and partition: records below are seen by its start. */
  readonly from: ReadonlyMap<string, number[]>;
  /** By topic and partition: number of the task's last record there. */
  readonly seqs: Map<string, number>;
  /** To be answered when the start is complete: the last of each sink and key. */
  readonly late: Map<string, Late>;
}

/**
 * Follows the topics that tasks of this instance write rows to, from before their starts read them back: a record that
 * a dead incarnation, a former owner or an earlier generation wrote late, or that was stored once more, hides the
 * newest one of its key, and compaction removes that. So the owner of the key answers with the truth, in its own epoch;
 * a repeat of its own only if that says something else. A record without a mark is somebody else's: the next comparison
 * looks what it has hidden.
 */
export class TopicFollower implements Follower {
  readonly #instance: () => Instance;
  readonly #tables: TopicTables;
  readonly #writers = new Map<TaskHost, Writer>();
  /** Next offsets to read of topics that are followed, by partition. */
  readonly #positions = new Map<string, number[]>();
  #reader: Reader | null = null;
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  constructor(instance: () => Instance, tables: TopicTables) {
    this.#instance = instance;
    this.#tables = tables;
  }

  /** These hosts begin to read back what their sinks show: what is written from now on is looked at for them. */
  async expect(hosts: readonly TaskHost[]): Promise<void> {
    const { ports: { log } } = this.#instance();
    for (const topic of new Set(hosts.flatMap(({ table }) => topicsOf(table).keys().toArray()))) {
      if (this.#positions.has(topic)) continue;
      const { end } = await log.offsets(topic);
      if (this.#positions.has(topic) || this.#stopped) continue;
      this.#positions.set(topic, [...end]);
      this.#reader ??= this.#begin();
      for (const [partition, offset] of end.entries()) this.#reader.seek(topic, partition, offset);
    }
    for (const host of hosts) {
      const topics = topicsOf(host.table).keys();
      const from = new Map(topics.map((topic) => [topic, [...this.#positions.get(topic) ?? []]]));
      if (from.size > 0) this.#writers.set(host, { start: host.start, from, seqs: new Map(), late: new Map() });
    }
  }

  /** Resolves when nothing is read any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#tables.close();
    await this.#reader?.close();
    await this.#done;
  }

  #begin(): Reader {
    const { ports: { log }, fail } = this.#instance();
    const reader = log.reader();
    this.#done = this.#run(reader).catch((error) => this.#stopped ? undefined : fail(error));
    return reader;
  }

  async #run(reader: Reader): Promise<void> {
    const { ports: { clock }, problems } = this.#instance();
    while (!this.#stopped) {
      const parts = await retry(() => reader.poll(POLL_MS), {
        clock,
        ...SERVICE_WAITS,
        onState: (error) => problems.set("topics of tables", error?.message ?? null),
        stopped: () => this.#stopped,
      });
      if (typeof parts === "symbol") return;
      for (const part of parts) this.#take(reader, part);
      this.#answer();
      this.#tables.release();
    }
  }

  #take(reader: Reader, { topic, partition, records, nextOffset, outOfRange, problem }: Fetched): void {
    this.#instance().problems.set(`topic ${topic} ${partition}`, problem ?? null);
    if (problem !== undefined) return;
    if (outOfRange !== undefined) {
      // It was made again, or records were deleted: nobody knows what was there.
      this.#compare(topic);
      reader.seek(topic, partition, outOfRange.endOffset);
      for (const { from } of this.#writers.values()) {
        const offsets = from.get(topic);
        if (offsets !== undefined) offsets[partition] = outOfRange.endOffset;
      }
      return;
    }
    for (const record of records) this.#takeRecord(record, { topic, partition });
    const positions = this.#positions.get(topic)!;
    positions[partition] = nextOffset;
  }

  #takeRecord(record: LogRecord, { topic, partition }: Pick<Fetched, "topic" | "partition">): void {
    const mark = rowMark(record.headers);
    if (mark === null) return this.#compare(topic);
    const host = this.#ownerOf(topic, mark);
    const writer = host === null ? undefined : this.#writers.get(host);
    if (host === null || writer === undefined || writer.start !== host.start) return;
    if (record.offset < (writer.from.get(topic)?.[partition] ?? 0)) return;
    const { task } = host;
    if (task === null || task.epoch < mark.epoch) return;
    const place = `${topic}/${partition}`;
    const isOwn = mark.task === host.id && mark.epoch === task.epoch;
    if (isOwn && mark.seq > (writer.seqs.get(place) ?? 0)) return void writer.seqs.set(place, mark.seq);
    this.hear(writer, { sink: topicsOf(host.table).get(topic)!, mark, digest: digestOfValue(record.value) });
  }

  /** Somebody wrote late. */
  hear({ late }: Pick<Writer, "late">, what: Late): void {
    late.set(`${what.sink} ${what.mark.key}`, what);
  }

  /** The host of the task that must answer what such a record says; null if it is not here, or nobody must. */
  #ownerOf(topic: string, { task, epoch, key }: RowMark): TaskHost | null {
    const { hosts, context, topics: { plan } } = this.#instance();
    const table = plan.tables.find((candidate) => topicsOf(candidate).has(topic))!;
    const first = firstEpochOf(context.options.generation);
    const { table: name, partition } = parseTaskId(task);
    const exists = name === table.name && partition < context.partitions[table.index];
    // In one generation a key is one task's. What is taken back from an earlier one has the epoch before its first.
    if (exists && epoch > first) return hosts.get(task) ?? null;
    if (epoch > first) return null;
    return hosts.get(taskId(table.name, homeOf(context, table, parseKeyText(key)))) ?? null;
  }

  #answer(): void {
    const { hosts, wake } = this.#instance();
    for (const [host, writer] of this.#writers) {
      const { task } = host;
      if (hosts.get(host.id) !== host || writer.start !== host.start) this.#writers.delete(host);
      else if (task !== null && task.complete && writer.late.size > 0) {
        for (const late of writer.late.values()) answer(task, late);
        writer.late.clear();
        task.endBatch();
        wake();
      }
    }
  }

  /** The tasks of this topic's table look at all of it soon. */
  #compare(topic: string): void {
    for (const host of this.#instance().hosts.values()) {
      if (!topicsOf(host.table).has(topic)) continue;
      host.comparesTopics = true;
      host.nextRepairMs = Math.min(host.nextRepairMs, this.#instance().ports.clock.nowMs() + POLL_MS);
    }
  }
}

/** Topics that tasks of this table write rows to, and which of its sinks each is. */
function topicsOf(table: TaskTable): ReadonlyMap<string, number> {
  let known = topicsByTable.get(table);
  if (known === undefined) {
    const found = outputsOf(table).flatMap(({ sink, index }) => {
      const topic = sink.table.output?.topic;
      return topic === undefined ? [] : [[topic, index] as const];
    });
    topicsByTable.set(table, known = new Map(found));
  }
  return known;
}

const topicsByTable = new WeakMap<TaskTable, ReadonlyMap<string, number>>();

function answer(task: Task, { sink: index, mark, digest }: Late): void {
  const sink = task.sinks[index];
  const key = parseKeyText(mark.key);
  if (!sink.owns(key)) return;
  const entry = task.entryOf(key);
  // What an earlier epoch says is answered whatever it says: readers, and starts, go by epochs. Readers of changes go
  // by numbers, too, so a repeat may hide what they have not read.
  const isRead = mark.epoch < task.epoch || sink.plan.table.output?.changes === true;
  if (isRead || !sink.agrees(entry, digest)) sink.distrust(entry);
  else if (task.entries.hasRow(entry)) return;
  // Of an entry that is there for this alone nothing stays.
  task.evaluate(entry);
}
