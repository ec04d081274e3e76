import type { Row } from "../record/row.ts";
import type { Converts } from "./connect_schema.ts";
import type { Change, Fields } from "./envelope.ts";
import type { MessageBytes } from "./message_text.ts";
import { type ReadRow, type ReadyColumn, rowMaker, rowReader } from "./row_reader.ts";

const PLAIN_ADVICE = "Write them, or declare them as .optional() or with a default";

type ReadFields = ReturnType<typeof rowReader>;

/** Reads rows of which key columns may stand in the message's key alone. */
export interface KeyedRows {
  /** Reads a row that has all of its key columns. */
  readonly read: ReadFields;
  /** Whether the row lacks key columns; false if it has no declared column at all, as nothing tells that it is one. */
  lacksKey(after: Fields): boolean;
  /** Reads any row; `bytes` is the message's key. */
  readWith(bytes: MessageBytes | null): (change: Change, converts: Converts) => ReadRow;
}

/** What is done with rows that lack the same key columns. */
interface KeyOnly {
  readonly read: ReadFields;
  /** Of the columns that are there. */
  readonly converts: (all: Converts) => Converts;
  /** The whole row. */
  readonly rowOf: (read: Row, keyValues: readonly unknown[]) => Row;
}

/**
 * Makes the reader of rows that takes key columns which a row lacks from the key: a transformation added them there
 * alone (`ByLogicalTableRouter`), or left them out of the row.
 *
 * @throws DeserializationError as {@link rowReader}
 */
export function keyedRows(
  source: string,
  options: {
    readonly columns: readonly ReadyColumn[];
    readonly key: readonly string[];
    readonly isUnavailable: (wire: unknown) => boolean;
    readonly keyValues: (bytes: MessageBytes | null) => readonly unknown[];
    /** No database's: a missing column has other reasons. */
    readonly plain?: boolean;
  },
): KeyedRows {
  const { columns, key, isUnavailable, keyValues } = options;
  const missingAdvice = options.plain === true ? PLAIN_ADVICE : undefined;
  const candidates = key.filter((name) => columns.some((column) => column.name === name));
  const read = rowReader(source, { columns, isUnavailable, missingAdvice });
  const rowOf = rowMaker(columns);
  const known = new Map<string, KeyOnly>();

  const keyOnlyOf = (after: Fields): KeyOnly => {
    const lacking = candidates.filter((name) => !Object.hasOwn(after, name));
    const shape = JSON.stringify(lacking);
    const made = known.get(shape);
    if (made !== undefined) return made;
    const kept = columns.map((_, index) => index).filter((index) => !lacking.includes(columns[index].name));
    const positions = columns.map(({ name }) => lacking.includes(name) ? key.indexOf(name) : -1);
    const keyOnly: KeyOnly = {
      read: rowReader(source, { columns: kept.map((index) => columns[index]), isUnavailable, missingAdvice }),
      converts: (all) => all === null ? null : kept.map((index) => all[index]),
      rowOf: (row, values) =>
        rowOf(...columns.map(({ name }, index) => positions[index] < 0 ? row[name] : values[positions[index]])),
    };
    known.set(shape, keyOnly);
    return keyOnly;
  };

  const lacksKey = (after: Fields): boolean => {
    let lacks = false;
    for (const name of candidates) if (after[name] === undefined) lacks = true;
    return lacks && columns.some(({ name }) => Object.hasOwn(after, name));
  };

  return {
    read,
    lacksKey,
    readWith: (bytes) => (change, converts) => {
      const after = change.after as Fields;
      if (!lacksKey(after)) return read(after, change, converts);
      const keyOnly = keyOnlyOf(after);
      const { row, unavailable } = keyOnly.read(after, change, keyOnly.converts(converts));
      return { row: keyOnly.rowOf(row, keyValues(bytes)), unavailable };
    },
  };
}
