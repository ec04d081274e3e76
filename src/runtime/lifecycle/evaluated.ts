import type { WorkMark } from "../task/work_queue.ts";

interface Taken {
  readonly mark: WorkMark;
  readonly positions: readonly number[];
  readonly inbox: number;
}

/**
 * Positions of a task's topics before everything that was taken and is not evaluated yet: what is below them was given
 * to the sinks.
 */
export class Evaluated {
  positions: readonly number[];
  inbox: number;
  #taken: Taken[] = [];

  constructor(positions: readonly number[], inbox: number) {
    this.positions = positions;
    this.inbox = inbox;
  }

  /** Everything below these positions was taken; it is evaluated when `mark` has passed. */
  take(mark: WorkMark, positions: readonly number[], { inbox }: { readonly inbox: number }): void {
    const last = this.#taken.at(-1);
    const same = last !== undefined && last.mark.entries === mark.entries && last.mark.fanOuts === mark.fanOuts;
    const taken = { mark, positions: [...positions], inbox };
    if (same) this.#taken[this.#taken.length - 1] = taken;
    else this.#taken.push(taken);
  }

  /** Moves on past what is evaluated by now. */
  advance(passed: (mark: WorkMark) => boolean): void {
    let count = 0;
    while (count < this.#taken.length && passed(this.#taken[count].mark)) count++;
    if (count === 0) return;
    const { positions, inbox } = this.#taken[count - 1];
    this.positions = positions;
    this.inbox = inbox;
    this.#taken.splice(0, count);
  }
}
