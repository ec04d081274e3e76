import { aggregateOf, FOLDED_AGE, FOLDED_KEY, FOLDED_SHOWN, FOLDED_TO } from "../../plan/folded_row.ts";
import type { Member, TaskTable } from "../../plan/physical.ts";
import { groupColumns } from "../../processor/group_columns.ts";
import type { KeyColumns } from "../../processor/key_value.ts";
import { WINDOW_END } from "../../processor/stateful/result_of.ts";
import type { KeyColumn } from "../../record/key_column.ts";
import type { Row } from "../../record/row.ts";
import type { Entries } from "../../state/entries.ts";
import type { PackedRows } from "../../state/packed_rows.ts";
import type { Merge } from "../conversation/merge.ts";
import { isFolded } from "../globals/folded_decoder.ts";
import type { TaskContext } from "./task_context.ts";

/** The key columns of a task's rows. Those of groups are known when there is a row. */
export function taskKeyColumns(
  table: TaskTable,
  { context, entries, merges }: {
    readonly context: Pick<TaskContext, "decoders">;
    readonly entries: Entries;
    readonly merges: () => readonly (Merge | null)[];
  },
): KeyColumns {
  if (table.keyColumns !== null) return table.keyColumns;
  if (table.members[0].kind === "merge") return () => merges().find((merge) => merge?.columns)?.columns ?? [];
  const decoders = context.decoders(table).filter(isFolded);
  let loaded: readonly KeyColumn[] | null = null;
  return () =>
    decoders.find(({ keyColumns }) => keyColumns !== null)?.keyColumns ?? (loaded ??= columnsOfRows(table, entries)) ??
      [];
}

/** A task, or the rows of a standby, which nobody has told of groups. */
interface RowHolder {
  readonly entries: Entries;
  readonly merges?: readonly (Merge | null)[];
}

/** Made once for each holder: to find the columns of groups may take a look at many rows. */
const HELD = new WeakMap<RowHolder, KeyColumns>();

/** {@link taskKeyColumns} for whoever looks into a task from outside. */
export function heldKeyColumns(
  holder: RowHolder,
  { table, context }: { readonly table: TaskTable; readonly context: Pick<TaskContext, "decoders"> },
): KeyColumns {
  return HELD.getOrInsertComputed(
    holder,
    ({ entries }) => taskKeyColumns(table, { context, entries, merges: () => holder.merges ?? [] }),
  );
}

/** Of rows that came from a snapshot, so that nothing was read yet; null if there is none. */
function columnsOfRows({ members }: TaskTable, { keys, members: rows }: Entries): readonly KeyColumn[] | null {
  let columns: readonly KeyColumn[] | null = null;
  for (const slot of keys.used()) {
    const group = groupAt(slot, { members, rows });
    columns = groupColumns(columns, group);
    // A column without a value does not tell of what kind it is.
    if (columns.every(({ name }) => group[name] !== null)) return columns;
  }
  return columns;
}

function groupAt(
  slot: number,
  { members, rows }: { readonly members: readonly Member[]; readonly rows: readonly PackedRows[] },
): Row {
  const index = rows.findIndex((row) => row.has(slot));
  const member = members[index];
  const row = rows[index].read(slot)!;
  if (typeof row[FOLDED_KEY] === "string") {
    return Object.fromEntries((JSON.parse(row[FOLDED_KEY]) as string[]).map((name) => [name, row[name]]));
  }
  const { sides: [{ aggregates }], window } = aggregateOf((member as Extract<Member, { kind: "folded" }>).node);
  const ofWindow = window === null ? [] : [WINDOW_END];
  const others = new Set([...Object.keys(aggregates), ...ofWindow, FOLDED_SHOWN, FOLDED_TO, FOLDED_AGE]);
  return Object.fromEntries(Object.entries(row).filter(([name]) => !others.has(name)));
}
