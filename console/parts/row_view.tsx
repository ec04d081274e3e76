import { useState } from "preact/hooks";
import { counted, shown, WHOLE_CHARACTERS } from "./text.ts";

/** Columns that are shown before somebody asks for more. */
const COLUMNS_SHOWN = 60;

/** A row as names and values, each in a line. `null`: there is no row. */
export function RowView(
  { row, label }: { readonly row: unknown; readonly label: string },
) {
  const [most, setMost] = useState(COLUMNS_SHOWN);
  if (row === null || row === undefined) return <p class="muted">no row</p>;
  if (typeof row !== "object" || Array.isArray(row)) {
    return <Whole value={row} />;
  }
  const names = Object.keys(row);
  return (
    <>
      <dl class="row-view" aria-label={label}>
        {names.slice(0, most).map((name) => (
          <div key={name}>
            <dt title={shown(name, 200)}>{shown(name, 60)}</dt>
            <dd>
              <Whole value={(row as Record<string, unknown>)[name]} />
            </dd>
          </div>
        ))}
      </dl>
      {names.length > most && (
        <button
          type="button"
          class="link"
          onClick={() => setMost(most + 500)}
        >
          {counted(names.length - most, "more column")}
        </button>
      )}
    </>
  );
}

/** One value, whole if it is not long. */
function Whole({ value }: { readonly value: unknown }) {
  if (value === null || value === undefined) {
    return <span class="null">null</span>;
  }
  const kind = typeof value === "number" || typeof value === "bigint" ? "value number" : "value";
  return <span class={kind}>{shown(value, WHOLE_CHARACTERS)}</span>;
}

/** One value in the cell of a table. */
export function Cell({ value }: { readonly value: unknown }) {
  if (value === null || value === undefined) {
    return <span class="null">null</span>;
  }
  return <>{shown(value)}</>;
}
