import type { LookupPlan } from "../../plan/physical.ts";
import type { Key } from "../../record/key.ts";
import { type Chore, LOOKS_PER_STEP, Walks } from "../../state/chores.ts";
import { AskedRights } from "../../state/right_store.ts";
import type { Slot } from "../../state/slots.ts";
import { askingFor } from "./asking.ts";
import type { ConfirmedMessage } from "./block_message.ts";
import { RightBlocks } from "./right_blocks.ts";
import type { TaskView } from "./task_view.ts";

/** To ask about a right row takes as long as so many looks. */
const LOOKS_TO_ASK = 4;
/** Right rows of one server that are asked about before all others, since entries wait for them. */
const HURRIED_MAX = 1_000;

/** What is known of where right rows are asked for. */
export interface HeldRightsOptions {
  /** How many tasks the table has. */
  readonly partitionsOf: (table: number) => number;
  /** The task that serves a key of a lookup. */
  readonly partitionOf: (lookup: number, key: Key) => number;
  /** Whether anybody can be asked for the key. */
  readonly askable: (plan: LookupPlan, key: Key) => boolean;
  /** Whether this task starts on this instance, too. */
  readonly isStarting: (table: number, partition: number) => boolean;
}

/** A lookup whose right rows other tasks serve. */
interface Lookup {
  readonly index: number;
  readonly plan: LookupPlan;
  readonly store: AskedRights;
  readonly blocks: RightBlocks;
  /** What its servers have forgotten is asked about again. */
  readonly forgotten: Walks;
  /** Servers that start, too. They are asked about a snapshot's right rows when they say HELLO. */
  readonly expected: Set<number>;
  /** Of these servers: right rows for which entries wait. */
  readonly hurried: Map<number, Set<Slot>>;
}

/** How a task asks about right rows that it holds: from a snapshot, or of a server that has started again. */
export class HeldRights {
  readonly #task: TaskView;
  readonly #options: HeldRightsOptions;
  #lookups: readonly Lookup[] | null = null;

  constructor(task: TaskView, options: HeldRightsOptions) {
    this.#task = task;
    this.#options = options;
  }

  /** Made when they are needed first, since the task's stores are made after its conversation. */
  get #asked(): readonly Lookup[] {
    return this.#lookups ??= this.#task.stores.flatMap((store, index) => {
      if (!(store instanceof AskedRights)) return [];
      const { chores, channel, table } = this.#task;
      const plan = table.lookups[index];
      const lookup: Lookup = {
        index,
        plan,
        store,
        blocks: new RightBlocks({
          store,
          join: plan.name,
          table: plan.table,
          send: (destination, message) => channel.send(destination, message),
        }),
        forgotten: new Walks(chores, (servers) => this.#askAgain(lookup, servers)),
        expected: new Set(),
        hurried: new Map(),
      };
      return [lookup];
    });
  }

  /**
   * After the right rows were loaded from a snapshot: whoever serves them is asked whether they are what they were. Of
   * those that start on this instance, too, a HELLO is expected, after which they would have to be asked again.
   */
  askForAll(): void {
    for (const { plan, expected, forgotten } of this.#asked) {
      for (let partition = 0; partition < this.#options.partitionsOf(plan.table); partition++) {
        if (this.#options.isStarting(plan.table, partition)) expected.add(partition);
        else forgotten.ask(partition);
      }
    }
  }

  /** Whether a HELLO is expected. */
  get expecting(): boolean {
    return this.#asked.some(({ expected }) => expected.size > 0);
  }

  /** Whoever has not said HELLO by now is asked all the same. */
  expectNoMore(): void {
    for (const { expected, forgotten } of this.#asked) {
      for (const partition of expected) forgotten.ask(partition);
      expected.clear();
    }
  }

  /** A server has forgotten this task's subscriptions. What is held stays until it is answered. */
  forgotten(table: number, partition: number): void {
    for (const { plan, expected, blocks, forgotten } of this.#asked) {
      if (plan.table !== table) continue;
      expected.delete(partition);
      blocks.forget(partition);
      forgotten.ask(partition);
    }
  }

  /** An entry waits for a right row: it is asked about before the others. */
  hurry(index: number, right: Slot): void {
    const lookup = this.#asked.find((candidate) => candidate.index === index)!;
    const key = lookup.store.keys.keyOf(right);
    const partition = this.#options.partitionOf(index, key);
    let hurried = lookup.hurried.get(partition);
    if (hurried === undefined) lookup.hurried.set(partition, hurried = new Set());
    if (hurried.size >= HURRIED_MAX) return;
    hurried.add(right);
    if (!lookup.expected.has(partition)) this.#askAlone(lookup, { partition, right });
  }

  #askAlone({ plan, store }: Lookup, { partition, right }: { readonly partition: number; readonly right: Slot }): void {
    const key = store.keys.keyOf(right);
    if (!this.#options.askable(plan, key)) return;
    this.#task.channel.send(
      { table: plan.table, partition },
      askingFor({ join: plan.name, key }, store.told(right)),
    );
  }

  /** An answer to an earlier incarnation of this task speaks of what that one held. */
  confirmed({ join, to, block, except }: ConfirmedMessage): void {
    if (to !== this.#task.epoch) return;
    const lookup = this.#asked.find(({ plan }) => plan.name === join);
    if (lookup === undefined) return;
    for (const right of lookup.blocks.answered(block, except)) this.#confirm(lookup, right);
  }

  #confirm({ index, store }: Lookup, right: Slot): void {
    if (store.confirm(right) === "confirmed") this.#task.rightConfirmed(index, right);
  }

  /**
   * Subscribes again to what is held of servers that have forgotten it. Right rows that come meanwhile are asked for as
   * they come.
   */
  *#askAgain(lookup: Lookup, servers: ReadonlyMap<number, void>): Chore {
    const { index, plan, store: { keys }, blocks } = lookup;
    for (const partition of servers.keys()) {
      for (const right of lookup.hurried.get(partition) ?? []) {
        if (lookup.store.waitsFor(right)) this.#askAlone(lookup, { partition, right });
      }
    }
    let looks = 0;
    for (const right of keys.used()) {
      const key = keys.keyOf(right);
      const partition = this.#options.partitionOf(index, key);
      if (servers.has(partition)) {
        looks += LOOKS_TO_ASK;
        if (this.#options.askable(plan, key)) blocks.ask(partition, right);
        // That nobody can be asked is known without an answer.
        else this.#confirm(lookup, right);
      } else looks++;
      if (looks < LOOKS_PER_STEP) continue;
      looks = 0;
      yield;
    }
    blocks.flush();
  }
}
