/** Turns that take longer leave other work of the process waiting. */
const LONG_MS = 20;
/** Turns that are shorter cost more in going round than in work. */
const SHORT_MS = 5;
/** However slow a row is. */
const ROWS_MIN = 25;

/** How many rows a task evaluates in one turn: as many as keep turns short, since rows differ in what they cost. */
export class Slice {
  rows: number;
  readonly #rowsMax: number;

  constructor(rowsMax: number) {
    this.rows = this.#rowsMax = rowsMax;
  }

  /** A turn took so long. */
  took(ms: number): void {
    if (ms > LONG_MS) this.rows = Math.min(this.#rowsMax, Math.max(ROWS_MIN, this.rows >> 1));
    else if (ms < SHORT_MS) this.rows = Math.min(this.#rowsMax, this.rows * 2);
  }
}
