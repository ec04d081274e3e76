import type { TaskTable } from "../../plan/physical.ts";
import type { Bytes } from "../../ports/log.ts";
import { type Key, keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { producerKey } from "../../record/producer_key.ts";

/** Before it no number of partitions can have changed. */
const FIRST_GENERATION = 1;

/** How many tasks each table has, by table index. */
export interface Partitions {
  readonly partitions: readonly number[];
  /** The bytes of a key of a topic that is written through a schema registry, from the text that it is as JSON. */
  readonly keyBytes?: (topic: string, text: string) => Bytes;
}

/** The bytes that the producer of a source writes for a key whose JSON is `text`. */
export function bytesOfKey(
  source: { readonly topic: string; readonly registry?: "all" | "values" },
  { text, keyBytes }: Pick<Partitions, "keyBytes"> & { readonly text: string },
): Bytes {
  return source.registry === "all" && keyBytes !== undefined ? keyBytes(source.topic, text) : text;
}

/** Partition of the task that a key of the table belongs to: where the producer puts it, or where its shares go. */
export function homeOf(
  { partitions, keyBytes }: Partitions,
  { index, keyColumns, members }: TaskTable,
  key: Key,
): number {
  const count = partitions[index];
  if (count === 1) return 0;
  if (keyColumns === null) return partitionOf(keyText(key), count);
  const text = producerKey(keyColumns, key);
  const [first] = members;
  return partitionOf(first.kind === "source" ? bytesOfKey(first.source, { text, keyBytes }) : text, count);
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
