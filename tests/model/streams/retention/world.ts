import { Choices } from "../../../simulation/choices.ts";
import { PartitionLog } from "../../partition_log.ts";
import { Network, type Steps } from "../network.ts";
import type { Surroundings } from "../surroundings.ts";
import type { RetentionRule } from "./rules.ts";
import { CLOSES_AFTER, sessionsOf, windowsOf } from "./truth.ts";

/** Each start of the table's task is declared with one of these. */
export const RETENTIONS: readonly number[] = [3, 5, 9];
/** Ticks that a tombstone stays. */
const TOMBSTONE = 250;
const OWNERS_MAX = 3;

/** What a record of the changelog says; null: its key is removed. */
export type Told =
  | ToldFact
  | { readonly kind: "head"; readonly to: number; readonly time: number }
  | { readonly kind: "horizon"; readonly at: number };

/** A record for the changelog. */
interface NewRecord {
  readonly key: string;
  readonly value: Told | null;
}

/** What the events below a position make of a window, or of a session, by where it begins. */
export interface ToldFact {
  readonly kind: "fact";
  readonly window: number;
  readonly to: number;
  /** Null: a session that is part of another one now. */
  readonly count: number | null;
  /** Where it ends. */
  readonly end: number;
  /** It goes when the horizon is there: of a window where it begins, of a session when it changed last. */
  readonly age: number;
}

/** What the sink has of a window. */
export interface SinkRow {
  readonly epoch: number;
  readonly seq: number;
  /** Null: deleted. */
  readonly count: number | null;
}

/** One start of a task on some process, until that is killed. */
export interface Actor {
  steps: Steps;
  asleepUntil: number;
  /** It has nothing to do. */
  idle: boolean;
  over: boolean;
}

/** What events are counted in. */
export const RETENTION_WORLD_KINDS = ["windows", "sessions"] as const;

/** What a start of the stage and its cleaner, which are one process, know of each other. */
export interface StageProcess {
  readonly start: number;
  /** Where the repartition topic ended when the start had read the changelog; Infinity before. */
  begunAt: number;
  /** Up to where its own facts are durable. */
  durableTo: number;
  /** Which of its names it writes under. */
  number: number;
  /** It is to write under another one. */
  isToRename: boolean;
}

export interface RetentionOptions {
  readonly without: readonly RetentionRule[];
  readonly heat: number;
  /** Default: windows. */
  readonly kind?: (typeof RETENTION_WORLD_KINDS)[number];
}

/** One partition: a stage that counts events by window, its changelog, a table's task that shows it, and a sink. */
export class RetentionWorld implements Surroundings<RetentionRule> {
  readonly choices: Choices;
  readonly options: RetentionOptions;
  readonly network: Network;
  now = 0;
  faults = true;
  /** The repartition topic: of each event its time, which is its window, or near those of the same session. */
  readonly events = new PartitionLog<number>(0);
  readonly changelog = new PartitionLog<Told | null>(0);
  /** Of the table's task: HELLOs and marks, each with the start that wrote it. */
  readonly inbox = new PartitionLog<{ readonly kind: "hello" | "mark"; readonly of: number; readonly mark: number }>(0);
  /** By window. */
  readonly sink = new Map<number, SinkRow>();
  /** When a former owner changed something in the sink. */
  changedAt = -Infinity;
  readonly #times: number[] = [];
  #lateAt = -Infinity;
  /** How many events are late, and how many of these are a little older than the last of them. */
  readonly #lateness: number;
  readonly #backward: number;
  /**
   * Whether the sink leaves out some windows by their counts, as a filter does. Then whoever reads the changelog has
   * read its inbox as far; else that may lag.
   */
  readonly filters: boolean;
  stage: Actor | null = null;
  /** Of sessions: the start of the stage that goes on. */
  process: StageProcess | null = null;
  cleaner: Actor | null = null;
  /** Starts of the table's task that still go on; the last one is the owner. */
  tables: Actor[] = [];
  startsEver = 0;
  violation: string | null = null;
  readonly counts = new Map<string, number>();
  readonly #produced = new Set<string>();
  #time = -Infinity;

  constructor(seed: number, options: RetentionOptions) {
    this.choices = new Choices(seed);
    this.options = options;
    [this.#lateness, this.#backward] = options.kind === "sessions"
      ? this.choices.pick([[0.15, 0], [0.15, 0.93], [0.5, 0.93]])
      : [0.15, 0];
    this.filters = this.choices.chance(0.5);
    this.network = new Network(this);
  }

  /** What the sink shows of a window; null: nothing. */
  shownOf(count: number | null): number | null {
    return count !== null && this.filters && count % 3 === 2 ? null : count;
  }

  keeps(rule: RetentionRule): boolean {
    return !this.options.without.includes(rule);
  }

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  fail(violation: string): void {
    this.violation ??= violation;
  }

  /** An event, mostly of about now, sometimes of long ago. */
  append(): void {
    const { choices } = this;
    const latest = Math.max(0, this.#time);
    const time = choices.chance(this.#lateness) ? Math.max(0, this.#lateTime(latest)) : latest + this.#step();
    this.events.append("", { value: time, time: this.now });
    this.#time = Math.max(this.#time, time);
    this.#times.push(time);
    if (time + CLOSES_AFTER <= this.#time) this.count("events that come too late for one of their own");
  }

  /** Sessions grow far back, if events come that are older and older. */
  #lateTime(latest: number): number {
    const { choices, options } = this;
    const goesBack = options.kind === "sessions" && this.#lateAt > latest - 40 && choices.chance(this.#backward);
    return this.#lateAt = goesBack ? this.#lateAt - choices.below(2) : latest - choices.below(14);
  }

  /** How much later an event is than the one before: sessions need gaps. */
  #step(): number {
    const { choices } = this;
    if (this.options.kind === "sessions" && choices.chance(0.15)) return 2 + choices.below(3);
    return choices.chance(0.3) ? 1 : 0;
  }

  /** By window, or session: how many events count, as they stand in the repartition topic. */
  truth(): ReadonlyMap<number, number> {
    return this.options.kind === "sessions" ? sessionsOf(this.#times) : windowsOf(this.#times);
  }

  /** A batch of the changelog, until it is acknowledged. */
  *write(name: string, records: readonly NewRecord[]): Steps {
    yield* this.network.ask<true>((reply) => {
      this.#produce(name, records);
      reply(true);
    });
  }

  /** A batch is stored once, and whole. */
  #produce(name: string, records: readonly NewRecord[]): void {
    if (this.#produced.has(name)) return;
    this.#produced.add(name);
    for (const { key, value } of records) this.changelog.append(key, { value, time: this.now });
  }

  /** Of each key the last record stays; others go, sooner or later. */
  compact(): void {
    const { records } = this.changelog;
    const last = new Map(records.map((record) => [record.key, record]));
    const thoroughness = this.choices.chance(0.5) ? 1 : 0.5;
    this.changelog.records = records.filter((record) => {
      if (last.get(record.key) !== record) return !this.choices.chance(thoroughness);
      return record.value !== null || this.now - record.time < TOMBSTONE;
    });
  }

  insert(window: number, row: SinkRow): void {
    const shown = this.sink.get(window);
    if (shown !== undefined && (shown.epoch - row.epoch || shown.seq - row.seq) >= 0) return;
    this.sink.set(window, row);
    const owner = this.inbox.records.findLast(({ value }) => value.kind === "hello");
    if (row.epoch !== owner?.offset) this.changedAt = this.now;
  }

  /** Another start of the table's task: a process was killed, or goes on without knowing. */
  addTable(make: (self: Actor) => Steps): void {
    if (this.tables.length > 0 && !this.choices.chance(0.5)) this.tables.pop();
    if (this.tables.length >= OWNERS_MAX) this.tables.shift();
    this.tables.push(actor(make));
    this.count("starts of the table's task");
  }
}

export function actor(make: (self: Actor) => Steps): Actor {
  const self: Actor = { steps: nothing(), asleepUntil: 0, idle: false, over: false };
  self.steps = make(self);
  return self;
}

function* nothing(): Steps {}
