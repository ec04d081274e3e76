import type { ServePlan } from "../../plan/physical.ts";
import { digestOf } from "../../record/digest.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { encodeWire } from "../../record/wire.ts";
import type { Entry } from "../../state/entry.ts";
import { appended } from "../../state/right_store.ts";

/** Sends a value, as {@link encodeWire} writes it, to the home with this partition. */
export type Answer = (home: number, key: Key, wire: string) => void;

const ABSENT = "null";
const ABSENT_DIGEST = 0;

/**
 * One register served to homes: who subscribed to which key, and what they were told last. A subscription is ALWAYS
 * answered, at once or as soon as the value is known.
 */
export class Server {
  readonly plan: ServePlan;
  readonly #cell: number;
  readonly #answer: Answer;
  /** Key to the partitions of the homes that subscribed. */
  readonly #subscriptions = new Map<Key, number[]>();

  constructor(plan: ServePlan, cell: number, answer: Answer) {
    this.plan = plan;
    this.#cell = cell;
    this.#answer = answer;
  }

  /** Keys that somebody subscribed to. */
  keys(): IterableIterator<Key> {
    return this.#subscriptions.keys();
  }

  subscribe(home: number, key: Key): void {
    const homes = this.#subscriptions.get(key);
    if (homes === undefined) this.#subscriptions.set(key, [home]);
    else if (!homes.includes(home)) this.#subscriptions.set(key, appended(homes, home));
  }

  unsubscribe(home: number, key: Key): void {
    const homes = this.#subscriptions.get(key);
    if (homes === undefined) return;
    const left = homes.filter((other) => other !== home);
    if (left.length === 0) this.#subscriptions.delete(key);
    else this.#subscriptions.set(key, left);
  }

  /** The home started again: whatever it asked before is void. */
  forget(home: number): void {
    for (const key of this.#subscriptions.keys()) this.unsubscribe(home, key);
  }

  /**
   * Answers one subscription with a value that is known. The other subscribers may have been told something else: the
   * entry waits to be evaluated again because a partner changed. Then all are told now, since {@link tell} will find
   * nothing new.
   */
  answer(home: number, key: Key, known: { entry: Entry | null; value: Row | null }): void {
    const { entry, value } = known;
    const wire = encoded(value);
    if (entry === null || entry.cells[this.#cell] === digest(wire)) this.#answer(home, key, wire);
    else this.#tellAll(entry, wire);
  }

  /** The value of a subscribed entry is not known now: whoever waits is told as soon as it is. */
  owe(entry: Entry): void {
    entry.cells[this.#cell] = null;
  }

  /** Tells all subscribers the entry's value unless it is what they were told last. */
  tell(entry: Entry, value: Row | null): void {
    if (this.#subscriptions.has(entry.key)) this.#tellAll(entry, encoded(value));
    else entry.cells[this.#cell] = null;
  }

  #tellAll(entry: Entry, wire: string): void {
    const now = digest(wire);
    if (entry.cells[this.#cell] === now) return;
    entry.cells[this.#cell] = now;
    for (const home of this.#subscriptions.get(entry.key) ?? []) this.#answer(home, entry.key, wire);
  }

  /** Tells all subscribers of a key that has no entry that it is absent. */
  tellAbsent(key: Key): void {
    for (const home of this.#subscriptions.get(key) ?? []) this.#answer(home, key, ABSENT);
  }
}

function encoded(value: Row | null): string {
  return value === null ? ABSENT : encodeWire(value);
}

function digest(wire: string): number {
  return wire === ABSENT ? ABSENT_DIGEST : digestOf(wire);
}
