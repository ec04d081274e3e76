import type { Range } from "./coordinator.ts";
import type { AppendRule } from "./rules.ts";
import type { Surroundings } from "./surroundings.ts";

/** A row, and what it was made of. */
export interface AppendRow {
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  /** Among the rows of one record. */
  readonly index: number;
  /** Which program made it. */
  readonly program: number;
}

export interface Insert {
  readonly rows: readonly AppendRow[];
  readonly token: string | null;
  readonly deadline: number;
}

/** "failed": some of it, all or nothing was stored. */
export type InsertAnswer = "stored" | "too late" | "failed";

/** An insert in execution: its blocks are stored one by one, each whole or not at all. */
interface Execution {
  readonly blocks: AppendRow[][];
  readonly token: string | null;
  readonly endBy: number;
  readonly reply: (answer: InsertAnswer) => void;
  stored: number;
  stalledUntil: number;
}

/** Ticks that an insert may be executed. */
export const EXECUTION_MAX = 15;
/** Ticks that one takes that nobody bounds. */
const STALL_MAX = 120;

/** An append table: nothing replaces anything; a block whose token is remembered adds nothing. */
export class AppendTable {
  readonly #world: Surroundings<AppendRule>;
  readonly #window: number;
  /** Rows of a block: Infinity if an insert is atomic. */
  readonly #blockRows: number;
  #tokens: string[] = [];
  #executions: Execution[] = [];
  /** Chance that a block is stored in a tick. */
  readonly #speed: number;
  readonly rows: AppendRow[] = [];

  /** `window`: so many tokens are remembered. */
  constructor(
    world: Surroundings<AppendRule>,
    { window, blockRows }: { readonly window: number; readonly blockRows: number },
  ) {
    this.#world = world;
    this.#window = window;
    this.#blockRows = blockRows;
    this.#speed = world.choices.pick([0.6, 0.6, 0.15]);
  }

  get busy(): boolean {
    return this.#executions.length > 0;
  }

  insert({ rows, token, deadline }: Insert, reply: (answer: InsertAnswer) => void): void {
    const { choices, now, faults } = this.#world;
    if (now > deadline) {
      this.#world.count("inserts after their deadline");
      if (this.#world.keeps("deadline")) return reply("too late");
    }
    const blocks: AppendRow[][] = [];
    for (let from = 0; from < rows.length; from += this.#blockRows) {
      blocks.push(rows.slice(from, from + this.#blockRows));
    }
    const stalledUntil = faults && choices.chance(0.08) ? now + choices.below(STALL_MAX) : now;
    this.#executions.push({ blocks, token, reply, endBy: now + EXECUTION_MAX, stored: 0, stalledUntil });
  }

  /** Inserts go on. */
  execute(): void {
    const { choices, now, faults } = this.#world;
    for (const execution of [...this.#executions]) {
      const { blocks, token, endBy } = execution;
      if (now > endBy && this.#world.keeps("executionBound")) this.#end(execution, "failed");
      else if (faults && choices.chance(0.02)) this.#end(execution, "failed");
      else if (now >= execution.stalledUntil && choices.chance(this.#speed)) {
        this.#store(blocks[execution.stored], token === null ? null : `${token}#${execution.stored}`);
        if (++execution.stored === blocks.length) this.#end(execution, "stored");
      }
    }
  }

  #end(execution: Execution, answer: InsertAnswer): void {
    this.#executions = this.#executions.filter((other) => other !== execution);
    if (answer === "failed") this.#world.count(execution.stored > 0 ? "inserts cut off" : "inserts that failed");
    execution.reply(answer);
  }

  #store(rows: AppendRow[], token: string | null): void {
    if (token !== null && this.#tokens.includes(token)) return this.#world.count("blocks that were there");
    this.rows.push(...rows);
    if (token === null) return;
    this.#tokens.push(token);
    if (this.#tokens.length > this.#window) this.#tokens.shift();
  }

  /** What is there of a range, each place once; and the table's time. */
  look(range: Pick<Range, "topicId" | "partition" | "from" | "to">): Look {
    const found = this.rows.filter((row) =>
      this.#isOf(row, range) && row.offset >= range.from && row.offset < range.to
    );
    return { present: new Map(found.map((row) => [placeOf(row), row])), time: this.#world.now };
  }

  /** The offset of the last record that has a row; undefined if none has. */
  last(topic: Pick<Range, "topicId" | "partition">): number | undefined {
    const offsets = this.rows.filter((row) => this.#isOf(row, topic)).map(({ offset }) => offset);
    return offsets.length === 0 ? undefined : Math.max(...offsets);
  }

  #isOf(row: AppendRow, { topicId, partition }: Pick<Range, "topicId" | "partition">): boolean {
    return row.partition === partition && (row.topicId === topicId || !this.#world.keeps("placeTopicId"));
  }
}

export interface Look {
  readonly present: ReadonlyMap<string, AppendRow>;
  readonly time: number;
}

/** Among the places of one topic and partition. */
export function placeOf({ offset, index }: AppendRow): string {
  return `${offset}.${index}`;
}
