import type { Correction } from "../../record/correction.ts";
import { digestOf } from "../../record/digest.ts";
import type { LogRecord } from "../../ports/log.ts";
import type { PlaceCorrections } from "../globals/corrections.ts";

/** Of one member: how far its topic was read, and by offset which corrections of what was read are in the rows. */
type Saved = readonly [next: number, marks: readonly (readonly [offset: number, mark: string])[]];

/**
 * Which corrections of records that were read are considered in the rows of a task, or of a standby: those that were
 * known when the record was read, and those that it was told of since. What is known besides may have come while nobody
 * told it, as of a standby that waits to become the task. A snapshot says it, so that the next start knows which have
 * come since.
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

  /** These records were taken, each with what is known to correct it. */
  took(member: number, records: readonly Pick<LogRecord, "offset">[]): void {
    const { byOffset } = this.#corrections[member];
    if (byOffset.size > 0) { for (const { offset } of records) this.#consider(member, offset); }
    if (records.length > 0) this.#next[member] = records.at(-1)!.offset + 1;
  }

  /** What is known to correct the record at this offset was taken, or needs not be. */
  told(member: number, offset: number): void {
    this.#consider(member, offset);
  }

  #consider(member: number, offset: number): void {
    const known = this.#corrections[member].byOffset.get(offset);
    if (known !== undefined) this.#considered[member].set(offset, markOf(known));
  }

  /**
   * Whether the rows can be gone on with, but for what {@link since} tells. `mustReadAgain`: as for {@link load}.
   */
  isWhole(mustReadAgain: (member: number, known: readonly Correction[]) => boolean): boolean {
    return !this.#torn &&
      this.#next.every((next, member) => !this.since(member, next).some((known) => mustReadAgain(member, known)));
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

  /** As of now: what makes the text. */
  save(): () => string {
    const members = this.#considered.map((considered, member): Saved => {
      const next = this.#next[member];
      return [next, [...considered.entries().filter(([offset]) => offset < next)]];
    });
    const now = { torn: this.#torn, members };
    return () => JSON.stringify(now);
  }

  /**
   * The text of {@link save}. `mustReadAgain`: whether rows in which none of these corrections of one record are
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
