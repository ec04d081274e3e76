import { useState } from "preact/hooks";
import { Cell } from "./row_view.tsx";
import { counted, grouped, shown } from "./text.ts";

/** What a browser still shows quickly. */
const COLUMNS_SHOWN = 50;
const ROWS_SHOWN = 500;

export interface GridColumn {
  readonly name: string;
  readonly type: string;
}

/** A result as a table: as many rows and columns as can be read, and how many there are besides. */
export function DataGrid({ columns, rows, label, linkOf }: {
  readonly columns: readonly GridColumn[];
  readonly rows: readonly (readonly unknown[])[];
  readonly label: string;
  /** Where a row leads; null: nowhere. */
  readonly linkOf?: (row: readonly unknown[]) => string | null;
}) {
  const [columnsMost, setColumnsMost] = useState(COLUMNS_SHOWN);
  const [rowsMost, setRowsMost] = useState(ROWS_SHOWN);
  const names = columns.slice(0, columnsMost);
  return (
    <>
      <div class="grid-scroll" tabIndex={0} role="region" aria-label={label}>
        <table class="grid">
          <Head names={names} leads={linkOf !== undefined} />
          <tbody>
            {rows.slice(0, rowsMost).map((row, index) => (
              <tr key={index}>
                {linkOf !== undefined && (
                  <td class="lead">
                    <Why link={linkOf(row)} />
                  </td>
                )}
                {names.map(({ type }, at) => (
                  <td key={at} class={isNumber(type) ? "number" : ""}>
                    <Cell value={row[at]} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="more">
        {rows.length > rowsMost && (
          <button
            type="button"
            class="link"
            onClick={() => setRowsMost(rowsMost * 2)}
          >
            {grouped(rowsMost)} of {counted(rows.length, "row")}: show more
          </button>
        )}
        {columns.length > columnsMost && (
          <button
            type="button"
            class="link"
            onClick={() => setColumnsMost(columnsMost * 2)}
          >
            {grouped(columnsMost)} of {counted(columns.length, "column")}: show more
          </button>
        )}
      </p>
    </>
  );
}

function Head({ names, leads }: { readonly names: readonly GridColumn[]; readonly leads: boolean }) {
  return (
    <thead>
      <tr>
        {leads && (
          <th scope="col" class="lead">
            <span class="sr">Explain</span>
          </th>
        )}
        {names.map(({ name, type }, at) => (
          <th
            key={at}
            scope="col"
            class={isNumber(type) ? "number" : ""}
            title={shown(`${name} ${type}`, 300)}
          >
            {shown(name, 40)} <span class="type">{shown(plainType(type), 24)}</span>
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Why({ link }: { readonly link: string | null }) {
  return link === null ? null : <a href={link} title="Why is this row as it is?">why</a>;
}

/** A type without how it is kept: `String?` may be null. */
function plainType(type: string): string {
  const [, inner] = /^LowCardinality\((.*)\)$/.exec(type) ?? [null, type];
  const [, nullable] = /^Nullable\((.*)\)$/.exec(inner) ?? [null, null];
  return nullable === null ? inner : `${nullable}?`;
}

/** Whether values of a ClickHouse type are read by their last digits. */
function isNumber(type: string): boolean {
  return /^(Nullable\(|LowCardinality\()*(U?Int|Float|BFloat|Decimal)/.test(
    type,
  );
}
