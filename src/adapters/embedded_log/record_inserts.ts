/** Rows written by one statement: fewer calls into SQLite, a third faster than one by one. */
const ROWS_PER_INSERT = 32;

/** Values of a row, but for its headers. */
const COLUMNS = ["topic", "partition", `"offset"`, "timestamp_ms", "key", "value"];

/** Rows of `records` that one statement writes. */
export interface RecordInsert {
  /** Whether each row has headers. */
  readonly headers: boolean;
  readonly values: (string | number | Uint8Array | null)[];
}

/** What the next row is added to: topic, partition, offset, timestamp, key, value, and its headers if it has some. */
export function insertFor(inserts: RecordInsert[], { headers }: Pick<RecordInsert, "headers">): RecordInsert {
  const last = inserts.at(-1);
  if (last?.headers === headers && last.values.length < ROWS_PER_INSERT * columnsOf(last)) return last;
  const insert = { headers, values: [] };
  inserts.push(insert);
  return insert;
}

/** The statement, with a place for each value. */
export function insertSql(insert: RecordInsert): string {
  const columns = columnsOf(insert);
  const row = `(${Array(columns).fill("?").join(", ")})`;
  const rows = Array(insert.values.length / columns).fill(row).join(", ");
  return `INSERT INTO records (${[...COLUMNS, "headers"].slice(0, columns).join(", ")}) VALUES ${rows}`;
}

function columnsOf({ headers }: Pick<RecordInsert, "headers">): number {
  return headers ? COLUMNS.length + 1 : COLUMNS.length;
}
