import type { Topology } from "../../src/mod.ts";
import { columnEncoder } from "../../src/processor/sink_row.ts";
import type { Key } from "../../src/record/key.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import type { Row } from "../../src/record/row.ts";
import { defaultRunOptions, type RunOptions } from "../../src/runtime/options.ts";
import { type RunEvent, Runner } from "../../src/runtime/runner.ts";
import { computeSinks } from "../../src/oracle/oracle.ts";
import { Choices } from "./choices.ts";
import { compactTopic } from "./faults.ts";
import { type Owner, Scheduler } from "./scheduler.ts";
import { Group } from "./simulated_group.ts";
import { SimulatedLog } from "./simulated_log.ts";
import { SimulatedWarehouse, type WarehouseBugs } from "./simulated_warehouse.ts";
import type { LogBugs } from "./stored_topic.ts";
import { type SourceName, SOURCES, storeTopology } from "./store_topologies.ts";
import type { Trail } from "./trail.ts";
import { Watch } from "./watch.ts";

/** One process that runs the topology. */
export interface Instance {
  readonly owner: Owner;
  readonly runner: Runner;
  readonly watch: Watch;
}

/** A process that is not like the others. */
export interface SpawnOptions {
  readonly run?: Partial<RunOptions>;
  /** It failed, and nobody replaces it. */
  readonly onFailed?: (error: Error) => void;
}

/** What a run of the world may be told, besides its seed. */
export interface WorldOptions {
  readonly log?: LogBugs;
  readonly warehouse?: WarehouseBugs;
  readonly run?: Partial<RunOptions>;
  /** Records what happens, or says what is left out. */
  readonly trail?: Trail;
}

const KEYS: Readonly<Record<SourceName, number>> = { lines: 6, orders: 5, users: 4, goods: 3, makers: 4 };
/** Requests of a dead process that may still arrive. */
const LATE_KINDS = ["append", "append rest", "insert"];
const STEPS_MAX = 60_000;
/** Rows that are told of a sink that differs. */
const DIFFERENCES_MAX = 10;
const STILL_MS = 3_000;
/** Longer than all pauses of restarts and repetitions together. */
const STUCK_MS = 150_000;

/** Facts of this quantity have a content that ClickHouse refuses, where it refuses rows. */
const REFUSED_QUANTITY = 9;

/** Everything of one simulated run: the truth, the log, the warehouse and the processes. */
export class World {
  readonly choices: Choices;
  readonly scheduler: Scheduler;
  readonly group: Group;
  readonly log: SimulatedLog;
  readonly warehouse: SimulatedWarehouse;
  readonly topology: Topology;
  readonly truth = new Map<SourceName, Map<number, Record<string, unknown>>>();
  instances: Instance[] = [];
  restarts = 0;
  crashes = 0;
  /** The first thing that a process did and never must do, or null. */
  wrong: string | null = null;
  readonly #options: RunOptions;
  readonly #refuses: (sink: string, row: Row) => boolean;
  #names = 0;

  constructor(seed: number, options: WorldOptions = {}) {
    const choices = this.choices = new Choices(seed, options.trail ?? null);
    this.scheduler = new Scheduler(this.choices);
    this.group = new Group(this.scheduler);
    this.log = new SimulatedLog(this.scheduler, this.group, options.log ?? {});
    // Not drawn, so that every other seed runs as if there were no refusals.
    const refusing = choices.setting("refused-rows", seed % 4 === 3, false);
    this.#refuses = (sink, row) => refusing && sink === "facts" && row.q === REFUSED_QUANTITY;
    this.warehouse = new SimulatedWarehouse(this.scheduler, {
      bugs: options.warehouse ?? {},
      refuses: (sink, row) => this.#refuses(sink, row),
    });
    this.topology = storeTopology({
      left: choices.setting("left-joins", choices.chance(0.5), false),
      derived: choices.setting("derived-orders", choices.chance(0.4), false),
    });
    this.#options = {
      ...defaultRunOptions,
      flushIntervalMs: 200,
      repairAfterMs: 20_000,
      repairEveryMs: 20_000,
      commitEveryMs: 1e9,
      metadataEveryMs: 5_000,
      sliceRows: choices.setting("slice-rows", 1 + choices.below(6), 6),
      sinkRowsMax: choices.setting("sink-rows", choices.pick([150_000, 150_000, 0, 2]), 150_000),
      sinkBytesMax: choices.setting("sink-bytes", choices.pick([1e9, 1e9, 1e9, 150]), 1e9),
      producerBytesMax: choices.setting("producer-bytes", choices.pick([1e9, 1e9, 200]), 1e9),
      packLengthMax: choices.setting("pack-length", choices.pick([1, 1, 100, 1_000, 100_000]), 100_000),
      ...options.run,
    };
    const slow = choices.pick(["none", "none", "poll globals", "poll", "shown", "append", "insert"]);
    this.scheduler.slowKind = choices.setting("slow-requests", slow, "none");
    const partitions = choices.setting("partitions", choices.pick([1, 2, 3]), 1);
    for (const name of Object.keys(SOURCES) as SourceName[]) {
      this.truth.set(name, new Map());
      const own = name === "users" && choices.chance(0.3)
        ? choices.setting("partitions-of-users", 1 + choices.below(3), partitions)
        : partitions;
      this.log.create({ name: SOURCES[name].spec.topic, partitions: own, cleanup: "compact", retentionMs: -1 });
    }
  }

  /** Puts a row (null: deletes it) into the truth and the log. */
  put(name: SourceName, id: number, columns: Record<string, unknown> | null): void {
    const what = () => columns === null ? `delete ${name} ${id}` : `put ${name} ${JSON.stringify({ id, ...columns })}`;
    if (!this.choices.happens("change", what)) return;
    const { topic } = SOURCES[name].spec;
    if (columns === null) this.truth.get(name)!.delete(id);
    else this.truth.get(name)!.set(id, { id, ...columns });
    const key = `{"id":${id}}`;
    const partition = partitionOf(key, this.log.topics.get(topic)!.partitions.length);
    const after = columns === null ? null : { id, ...columns };
    const value = after === null
      ? null
      : JSON.stringify({ before: null, after, source: { table: name }, op: "c", ts_ms: 0 });
    this.log.store({ topic, partition, records: [{ key, value }] });
  }

  /** One random change of a source. */
  change(name: SourceName = this.choices.pick(["lines", "lines", "orders", "users", "goods", "makers"])): void {
    const { choices } = this;
    const id = choices.below(KEYS[name]);
    if (choices.chance(0.2)) return this.put(name, id, null);
    const orNull = (share: number, value: number) => choices.chance(share) ? null : value;
    switch (name) {
      case "lines":
        return this.put(name, id, { o: orNull(0.08, choices.below(5)), g: choices.below(3), q: 1 + choices.below(9) });
      case "orders":
        return this.put(name, id, { st: `s${choices.below(5)}`, u: orNull(0.1, choices.below(4)) });
      case "users":
        return this.put(name, id, { c: `c${choices.below(9)}` });
      case "goods":
        return this.put(name, id, { sl: choices.below(4), pr: 1 + choices.below(9) });
      case "makers":
        return this.put(name, id, { n: `m${choices.below(9)}` });
    }
  }

  /** Starts a process. One that fails for good is replaced, as a supervisor would. */
  spawn({ run, onFailed }: SpawnOptions = {}): Instance {
    const owner: Owner = { name: `i${this.#names++}`, dead: false };
    const { scheduler } = this;
    const watch = new Watch({ nowMs: () => scheduler.nowMs }, (what) => this.wrong ??= what);
    const ports = {
      log: this.log.portFor(owner),
      warehouse: this.warehouse.portFor(owner),
      clock: {
        nowMs: () => scheduler.nowMs,
        sleep: (ms: number, signal?: AbortSignal) => scheduler.sleep(owner, ms, signal),
        breathe: () => Promise.resolve(),
      },
      random: this.choices,
      metrics: { count() {}, gauge: (name: string) => watch.gauge(name), observe() {} },
      deadLetters: { put: () => Promise.resolve() },
    };
    const onEvent = (event: RunEvent) => {
      if (event.kind === "restart") this.restarts++;
      watch.told(event, instance.runner.problems);
    };
    const runner = new Runner(this.topology, ports, { options: { ...this.#options, ...run }, onEvent });
    const instance: Instance = { owner, runner, watch };
    this.instances.push(instance);
    const replace = (error: Error) => {
      if (owner.dead) return;
      if (onFailed !== undefined) return onFailed(error);
      watch.failed(error);
      if (error.name === "TypeError") throw error;
      this.kill(instance);
      this.spawn();
    };
    instance.runner.failed.then(replace);
    instance.runner.start().catch(replace);
    return instance;
  }

  /** kill -9: nothing it asked for is answered any more; some of it may still arrive. */
  kill(instance: Instance): void {
    this.crashes++;
    instance.owner.dead = true;
    for (const operation of this.scheduler.operations) {
      const late = operation.owner === instance.owner && LATE_KINDS.includes(operation.kind);
      if (late && this.choices.chance(0.4)) this.log.ghosts.push(operation.run);
    }
    this.scheduler.bury();
    this.log.unfinished = this.log.unfinished.filter(({ owner }) => !owner.dead);
    this.instances = this.instances.filter((other) => other !== instance);
    this.group.balance();
  }

  /**
   * While an append is half done, the task that is to read its rest moves: best a merge task in the middle of a
   * snapshot.
   */
  interrupt(): void {
    const reads = this.log.unfinished.filter(({ interrupted }) => !interrupted)
      .flatMap((append) => append.rest.map((batch) => ({ append, batch })));
    const ends = reads.filter(({ batch }) => batch.records.some(({ value }) => String(value).includes('["E",')));
    if (reads.length === 0) return;
    const { append, batch } = this.choices.pick(ends.length > 0 ? ends : reads);
    const what = () => `the reader of ${batch.topic}/${batch.partition} moves`;
    if (!this.choices.happens("interrupt", what)) return;
    append.interrupted = true;
    append.dueStep = this.scheduler.steps + 10 + this.choices.below(40);
    if (this.instances.length < 2) this.spawn();
    this.group.moveReader(batch.topic, batch.partition);
  }

  /** Compacts all sources to their newest records. */
  compactAll(): void {
    for (const topic of this.log.topics.values()) if (topic.compacted) compactTopic(topic, this.choices, 1);
  }

  /** Lets everything finish without faults. Returns what is wrong, or null. */
  async settle(): Promise<string | null> {
    this.log.faults = this.warehouse.faults = false;
    this.group.comeBack();
    for (const ghosts of [this.log.ghosts, this.warehouse.ghosts]) {
      for (const ghost of ghosts.splice(0)) if (this.choices.strikes("late-request", 0.6)) ghost();
    }
    if (!await this.#quiet(STILL_MS)) return `STUCK ${this.#state()}`;
    // The repair pass comes when no write of a dead process can be under way any more.
    if (!await this.#quiet(45_000)) return `STUCK ${this.#state()}`;
    const unready = this.instances.find(({ runner }) => !runner.ready);
    if (unready !== undefined) return `NOT READY ${unready.owner.name}: ${this.#state()}`;
    return this.check();
  }

  /** Until all tasks run and nothing but housekeeping happened for `stillMs`. */
  async #quiet(stillMs: number): Promise<boolean> {
    let since = this.scheduler.nowMs;
    const deadlineMs = since + stillMs + STUCK_MS;
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      if (await this.scheduler.step()) {
        if (stillMs < 10_000 && !this.#idle()) since = this.scheduler.nowMs;
        continue;
      }
      if (!this.#idle()) since = Math.max(since, this.scheduler.nowMs - stillMs + 500);
      if (this.scheduler.nowMs - since >= stillMs && this.#idle()) return true;
      if (!await this.scheduler.wakeNext()) return this.#idle();
      if (this.scheduler.nowMs > deadlineMs) return false;
    }
    return false;
  }

  #idle(): boolean {
    const tasks = ({ runner }: Instance) => runner.status().tasks.length;
    return this.instances.every((instance) => {
      const { done, sinks } = instance.runner.knownUnfinished();
      // An instance without tasks has nothing to do but to hand over what it had.
      return done || (instance.runner.topics !== null && tasks(instance) === 0 && sinks.length === 0);
    }) && this.instances.some((instance) => tasks(instance) > 0);
  }

  #state(): string {
    return this.instances.map(({ owner, runner }) => {
      const tasks = runner.status().tasks.map((task) =>
        `${task.id}:${task.state}:${task.lagRecords}:${task.pendingRows}`
      );
      return `${owner.name} ${tasks.join(" ")} ${runner.problems.list().map((p) => p.problem).join("; ")}`;
    }).join(" | ");
  }

  /** Compares every sink with the truth. Returns how the first that differs does, a line for each row, or null. */
  check(): string | null {
    const expected = computeSinks(this.topology, (topic) => {
      const name = (Object.keys(SOURCES) as SourceName[]).find((candidate) => SOURCES[candidate].spec.topic === topic)!;
      return this.truth.get(name)! as unknown as Iterable<readonly [Key, Row]>;
    });
    for (const [name, { spec, rows }] of expected) {
      const encode = Object.entries(spec.columns).map(([column, type]) =>
        [column, columnEncoder(column, type)] as const
      );
      const text = (row: Row) =>
        `{${encode.map(([column, encoder]) => `"${column}":${encoder(row[column])}`).join(",")}}`;
      const refused = new Map([...rows].filter(([, row]) => this.#refuses(name, row)));
      const wanted = new Set([...rows].flatMap(([key, row]) => refused.has(key) ? [] : [text(row)]));
      // What a start finds changed and ClickHouse refuses leaves the older version, of this key alone.
      const shown = this.warehouse.memory.select(name).filter((row) => !refused.has(String(row[spec.key[0]])))
        .map((row) => text(row as Row));
      const wrong = shown.filter((row) => !wanted.delete(row));
      if (wrong.length === 0 && wanted.size === 0) continue;
      const differences = [
        ...wrong.map((row) => `${name} shows ${row}, which is wrong`),
        ...[...wanted].map((row) => `${name} lacks ${row}`),
      ];
      return differences.slice(0, DIFFERENCES_MAX).join("\n");
    }
    return null;
  }
}
