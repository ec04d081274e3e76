import { LimitError } from "../../record/errors.ts";
import type { Row } from "../../record/row.ts";
import type { CanonicalColumn } from "./canonical.ts";
import { type CanonicalRow, type ExpectedRows, expectRows } from "./compare.ts";

/** Rows as they were computed. */
export interface ComputedRows {
  readonly rows: Iterable<Row>;
  /** At the end of the comparison, where rows expire. */
  readonly later: Iterable<Row> | null;
}

/** Whether that is the encoder's verdict on a value that does not fit its column; anything else is a mistake here. */
export function isUnfit(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof LimitError;
}

/** Computed rows as they are compared; `unfit`: how many have a value that its column cannot hold. */
export function expectedRows(
  { rows, later }: ComputedRows,
  { columns, key }: { readonly columns: readonly CanonicalColumn[]; readonly key: readonly number[] },
): { readonly expected: ExpectedRows; readonly unfit: number } {
  const { canonical, unfit } = canonicalRows(rows, columns);
  const afterwards = later === null ? null : canonicalRows(later, columns).canonical;
  return { expected: expectRows({ key }, { rows: canonical, later: afterwards }), unfit };
}

function canonicalRows(
  rows: Iterable<Row>,
  columns: readonly CanonicalColumn[],
): { readonly canonical: readonly CanonicalRow[]; readonly unfit: number } {
  const canonical: CanonicalRow[] = [];
  let unfit = 0;
  for (const row of rows) {
    try {
      canonical.push(columns.map((column) => column.expected(row[column.name])));
    } catch (error) {
      if (!isUnfit(error)) throw error;
      unfit++;
    }
  }
  return { canonical, unfit };
}
