import type { TaskTable } from "../../plan/physical.ts";
import { type Key, keyJson, keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import type { TaskContext } from "../task/task_context.ts";

/** Epochs of one generation: more than any inbox partition has offsets. */
const GENERATION_EPOCHS = 2 ** 40;

/** Before it no number of partitions can have changed. */
const FIRST_GENERATION = 1;

/** Less than every epoch of the generation, and more than every one of earlier generations. */
export function firstEpochOf(generation: number): number {
  return generation * GENERATION_EPOCHS;
}

/** Partition of the task that a key of the table belongs to. */
export function homeOf(context: TaskContext, table: TaskTable, key: Key): number {
  const text = table.keyColumns === null ? keyText(key) : keyJson(table.keyColumns, key);
  return partitionOf(text, context.partitions[table.index]);
}

/**
 * Whether rows of a key are written by the task of this partition. ClickHouse may show rows under this task's name that are another's
 * since the number of partitions changed, which takes another generation; in the first one there is nothing to compute.
 */
export function ownership(context: TaskContext, table: TaskTable, partition: number): (key: Key) => boolean {
  if (context.options.generation === FIRST_GENERATION) return () => true;
  return (key) => homeOf(context, table, key) === partition;
}
