import { DIRTY, type Entries, PENDING } from "../../state/entries.ts";
import type { Links } from "../../state/links.ts";
import type { Slot } from "../../state/slots.ts";
import type { Expiry } from "./expiry.ts";
import type { WorkQueue } from "./work_queue.ts";

/** The entries of a task that were not evaluated yet with all their partners known. */
export class PendingEntries {
  /** How many there are, since {@link begin}. */
  count = 0;
  readonly #entries: Entries;
  readonly #queue: WorkQueue;

  readonly #expiry: Expiry | null;

  /** `expiry`: null if no rows expire. */
  constructor({ entries, queue, expiry }: {
    readonly entries: Entries;
    readonly queue: WorkQueue;
    readonly expiry: Expiry | null;
  }) {
    this.#entries = entries;
    this.#queue = queue;
    this.#expiry = expiry;
  }

  /** Evaluation begins. Gives the entries that are pending. */
  begin(): Int32Array {
    const pending = new Int32Array(this.#entries.size);
    this.#entries.forEachWith(PENDING, (entry) => pending[this.count++] = entry);
    return pending.subarray(0, this.count);
  }

  /** Whether the entry is evaluated, and nothing of it has changed or expired since. */
  isSettled(entry: Slot): boolean {
    return !this.#entries.is(entry, DIRTY | PENDING) && !(this.#expiry?.isDue(entry) ?? false);
  }

  /** A partner of the entry is not known. */
  add(entry: Slot): void {
    if (this.#entries.is(entry, PENDING)) return;
    this.#entries.raise(entry, PENDING);
    this.count++;
  }

  /** The entry was evaluated with all its partners known. */
  settle(entry: Slot): void {
    if (!this.#entries.is(entry, PENDING)) return;
    this.#entries.lower(entry, PENDING);
    // Before evaluation begins they are not counted.
    if (this.count > 0) this.count--;
  }

  /** A right row is known to be what it was: of its users, those that are pending are evaluated. */
  confirmed(links: Links, right: Slot): void {
    links.forEachUser(right, (user) => {
      if (this.#entries.is(user, PENDING)) this.#queue.mark(user);
    });
  }
}
