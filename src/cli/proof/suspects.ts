import type { SinkKey } from "./sink_key.ts";

/** Looks that must agree before a difference counts. Before each but the first Weir applies all that the last saw. */
const LOOKS_MIN = 3;
/** Keys kept of one sink. Those beyond it are counted as not judged. */
const KEYS_MAX = 1_000;

/** A key of which ClickHouse does not show what the source gives, as one look found it. */
export interface Difference {
  readonly key: SinkKey;
  /** One text for the key. */
  readonly text: string;
  /** The row that the source gives, as one text; null: none. */
  readonly expected: string | null;
  /** The rows that are shown, as one text; null: none. */
  readonly actual: string | null;
  /** Names what Weir wrote last of the key. */
  readonly version: string | null;
  /** Why Weir itself says that the key is not up to date; null if it does not. */
  readonly excuse: string | null;
}

/** What is known of a key that differs. */
export interface Suspect extends Difference {
  /** Looks in a row that found exactly this. */
  readonly looks: number;
  /** When the first of them began, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Names the instant at which the last one read the source. */
  readonly mark: string;
  /** Whether it was a fault, and has not been found right since. */
  readonly wasFault: boolean;
}

/** What one look found. */
interface Found {
  readonly differences: readonly Difference[];
  readonly mark: string;
  readonly nowMs: number;
}

/**
 * Decides which differences are faults. While everything runs most are none: the row is on its way. A key is a fault
 * when three looks in a row find the same expected row and the same last write, although Weir had applied all that the
 * look before saw. A key that is written, or whose expected row changes, begins anew. What Weir says itself, with a
 * reason, that it is not up to date, is no fault.
 */
export class Suspects {
  readonly #known = new Map<string, Suspect>();
  /** Differences that there was no room for, since the last round began. */
  #beyond = 0;

  /** Those that are still to be looked at, faults among them. */
  get keys(): readonly Suspect[] {
    return [...this.#known.values()];
  }

  get faults(): readonly Suspect[] {
    return this.keys.filter(isFault);
  }

  /** Keys that Weir itself says are not up to date. */
  get excused(): readonly Suspect[] {
    return this.keys.filter((suspect) => suspect.excuse !== null && suspect.looks >= LOOKS_MIN);
  }

  /** Keys of which nobody can say yet whether they are right. */
  get unjudged(): number {
    return this.#known.size + this.#beyond - this.faults.length - this.excused.length;
  }

  /** Keys that were faults and are not found right: they have changed since, or Weir says that they are older. */
  get doubtful(): number {
    return this.keys.filter((suspect) => suspect.wasFault && !isFault(suspect)).length;
  }

  /** Differences of rows that are looked at for the first time. Of a key that is known the next {@link again} tells. */
  first({ differences, mark, nowMs }: Found): void {
    for (const difference of differences) {
      if (this.#known.has(difference.text)) continue;
      if (this.#known.size >= KEYS_MAX) this.#beyond++;
      else this.#known.set(difference.text, { ...difference, looks: 1, sinceMs: nowMs, mark, wasFault: false });
    }
  }

  /**
   * What another look at these keys found, before which Weir had applied what the last one of each saw: keys that are
   * absent in it are right.
   */
  again(looked: readonly Suspect[], { differences, mark, nowMs }: Found): void {
    const found = new Map(differences.map((difference) => [difference.text, difference]));
    for (const { text } of looked) {
      const before = this.#known.get(text);
      const now = found.get(text);
      if (before === undefined) continue;
      if (now === undefined) {
        this.#known.delete(text);
        continue;
      }
      const wasFault = before.wasFault || isFault(before);
      const looked = isSame(before, now)
        ? { looks: before.looks + 1, sinceMs: before.sinceMs }
        : { looks: 1, sinceMs: nowMs };
      this.#known.set(text, { ...now, ...looked, mark, wasFault });
    }
  }

  roundBegins(): void {
    this.#beyond = 0;
  }
}

function isFault({ looks, excuse }: Pick<Suspect, "looks" | "excuse">): boolean {
  return looks >= LOOKS_MIN && excuse === null;
}

/** What is shown need not be the same: whoever changes it behind Weir's back may do so again and again. */
function isSame(before: Difference, now: Difference): boolean {
  return before.expected === now.expected && before.version === now.version;
}
