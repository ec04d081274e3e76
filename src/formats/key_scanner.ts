import { type Key, keyOf } from "../record/key.ts";
import { REFUSED } from "./column_type.ts";
import type { Convert } from "./connect_schema.ts";
import { isUnsafe } from "./exact_json.ts";
import type { MessageBytes } from "./message_text.ts";
import type { ReadyColumn } from "./row_reader.ts";
import { cursor, keyTokens, loadMessage, scratch, take } from "./scanned_bytes.ts";
import { formOf } from "./scanned_forms.ts";
import { exactValue, scannedValue } from "./scanned_values.ts";

const OPEN = 123, CLOSE = 125, OPEN_LIST = 91, LOWER_N = 110;

/** How one key column is read. */
export interface KeyReadColumn {
  readonly name: string;
  /** Null for a key column that the row's schema does not have: its values are taken as they stand. */
  readonly column:
    | Pick<ReadyColumn, "schema" | "read" | "rounded" | "exact" | "asked" | "time" | "binary" | "forms">
    | null;
  /** What is done to its values first, where no schema is attached. */
  readonly declared: Convert | null;
}

/**
 * Makes the scanner of keys that are an object of these columns in this order, or the value of the only one. Gives what
 * the parser gives; null for any other key, and for one that may be refused.
 */
export function keyScanner(columns: readonly KeyReadColumn[]): (message: MessageBytes) => Key | null {
  const readers = columns.map(valueReader);
  const tokens = keyTokens(columns.map(({ name }) => name));
  /** The values to the end of the message; null if they do not end there, or one of them is refused. */
  const values = (): unknown[] | null => {
    const bare = scratch[0] !== OPEN;
    if (bare && (columns.length > 1 || scratch[0] === OPEN_LIST || scratch[0] === LOWER_N)) return null;
    const read: unknown[] = [];
    for (let index = 0; index < tokens.length; index++) {
      if (!bare && !take(tokens[index])) return null;
      const value = readers[index]();
      if (value === REFUSED) return null;
      read.push(value);
    }
    if (!bare && scratch[cursor.at++] !== CLOSE) return null;
    return cursor.at === cursor.end ? read : null;
  };
  return (message) => {
    const read = loadMessage(message) ? values() : null;
    try {
      return read === null ? null : keyOf(read);
    } catch (error) {
      // A value that can be no key: the parser says so.
      if (error instanceof TypeError) return null;
      throw error;
    }
  };
}

/** Reads one column's value, which begins at the cursor. */
function valueReader({ column, declared }: KeyReadColumn): () => unknown {
  // Values of a column that no row has are taken as they stand, if they are integers or texts.
  if (column === null) return plainValue;
  const { read, rounded, exact } = column;
  const form = declared === null ? formOf(column) : null;
  return () => {
    const known = form === null ? REFUSED : form();
    if (known !== REFUSED) return known;
    const from = cursor.at;
    let wire = scannedValue();
    if (rounded !== null && rounded(wire)) wire = exactValue(from, exact);
    // An integer whose last digits are lost: two keys would be one.
    if (wire === REFUSED || (rounded === null && isUnsafe(wire))) return REFUSED;
    return read(declared === null ? wire : declared(wire));
  };
}

function plainValue(): unknown {
  const wire = scannedValue();
  return typeof wire === "string" || (typeof wire === "number" && Number.isSafeInteger(wire)) ? wire : REFUSED;
}
