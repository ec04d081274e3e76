import { FOREIGN_KEYS, type Rows, type TableName, TABLES } from "./schema.ts";
import type { ChildColumn, Tables } from "./tables.ts";

/** {@link Tables} in plain memory, for histories that nobody needs to resume. */
export interface MemoryTables extends Tables {
  /** All rows of a table in the order of their ids. */
  rows<T extends TableName>(table: T): Iterable<Rows[T]>;
}

/** Makes empty tables. Ids must be small and dense: rows are kept in arrays indexed by id. */
export function memoryTables(): MemoryTables {
  const rows = new Map<TableName, (Rows[TableName] | undefined)[]>(TABLES.map((table) => [table, []]));
  const children = new Map<string, number[][]>();
  for (const table of TABLES) {
    for (const [column] of FOREIGN_KEYS[table]) children.set(`${table}.${column}`, []);
  }

  const rowsOf = <T extends TableName>(table: T) => rows.get(table) as (Rows[T] | undefined)[];
  const link = (table: TableName, row: Rows[TableName], change: (ids: number[], id: number) => void): void => {
    for (const [column] of FOREIGN_KEYS[table]) {
      const parent = row[column as keyof typeof row] as unknown as number;
      const byParent = children.get(`${table}.${column}`)!;
      change(byParent[parent] ??= [], row.id);
    }
  };

  return {
    get: (table, id) => rowsOf(table)[id],
    atOrAfter(table, id) {
      const all = rowsOf(table);
      for (let index = Math.max(0, id); index < all.length; index++) {
        if (all[index] !== undefined) return all[index];
      }
      return undefined;
    },
    children: ([table, column]: ChildColumn, parent, most) =>
      (children.get(`${table}.${column}`)![parent] ?? []).slice(0, most),
    insert(table, row) {
      const all = rowsOf(table);
      // Writing past the end would turn the array into a hash table.
      while (all.length < row.id) all.push(undefined);
      all[row.id] = row;
      link(table, row, addSorted);
    },
    update(table, before, after) {
      rowsOf(table)[after.id] = after;
      const moved = FOREIGN_KEYS[table].some(([column]) => before[column] !== after[column]);
      if (!moved) return;
      link(table, before, removeSorted);
      link(table, after, addSorted);
    },
    delete(table, row) {
      rowsOf(table)[row.id] = undefined;
      link(table, row, removeSorted);
    },
    *rows(table) {
      for (const row of rowsOf(table)) {
        if (row !== undefined) yield row;
      }
    },
  };
}

function addSorted(ids: number[], id: number): void {
  if (ids.length === 0 || ids[ids.length - 1] < id) ids.push(id);
  else ids.splice(position(ids, id), 0, id);
}

function removeSorted(ids: number[], id: number): void {
  ids.splice(position(ids, id), 1);
}

/** Index of the first element that is not less than `id`. */
function position(ids: readonly number[], id: number): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle] < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
