import type { Clock } from "../ports/clock.ts";
import type { TableSpec, Warehouse } from "../ports/warehouse.ts";
import type { Row } from "../record/row.ts";
import { createMemoryWarehouse, type RefuseRow } from "./memory_warehouse.ts";
import type { SelectedRow } from "./selected_rows.ts";

/** Rows of a table whose columns equal those of `where` get the columns of `change`, or (null) are gone. */
export interface Tampering {
  readonly table: TableSpec;
  readonly where: Row;
  readonly change: Row | null;
}

/** What a driver needs of its warehouse, beside the port. */
export interface TestWarehouse {
  readonly warehouse: Warehouse;
  /** The topology is at rest: what {@link select} shows is brought up to date. */
  rest(): Promise<void>;
  /** What the view of this name shows, in no order. */
  select(table: string): readonly SelectedRow[];
  /** What the append table of this name holds, in the order of the inputs that its rows were made of. */
  appended(table: string): readonly SelectedRow[];
  /** Upserts and tombstones taken so far. */
  writes(): number;
  /** Changes rows behind the topology's back. Resolves to how many there were. */
  tamper(tampering: Tampering): Promise<number>;
  close(): Promise<void>;
}

/** The in-memory warehouse, by that clock: nothing to start, and far faster than a real one. */
export function openMemoryWarehouse(clock: Pick<Clock, "nowMs">, refuses?: RefuseRow): TestWarehouse {
  const memory = createMemoryWarehouse(refuses, { nowMs: () => clock.nowMs() });
  return {
    warehouse: memory,
    rest: () => Promise.resolve(),
    select: (table) => memory.select(table),
    appended: (table) => memory.appendedRows(table),
    writes: () => memory.writes(),
    tamper({ table, where, change }) {
      const names = table.columns.map((column) => column.name);
      let rows = 0;
      for (const { key, values: stored } of [...memory.stored(table.name)]) {
        if (stored === null) continue;
        const values = [...stored];
        const columns = Object.entries(where);
        if (columns.some(([name, value]) => String(values[names.indexOf(name)]) !== String(value))) continue;
        for (const [name, value] of Object.entries(change ?? {})) values[names.indexOf(name)] = value;
        memory.tamper({ table: table.name, key }, change === null ? null : values);
        rows++;
      }
      return Promise.resolve(rows);
    },
    close: () => Promise.resolve(),
  };
}
