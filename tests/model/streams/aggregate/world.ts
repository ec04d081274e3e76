import { Choices } from "../../../simulation/choices.ts";
import { PartitionLog } from "../../partition_log.ts";
import { Network, type Steps } from "../network.ts";
import type { Surroundings } from "../surroundings.ts";
import { Changelog, type GroupFact } from "./changelog.ts";
import { ChangelogReader } from "./reader.ts";
import type { AggregateRule } from "./rules.ts";

export const PARTITIONS = 2;
const PROCESSES = 3;
/** Of all partitions. */
export const GROUPS = 6;

/** A record of the input: which groups it is counted in, and which of them it ends: what they were made of is gone. */
type InputValue = readonly Pick<Shuffled, "group" | "ends">[];

/** An event in the repartition topic. */
export interface Shuffled {
  readonly group: number;
  readonly ends: boolean;
  readonly topicId: number;
  readonly partition: number;
  /** Grows along the input's partition: of a record, and of each that it makes. */
  readonly place: number;
}

/** A record of the repartition topic by which a start says that it has begun. */
interface Begun {
  /** Names it. */
  readonly begins: string;
}

/** A task as one process has it. */
export interface Task {
  /** "u0": reads the input's partition 0; "a0": the repartition topic's. */
  readonly id: string;
  readonly partition: number;
  readonly tenure: number;
  readonly process: Process;
  steps: Steps;
  over: boolean;
  /** Where it stands when it has nothing to do; null while it has. */
  idleAt: { readonly topicId: number; readonly position: number } | null;
}

/** A process. */
export interface Process {
  asleepUntil: number;
  /** Ticks that it was not suspended. */
  awake: number;
  readonly tasks: Map<string, Task>;
}

/**
 * "two owners": processes that have lost a task go on for long, and all delete what they may. "shared keys": the keys
 * of the changelog do not name their owner, who reads what others write and answers it.
 */
export type AggregateWorldKind = "all faults" | "two owners" | "shared keys";
export const AGGREGATE_WORLD_KINDS: readonly AggregateWorldKind[] = ["all faults", "two owners", "shared keys"];
/** Ticks for which a compaction touches nothing: longer than a partition is ever without an owner. */
const COMPACTION_LAG = 250;

export interface AggregateOptions {
  readonly kind: AggregateWorldKind;
  readonly without: readonly AggregateRule[];
  readonly heat: number;
}

/** Everything there is, drawn from one seed. */
export class AggregateWorld implements Surroundings<AggregateRule> {
  readonly choices: Choices;
  readonly options: AggregateOptions;
  readonly #without: ReadonlySet<AggregateRule>;
  now = 0;
  faults = true;
  readonly network: Network;
  /** What is made durable at once is too large for one batch. */
  readonly divided: boolean;
  /** Chance that a task looks for what may be deleted of the changelog, in each turn. */
  readonly cleaning: number;
  readonly sharedKeys: boolean;
  /** Records younger than so many ticks are not compacted, and hide no others. */
  readonly compactionLag: number;
  /** Ticks after which a process asks whether a task is still its own. */
  readonly confirmTicks: number;
  /** By partition. */
  inputs: PartitionLog<InputValue>[] = [];
  readonly shuffled: PartitionLog<Shuffled | Begun>[] = [];
  readonly changelogs: Changelog[] = [];
  readonly readers: ChangelogReader[] = [];
  /** By group. */
  readonly sink = new Map<number, GroupFact>();
  /** Names of all inputs, and of those that came into the repartition topic, in the order of their places. */
  readonly written = new Set<string>();
  readonly arrived = new Set<string>();
  /** By group: the names of the inputs that count, as they stand in the repartition topic. */
  readonly truth = new Map<number, string[]>();
  readonly #places = new Map<string, number>();
  readonly committed = new Map<string, { readonly topicId: number; readonly offset: number }>();
  readonly tenures = new Map<string, number>();
  readonly owners = new Map<string, Process>();
  notices: { readonly process: Process; readonly id: string; readonly tenure: number; readonly dueAt: number }[] = [];
  readonly processes: Process[] = [];
  ownersEver = 0;
  /** Tasks that are about to delete keys of others: where it hurts most to be suspended. */
  readonly deleting: Task[] = [];
  readonly counts = new Map<string, number>();
  violation: string | null = null;
  #topicIds = 0;

  constructor(seed: number, options: AggregateOptions) {
    this.choices = new Choices(seed);
    this.options = options;
    this.#without = new Set(options.without);
    this.divided = this.choices.chance(0.3);
    this.sharedKeys = options.kind === "shared keys" || !this.keeps("ownKeys");
    this.compactionLag = options.kind === "shared keys" && this.keeps("compactionLag") ? COMPACTION_LAG : 0;
    const contested = options.kind === "two owners";
    this.confirmTicks = contested ? 60 : this.choices.pick([10, 60]);
    this.cleaning = contested ? 0.2 : 0.04;
    this.network = new Network(this);
    this.recreateInput();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      this.shuffled.push(new PartitionLog(0));
      this.changelogs.push(new Changelog(this));
      this.readers.push(new ChangelogReader(this.changelogs[partition]));
    }
    for (let count = 0; count < PROCESSES; count++) this.addProcess();
  }

  addProcess(): Process {
    const process: Process = { asleepUntil: 0, awake: 0, tasks: new Map() };
    this.processes.push(process);
    return process;
  }

  recreateInput(): void {
    const topicId = ++this.#topicIds;
    this.inputs = Array.from({ length: PARTITIONS }, () => new PartitionLog<InputValue>(topicId));
  }

  append(): void {
    const { choices } = this;
    const partition = choices.below(PARTITIONS);
    const log = this.inputs[partition];
    const value = Array.from({ length: choices.below(3) }, () => ({
      group: choices.below(GROUPS),
      ends: choices.chance(0.2),
    }));
    const offset = log.append("", { value, time: this.now });
    value.forEach((_, index) =>
      this.written.add(nameOf({ topicId: log.topicId, partition, place: placeOf(offset, index) }))
    );
  }

  /** Appends to the repartition topic; returns the offset. */
  shuffle(partition: number, value: Shuffled | Begun): number {
    const offset = this.shuffled[partition].append("", { value, time: this.now });
    if ("begins" in value) return offset;
    const source = `${partition} ${value.topicId}/${value.partition}`;
    if (value.place <= (this.#places.get(source) ?? -1)) return offset;
    this.#places.set(source, value.place);
    this.arrived.add(nameOf(value));
    this.truth.set(value.group, value.ends ? [] : [...this.truth.get(value.group) ?? [], nameOf(value)]);
    return offset;
  }

  taskIds(): string[] {
    return ["u", "a"].flatMap((kind) => Array.from({ length: PARTITIONS }, (_, partition) => `${kind}${partition}`));
  }

  keeps(rule: AggregateRule): boolean {
    return !this.#without.has(rule);
  }

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  fail(violation: string): void {
    this.violation ??= violation;
  }
}

/** Where a record that an input makes stands among all that its partition makes. */
export function placeOf(offset: number, index: number): number {
  return offset * 10 + index;
}

/** Names what is counted. */
export function nameOf({ topicId, partition, place }: Pick<Shuffled, "topicId" | "partition" | "place">): string {
  return `${topicId}/${partition}/${place}`;
}
