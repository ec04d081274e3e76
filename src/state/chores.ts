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

/**
 * Walks over all that a task holds, for others who ask for it by their partition: one walk serves all who asked before
 * it began, whoever asks meanwhile gets the next.
 */
export class Walks<R = void> {
  readonly #chores: Chores;
  readonly #walk: (asked: ReadonlyMap<number, R>) => Chore;
  #asked = new Map<number, R>();
  #walking = false;

  constructor(chores: Chores, walk: (asked: ReadonlyMap<number, R>) => Chore) {
    this.#chores = chores;
    this.#walk = walk;
  }

  /** The last request of a partition counts. */
  ask(partition: number, request: R): void {
    this.#asked.set(partition, request);
    if (this.#walking) return;
    this.#walking = true;
    this.#chores.add(this.#run());
  }

  *#run(): Chore {
    while (this.#asked.size > 0) {
      const asked = this.#asked;
      this.#asked = new Map();
      yield* this.#walk(asked);
    }
    this.#walking = false;
  }
}
