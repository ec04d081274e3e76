import { REFUSED } from "../../src/formats/column_type.ts";
import type { RowLayout } from "../../src/formats/row_scanner.ts";
import { cursor, scratch, take } from "../../src/formats/scanned_bytes.ts";
import { exactValue, scannedValue, skipValue } from "../../src/formats/scanned_values.ts";
import type { Row } from "../../src/record/row.ts";

/** What `rowScanner` compiles, as a loop to read: key by key, then the columns that do not arrive. */
export function loopedRows({ keys, columns, isUnavailable }: RowLayout): () => Row | null {
  return () => {
    const values: unknown[] = new Array(columns.length).fill(REFUSED);
    for (const { token, column } of keys) {
      if (!take(token)) return null;
      if (column === null) {
        if (!skipValue()) return null;
        continue;
      }
      const { form, rounded, exact, convert, read, index } = column;
      let value = form === null ? REFUSED : form();
      if (value === REFUSED) {
        const from = cursor.at;
        let wire = scannedValue();
        if (rounded !== null && rounded(wire)) wire = exactValue(from, exact);
        if (wire === REFUSED) return null;
        if ((typeof wire === "string" || typeof wire === "object") && isUnavailable(wire)) return null;
        value = read(convert === null ? wire : convert(wire));
        if (value === REFUSED) return null;
      }
      values[index] = value;
    }
    if (scratch[cursor.at++] !== "}".charCodeAt(0)) return null;
    const row: Record<string, unknown> = {};
    for (const { name, read, index } of columns) {
      row[name] = values[index] === REFUSED ? read(undefined) : values[index];
      if (row[name] === REFUSED) return null;
    }
    return row;
  };
}
