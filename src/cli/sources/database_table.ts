import type { LeftOut, PulledColumn, PulledTable, RefusedTable } from "./pulled_table.ts";

/** A table of a database, whichever that is. */
interface DatabaseTable {
  readonly name: string;
  readonly comment: string | null;
  /** In the index's order; empty without a primary key. */
  readonly primaryKey: readonly string[];
  /** That of a unique index over columns that are never null; empty if there is none. */
  readonly uniqueKey: readonly string[];
}

/** Where a table is. */
interface Place {
  /** The connector's `topic.prefix`. */
  readonly prefix: string;
  /** The schema, or the database of MySQL. */
  readonly schema: string;
}

/** A table as Debezium's topic, or why it cannot be one. `all`: its columns. */
export function databaseTable(
  { name, comment, ...keys }: DatabaseTable,
  { prefix, schema, all }: Place & { readonly all: readonly (PulledColumn | LeftOut)[] },
): PulledTable | RefusedTable {
  const title = `${schema}.${name}`;
  const key = keyOf(keys);
  if ("why" in key) return { title, why: key.why };
  const leftOut = all.filter((column) => "why" in column);
  const lost = leftOut.find((column) => key.columns.includes(column.name));
  if (lost !== undefined) return { title, why: `its key column "${lost.name}" cannot be read: ${lost.why}` };
  return {
    topic: topicName([prefix, schema, name]),
    title,
    key: key.columns,
    comments: [...commentLines(comment), ...key.comments],
    columns: all.filter((column) => "expression" in column),
    leftOut,
  };
}

/** The key that records of a table have, and what to know of it; or why they have none. */
function keyOf(
  { primaryKey, uniqueKey }: Pick<DatabaseTable, "primaryKey" | "uniqueKey">,
): { readonly columns: readonly string[]; readonly comments: readonly string[] } | { readonly why: string } {
  if (primaryKey.length > 0) return { columns: primaryKey, comments: [] };
  if (uniqueKey.length > 0) {
    const note = `No primary key: Debezium's key is that of a unique index, ${uniqueKey.join(", ")} as it seems. ` +
      "Compare a record's.";
    return { columns: uniqueKey, comments: [note] };
  }
  return {
    why: "it has no primary key, so that its records have none: ALTER TABLE ... ADD PRIMARY KEY, or set " +
      "message.key.columns of the connector and declare it by hand",
  };
}

/** Debezium replaces what a topic's name cannot have. */
function topicName(parts: readonly string[]): string {
  return parts.join(".").replaceAll(/[^\w.-]/g, "_");
}

/** A comment of the database, without empty lines. */
export function commentLines(comment: string | null): string[] {
  return (comment ?? "").split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** Whether a table is Debezium's own, which nobody reads as data. */
export function isDebeziumsOwn({ name }: { readonly name: string }): boolean {
  return /^debezium_(signal|heartbeat)$/.test(name);
}

/** What to know of tables that were pulled. `own`: Debezium's, which were left out. */
export function pullNotes(
  given: { readonly prefix?: string },
  { prefix, own }: { readonly prefix: string; readonly own: readonly { readonly name: string }[] },
): string[] {
  return [
    ...given.prefix !== undefined ? [] : [
      `Topics begin with "${prefix}", the database's name: give the connector's topic.prefix with --prefix if it is ` +
      "another",
    ],
    ...own.length === 0 ? [] : [
      `Left out as Debezium's own: ${own.map(({ name }) => name).join(", ")} (name them with --tables to have them)`,
    ],
  ];
}
