import type { ServePlan } from "../plan/physical.ts";
import { digestOf } from "../record/digest.ts";
import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { encodeWire } from "../record/wire.ts";
import type { Entry } from "../state/entry.ts";
import { appended } from "../state/right_store.ts";

/** Sends a value to the home with this partition. */
export type Answer = (home: number, key: Key, value: Row | null) => void;

const ABSENT_DIGEST = 0;

/**
 * One register served to homes: who subscribed to which key, and what they were told last. A subscription is ALWAYS answered, at once
 * or as soon as the value is known.
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

  get size(): number {
    return this.#subscriptions.size;
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
   * Answers one subscription with a value that is known. The other subscribers may have been told something else: the entry waits to be
   * evaluated again because a partner changed. Then all are told now, since {@link tell} will find nothing new.
   */
  answer(home: number, key: Key, known: { entry: Entry | null; value: Row | null }): void {
    const { entry, value } = known;
    if (entry === null || entry.cells[this.#cell] === digest(value)) this.#answer(home, key, value);
    else this.tell(entry, value);
  }

  /** The value of a subscribed entry is not known now: whoever waits is told as soon as it is. */
  owe(entry: Entry): void {
    entry.cells[this.#cell] = null;
  }

  /** Tells all subscribers the entry's value unless it is what they were told last. */
  tell(entry: Entry, value: Row | null): void {
    const homes = this.#subscriptions.get(entry.key);
    if (homes === undefined) {
      entry.cells[this.#cell] = null;
      return;
    }
    const now = digest(value);
    if (entry.cells[this.#cell] === now) return;
    entry.cells[this.#cell] = now;
    for (const home of homes) this.#answer(home, entry.key, value);
  }

  /** Tells all subscribers of a key that has no entry that it is absent. */
  tellAbsent(key: Key): void {
    for (const home of this.#subscriptions.get(key) ?? []) this.#answer(home, key, null);
  }
}

function digest(value: Row | null): number {
  return value === null ? ABSENT_DIGEST : digestOf(encodeWire(value));
}
