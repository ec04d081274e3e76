import { giveBack, type Lent } from "./loans.ts";
import { INTEGERS, NONE } from "./value_kinds.ts";
import { NULL_WORD } from "./word_list.ts";

/** What a chunk of values holds, and in which form: see `value_chunk.ts`. Of the arrays one is in use, if any. */
export interface ChunkForm {
  kind: number;
  /** Fraction digits of decimals; -1: the numbers are numbers. */
  scale: number;
  bytes8: Uint8Array;
  halves: Uint16Array;
  integers: Int32Array;
  doubles: Float64Array;
  values: unknown[];
  /** By place in the chunk. */
  others: Map<number, unknown> | null;
}

/** No array of this kind is in use. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);
export const NO_HALVES: Uint16Array = new Uint16Array(0);
export const NO_INTEGERS: Int32Array = new Int32Array(0);
export const NO_DOUBLES: Float64Array = new Float64Array(0);

/** The arrays of a form, in memory of their own, with room for `length` places; those that are not in use stay so. */
export function lengthened(form: ChunkForm, length: number): Omit<ChunkForm, "kind" | "scale" | "others"> {
  const { kind } = form;
  let { bytes8, halves, integers, doubles, values } = form;
  if (bytes8.length > 0) (bytes8 = new Uint8Array(length)).set(form.bytes8);
  if (halves.length > 0) (halves = new Uint16Array(length)).set(form.halves);
  if (integers.length > 0) {
    (integers = new Int32Array(length).fill(kind === INTEGERS ? NONE : NULL_WORD)).set(form.integers);
  }
  if (doubles.length > 0) (doubles = new Float64Array(length).fill(NaN)).set(form.doubles);
  if (values.length > 0) values = values.concat(new Array(length - values.length).fill(null));
  return { bytes8, halves, integers, doubles, values };
}

/** The form of one chunk while somebody reads it as it is: as `Loans`, which are of arrays. */
export class FormLoan {
  readonly #form: ChunkForm;
  readonly #onReturn: () => void;
  #readers = 0;
  #taken = false;

  /** `onReturn`: all readers have given it back before the chunk changed. */
  constructor({ kind, scale, bytes8, halves, integers, doubles, values, others }: ChunkForm, onReturn: () => void) {
    this.#form = { kind, scale, bytes8, halves, integers, doubles, values, others };
    this.#onReturn = onReturn;
  }

  lend(): Lent<ChunkForm> {
    this.#readers++;
    let reads = true;
    return {
      chunk: this.#form,
      release: () => {
        if (reads && --this.#readers === 0) this.#returned();
        reads = false;
      },
    };
  }

  /** What the chunk has from now on, while the readers have this form for themselves. */
  take(chunk: ChunkForm & { readonly length: number }): Partial<ChunkForm> {
    this.#taken = true;
    return { ...lengthened(chunk, chunk.length), others: chunk.others === null ? null : new Map(chunk.others) };
  }

  #returned(): void {
    if (!this.#taken) return this.#onReturn();
    const { bytes8, halves, integers, doubles } = this.#form;
    for (const array of [bytes8, halves, integers, doubles]) if (array.length > 0) giveBack(array);
  }
}
