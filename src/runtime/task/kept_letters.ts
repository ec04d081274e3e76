import type { Bytes } from "../../ports/log.ts";
import type { MendedBy } from "../globals/change_reader.ts";
import type { DeserializationError } from "../../record/errors.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import type { Maker, RecordRefused } from "../delivery/refused.ts";

/** Records remembered, and what they take. */
const RECORDS_MAX = 10_000;
const BYTES_MAX = 16 * 2 ** 20;
/** Of a record's key or value: a little more than a letter keeps, so that it is seen that it was longer. */
const LENGTH_MAX = 65_537;
/** Of one record, besides its texts. */
const OVERHEAD_BYTES = 200;

interface Kept {
  readonly refused: RecordRefused;
  readonly error: DeserializationError;
  readonly bytes: number;
}

/**
 * Records that a standby could not read, and that still matter: no later record of their key was read. A standby writes
 * no dead letters, as its owner does; whoever takes the task over writes them in the name of its epoch, since it does
 * not meet these records again.
 */
export class KeptLetters {
  /** More records could not be read than are remembered: this is not all that the task would have to tell. */
  incomplete = false;
  /** What is remembered takes so much. */
  bytes = 0;
  /** By what they are about; those about nothing known under "". */
  readonly #kept = new Map<string, Kept[]>();
  #size = 0;

  /** A record could not be read. */
  undecodable(refused: RecordRefused, error: DeserializationError): void {
    if (this.incomplete) return;
    const { record, position, subject } = refused;
    const copy = { ...record, key: shortened(record.key), value: shortened(record.value) };
    const bytes = OVERHEAD_BYTES + 2 * (lengthOf(copy.key) + lengthOf(copy.value) + error.message.length);
    if (this.#size === RECORDS_MAX || this.bytes + bytes > BYTES_MAX) {
      this.incomplete = true;
      this.#kept.clear();
      this.bytes = 0;
      return;
    }
    this.#size++;
    this.bytes += bytes;
    const id = idOf(position.topic, subject);
    this.#kept.getOrInsertComputed(id, () => []).push({ refused: { ...refused, record: copy }, error, bytes });
  }

  /** A later record of the key was read, or what corrects one. */
  mended(
    { operator, subject, by }: { readonly operator: string; readonly subject: string; readonly by?: MendedBy },
  ): void {
    const upTo = by === undefined || by.whole ? Infinity : by.offset;
    const id = idOf(operator, subject);
    const kept = this.#kept.get(id) ?? [];
    const over = kept.filter(({ refused: { position } }) => position.offset <= upTo);
    const left = kept.filter(({ refused: { position } }) => position.offset > upTo);
    if (left.length > 0) this.#kept.set(id, left);
    else this.#kept.delete(id);
    this.#size -= over.length;
    this.bytes -= over.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Makes dead letters of them, in the name of `maker`. */
  tell(letters: Pick<DeadLetterQueue, "undecodable">, maker: Maker): void {
    for (const { refused, error } of [...this.#kept.values()].flat()) {
      letters.undecodable({ ...refused, ...maker }, error);
    }
  }
}

function idOf(topic: string, subject: string | null): string {
  return subject === null ? "" : `${topic}\n${subject}`;
}

/** A copy: what a reader gives may be a view of a large buffer. */
function shortened(bytes: Bytes | null): Bytes | null {
  return bytes === null ? null : bytes.slice(0, LENGTH_MAX);
}

function lengthOf(bytes: Bytes | null): number {
  return bytes === null ? 0 : bytes.length;
}
