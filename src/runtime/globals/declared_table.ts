import type { GlobalTable } from "../../plan/physical.ts";

/** What a table is read by, and called in messages. */
export type DeclaredTable = Pick<GlobalTable, "name" | "source">;

/** Whether two tables read the same columns of the same topic, and are called the same in messages. */
export function isSame(a: DeclaredTable, b: DeclaredTable): boolean {
  if (a.name !== b.name || a.source.topic !== b.source.topic) return false;
  if (formOf(a) !== formOf(b)) return false;
  const [columns, others] = [Object.entries(a.source.row.shape), Object.entries(b.source.row.shape)];
  return columns.length === others.length &&
    columns.every(([name, column], index) => others[index][0] === name && others[index][1] === column);
}

function formOf({ source: { key, format, registry } }: DeclaredTable): string {
  return JSON.stringify([key, format, registry]);
}
