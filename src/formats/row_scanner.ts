import type { Row } from "../record/row.ts";
import { literal, specialised } from "../record/specialised.ts";
import { REFUSED } from "./column_type.ts";
import type { Convert } from "./connect_schema.ts";
import { type ReadyColumn, rowMaker } from "./row_reader.ts";
import { cursor, keyTokens, scratch, type Token, view, wordAt } from "./scanned_bytes.ts";
import type { ReadForm } from "./scanned_forms.ts";
import { exactValue, scannedValue, skipValue } from "./scanned_values.ts";

/** A column that is read from bytes. */
export interface ScannedColumn extends ReadyColumn {
  /** Its position among the columns of the row. */
  readonly index: number;
  /** What is done to its values first. */
  readonly convert: Convert | null;
  /** How its values are read at once, if they have a form of their own. */
  readonly form: ReadForm | null;
}

/** One key of the row on the wire, and the column that it is of, if one is declared. */
interface ScannedKey {
  readonly token: Token;
  readonly column: ScannedColumn | null;
}

/** The keys of a row with these names in this order. */
export function scannedKeys(names: readonly string[], columns: readonly ScannedColumn[]): ScannedKey[] {
  const tokens = keyTokens(names);
  return names.map((name, index) => ({
    token: tokens[index],
    column: columns.find((column) => column.name === name) ?? null,
  }));
}

/** What a row's scanner is made for. */
export interface RowLayout {
  /** In the order on the wire. */
  readonly keys: readonly ScannedKey[];
  readonly columns: readonly ScannedColumn[];
  readonly isUnavailable: (wire: unknown) => boolean;
}

/**
 * Makes the scanner of rows with exactly these keys in this order: it reads the row that begins at the cursor, moves
 * behind it and gives what {@link rowReader} gives of it. Null for a row that is other JSON, or needs a look at the
 * whole: a column that was not sent, a number that JSON.parse rounds, a value that its column refuses.
 *
 * Compiled: a loop over the keys takes 1.9 times as long (`deno run --allow-read tests/bench/compiled.ts`).
 */
export function rowScanner({ keys, columns, isUnavailable }: RowLayout): () => Row | null {
  const constants: Record<string, unknown> = {
    ...{ cursor, scratch, view, skipValue, scannedValue, exactValue, isUnavailable, REFUSED, rowOf: rowMaker(columns) },
  };
  const lines = keys.map(({ token, column }) => {
    const key = taking(token);
    if (column === null) return `${key} if (!skipValue()) return null;`;
    const { index } = column;
    constants[`convert${index}`] = column.convert;
    constants[`rounded${index}`] = column.rounded;
    constants[`form${index}`] = column.form;
    constants[`read${index}`] = column.read;
    return `
      ${key}
      let value${index} = ${column.form === null ? "REFUSED" : `form${index}()`};
      if (value${index} === REFUSED) {
        const from = cursor.at;
        let wire = scannedValue();
        ${
      column.rounded === null ? "" : `if (rounded${index}(wire)) wire = exactValue(from, ${literal(column.exact)});`
    }
        if (wire === REFUSED) return null;
        if ((typeof wire === "string" || typeof wire === "object") && isUnavailable(wire)) return null;
        value${index} = read${index}(${column.convert === null ? "wire" : `convert${index}(wire)`});
        if (value${index} === REFUSED) return null;
      }`;
  });
  const onWire = new Set(keys.map(({ column }) => column));
  const missing = columns.filter((column) => !onWire.has(column)).map(({ index, read }) => {
    constants[`read${index}`] = read;
    return `const value${index} = read${index}(undefined); if (value${index} === REFUSED) return null;`;
  });
  const values = columns.map(({ index }) => `value${index}`);
  const body = `${lines.join("")} if (scratch[cursor.at++] !== 125) return null; ${missing.join("")} return rowOf(${
    values.join(", ")
  });`;
  return specialised(constants, [], body);
}

/** As {@link take}, written out. */
function taking({ length, words }: Token): string {
  const differs = Array.from(words, (word, index) => `view.getInt32(cursor.at + ${wordAt(index, length)}) !== ${word}`);
  return `if (${differs.join(" || ")}) return null; cursor.at += ${length};`;
}
