/**
 * Work that is too long for one turn of the event loop, cut into steps: each `next()` does about as much as the
 * evaluation of one row takes.
 */
export type Chore = Generator<unknown, void>;

/** Looking at so many things in memory, without doing anything about them, is one step. */
export const LOOKS_PER_STEP = 16;

/** The chores of one task, done one after the other in the order in which they came. */
export class Chores {
  readonly #waiting: Chore[] = [];

  /** Whether nothing is left to do. */
  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  add(chore: Chore): void {
    this.#waiting.push(chore);
  }

  /** Does at most so many steps. */
  run(steps: number): void {
    for (let left = steps; left > 0 && this.#waiting.length > 0; left--) {
      if (this.#waiting[0].next().done) this.#waiting.shift();
    }
  }
}
