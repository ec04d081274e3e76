import type { ServePlan } from "../../plan/physical.ts";
import { digestOf } from "../../record/digest.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import type { ProcessorError } from "../../record/errors.ts";
import { encodeRow } from "../../record/sendable.ts";
import type { Entry } from "../../state/entry.ts";
import { type Chore, type Chores, LOOKS_PER_STEP, Walks } from "../../state/chores.ts";
import { appended } from "../../state/right_store.ts";

/** Sends a value, as {@link encodeWire} writes it, to the home with this partition. */
export type Answer = (home: number, key: Key, wire: string) => void;

/** What a server needs of its task. */
export interface ServerOptions {
  readonly plan: ServePlan;
  /** Index of the cell that holds the digest of what was told last. */
  readonly cell: number;
  /** Bytes of a value; a larger one is refused. */
  readonly bytesMax: number;
  readonly chores: Chores;
  readonly onError: (error: ProcessorError) => void;
}

/** More than any table has partitions. */
const HOMES_MAX = 65_536;
const ABSENT = "null";
const ABSENT_DIGEST = 0;

/**
 * One register served to homes: who subscribed to which key, and what they were told last. A subscription is ALWAYS
 * answered, at once or as soon as the value is known. A value that cannot be sent, for what it is or for its size, is
 * refused and so absent: that is told like any other value, and why is told once.
 */
export class Server {
  readonly plan: ServePlan;
  readonly #cell: number;
  readonly #bytesMax: number;
  readonly #answer: Answer;
  readonly #onError: (error: ProcessorError) => void;
  /** Key to the homes that subscribed: each its partition and, in front of it, how often it was forgotten by then. */
  readonly #subscriptions = new Map<Key, number[]>();
  /** How often each home was forgotten. */
  readonly #forgotten: number[] = [];
  readonly #tidying: Walks;

  constructor({ plan, cell, bytesMax, chores, onError }: ServerOptions, answer: Answer) {
    this.plan = plan;
    this.#cell = cell;
    this.#bytesMax = bytesMax;
    this.#answer = answer;
    this.#onError = onError;
    this.#tidying = new Walks(chores, () => this.#tidy());
  }

  /** Keys that somebody subscribed to. */
  keys(): IterableIterator<Key> {
    return this.#subscriptions.keys();
  }

  subscribe(home: number, key: Key): void {
    const subscribed = this.#subscriptions.get(key);
    const now = this.#subscriptionOf(home);
    if (subscribed === undefined) this.#subscriptions.set(key, [now]);
    else if (!subscribed.includes(now)) this.#subscriptions.set(key, appended(subscribed, now));
  }

  unsubscribe(home: number, key: Key): void {
    this.#keep(key, (subscription) => subscription % HOMES_MAX !== home);
  }

  /** The home started again: whatever it asked before is void from now on. A chore takes it out of memory. */
  forget(home: number): void {
    this.#forgotten[home] = (this.#forgotten[home] ?? 0) + 1;
    this.#tidying.ask(home);
  }

  *#tidy(): Chore {
    let looks = 0;
    for (const [key, subscribed] of this.#subscriptions) {
      if (!subscribed.every(this.#isCurrent)) this.#keep(key, this.#isCurrent);
      if (++looks % LOOKS_PER_STEP === 0) yield;
    }
  }

  #keep(key: Key, wanted: (subscription: number) => boolean): void {
    const left = this.#subscriptions.get(key)?.filter(wanted);
    if (left === undefined) return;
    if (left.length === 0) this.#subscriptions.delete(key);
    else this.#subscriptions.set(key, left);
  }

  #subscriptionOf(home: number): number {
    return home + HOMES_MAX * (this.#forgotten[home] ?? 0);
  }

  readonly #isCurrent = (subscription: number): boolean =>
    subscription === this.#subscriptionOf(subscription % HOMES_MAX);

  #answerAll(key: Key, wire: string): void {
    for (const subscription of this.#subscriptions.get(key) ?? []) {
      if (this.#isCurrent(subscription)) this.#answer(subscription % HOMES_MAX, key, wire);
    }
  }

  /**
   * Answers one subscription with a value that is known. The other subscribers may have been told something else: the
   * entry waits to be evaluated again because a partner changed. Then all are told now, since {@link tell} will find
   * nothing new.
   */
  answer(home: number, key: Key, known: { entry: Entry | null; value: Row | null }): void {
    const { entry, value } = known;
    const wire = this.#encoded(key, value);
    if (entry === null || entry.cells[this.#cell] === digest(wire)) this.#answer(home, key, wire);
    else this.#tellAll(entry, wire);
  }

  /** The value of a subscribed entry is not known now: whoever waits is told as soon as it is. */
  owe(entry: Entry): void {
    entry.cells[this.#cell] = null;
  }

  /** Tells all subscribers the entry's value unless it is what they were told last. */
  tell(entry: Entry, value: Row | null): void {
    if (this.#subscriptions.has(entry.key)) this.#tellAll(entry, this.#encoded(entry.key, value));
    else entry.cells[this.#cell] = null;
  }

  #encoded(key: Key, value: Row | null): string {
    if (value === null) return ABSENT;
    try {
      return encodeRow(value, { operator: this.plan.name, key, bytesMax: this.#bytesMax });
    } catch (error) {
      this.#onError(error as ProcessorError);
      return ABSENT;
    }
  }

  #tellAll(entry: Entry, wire: string): void {
    const now = digest(wire);
    if (entry.cells[this.#cell] === now) return;
    entry.cells[this.#cell] = now;
    this.#answerAll(entry.key, wire);
  }

  /** Tells all subscribers of a key that has no entry that it is absent. */
  tellAbsent(key: Key): void {
    this.#answerAll(key, ABSENT);
  }
}

function digest(wire: string): number {
  return wire === ABSENT ? ABSENT_DIGEST : digestOf(wire);
}
