import { Decimal } from "../record/decimal.ts";
import { type KeyColumn, plainKeyColumn } from "../record/key_column.ts";
import type { Row } from "../record/row.ts";

/**
 * What is known of group columns after this group: their names in the order of the key, and which of them hold
 * decimals, which a group tells whose column is not null. `known`: what earlier groups told; null before the first.
 */
export function groupColumns(known: readonly KeyColumn[] | null, group: Row): readonly KeyColumn[] {
  const columns = known ?? Object.keys(group).sort().map(plainKeyColumn);
  if (columns.every(({ name, value }) => value === "decimal" || !(group[name] instanceof Decimal))) return columns;
  return columns.map((column) => group[column.name] instanceof Decimal ? { ...column, value: "decimal" } : column);
}
