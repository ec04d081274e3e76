import type { ShownRow } from "../../ports/warehouse.ts";

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
