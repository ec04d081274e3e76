/** Added to a number of rows for each of them; the last bit says whether the collector was told of the value. */
const ROW = 2;
const TOLD = 1;

/**
 * The different values among a group's rows, as texts, and which of them the merge task was told. It is told everything
 * once, and from then on of each value that comes or goes.
 */
export class DistinctValues {
  /** By text: rows and whether it was told; no value has neither. */
  readonly #values = new Map<string, number>();
  /** Values that may be there and not told, or the reverse. */
  readonly #changed = new Set<string>();
  #told = false;

  /** Whether the merge task was told everything, or is being told. */
  get told(): boolean {
    return this.#told;
  }

  /** Different values; some may have gone. */
  get size(): number {
    return this.#values.size;
  }

  add(text: string): void {
    const held = this.#values.get(text) ?? 0;
    this.#values.set(text, held + ROW);
    if (held < ROW && this.#told) this.#changed.add(text);
  }

  remove(text: string): void {
    const left = (this.#values.get(text) ?? ROW) - ROW;
    if (left > 0) this.#values.set(text, left);
    else this.#values.delete(text);
    if (left < ROW && this.#told) this.#changed.add(text);
  }

  /** Values that came or went since they were told, which counts as told now. */
  *takeChanged(): Generator<readonly [text: string, held: boolean]> {
    for (const text of this.#changed) {
      this.#changed.delete(text);
      const value = this.#values.get(text) ?? 0;
      if (value === TOLD) {
        this.#values.delete(text);
        yield [text, false];
      } else if (value >= ROW && (value & TOLD) === 0) {
        this.#values.set(text, value + TOLD);
        yield [text, true];
      }
    }
  }

  /** All values, for a merge task that knows none. In as many turns as it takes: what changes meanwhile is a change. */
  tell(): Generator<string> {
    this.#told = true;
    return this.#all();
  }

  *#all(): Generator<string> {
    for (const [text, value] of this.#values) {
      if (value < ROW) continue;
      this.#values.set(text, value | TOLD);
      yield text;
    }
  }
}
