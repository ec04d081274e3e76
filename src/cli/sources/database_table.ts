/** Whether a table is Debezium's own, which nobody reads as data. */
export function isDebeziumsOwn(table: string): boolean {
  return /^debezium_(signal|heartbeat)$/.test(table);
}

/** Debezium replaces what a topic's name cannot have. */
export function topicName(parts: readonly string[]): string {
  return parts.join(".").replaceAll(/[^\w.-]/g, "_");
}

/** A comment of the database, without empty lines. */
export function commentLines(comment: string | null): string[] {
  return (comment ?? "").split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** The key that records of a table have, and what to know of it; or why they have none. */
export function keyOfTable(
  { primaryKey, uniqueKey }: { readonly primaryKey: readonly string[]; readonly uniqueKey: readonly string[] },
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
