import type { KeyColumn } from "../record/key_column.ts";
import type { TaskTable } from "./physical.ts";

/**
 * What is wrong with a table whose rows other tasks look for: the partition of a row is the hash of the key as the
 * producer wrote it, so that must follow from the key's value. With one partition nothing has to be computed.
 */
export function placeProblems(
  { name, members, serves, keyColumns }: Pick<TaskTable, "name" | "members" | "serves" | "keyColumns">,
  partitionsOf: (topic: string) => number | undefined,
): string[] {
  if (keyColumns === null || (serves.length === 0 && members.length === 1)) return [];
  const [first] = members;
  const partitions = first.kind === "source" ? partitionsOf(first.source.topic) ?? 1 : 1;
  const unknown = keyColumns.filter((column) => column.wire === null).map((column) => column.name);
  if (unknown.length === 0 || partitions === 1) return [];
  return [
    `Cannot join with table "${name}" in ${partitions} partitions by its key (${
      unknown.join(", ")
    }): how the connector ` +
    `writes such keys cannot be computed from their values, so nobody could tell in which partition a row is. ` +
    `Declare it with builder.globalTable, give the topic one partition, or declare what the database has ` +
    `(numeric(precision, scale), char(length), format)`,
  ];
}

/**
 * What is wrong with a table that is written to ClickHouse from several partitions: of keys that are equal but written
 * as different texts, as 1.5 and 1.50 are, each may be another task's, and the tombstone of one would hide the row of
 * the other.
 */
export function textProblems(
  { name, members, sinks, keyColumns }: Pick<TaskTable, "name" | "members" | "sinks" | "keyColumns">,
  partitionsOf: (topic: string) => number | undefined,
): string[] {
  const [first] = members;
  if (keyColumns === null || sinks.length === 0 || first.kind !== "source") return [];
  const partitions = partitionsOf(first.source.topic) ?? 1;
  const several = keyColumns.filter(({ texts }) => texts === "several").map((column) => column.name);
  if (several.length === 0 || partitions === 1) return [];
  return [
    `Cannot write table "${name}" to sink "${sinks[0].name}" from ${partitions} partitions: equal keys (${
      several.join(", ")
    }) may be written as different texts, such as 1.5 and 1.50, into different partitions, and rows of one key would ` +
    `delete each other. Give the topic one partition, declare what the database has (numeric(precision, scale)), or ` +
    `key it by other columns (the connector's message.key.columns)`,
  ];
}

/**
 * What is wrong with a table in a later generation, whose number of partitions may have changed: a row that ClickHouse
 * shows in the name of a task may be another's now, which nobody could tell.
 */
export function ownershipProblems(
  { name, sinks, keyColumns }: Pick<TaskTable, "name" | "sinks" | "keyColumns">,
  { partitions, generation }: { readonly partitions: number; readonly generation: number },
): string[] {
  const unknown = keyColumns?.filter((column) => column.wire === null).map((column) => column.name) ?? [];
  if (generation === 1 || partitions === 1 || sinks.length === 0 || unknown.length === 0) return [];
  return [
    `Cannot start table "${name}" in ${partitions} partitions with generation ${generation}: how the connector ` +
    `writes its key (${
      unknown.join(", ")
    }) cannot be computed from the values, so nobody could tell which task's rows ` +
    `ClickHouse shows. Give the topic one partition, or declare what the database has (numeric(precision, scale), ` +
    `char(length), format), or give topology and sinks new names and start with WEIR_GENERATION=1`,
  ];
}

/** Whether equal keys of both tables are written as equal texts, so that their rows are in the same partition. */
export function sameWire(a: readonly KeyColumn[], b: readonly KeyColumn[]): boolean {
  return a.length === b.length && a.every(({ name, bare, wire }, index) => {
    const other = b[index];
    return name === other.name && bare === other.bare && wire !== null &&
      JSON.stringify(wire) === JSON.stringify(other.wire);
  });
}
