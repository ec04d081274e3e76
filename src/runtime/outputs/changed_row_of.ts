import { aggregateOf } from "../../plan/folded_row.ts";
import type { SinkPlan, TaskTable } from "../../plan/physical.ts";
import { type KeyColumns, keyRowOf } from "../../processor/key_value.ts";
import { WINDOW_END } from "../../processor/stateful/result_of.ts";
import type { ChangedRow } from "../../record/changed_row.ts";
import type { Row } from "../../record/row.ts";
import type { Entries } from "../../state/entries.ts";
import type { Slot } from "../../state/slots.ts";

/**
 * Makes what a table's rows are written as where the topology itself reads them as changes: rows with the columns of
 * their keys, of windows with both ends. Null for other sinks.
 */
export function changedRowOf(
  { table: { output } }: SinkPlan,
  { table, entries, keyColumns }: {
    readonly table: TaskTable;
    readonly entries: Entries;
    readonly keyColumns: KeyColumns;
  },
): ((entry: Slot, row: Row) => Row) | null {
  if (output?.changes !== true) return null;
  const keyOf = keyRowOf(keyColumns);
  const windowed = table.members.some((one) => one.kind === "folded" && aggregateOf(one.node).window !== null);
  return (entry, row) => {
    const key = keyOf(entries.keys.keyOf(entry));
    const changed: ChangedRow = { key: windowed ? { ...key, [WINDOW_END]: windowEndOf(entries, entry) } : key, row };
    return changed as unknown as Row;
  };
}

function windowEndOf({ members }: Entries, entry: Slot): unknown {
  return members.find((rows) => rows.has(entry))!.read(entry)![WINDOW_END];
}
