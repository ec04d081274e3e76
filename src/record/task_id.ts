/** `<table>-<partition>`: names a task in messages, sinks and metrics. */
export function taskId(table: string, partition: number): string {
  return `${table}-${partition}`;
}

/** All tasks of a table of so many partitions, by partition. */
export function taskIds(table: string, partitions: number): string[] {
  return Array.from({ length: partitions }, (_, partition) => taskId(table, partition));
}

/** Table name and partition of a task id. */
export function parseTaskId(id: string): { readonly table: string; readonly partition: number } {
  const dash = id.lastIndexOf("-");
  return { table: id.slice(0, dash), partition: Number(id.slice(dash + 1)) };
}
