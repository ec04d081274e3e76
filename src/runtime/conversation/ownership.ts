import type { TaskTable } from "../../plan/physical.ts";
import { type Key, keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { producerKey } from "../../record/producer_key.ts";

/** Before it no number of partitions can have changed. */
const FIRST_GENERATION = 1;

/** How many tasks each table has, by table index. */
export interface Partitions {
  readonly partitions: readonly number[];
}

/** Partition of the task that a key of the table belongs to: where the producer puts it, or where its shares go. */
export function homeOf({ partitions }: Partitions, { index, keyColumns }: TaskTable, key: Key): number {
  const count = partitions[index];
  if (count === 1) return 0;
  return partitionOf(keyColumns === null ? keyText(key) : producerKey(keyColumns, key), count);
}

/**
 * Whether rows of a key are written by the task of this partition. ClickHouse may show rows under this task's name that
 * are another's since the number of partitions changed, which takes another generation; in the first one there is
 * nothing to compute.
 */
export function ownership(
  { table, partition }: { readonly table: TaskTable; readonly partition: number },
  layout: Partitions & { readonly generation: number },
): (key: Key) => boolean {
  // The topics of a stage never change their number of partitions.
  if (layout.generation === FIRST_GENERATION || table.members[0].kind === "folded") return () => true;
  return (key) => homeOf(layout, table, key) === partition;
}
