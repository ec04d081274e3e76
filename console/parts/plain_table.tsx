import type { ComponentChildren } from "preact";

/** A column: what stands above it, and in it. */
export interface PlainColumn<Row> {
  /** Null: nothing stands above any column of this table. */
  readonly title: string | null;
  readonly cell: (row: Row) => ComponentChildren;
  /** `number`: read by its last digits; `head`: says what its row is about; another class of the stylesheet. */
  readonly kind?: "number" | "head" | "meter-cell";
}

/** Rows beneath each other, without frames; it scrolls by itself where it is too wide, or too long. */
export function PlainTable<Row>({ label, columns, rows, keyOf, scroll = "scroll" }: {
  readonly label: string;
  readonly columns: readonly PlainColumn<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row, index: number) => string | number;
  /** Classes of what scrolls. */
  readonly scroll?: string;
}) {
  return (
    <div class={scroll} tabIndex={0} role="region" aria-label={label}>
      <table class="plain">
        {columns.some(({ title }) => title !== null) && (
          <thead>
            <tr>
              {columns.map(({ title, kind }, at) => (
                <th key={at} scope="col" class={kind === "number" ? kind : undefined}>{title}</th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {rows.map((row, index) => (
            <tr key={keyOf(row, index)}>
              {columns.map(({ cell, kind }, at) =>
                kind === "head" ? <th key={at} scope="row">{cell(row)}</th> : <td key={at} class={kind}>{cell(row)}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
