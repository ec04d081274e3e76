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
import { type Correction, printOf } from "../../record/correction.ts";
import { type PlaceCorrections, uncorrected } from "./corrections.ts";

/** Reason of a record that lies in a partition where nobody looks for its key. */
export const MISPLACED = "misplaced";

const NOTHING_CORRECTED = uncorrected(0);

/** What became of a correction; `unknown`: only reading the topic again tells. See {@link ChangeReader.correct}. */
export type Corrected = "applied" | "outdated" | "unreadable" | "unknown";

/** A correction was read, of the record at this offset. */
export interface MendedBy {
  readonly offset: number;
  /** False: a later change of the key still cannot be read. */
  readonly whole: boolean;
}

/** The rows that changes are made to. */
export interface ChangedRows {
  held(key: Key): Row | null;
  /** Sets the row of a key, or (null) removes it. Returns what it replaced; null if there was none. */
  set(key: Key, row: Row | null): Row | null;
  /** Looks at a record's key before anything is done about it. @throws DeserializationError {@link MISPLACED} */
  check?(key: Key, bytes: Bytes | null): void;
  /** A change of this key was read, of which the last one could not be read. `by`: what corrects a record was. */
  onMended?(key: Key, by?: MendedBy): void;
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
  /** What it takes of a record's row; null: all. */
  readonly #columns: readonly string[] | null;

  constructor(
    table: string,
    { decoder, rows, columns }: {
      readonly decoder: Decoder;
      readonly rows: ChangedRows;
      readonly columns: readonly string[] | null;
    },
  ) {
    this.#columns = columns;
    this.stale = new StaleKeys(table);
    this.#decoder = decoder;
    this.#rows = rows;
  }

  /**
   * Takes the next record: the last correction of it that can be read, if there is one; else as it lies.
   * @throws DeserializationError if it cannot be read, or lies where nobody looks for it: then it has changed nothing
   */
  take(record: LogRecord, corrections: PlaceCorrections = NOTHING_CORRECTED): void {
    try {
      if (corrections.byOffset.size > 0 && this.#takeCorrection(record, { corrections, print: null })) return;
      const key = this.#apply(record);
      if (key !== null && this.stale.read(key)) this.#rows.onMended?.(key);
    } catch (error) {
      // A misplaced record says nothing about a key of this partition.
      if (error instanceof DeserializationError && error.reason !== MISPLACED) {
        const { partition } = corrections;
        this.stale.refused(this.#decoder.keyOf(record.key), { partition, offset: record.offset });
      }
      throw error;
    }
  }

  /**
   * A correction of a record that was read before has come. If that could not be read, and nothing newer of its key was
   * read since, it counts as if it had stood there; another correction of the same record takes its place. If it could
   * be read, and the correction says other of what is read, the topic must be read again: of rows it is not known
   * where their records lie. Nothing is left to do if it is done again.
   */
  correct(correction: Correction, corrections: PlaceCorrections): Corrected {
    const { offset, key: bytes, timestampMs, print } = correction;
    const key = this.#decoder.keyOf(bytes);
    if (key === null) return "unreadable";
    const standing = this.stale.standing(key, { partition: corrections.partition, offset });
    if (standing === "outdated" || standing === "unknown") return standing;
    if (standing === "passed") return this.#says(correction) ? "unknown" : "outdated";
    const record = { offset, timestampMs, key: bytes, value: null };
    return this.#takeCorrection(record, { corrections, print }) ? "applied" : "unreadable";
  }

  /** Whether only reading the topic again tells what these change, all of one record that was read before. */
  mustReadAgain(known: readonly Correction[], { partition }: PlaceCorrections): boolean {
    return known.some((correction) => {
      const key = this.#decoder.keyOf(correction.key);
      if (key === null) return false;
      const standing = this.stale.standing(key, { partition, offset: correction.offset });
      return standing === "unknown" || (standing === "passed" && this.#says(correction));
    });
  }

  /** Whether a correction can be read, and says other of what is read than the record as it lies. */
  #says({ key, value, changed }: Correction): boolean {
    const columns = this.#columns;
    if (changed !== null && columns !== null && !changed.some((column) => columns.includes(column))) return false;
    try {
      return this.#decoder.decode({ key, value }).kind !== "skip";
    } catch (error) {
      if (error instanceof DeserializationError) return false;
      throw error;
    }
  }

  /** The last correction of the record that can be read, if there is one. `print`: that of the record's own if null. */
  #takeCorrection(
    record: LogRecord,
    { corrections: { partition, byOffset }, print }: {
      readonly corrections: PlaceCorrections;
      readonly print: number | null;
    },
  ): boolean {
    const { offset } = record;
    const known = byOffset.get(offset);
    if (known === undefined) return false;
    const corrected = print ?? printOf(record.written ?? record.value);
    for (const { value, print } of known.toReversed()) {
      if (print !== corrected) continue;
      try {
        const key = this.#apply({ ...record, value });
        if (key === null) continue;
        const mended = this.stale.corrected(key, { partition, offset });
        if (mended || this.stale.has(key)) this.#rows.onMended?.(key, { offset, whole: mended });
        return true;
      } catch (error) {
        if (!(error instanceof DeserializationError)) throw error;
      }
    }
    return false;
  }

  /** The key in a record's key; null if that cannot be read. */
  keyOf(bytes: Bytes | null): Key | null {
    return this.#decoder.keyOf(bytes);
  }

  /** For a snapshot, as of now: what makes two texts. */
  save(): (() => string)[] {
    return [this.stale.save(), this.#formerRows.save()];
  }

  /** The texts of {@link save}, before anything is taken. */
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
