import type { SinkPlan } from "../../plan/physical.ts";
import { parseClickHouseType } from "../../record/clickhouse_type.ts";
import { type Key, keyParts } from "../../record/key.ts";

/** JSON array, without its closing bracket, of the key columns of a sink for a row key: what a tombstone needs. */
export function keyLineOf(plan: SinkPlan, key: Key): string {
  const { keyOrder } = plan;
  const parts = keyParts(key);
  const cells = dateColumnsOf(plan).map((date, index) =>
    date ? dateCell(parts[keyOrder[index]]) : parts[keyOrder[index]]
  );
  return `[${cells.join(",")}`;
}

/** A plan's types never change, and many rows are deleted by one plan: they are taken apart once. */
const dateColumns = new WeakMap<SinkPlan, readonly boolean[]>();

/** Which key columns hold dates, in the table's key order. */
function dateColumnsOf(plan: SinkPlan): readonly boolean[] {
  let dates = dateColumns.get(plan);
  if (dates === undefined) {
    const types = new Map(plan.table.columns.map(({ name, type }) => [name, type]));
    dates = plan.table.key.map((column) => {
      const { name } = parseClickHouseType(types.get(column)!);
      return name === "Date" || name === "Date32";
    });
    dateColumns.set(plan, dates);
  }
  return dates;
}

/** JSON text of a key part as the row encoder would write it: only dates differ from the key's own text. */
function dateCell(part: string): string {
  return /^-?\d+$/.test(part) ? `"${new Date(Number(part) * 86_400_000).toISOString().slice(0, 10)}"` : part;
}
