import type { Row } from "../record/row.ts";
import { literal, propertyName, specialised } from "../record/specialised.ts";

/** The row with a column more. */
export type WithColumn = (row: Row, value: Row | null) => Row;

/**
 * In a new row; the one given stays as it is. Compiled: `{ ...row, [column]: value }` takes 5.5 to 6.5 times as long,
 * and `{ ...row }` with the column written after it 3.5 to 4 times (`deno run --allow-read tests/bench/compiled.ts`).
 */
export function columnAdded(column: string): WithColumn {
  return specialised({}, ["row", "value"], `return { ...row, ${propertyName(column)}: value };`);
}

/**
 * In the row itself, which must be the caller's own. It saves the copy: {@link columnAdded} takes 2.4 times as long.
 * Compiled: `row[column] = value` takes 1.5 times as long (`deno run --allow-read tests/bench/compiled.ts`).
 */
export function columnPut(column: string): WithColumn {
  if (column === "__proto__") return columnAdded(column);
  return specialised({}, ["row", "value"], `row[${literal(column)}] = value; return row;`);
}
