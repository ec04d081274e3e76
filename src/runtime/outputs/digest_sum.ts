import type { RowSum } from "../../ports/warehouse.ts";
import { FOREIGN_DIGEST } from "./shown_digests.ts";

/** A digest in two parts, of which many add up to a number that a double holds exactly. */
const LOW = 2 ** 27;
const FOLD_ROWS = 2 ** 20;

/**
 * All of them in sum, a step for each array; NaN is none. Null if one is of a row of which nobody knows what it is.
 */
export function* sumOf(arrays: readonly Float64Array[]): Generator<void, RowSum | null> {
  const sum = new DigestSum();
  for (const digests of arrays) {
    for (const digest of digests) {
      if (digest === FOREIGN_DIGEST) return null;
      if (digest === digest) sum.add(digest);
    }
    yield;
  }
  return sum.value;
}

/** Digests of rows, added up exactly, however many. */
export class DigestSum {
  #rows: number;
  #digests: bigint;
  #low = 0;
  #high = 0;
  #unfolded = 0;

  constructor({ rows, digests }: RowSum = { rows: 0, digests: 0n }) {
    this.#rows = rows;
    this.#digests = digests;
  }

  add(digest: number): void {
    this.#count(digest, 1);
  }

  /** One that was added. */
  remove(digest: number): void {
    this.#count(digest, -1);
  }

  #count(digest: number, sign: 1 | -1): void {
    const high = Math.floor(digest / LOW);
    this.#rows += sign;
    this.#high += sign * high;
    this.#low += sign * (digest - high * LOW);
    if (++this.#unfolded === FOLD_ROWS) this.#fold();
  }

  #fold(): void {
    this.#digests += BigInt(this.#high) * BigInt(LOW) + BigInt(this.#low);
    this.#high = this.#low = this.#unfolded = 0;
  }

  /** As it is now. */
  get value(): RowSum {
    this.#fold();
    return { rows: this.#rows, digests: this.#digests };
  }

  equals({ rows, digests }: RowSum): boolean {
    return rows === this.#rows && digests === this.value.digests;
  }
}
