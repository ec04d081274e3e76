import type { ShownRow } from "../../ports/warehouse.ts";

/** Rows that are looked at in one turn of the event loop. */
const SLICE_ROWS = 500;

/** A chunk in pieces that are each small enough for one turn. */
export function* slicesOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let first = 0; first < rows.length; first += SLICE_ROWS) yield rows.slice(first, first + SLICE_ROWS);
}

/** The rows of one chunk by the task that wrote them. */
export function byTask(rows: readonly ShownRow[]): Map<string, ShownRow[]> {
  const tasks = new Map<string, ShownRow[]>();
  for (const row of rows) {
    const list = tasks.get(row.task);
    if (list === undefined) tasks.set(row.task, [row]);
    else list.push(row);
  }
  return tasks;
}
