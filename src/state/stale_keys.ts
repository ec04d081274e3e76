import type { Key } from "../record/key.ts";

/** Keys remembered of one table by one task. Beyond it they are counted and never taken out again. */
const KEYS_MAX = 100_000;

/**
 * Keys of one table whose last change could not be read: the row before it is still shown. A later change or delete of
 * the key that can be read takes it out. A restart reads the topic again and finds the same keys.
 */
export class StaleKeys {
  /** The table's name. */
  readonly table: string;
  readonly #keys = new Set<Key>();
  #beyond = 0;
  /** Changes of which not even the key could be read. */
  unknown = 0;

  constructor(table: string) {
    this.table = table;
  }

  /** A change could not be read. `key`: of its row; null if that cannot be read either, so that no row is known. */
  refused(key: Key | null): void {
    if (key === null) {
      this.unknown++;
      return;
    }
    if (this.#keys.has(key)) return;
    if (this.#keys.size < KEYS_MAX) this.#keys.add(key);
    else this.#beyond++;
  }

  /** A change of `key` was read. Returns whether the key was stale. */
  read(key: Key): boolean {
    return this.#keys.size > 0 && this.#keys.delete(key);
  }

  /** Whether the last change of `key` could not be read, as known. */
  has(key: Key): boolean {
    return this.#keys.has(key) || this.#beyond > 0;
  }

  /** Whether any change could not be read and no later one has come. */
  get any(): boolean {
    return this.size > 0 || this.unknown > 0;
  }

  /** For a snapshot. */
  save(): string {
    return JSON.stringify({ keys: [...this.#keys], beyond: this.#beyond, unknown: this.unknown });
  }

  /** What {@link save} gave, back into an empty one. */
  load(saved: string): void {
    const { keys, beyond, unknown } = JSON.parse(saved) as { keys: Key[]; beyond: number; unknown: number };
    for (const key of keys) this.#keys.add(key);
    this.#beyond = beyond;
    this.unknown = unknown;
  }

  /** How many keys are stale now; beyond the limit, how many changes could not be remembered is added. */
  get size(): number {
    return this.#keys.size + this.#beyond;
  }
}
