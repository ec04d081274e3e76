import type { Correction } from "../../record/correction.ts";
import { digestOf } from "../../record/digest.ts";
import type { PlaceCorrections } from "../globals/corrections.ts";

/** Of one member: how far its topic was read, and by offset which corrections of what was read are in the rows. */
type Saved = readonly [next: number, marks: readonly (readonly [offset: number, mark: string])[]];

/**
 * Which corrections of records that were read are considered in the rows of a task: all that are known while it runs,
 * as each is taken when it comes. A snapshot says it, so that the next start knows which have come since.
 */
export class ConsideredCorrections {
  /** By member. */
  readonly #corrections: readonly PlaceCorrections[];
  readonly #considered: readonly Map<number, string>[];
  /** By member: the offset behind the last record that was taken. */
  readonly #next: number[];
  #torn = false;

  /** Of rows of which nothing was read yet: whatever is known now is met by reading, or is of records that are gone. */
  constructor(corrections: readonly PlaceCorrections[]) {
    this.#corrections = corrections;
    this.#next = corrections.map(() => 0);
    this.#considered = corrections.map(({ byOffset }) =>
      new Map(byOffset.entries().map(([offset, known]) => [offset, markOf(known)]))
    );
  }

  /** The record at this offset was taken. */
  took(member: number, offset: number): void {
    this.#next[member] = offset + 1;
  }

  /** One has come that only reading the topic again takes in: these rows must not be gone on with. */
  tear(): void {
    this.#torn = true;
  }

  /** Those of records before `position` that came since the rows began, or since they were saved. */
  *since(member: number, position: number): Generator<readonly Correction[]> {
    for (const [offset, known] of this.#corrections[member].byOffset) {
      if (offset < position && this.#considered[member].get(offset) !== markOf(known)) yield known;
    }
  }

  save(): string {
    const members = this.#corrections.map(({ byOffset }, member): Saved => {
      const next = this.#next[member];
      const read = byOffset.entries().filter(([offset]) => offset < next);
      return [next, [...read.map(([offset, known]) => [offset, markOf(known)] as const)]];
    });
    return JSON.stringify({ torn: this.#torn, members });
  }

  /**
   * What {@link save} gave. `mustReadAgain`: whether rows in which none of these corrections of one record are
   * considered cannot take them in.
   * @throws RangeError if the rows must not be gone on with
   */
  load(saved: string, mustReadAgain: (member: number, known: readonly Correction[]) => boolean): void {
    const { torn, members } = JSON.parse(saved) as { readonly torn: boolean; readonly members: readonly Saved[] };
    if (torn) throw new RangeError("a record that it has read was corrected");
    for (const [member, [next, marks]] of members.entries()) {
      const considered = this.#considered[member];
      considered.clear();
      for (const [offset, mark] of marks) considered.set(offset, mark);
      this.#next[member] = next;
      if (marks.some(([offset]) => !this.#corrections[member].byOffset.has(offset))) {
        throw new RangeError("a correction that it has taken is no more");
      }
      if (this.since(member, next).some((known) => mustReadAgain(member, known))) {
        throw new RangeError("a record that it has read was corrected since");
      }
    }
  }
}

/** Stands for what is known to correct one record: more of it is another one. */
function markOf(known: readonly Correction[]): string {
  const { value } = known.at(-1)!;
  return `${known.length} ${value === null ? null : digestOf(value)}`;
}
