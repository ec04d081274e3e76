import type { Lent } from "./loans.ts";
import { type LaterSections, type SectionReader, type SectionWriter, SLOTS_MAX } from "./slots.ts";

/** Sections hold something else than what is loaded from them. */
export function misfit(what: string): RangeError {
  return new RangeError(`Cannot load a table from these sections: ${what}. They are damaged, or another table's`);
}

/** Writes whole numbers. */
export function saveNumbers(to: SectionWriter, numbers: readonly number[]): void {
  to.array(Float64Array.from(numbers));
}

/** The first `used` cells of a chunk that was lent, as an array. */
export function lentArray(
  { chunk, release }: Lent<Uint8Array | Int32Array | Float64Array>,
  used: number,
): LaterSections {
  return {
    *write(to) {
      to.array(chunk.subarray(0, used));
      yield;
    },
    release,
  };
}

/** Exactly `count` whole numbers that are not negative, as {@link saveNumbers} wrote them. @throws RangeError */
export function loadNumbers(from: SectionReader, count: number): number[] {
  const numbers = from.array(Float64Array);
  if (numbers.length !== count) throw misfit(`${count} numbers were expected, there are ${numbers.length}`);
  for (const number of numbers) {
    if (!Number.isSafeInteger(number) || number < 0) throw misfit(`${number} is no count`);
  }
  return Array.from(numbers);
}

/** A number of slots; that of the part already grown, unless that is 0. @throws RangeError */
export function loadSlots(from: SectionReader, grown: number): number {
  const [slots] = loadNumbers(from, 1);
  if (slots > SLOTS_MAX || (grown !== 0 && grown !== slots)) throw misfit(`${slots} slots instead of ${grown}`);
  return slots;
}
