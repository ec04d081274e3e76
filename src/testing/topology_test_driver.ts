import { openEmbeddedLog } from "../adapters/embedded_log/log.ts";
import { createMemorySnapshots } from "./memory_snapshots.ts";
import { type KeptLetter, openEmbeddedDeadLetters } from "../adapters/local/dead_letters.ts";
import type { AppendSink } from "../dsl/append_sink.ts";
import type { EventSpec } from "../dsl/events.ts";
import type { Sink } from "../dsl/sink.ts";
import { type Duration, durationUs } from "../dsl/time.ts";
import type { KeyOf, RowOf, Source, SourceSpec } from "../dsl/source.ts";
import type { TopicSink } from "../dsl/topic_sink.ts";
import type { Topology } from "../dsl/topology.ts";
import type { Warehouse } from "../ports/warehouse.ts";
import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { defaultRunOptions, type RunOptions } from "../runtime/options.ts";
import { type Ports, Runner, type StartReport } from "../runtime/runner.ts";
import { type OperatorCounts, operatorCounts } from "../runtime/stores/operator_counts.ts";
import { sinksOf } from "../plan/outputs_of.ts";
import { explainedBy, type ExplainedTable, type Explanation } from "./driver_explain.ts";
import { partitionsIn, type RawRecord, type TopologyTestDriverOptions } from "./driver_options.ts";
import { EventTopics, type TestEvent } from "./event_topics.ts";
import { CountedDrops, type DroppedRecords } from "./counted_drops.ts";
import { type TestStore, testStore } from "./driver_store.ts";
import { createManualClock } from "./manual_clock.ts";
import { openWarehouse } from "./embedded_warehouse.ts";
import { guardedTopology } from "./guarded_topology.ts";
import { type InputTopicOptions, type TestInputTopic, testInputTopic } from "./input_topic.ts";
import { outputRecords, type OutputTestRecord, writtenBy } from "./output_records.ts";
import { type TestOutputTopic, testOutputTopic } from "./output_topic.ts";
import { createStepClock, settle, type StepClock, stop } from "./quiescence.ts";
import { orderedByKey, type SelectedRow } from "./selected_rows.ts";
import { SourceTopics } from "./source_topics.ts";
import type { TestWarehouse } from "./test_warehouse.ts";

const LETTERS_MAX = 1_000_000;

/** Anything with a source's or a sink's plain data; any topology's source of the same topic will do. */
interface AnySource {
  readonly spec: SourceSpec;
}

/**
 * Runs one topology for a test: the real runtime on an in-memory log with several partitions, a manual clock, and an
 * in-memory warehouse or the embedded ClickHouse. Changes are written to the log as Debezium writes them; nothing is
 * processed until {@link settle}. What is written before the first settle is there when the topology starts. A callback
 * that changes what it is given fails: its row or event becomes a dead letter that says so.
 */
export class TopologyTestDriver {
  readonly #log: ReturnType<typeof openEmbeddedLog>;
  readonly #clock: StepClock;
  #warehouse: TestWarehouse | null = null;
  readonly #settings: TopologyTestDriverOptions;
  readonly #sources: SourceTopics;
  readonly #events: EventTopics;
  readonly #letters = openEmbeddedDeadLetters({ path: ":memory:" });
  readonly #snapshots = createMemorySnapshots();
  #drops = new CountedDrops();
  #topology: Topology;
  #options: Partial<RunOptions>;
  #runner: Runner | null = null;
  #report: readonly StartReport[] = [];
  #failure: Error | null = null;
  #written: Promise<unknown> = Promise.resolve();

  constructor(topology: Topology, settings: TopologyTestDriverOptions) {
    [this.#topology, this.#settings, this.#options] = [topology, settings, settings.options ?? {}];
    const clock = this.#clock = createStepClock(createManualClock());
    this.#log = openEmbeddedLog({ path: ":memory:", clock });
    const { cleanup = "compact" } = settings;
    const partitionsOf = partitionsIn(settings);
    this.#sources = new SourceTopics(this.#log, { nowMs: () => this.#clock.nowMs(), cleanup, partitionsOf });
    this.#events = new EventTopics(this.#log, partitionsOf);
  }

  /** Inserts a row, as a transaction of its own would. @throws TypeError if its key is taken */
  insert<K extends RowOf, V extends RowOf>(source: Source<K, V>, row: V): void {
    this.#track(this.#sources.write(source.spec, (table) => table.insert(source.spec, row)));
  }

  /** Changes the columns named; the others keep their values. @throws TypeError if there is no row of this key */
  update<K extends RowOf, V extends RowOf>(source: Source<K, V>, changes: K & Partial<V>): void {
    this.#track(this.#sources.write(source.spec, (table) => table.update(source.spec, changes)));
  }

  /** Deletes the row: a delete and its tombstone. @throws TypeError if there is no row of this key */
  delete<K extends RowOf, V extends RowOf>(source: Source<K, V>, key: KeyOf<K>): void {
    this.#track(this.#sources.write(source.spec, (table) => table.delete(source.spec, key)));
  }

  /** Appends a record to the source's topic as it is. The rows that {@link rows} gives do not know of it. */
  raw(source: AnySource, record: RawRecord): void {
    this.#track(this.#sources.raw(source.spec, record));
  }

  /** Appends an event to its source's topic, as a producer would. */
  send(source: { readonly spec: EventSpec }, event: TestEvent): void {
    this.#track(this.#events.append(source.spec, event));
  }

  /**
   * A source's topic whose events have times that go on by themselves, each by as much as it says.
   * @throws TypeError for a time that goes on by parts of milliseconds
   */
  inputTopic(source: { readonly spec: EventSpec }, options: InputTopicOptions = {}): TestInputTopic {
    return testInputTopic({ startMs: this.nowMs, ...options }, (event) => this.send(source, event));
  }

  /** The rows that the source's table holds now, by key. */
  rows(source: AnySource): Iterable<readonly [Key, Row]> {
    return this.#sources.of(source.spec).rows();
  }

  /**
   * Resolves when everything written so far is processed and acknowledged. Starts the topology at first.
   * @throws the error that ended the topology. @throws LimitError saying what is stuck
   */
  async settle(): Promise<void> {
    await this.#written;
    this.#warehouse ??= await openWarehouse(this.#settings, { clock: this.#clock, topology: () => this.#topology });
    const runner = this.#runner ?? this.#start(this.#warehouse);
    await settle(runner, { clock: this.#clock, failure: () => this.#failure });
    await runner.findSetAside();
    await runner.deadLetters.flush();
    await this.#warehouse.rest();
  }

  /**
   * What `SELECT * FROM <sink>` showed at the last rest, ordered by key: decimals as text, dates as text, DateTime64(6)
   * as microseconds.
   */
  select({ spec }: Sink<never>): SelectedRow[] {
    return orderedByKey(this.#warehouse?.select(spec.name) ?? [], spec);
  }

  /**
   * What an append table held at the last rest, in the order of topics, partitions and offsets. Values as those of
   * {@link select}.
   */
  appended({ spec }: AppendSink<never>): SelectedRow[] {
    return [...this.#warehouse?.appended(spec.name) ?? []];
  }

  /**
   * What a topic holds that the topology writes to, as Kafka Streams' output topics: by partition, in the order of
   * offsets. Nothing is taken out: {@link outputTopic} reads on.
   */
  async output({ spec }: TopicSink<never, never>): Promise<OutputTestRecord[]> {
    return await outputRecords(this.#log, writtenBy(this.#topology, spec));
  }

  /** The same topic, to be read record by record; each such reader begins at its beginning, and has all of it. */
  outputTopic({ spec }: TopicSink<never, never>): TestOutputTopic {
    return testOutputTopic(this.#log, writtenBy(this.#topology, spec));
  }

  /** Rows and tombstones that the warehouse has taken so far. */
  get writes(): number {
    return this.#warehouse?.writes() ?? 0;
  }

  /**
   * Everything set aside so far, each once, in the order in which it came; `resolvedMs` is not null for what no longer
   * applies.
   */
  deadLetters(): KeptLetter[] {
    return this.#letters.list({ limit: LETTERS_MAX }).reverse();
  }

  /**
   * A store of the topology: the rows of a source's table by the source, as the topology picks its columns; anything
   * else by its name: a table, an aggregate, `<processor>.<store>`. What it gives is as of the last {@link settle}.
   * @throws TypeError for what the topology has no store of, or is not started
   */
  store<K extends RowOf, V extends RowOf>(source: Source<K, V>): TestStore<K, V>;
  store<K extends RowOf = Row, V = Row>(name: string): TestStore<K, V>;
  store<K extends RowOf, V>(of: string | AnySource): TestStore<K, V> {
    return testStore(this.#runner?.stores() ?? [], typeof of === "string" ? of : of.spec.name);
  }

  /** Why a key is shown as it is, or not, as of the last {@link settle}. @throws TypeError for what there is not */
  explain(table: ExplainedTable, key: unknown, page: { after?: string; limit?: number } = {}): Promise<Explanation> {
    return explainedBy(this.#runner, { table, key, page });
  }

  /** Records and events that changed nothing since the topology was started last, by operator and reason. */
  dropped(): DroppedRecords[] {
    return this.#drops.list();
  }

  /** What became of the rows and events at each operator: of those that are there, and of all that passed. */
  operators(): OperatorCounts[] {
    return this.#runner?.instance ? operatorCounts(this.#runner.instance) : [];
  }

  /** What is wrong now, as `/readyz` tells it; empty when nothing is. */
  problems(): string[] {
    return this.#runner?.problems.list().map(({ problem }) => problem) ?? [];
  }

  /**
   * Stops the topology and starts it again on the same log and warehouse, `after` some time if that is given; another
   * topology of the same name, or other run options, may take its place. Resolves, settled, to what the start found and
   * wrote.
   */
  async restart(
    changes: { topology?: Topology; options?: Partial<RunOptions>; after?: Duration } = {},
  ): Promise<readonly StartReport[]> {
    await this.#stop();
    if (changes.after !== undefined) await this.#clock.jump(durationUs(changes.after) / 1_000);
    this.#topology = changes.topology ?? this.#topology;
    this.#options = { ...this.#options, ...changes.options };
    await this.settle();
    return this.#report;
  }

  /** What time it is for the topology, milliseconds since the epoch. */
  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Lets time pass, for whatever the topology does now and then, and settles. Milliseconds. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    await this.#clock.pass(ms);
    await this.settle();
  }

  /**
   * Moves the clock by the duration at once, as after a night without a record, and settles: rows of the time between
   * have expired. What the topology does now and then it does once; {@link advance} lets it do so as often as it would.
   */
  async advanceWallClockTime(duration: Duration): Promise<void> {
    await this.settle();
    await this.#clock.jump(durationUs(duration) / 1_000);
    await this.settle();
  }

  /**
   * Changes rows of a sink behind the topology's back, as a person with a SQL client would: those whose columns equal
   * `where` get the columns of `change`, or (null) are gone. Resolves to how many rows there were.
   */
  async tamper(sink: Sink<never>, changes: { readonly where: Row; readonly change: Row | null }): Promise<number> {
    await this.settle();
    const { table } = sinksOf(this.#runner!.topics!.plan).find(({ name }) => name === sink.spec.name)!;
    return await this.#warehouse!.tamper({ table, ...changes });
  }

  /** Stops the topology and throws everything away. */
  async close(): Promise<void> {
    await this.#stop();
    await this.#warehouse?.close();
    await this.#log.close();
    this.#letters.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The next {@link settle} waits for it, and throws what it throws. */
  #track(work: Promise<unknown>): void {
    this.#written = Promise.all([this.#written, work]);
    this.#written.catch(() => {});
  }

  #start({ warehouse }: TestWarehouse): Runner {
    for (const node of this.#topology.nodes) if (node.op === "source") this.#track(this.#sources.made(node.source));
    for (const node of this.#topology.streams) {
      if (node.op !== "events" || node.source.internal) continue;
      const { changes } = node.source;
      this.#track(changes === null ? this.#events.make(node.source) : this.#sources.made(changes.source));
    }
    const runner = new Runner(guardedTopology(this.#topology), this.#ports(warehouse), {
      options: { ...defaultRunOptions, snapshotEveryMs: 0, ...this.#options },
      onEvent: (event) => {
        if (this.#runner === runner && event.kind === "started") this.#report = event.sinks;
      },
    });
    [this.#runner, this.#report, this.#failure] = [runner, [], null];
    const fail = (error: Error) => void (this.#runner === runner && (this.#failure ??= error));
    runner.failed.then(fail);
    runner.start().catch(fail);
    return runner;
  }

  #ports(warehouse: Warehouse): Ports {
    return {
      ...{ log: this.#log, warehouse, clock: this.#clock },
      random: { next: () => 0.5 },
      metrics: this.#drops = new CountedDrops(),
      ...{ deadLetters: this.#letters, snapshots: this.#snapshots, schemas: this.#settings.schemas },
    };
  }

  async #stop(): Promise<void> {
    const runner = this.#runner;
    if (runner === null) return;
    await stop(runner, this.#clock);
    this.#runner = null;
  }
}
