import { Choices } from "../../../simulation/choices.ts";
import { PartitionLog } from "../../partition_log.ts";
import { Network, type Steps } from "../network.ts";
import type { Surroundings } from "../surroundings.ts";
import { Changelog, type GroupFact } from "./changelog.ts";
import type { AggregateRule } from "./rules.ts";

export const PARTITIONS = 2;
const PROCESSES = 3;
/** Of all partitions. */
export const GROUPS = 6;

/** A record of the input: which groups it is counted in. */
type InputValue = readonly number[];

/** A record of the repartition topic. */
export interface Shuffled {
  readonly group: number;
  readonly topicId: number;
  readonly partition: number;
  /** Grows along the input's partition: of a record, and of each that it makes. */
  readonly place: number;
}

/** A task as one process has it. */
export interface Task {
  /** "u0": reads the input's partition 0; "a0": the repartition topic's. */
  readonly id: string;
  readonly partition: number;
  readonly tenure: number;
  readonly process: Process;
  /** Names this incarnation. */
  readonly owner: string;
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
  /** Ticks after which the changelog takes no batch of a tenure that was not confirmed since. */
  readonly lateMax: number;
  /** Chance that a task looks for what may be deleted of the changelog, in each turn. */
  readonly cleaning: number;
  readonly sharedKeys: boolean;
  /** Records younger than so many ticks are not compacted, and hide no others. */
  readonly compactionLag: number;
  /** Ticks after which a process asks whether a task is still its own. */
  readonly confirmTicks: number;
  /** By partition. */
  inputs: PartitionLog<InputValue>[] = [];
  readonly shuffled: PartitionLog<Shuffled>[] = [];
  readonly changelogs: Changelog[] = [];
  /** By group. */
  readonly sink = new Map<number, GroupFact>();
  /** By group: the names of the inputs that count, as they were written. */
  readonly truth = new Map<number, string[]>();
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
    this.lateMax = this.choices.pick([70, 120]);
    this.confirmTicks = contested ? 60 : this.choices.pick([10, 60]);
    this.cleaning = contested ? 0.2 : 0.04;
    this.network = new Network(this);
    this.recreateInput();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      this.shuffled.push(new PartitionLog(0));
      this.changelogs.push(new Changelog(this, this));
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
    const groups = Array.from({ length: choices.below(3) }, () => choices.below(GROUPS));
    const offset = log.append("", { value: groups, time: this.now });
    groups.forEach((group, index) => {
      const name = nameOf({ group, topicId: log.topicId, partition, place: placeOf(offset, index) });
      this.truth.set(group, [...this.truth.get(group) ?? [], name]);
    });
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
export function nameOf({ topicId, partition, place }: Shuffled): string {
  return `${topicId}/${partition}/${place}`;
}
