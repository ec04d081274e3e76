import type { Fetched, Membership, Reader } from "../../ports/log.ts";
import { retry, STOPPED } from "../../ports/retry.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import { taskId } from "../../record/task_id.ts";
import type { BusyTables } from "../busy_tables.ts";
import { InsertPace } from "../delivery/insert_pace.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { portionsOf } from "../lifecycle/portions.ts";
import { flowsOf } from "../lifecycle/topics.ts";
import { ReadProblems } from "../lifecycle/read_problems.ts";
import type { AppendTables, TableUser } from "./append_tables.ts";
import { SourceMarks } from "./source_marks.ts";
import { waitingProblem } from "./stream_begin.ts";
import { StreamHost } from "./stream_host.ts";
import { TableClock } from "./table_clock.ts";
import { StreamLetters } from "./stream_letters.ts";
import type { StreamSurroundings } from "./stream_surroundings.ts";

const POLL_RETRY_MS = 1_000;
const IDLE_MS = 100;

/** What the streams of one instance are wired to. */
export interface StreamTasksParts {
  readonly instance: Instance;
  /** By task id: filled here. */
  readonly hosts: Map<string, StreamHost>;
  readonly letters: DeadLetterQueue;
  readonly busyTables: BusyTables;
  readonly appendTables: AppendTables;
  /** Resolves when the group was joined. */
  readonly membership: Promise<Membership>;
  /** A task has begun to run. */
  readonly onRunning: () => void;
}

/** The tasks of a topology's streams on one instance: which there are, and the loop that reads for them. */
export class StreamTasks {
  readonly #hosts: Map<string, StreamHost>;
  readonly #instance: Instance;
  readonly #reader: Reader;
  readonly #surroundings: StreamSurroundings;
  readonly #marks: SourceMarks;
  readonly #appendTables: AppendTables;
  readonly #readProblems: ReadProblems;
  /** What runs, those included that were closed and have not ended yet. */
  readonly #running = new Set<Promise<void>>();
  #stopped = false;
  #loop: Promise<unknown> | null = null;
  #nextLookMs = 0;
  /** What events of tasks waited for at the last look. */
  readonly #waiting = new WeakMap<StreamHost, string | null>();

  constructor({ instance, hosts, letters, busyTables, appendTables, membership, onRunning }: StreamTasksParts) {
    this.#hosts = hosts;
    const { ports: { log, clock, metrics, warehouse }, context: { globals }, topology } = instance;
    this.#instance = instance;
    this.#reader = log.reader();
    this.#readProblems = new ReadProblems(instance.problems);
    this.#marks = new SourceMarks({ instance, tasks: hosts });
    const streamLetters = new StreamLetters(letters, clock.nowMs());
    this.#appendTables = appendTables;
    appendTables.listen(() => this.#tableUsers(), streamLetters);
    this.#surroundings = {
      instance,
      appendTables,
      membership,
      onRunning,
      reader: this.#reader,
      tableClock: new TableClock({ warehouse, clock }),
      marks: this.#marks,
      context: {
        topology: topology.name,
        letters: streamLetters,
        stages: instance.topics.plan.stages,
        partitionsOf: ({ repartition }) => instance.topics.streams.get(repartition)!.partitions,
        outputOf: ({ topic }) => instance.topics.outputs.get(topic)!,
        eventBytesMax: instance.options.messageBytesMax,
        find: (lookup, key) => globals.find(lookup, key),
        onRecords: (table, records) =>
          metrics.count("weir_source_records_total", { topology: topology.name, table }, records),
        onSkipped: (table, reason) =>
          metrics.count("weir_source_records_skipped_total", { topology: topology.name, table, reason }, 1),
        onOvertaken: (operator) =>
          metrics.count("weir_stream_events_overtaken_total", { topology: topology.name, operator }, 1),
        onDropped: (operator, reason) =>
          metrics.count("weir_stream_events_dropped_total", { topology: topology.name, operator, reason }, 1),
      },
      pace: (topic) => this.#paceOf(topic, busyTables),
    };
  }

  #tableUsers(): TableUser[] {
    return this.#hosts.values().flatMap(({ id, plan, topic, partition, doneTo }): TableUser[] =>
      doneTo === null ? [] : [{ id, plan, position: { topic, partition, offset: doneTo } }]
    ).toArray();
  }

  /** Each partition has inserts of its own, so each has its part of what the table may have. */
  #paceOf(topic: string, tables: BusyTables): InsertPace {
    const { options: { insertsPerSecond, flushIntervalMs }, ports: { clock }, topics } = this.#instance;
    const { partitions } = topics.streams.get(topic)!;
    return new InsertPace({
      clock,
      insertsPerSecond,
      flushIntervalMs: Math.max(flushIntervalMs, partitions * 1_000 / insertsPerSecond),
      tables,
      share: () => 1 / partitions,
    });
  }

  /** The group's decision: all tasks that this instance has now; those of tables are others' business. */
  assigned(ids: readonly string[]): void {
    if (this.#stopped) return;
    const wanted = new Set(ids);
    for (const [id, host] of this.#hosts) {
      if (wanted.has(id)) continue;
      this.#hosts.delete(id);
      host.close();
    }
    for (const { plan, topic, partitions } of flowsOf(this.#instance.topics)) {
      for (let partition = 0; partition < partitions; partition++) {
        const id = taskId(plan.name, partition);
        if (wanted.has(id) && !this.#hosts.has(id)) {
          this.#start(new StreamHost({ plan, topic, partition }, this.#surroundings));
        }
      }
    }
    this.#marks.changed();
    if (this.#hosts.size === 0) return;
    this.#loop ??= Promise.all([this.#run(), this.#marks.run()]).catch((error) => this.#instance.fail(error));
  }

  #start(host: StreamHost): void {
    this.#hosts.set(host.id, host);
    const running: Promise<void> = host.run().catch((error) => this.#instance.fail(error)).finally(() =>
      this.#running.delete(running)
    );
    this.#running.add(running);
  }

  /** Reads no more. Resolves when all that was read is added, and said to be. */
  async drain(): Promise<void> {
    this.#stopped = true;
    this.#marks.stop();
    for (const host of this.#hosts.values()) host.drain();
    await Promise.all(this.#running);
  }

  /** Nothing is added any more. Resolves when reading has ended. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#marks.stop();
    for (const host of this.#hosts.values()) host.close();
    await this.#reader.close();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { ports: { clock }, options, problems } = this.#instance;
    while (!this.#stopped) {
      const fetched = await retry(() => this.#reader.poll(options.pollWaitMs), {
        clock,
        firstMs: POLL_RETRY_MS,
        lastMs: POLL_RETRY_MS,
        retriable: (error) => error instanceof ProductionError,
        onState: (error) => {
          problems.set("log of streams", error?.message ?? null);
          // A partition was given up, and it is not said which.
          if (error !== null && !(error as ProductionError).retriable) this.#restartAll(error.message);
        },
        stopped: () => this.#stopped,
      });
      if (fetched === STOPPED) return;
      for (const part of this.#readProblems.note(fetched, (one) => this.#hostOf(one) !== undefined)) {
        for (const portion of portionsOf(part)) {
          if (this.#stopped) return;
          this.#hostOf(portion)?.take(portion);
          await clock.breathe();
        }
      }
      await this.#look();
      if (fetched.length === 0 && this.#hosts.size === 0) await clock.sleep(IDLE_MS);
    }
  }

  #hostOf({ topic, partition }: Pick<Fetched, "topic" | "partition">): StreamHost | undefined {
    return this.#hosts.values().find((host) => host.partition === partition && host.topic === topic);
  }

  /** What waited at the last look, and still does. */
  #tellWaiting(): void {
    for (const host of this.#hosts.values()) {
      const { waiting } = host;
      const isLong = waiting !== null && this.#waiting.get(host) === waiting;
      const problem = `Events of "${host.plan.name}" wait for those of the same time of topic ${waiting}, which is ` +
        "behind, or which nobody reads";
      this.#instance.problems.set(waitingProblem(host.id), isLong ? problem : null);
      this.#waiting.set(host, waiting);
    }
  }

  #restartAll(reason: string): void {
    for (const host of this.#hosts.values()) host.restart(reason);
  }

  /** Whether the topics are still those that are read, now and then. */
  async #look(): Promise<void> {
    const { ports: { clock, log }, options, topics: { streams }, fail } = this.#instance;
    if (clock.nowMs() < this.#nextLookMs) return;
    this.#nextLookMs = clock.nowMs() + options.metadataEveryMs;
    this.#tellWaiting();
    this.#appendTables.look().catch(fail);
    try {
      const now = await log.topics([...streams.keys()]);
      for (const [topic, { partitions }] of streams) {
        const description = now.get(topic);
        if (description === undefined) continue;
        if (description.partitions !== partitions) {
          const counts = `${description.partitions} partitions now, ${partitions} before`;
          fail(new ConfigError([`Topic "${topic}" has ${counts}. Start again to read all of them`]));
        }
        for (const host of this.#hosts.values()) {
          const { topicId } = host;
          if (host.topic !== topic || topicId === undefined || topicId === description.id) continue;
          host.restart(`topic "${topic}" was made again`);
        }
      }
    } catch (error) {
      // The log does not answer; reading says so.
      if (!(error instanceof ProductionError)) throw error;
    }
  }
}
