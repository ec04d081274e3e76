import type { Topology } from "../../src/mod.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import type { Row } from "../../src/record/row.ts";
import { defaultRunOptions, type RunOptions } from "../../src/runtime/options.ts";
import { storesDifferenceOf } from "./asked_stores.ts";
import { isAtRest } from "./at_rest.ts";
import { Choices } from "./choices.ts";
import { Corrections } from "./corrections.ts";
import { Events } from "./events.ts";
import { compactTopics } from "./faults.ts";
import { differenceOf } from "./judge.ts";
import { leftOver } from "./left_over.ts";
import { type Instance, runAgain, runOnce, type Surroundings } from "./process.ts";
import { type Profile, profileOf, profileOptions, RECORD_LENGTH_MAX } from "./profile.ts";
import { type Owner, Scheduler } from "./scheduler.ts";
import { Group } from "./simulated_group.ts";
import { SimulatedLog } from "./simulated_log.ts";
import { SimulatedWarehouse, type WarehouseBugs } from "./simulated_warehouse.ts";
import { drawChange, REFUSED_QUANTITY } from "./source_changes.ts";
import { SimulatedSnapshots } from "./simulated_snapshots.ts";
import type { LogBugs } from "./stored_topic.ts";
import { SOURCE_NAMES, type SourceName, sourceRecord, TOPICS } from "./source_records.ts";
import { storeTopology, twinTopology } from "./store_topologies.ts";
import type { Trail } from "./trail.ts";
import { Twins } from "./twins.ts";

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
  /** While inserts hang, tasks leave and return, and nothing else happens. */
  readonly calm?: boolean;
  /** Records what happens, or says what is left out. */
  readonly trail?: Trail;
}

/** Requests of a dead process that may still arrive. */
const LATE_KINDS = /^(append|append rest|truncateBefore|insert|append rows|transaction .*)$/;
/** Longer than any task is behind while nothing else is wrong. */
export const DELETE_RETENTION_MS = 14_400_000;
const STEPS_MAX = 60_000;
const STILL_MS = 3_000;
/** Rows may expire at the end, and what an instance has not taken, or a problem that is over, it sees once a second. */
const MOMENT_MS = 1_500;
/** Longer than all pauses of restarts and repetitions together. */
const STUCK_MS = 150_000;
/** Longest pause before a topology that failed is begun anew. */
export const FAILED_MS = 300_000;

/** Everything of one simulated run: the truth, the log, the warehouse and the processes. */
export class World {
  readonly choices: Choices;
  readonly scheduler: Scheduler;
  readonly group: Group;
  readonly log: SimulatedLog;
  readonly warehouse: SimulatedWarehouse;
  readonly snapshots: SimulatedSnapshots;
  readonly topology: Topology;
  readonly profile: Profile;
  /** The second topologies of the processes, if they have any. */
  readonly twins: Twins | null;
  /** Null if there are none. */
  readonly events: Events | null;
  readonly corrections: Corrections | null;
  readonly truth = new Map<SourceName, Map<number, Record<string, unknown>>>();
  instances: Instance[] = [];
  restarts = 0;
  crashes = 0;
  failures = 0;
  readonly calm: boolean;
  /** The first thing that a process did and never must do, or null. */
  wrong: string | null = null;
  /** How many rows of each sink were held at the last check. */
  held: ReadonlyMap<string, number> = new Map();
  readonly #options: RunOptions;
  readonly #refuses: (sink: string, row: Row) => boolean;
  #names = 0;

  constructor(seed: number, options: WorldOptions = {}) {
    this.calm = options.calm ?? false;
    const choices = this.choices = new Choices(seed, options.trail ?? null);
    this.scheduler = new Scheduler(this.choices);
    this.group = new Group(this.scheduler);
    this.log = new SimulatedLog(this.scheduler, this.group, options.log ?? {});
    const profile = this.profile = profileOf(seed, choices);
    this.snapshots = new SimulatedSnapshots(this.scheduler);
    if (profile.snapshots || profile.standbys) this.log.deleteRetentionMs = DELETE_RETENTION_MS;
    if (profile.large === "for the log") this.log.recordLengthMax = RECORD_LENGTH_MAX;
    this.#refuses = (sink, row) => profile.refusedRows && sink === "facts" && row.q === REFUSED_QUANTITY;
    this.warehouse = new SimulatedWarehouse(this.scheduler, {
      bugs: options.warehouse ?? {},
      refuses: (sink, row) => this.#refuses(sink, row),
    });
    this.topology = storeTopology({
      ...profile,
      left: choices.setting("left-joins", choices.chance(0.5), false),
      derived: choices.setting("derived-orders", choices.chance(0.4), false),
      named: profile.large === "for weir",
    });
    this.twins = profile.twins ? new Twins(twinTopology(profile), this) : null;
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
      ...profileOptions(profile),
      ...options.run,
    };
    const slow = choices.pick(["none", "none", "poll globals", "poll", "shown", "append", "insert"]);
    this.scheduler.slowKind = choices.setting("slow-requests", slow, "none");
    const partitions = choices.setting("partitions", choices.pick([1, 2, 3]), 1);
    for (const name of SOURCE_NAMES) {
      this.truth.set(name, new Map());
      const own = name === "users" && choices.chance(0.3)
        ? choices.setting("partitions-of-users", 1 + choices.below(3), partitions)
        : partitions;
      this.log.create({ name: TOPICS[name], partitions: own, cleanup: "compact", retentionMs: -1 });
    }
    this.corrections = Corrections.of(profile, { log: this.log, choices });
    this.events = Events.of(profile, { log: this.log, warehouse: this.warehouse, choices, partitions });
  }

  /** Puts a row (null: deletes it) into the truth and the log. */
  put(name: SourceName, id: number, columns: Record<string, unknown> | null): void {
    const after = columns === null ? null : { id, ...columns };
    const what = () => after === null ? `delete ${name} ${id}` : `put ${name} ${JSON.stringify(after)}`;
    if (!this.choices.happens("change", what)) return;
    if (after === null) this.truth.get(name)!.delete(id);
    else this.truth.get(name)!.set(id, after);
    const topic = TOPICS[name];
    const record = sourceRecord(name, { id, after, json: this.profile.json });
    const partition = partitionOf(record.key, this.log.topics.get(topic)!.partitions.length);
    (this.corrections ?? this.log).store({ topic, partition, records: [record] });
  }

  /** One random change of a source. */
  change(name: SourceName = this.choices.pick(["lines", "lines", "orders", "users", "goods", "makers"])): void {
    const { id, columns } = drawChange(name, this);
    this.put(name, id, columns);
  }

  /** Starts a process. */
  spawn({ run, onFailed }: SpawnOptions = {}): Instance {
    const owner: Owner = { name: `i${this.#names++}`, dead: false, bug: false };
    const { scheduler, choices, log, warehouse, snapshots, topology } = this;
    const around: Surroundings = {
      ...{ scheduler, choices, log, warehouse, snapshots, topology },
      options: { ...this.#options, ...run },
      onWrong: (what) => this.wrong ??= what,
      onRestart: () => this.restarts++,
      onFailure: () => this.failures++,
    };
    const instance = this.profile.failures && onFailed === undefined
      ? runAgain(around, owner)
      : runOnce(around, { owner, onFailed: onFailed ?? ((error, failed) => this.#replace(failed, error)) });
    this.instances.push(instance);
    if (onFailed === undefined) this.twins?.spawn(around, owner);
    return instance;
  }

  /** A process that ended is replaced, as a supervisor would. */
  #replace(instance: Instance, error: Error): void {
    instance.watch.failed(error);
    if (error.name === "TypeError") throw error;
    this.kill(instance);
    this.spawn();
  }

  /** kill -9: nothing it asked for is answered any more; some of it may still arrive. */
  kill(instance: Instance): void {
    this.crashes++;
    instance.owner.dead = true;
    for (const { owner, kind, run } of this.scheduler.operations) {
      if (owner !== instance.owner || !LATE_KINDS.test(kind) || !this.choices.chance(0.4)) continue;
      const veryLate = kind === "append rows" && this.choices.strikes("rows-very-late", 0.5);
      (veryLate ? this.warehouse.veryLate : this.log.ghosts).push(run);
    }
    this.scheduler.bury();
    this.log.unfinished = this.log.unfinished.filter(({ owner }) => !owner.dead);
    this.instances = this.instances.filter((other) => other !== instance);
    this.group.balance();
    this.twins?.bury();
  }

  /** Compacts all sources to their newest records; tombstones go where they are old enough, or it does not matter. */
  compactAll(): void {
    const { scheduler, choices, log, profile } = this;
    if (profile.snapshots && choices.strikes("time-passes", 0.5)) scheduler.nowMs += DELETE_RETENTION_MS;
    const keptMs = profile.snapshots ? DELETE_RETENTION_MS : 0;
    compactTopics(log, choices, { share: 1, tombstonesBeforeMs: scheduler.nowMs - keptMs });
  }

  /** Topics and tables are as they must be. */
  repair(): void {
    this.log.unusable = this.warehouse.reshaped = null;
  }

  /** Lets everything finish without faults. Returns what is wrong, or null. */
  async settle(): Promise<string | null> {
    this.log.faults = this.warehouse.faults = false;
    for (const { owner } of this.instances) owner.bug = false;
    this.log.damaged = null;
    this.log.standbysSleep = false;
    this.repair();
    this.group.comeBack();
    for (const ghosts of [this.log.ghosts, this.warehouse.ghosts]) {
      for (const ghost of ghosts.splice(0)) if (this.choices.strikes("late-request", 0.6)) ghost();
    }
    // The repair pass comes when no write of a dead process can be under way any more.
    if (!await this.#quiet(STILL_MS) || !await this.#quiet(45_000)) return `STUCK ${this.#state()}`;
    for (const arrive of this.warehouse.veryLate.splice(0)) arrive();
    const unready = this.instances.find(({ runner }) => !runner.ready);
    if (unready !== undefined) return `NOT READY ${unready.owner.name}: ${this.#state()}`;
    const stayed = this.group.members.find(({ owner }, at, all) =>
      all.findIndex((other) => other.owner === owner) < at
    );
    if (stayed !== undefined) return `STAYED a runner of ${stayed.owner.name} that failed is still in the group`;
    const left = leftOver(this.instances) ?? this.twins?.unrest() ?? null;
    return left === null ? this.check() ?? storesDifferenceOf(this) : `${left}: ${this.#state()}`;
  }

  /** Until all tasks run, nothing but housekeeping happened for `stillMs`, and at its end nothing for a moment. */
  async #quiet(stillMs: number): Promise<boolean> {
    let since = this.scheduler.nowMs;
    const deadlineMs = since + stillMs + STUCK_MS + (this.profile.failures ? FAILED_MS : 0);
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const { nowMs } = this.scheduler;
      const idle = this.#idle();
      if (!idle) since = Math.max(since, nowMs - stillMs + (stillMs < 10_000 ? stillMs : MOMENT_MS));
      if (await this.scheduler.step()) continue;
      if (idle && nowMs - since >= stillMs) return true;
      if (!await this.scheduler.wakeNext()) return idle;
      if (this.scheduler.nowMs > deadlineMs) return false;
    }
    return false;
  }

  #idle(): boolean {
    const tasks = ({ runner }: Instance) => runner.status().tasks.length;
    return this.instances.every((instance) => {
      const unfinished = instance.runner.knownUnfinished();
      // An instance without tasks has nothing to do but to hand over what it had.
      const isEmpty = instance.runner.topics !== null && tasks(instance) === 0 && unfinished.sinks.length === 0;
      return !instance.failed && (isAtRest(unfinished, this.log) || isEmpty);
    }) && this.instances.some((instance) => tasks(instance) > 0) && (this.twins?.idle ?? true);
  }

  #state(): string {
    return this.instances.map(({ owner, runner }) => {
      const tasks = runner.status().tasks.map((task) =>
        `${task.id}:${task.state}:${task.lagRecords}:${task.pendingRows}`
      );
      return `${owner.name} ${tasks.join(" ")} ${runner.problems.list().map((p) => p.problem).join("; ")}`;
    }).join(" | ") + (this.twins?.state() ?? "");
  }

  /**
   * Compares the sinks, or only one, with the truth. Returns how the first that differs does, or null.
   * `eventsComplete`: false while events may be under way.
   */
  check(
    { only, eventsComplete = true }: { readonly only?: string; readonly eventsComplete?: boolean } = {},
  ): string | null {
    const { topology, truth, profile, log, warehouse: { memory }, scheduler: { nowMs } } = this;
    const held = this.held = this.#held();
    const wrong = differenceOf({ topology, truth, nowMs, profile, memory, log, refuses: this.#refuses, held }, only);
    if (wrong !== null || only !== undefined) return wrong;
    const misplaced = this.events?.differenceOf(memory, { complete: eventsComplete }) ?? null;
    if (misplaced !== null || this.twins === null) return misplaced;
    const twin = { topology: this.twins.topology, refuses: () => false, held: new Map<string, number>() };
    return differenceOf({ ...twin, truth, nowMs, profile, memory, log });
  }

  /** How many rows of each sink the processes say that they hold now. */
  #held(): Map<string, number> {
    const held = new Map<string, number>();
    for (const { sink, rows } of this.instances.flatMap(({ runner }) => runner.status().held)) {
      held.set(sink, (held.get(sink) ?? 0) + rows);
    }
    return held;
  }
}
