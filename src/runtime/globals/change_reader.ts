import type { ToldTime } from "../../formats/changelog_horizon.ts";
import { createDecoder, type Decoder } from "../../formats/decoder.ts";
import { repairUnavailable } from "../../formats/repair_unavailable.ts";
import type { UnitDoubt } from "../../formats/unit_doubts.ts";
import { FOLDED_TO } from "../../plan/folded_row.ts";
import type { GlobalTable } from "../../plan/physical.ts";
import type { Bytes, LogRecord } from "../../ports/log.ts";
import { DeserializationError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { FormerRows } from "../../state/former_rows.ts";
import { StaleKeys } from "../../state/stale_keys.ts";

/** Reason of a record that lies in a partition where nobody looks for its key. */
export const MISPLACED = "misplaced";

/** The rows that changes are made to. */
export interface ChangedRows {
  held(key: Key): Row | null;
  /** Sets the row of a key, or (null) removes it. Returns what it replaced; null if there was none. */
  set(key: Key, row: Row | null): Row | null;
  /** Looks at a record's key before anything is done about it. @throws DeserializationError {@link MISPLACED} */
  check?(key: Key, bytes: Bytes | null): void;
  /** A change of this key was read, of which the last one could not be read. */
  onMended?(key: Key): void;
  /** A message of Debezium's own. */
  onSkip?(reason: string): void;
  /** A changelog tells what time it is, and which windows are kept. */
  onTime?(time: ToldTime): void;
}

/** Makes the decoder of a table's topic. */
export function decoderOf(
  { name, source }: Pick<GlobalTable, "name" | "source">,
  onDoubt: (doubt: UnitDoubt) => void,
): Decoder {
  return createDecoder({ source: name, key: source.key, row: source.row, format: source.format, onDoubt });
}

/** Whether the row held is as new as one of the events below `to`, or newer. */
function isNewer(held: Row | null, to: number): boolean {
  return held !== null && held[FOLDED_TO] as number >= to;
}

/**
 * Makes the changes that one table's records tell: a column that Debezium did not send (unchanged TOAST) is taken from
 * the row held, and a delete of a row that has lost its key to another one does not delete that one.
 */
export class ChangeReader {
  /** Keys whose last change could not be read. */
  readonly stale: StaleKeys;
  readonly #decoder: Decoder;
  readonly #rows: ChangedRows;
  readonly #formerRows = new FormerRows();

  constructor(table: string, { decoder, rows }: { readonly decoder: Decoder; readonly rows: ChangedRows }) {
    this.stale = new StaleKeys(table);
    this.#decoder = decoder;
    this.#rows = rows;
  }

  /**
   * Takes the next record.
   * @throws DeserializationError if it cannot be read, or lies where nobody looks for it: then it has changed nothing
   */
  take(record: LogRecord): void {
    try {
      const key = this.#apply(record);
      if (key !== null && this.stale.read(key)) this.#rows.onMended?.(key);
    } catch (error) {
      // A misplaced record says nothing about a key of this partition.
      const unread = error instanceof DeserializationError && error.reason !== MISPLACED;
      if (unread) this.stale.refused(this.#decoder.keyOf(record.key));
      throw error;
    }
  }

  /** The key in a record's key; null if that cannot be read. */
  keyOf(bytes: Bytes | null): Key | null {
    return this.#decoder.keyOf(bytes);
  }

  /** For a snapshot: two texts. */
  save(): string[] {
    return [this.stale.save(), this.#formerRows.save()];
  }

  /** What {@link save} gave, before anything is taken. */
  load([stale, formerRows]: readonly string[]): void {
    this.stale.load(stale);
    this.#formerRows.load(formerRows);
  }

  /** Returns the key of the row that it is about; null if it is about none. */
  #apply(record: LogRecord): Key | null {
    const decoded = this.#decoder.decode(record);
    const rows = this.#rows;
    const former = this.#formerRows;
    if (decoded.kind === "skip") {
      rows.onSkip?.(decoded.reason);
      if (decoded.time !== undefined) rows.onTime?.(decoded.time);
      return null;
    }
    const { key } = decoded;
    rows.check?.(key, record.key);
    if (decoded.kind === "delete") {
      const details = decoded.tombstone ? null : () => this.#decoder.details(record);
      rows.set(key, former.empty ? null : former.afterDelete(key, rows.held(key), details));
      return key;
    }
    if (decoded.to !== undefined && isNewer(rows.held(key), decoded.to)) return key;
    const row = decoded.unavailable === null ? decoded.row : repairUnavailable(decoded, rows.held(key));
    const replaced = rows.set(key, row);
    if (replaced !== null && decoded.created) {
      former.displaced(key, { held: replaced, row, details: () => this.#decoder.details(record) });
    } else if (!former.empty) former.updated(key);
    return key;
  }
}
