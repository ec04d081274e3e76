import { retentionOf } from "../../plan/retention.ts";
import type { TaskTable } from "../../plan/physical.ts";
import type { Key } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { groupTextOf, windowStartOf } from "../task/retention.ts";
import { tasksHere } from "./trace_row.ts";

/**
 * The horizon behind which the window of a key lies, as the task of its group tells: ClickHouse alone has such windows.
 * Microseconds since the epoch; null if the window is not beyond it, if windows do not go by age, and where the task is
 * not here.
 */
export function horizonHere(
  instance: Instance,
  { table, key }: { readonly table: TaskTable; readonly key: Key },
): number | null {
  // Where windows go by age there is a sink that shows them.
  const [sink] = table.sinks;
  if (retentionOf(table) === null || sink === undefined) return null;
  const partition = partitionOf(groupTextOf(sink, key), instance.topics.partitions[table.index]);
  const here = tasksHere(instance, table).find(({ task }) => task.partition === partition);
  const retention = here?.task.retention ?? null;
  return retention?.isForgotten(key, windowStartOf(sink, key)) ? retention.horizonUs : null;
}
