import { Choices } from "../simulation/choices.ts";
import type { Instance } from "./instance.ts";
import { PartitionLog } from "./partition_log.ts";
import { type Plan, type TableName, TABLES } from "./program.ts";
import type { Rule } from "./rules.ts";
import { SnapshotDirectory } from "./snapshot_directory.ts";
import type { Effect, InboxValue, Task } from "./task.ts";
import type { Change, Row } from "./values.ts";
import { Warehouse } from "./warehouse.ts";

/** A source's table, or the global one. */
export type SourceName = TableName | "G";
const SOURCES: readonly SourceName[] = ["L", "O", "U", "G"];
/** Steps for which a tombstone stays in its log. */
export const RETENTION = 600;
const INSTANCES = 3;
/** At first. */
export const PARTITIONS = 2;
/** Epochs of one generation are below those of the next. */
const EPOCHS_PER_GENERATION = 1_000_000;

/**
 * What may happen. "intact directories": nobody touches what processes have written. "alone": one instance, to which
 * nothing happens but that it is killed, so that every snapshot must be of use.
 */
export type WorldKind = "all faults" | "intact directories" | "alone";
export const WORLD_KINDS: readonly WorldKind[] = ["all faults", "intact directories", "alone"];

export interface WorldOptions {
  /** Rules that are taken away. */
  readonly without: readonly Rule[];
  /** Multiplies the number of faults. */
  readonly heat: number;
  readonly kind: WorldKind;
}

/** Everything there is, drawn from one seed. */
export class World {
  readonly choices: Choices;
  readonly options: WorldOptions;
  readonly alone: boolean;
  readonly #without: ReadonlySet<Rule>;
  plan: Plan;
  /** Right rows that nobody uses are forgotten. */
  readonly forgets: boolean;
  readonly standbys: boolean;
  /** ClickHouse takes its time. */
  readonly slowInserts: boolean;
  /** Records that a standby reads in a step; changes from time to time. */
  standbySpeed = 0.4;
  partitions = PARTITIONS;
  generation = 0;
  /** In steps. */
  now = 0;
  /** Whether faults strike. */
  faults = true;
  transactions = 0;
  /** Records of a transaction that are not written yet, in order. */
  readonly unwritten: (() => void)[] = [];
  #topicIds = 0;
  /** A table's topic. */
  readonly #topics = new Map<SourceName, number>();
  /** By partition: "L0". */
  readonly sources = new Map<string, PartitionLog<Change | null>>();
  readonly inboxes = new Map<string, PartitionLog<InboxValue>>();
  readonly truth: Readonly<Record<SourceName, Map<string, Row>>> = {
    L: new Map(),
    O: new Map(),
    U: new Map(),
    G: new Map(),
  };
  readonly warehouse = new Warehouse();
  /** Epoch of the letter of each row of L that failed. */
  readonly letters = new Map<string, number>();
  readonly instances: Instance[] = [];
  readonly tasks = new Map<string, Task>();
  zombies: Task[] = [];
  /** What dead processes have under way. */
  ghosts: Effect[] = [];
  /** Whatever a server ever told of a key, as "O/o1 digest". */
  readonly served = new Set<string>();
  readonly counts = new Map<string, number>();
  /** Asked after each write; set while nothing may be visible of what happens. */
  onWrite: (() => void) | null = null;
  violation: string | null = null;

  constructor(seed: number, options: WorldOptions) {
    this.choices = new Choices(seed);
    this.options = options;
    this.alone = options.kind === "alone";
    this.#without = new Set(options.without);
    const { choices } = this;
    this.plan = { left: choices.chance(0.5), derived: choices.chance(0.4), factor: 1, unit: 1 };
    this.forgets = choices.chance(0.5);
    this.standbys = !this.alone && choices.chance(0.5);
    this.slowInserts = choices.chance(0.3);
    const shared = new SnapshotDirectory();
    const sharing = choices.chance(0.15);
    for (let index = 0; index < (this.alone ? 1 : INSTANCES); index++) {
      const directory = sharing ? shared : new SnapshotDirectory();
      this.instances.push({ globals: new Map(), globalPositions: [], directory, standbys: new Map() });
    }
    this.addPartitions();
  }

  /** Logs of partitions that have none yet. */
  addPartitions(): void {
    for (let partition = 0; partition < this.partitions; partition++) {
      for (const table of SOURCES) {
        const name = `${table}${partition}`;
        const id = this.#topics.get(table) ?? ++this.#topicIds;
        this.#topics.set(table, id);
        if (!this.sources.has(name)) this.sources.set(name, new PartitionLog(id));
      }
      for (const table of TABLES) {
        const name = `${table}${partition}`;
        if (!this.inboxes.has(name)) this.inboxes.set(name, new PartitionLog(0));
      }
    }
    for (const { globalPositions } of this.instances) {
      while (globalPositions.length < this.partitions) globalPositions.push(0);
    }
  }

  /** Deletes a table's topic and makes it again. */
  recreateTopic(table: SourceName): void {
    this.#topics.delete(table);
    for (let partition = 0; partition < this.partitions; partition++) this.sources.delete(`${table}${partition}`);
    this.addPartitions();
  }

  keeps(rule: Rule): boolean {
    return !this.#without.has(rule);
  }

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  fail(violation: string): void {
    this.violation ??= violation;
  }

  partitionOf(key: string): number {
    return Number(key.slice(1)) % this.partitions;
  }

  /** Where a table's key belongs: "L0". */
  placeOf(table: string, key: string): string {
    return `${table}${this.partitionOf(key)}`;
  }

  source(name: string): PartitionLog<Change | null> {
    return this.sources.get(name)!;
  }

  inbox(task: string): PartitionLog<InboxValue> {
    return this.inboxes.get(task)!;
  }

  epochAt(helloOffset: number): number {
    return this.generation * EPOCHS_PER_GENERATION + helloOffset + 1;
  }

  /** Smaller than every epoch of the generation. */
  get leastEpoch(): number {
    return this.generation * EPOCHS_PER_GENERATION;
  }

  taskIds(): string[] {
    return TABLES.flatMap((table) => Array.from({ length: this.partitions }, (_, index) => `${table}${index}`));
  }

  /** Tasks that look rows of the table up. */
  homesOf(table: TableName): string[] {
    if (table === "L") return [];
    const home = table === "U" && this.plan.derived ? "O" : "L";
    return this.taskIds().filter((id) => id[0] === home);
  }

  instance(): Instance {
    return this.choices.pick(this.instances);
  }
}
