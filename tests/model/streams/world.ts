import { Choices } from "../../simulation/choices.ts";
import { PartitionLog } from "../partition_log.ts";
import { AppendTable, EXECUTION_MAX } from "./append_table.ts";
import { Coordinator } from "./coordinator.ts";
import type { Member, StreamTask } from "./member.ts";
import { Network } from "./network.ts";
import type { AppendRule } from "./rules.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Told } from "./told.ts";

/** Ticks from an announcement to the deadline of its inserts. */
export const DEADLINE = 45;
/** Ticks between two announcements of a partition. */
export const PACE = 30;
export const PARTITIONS = 2;
const MEMBERS = 3;
/** Records that are taken at once. */
export const RECORDS_MAX = 4;
/** Rows of one record. */
export const ROWS_MAX = 3;
/** Rows of a block, where an insert is not atomic. */
const BLOCK_ROWS = 3;

/** A record of the source, ever. Its value says how many rows it makes. */
export interface Input {
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  readonly value: number;
}

/** "frozen starts": much is read, and processes are suspended for long when they have just learnt where to go on. */
export type AppendWorldKind = "all faults" | "frozen starts";
export const APPEND_WORLD_KINDS: readonly AppendWorldKind[] = ["all faults", "frozen starts"];

export interface WorldOptions {
  readonly kind: AppendWorldKind;
  /** Rules that are taken away. */
  readonly without: readonly AppendRule[];
  /** Multiplies the number of faults. */
  readonly heat: number;
}

interface Notice {
  readonly member: Member;
  readonly partition: number;
  readonly tenure: number;
  readonly dueAt: number;
}

/** Everything there is, drawn from one seed. */
export class World implements Surroundings<AppendRule> {
  readonly choices: Choices;
  readonly options: WorldOptions;
  readonly #without: ReadonlySet<AppendRule>;
  now = 0;
  faults = true;
  /** An insert is atomic; otherwise each of its blocks is. */
  readonly atomic: boolean;
  /** Where a task begins that never was anywhere. */
  readonly beginsAt: "start" | "end";
  /** The newest version of the program. */
  program = 0;
  logs: PartitionLog<number>[] = [];
  readonly inputs: Input[] = [];
  readonly network: Network;
  readonly coordinator: Coordinator;
  readonly table: AppendTable;
  readonly members: Member[] = [];
  membersEver = 0;
  /** By partition: what has been decided about its owner, and is not in force yet. */
  readonly decisions: ({ readonly member: Member; readonly dueAt: number } | null)[] = [];
  /** Members are to learn that they have a partition. */
  notices: Notice[] = [];
  /** By partition. */
  readonly owners: Member[] = [];
  readonly told: Told[] = [];
  /** By partition: where a task ran first; inputs from there on are to be in the table. */
  readonly begun: ({ readonly topicId: number; readonly offset: number } | null)[] = [];
  readonly counts = new Map<string, number>();
  violation: string | null = null;
  /** Tasks that have just learnt something, before they act on it: where it hurts most to be suspended. */
  readonly learnt: StreamTask[] = [];
  /** Tasks that have just sent an insert: where it hurts most to be killed. */
  readonly sent: StreamTask[] = [];
  #topicIds = 0;

  constructor(seed: number, options: WorldOptions) {
    this.choices = new Choices(seed);
    this.options = options;
    this.#without = new Set(options.without);
    this.atomic = options.kind === "frozen starts" || this.choices.chance(0.5);
    this.beginsAt = this.choices.chance(0.7) ? "start" : "end";
    this.network = new Network(this);
    this.coordinator = new Coordinator(this, PARTITIONS);
    const blockRows = this.atomic ? Infinity : BLOCK_ROWS;
    const window = this.keeps("window") ? windowOf(blockRows) : 3;
    this.table = new AppendTable(this, { window, blockRows });
    this.recreateTopic();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      this.begun.push(null);
      this.decisions.push(null);
    }
    for (let count = 0; count < MEMBERS; count++) this.addMember();
  }

  /** The topic is deleted, if there is one, and made again. */
  recreateTopic(): void {
    const topicId = ++this.#topicIds;
    this.logs = Array.from({ length: PARTITIONS }, () => new PartitionLog<number>(topicId));
  }

  addMember(): Member {
    const member: Member = {
      name: `m${++this.membersEver}`,
      program: this.program,
      skew: this.choices.below(150),
      awake: 0,
      asleepUntil: 0,
      asked: { time: this.now, awake: 0 },
      tasks: new Map(),
      speed: this.choices.pick([0.5, 0.95]),
    };
    this.members.push(member);
    return member;
  }

  append(partition: number): void {
    const { choices } = this;
    const log = this.logs[partition];
    if (choices.chance(0.1)) log.end += 1 + choices.below(3); // Offsets have gaps.
    const value = choices.below(4);
    const offset = log.append("", { value, time: this.now });
    this.inputs.push({ topicId: log.topicId, partition, offset, value });
  }

  tell(told: Told): void {
    this.told.push(told);
    this.count(`told for ${told.reason}`);
  }

  keeps(rule: AppendRule): boolean {
    return !this.#without.has(rule);
  }

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  fail(violation: string): void {
    this.violation ??= violation;
  }
}

/** So many blocks at most are stored between the first execution of an insert and the last one of a copy of it. */
function windowOf(blockRows: number): number {
  const blocks = Math.ceil(RECORDS_MAX * ROWS_MAX / Math.min(blockRows, RECORDS_MAX * ROWS_MAX));
  return blocks * PARTITIONS * (Math.ceil((DEADLINE + EXECUTION_MAX) / PACE) + 1);
}
