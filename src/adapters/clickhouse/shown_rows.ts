import { Buffer } from "node:buffer";
import type { ShownRow, TableSpec } from "../../ports/warehouse.ts";
import { ProductionError } from "../../record/errors.ts";
import type { Connection } from "./connection.ts";
import { checkExpression, literalArray, qualified, rowsName } from "./table_sql.ts";

/** Rows handed over at a time. */
const CHUNK_ROWS = 10_000;
const EXCEPTION_BYTES_SHOWN = 500;

export interface ShownQuestion {
  readonly database: string;
  readonly table: TableSpec;
  readonly tasks: readonly string[];
  /** Rows of `tasks`, or rows of all others. */
  readonly which: "shown" | "orphans";
}

/**
 * Who adds a row by hand leaves out whose it is, and its key: what would be deleted by an empty one is another row,
 * that of key 0.
 */
const WRITTEN = "_task != ''";

/**
 * Reads back what the table shows, as RowBinary: a million rows take about a second, a third of what JSON takes. A
 * task's name is sent as its place in `tasks`; the names of others follow as text.
 */
export async function* shownRows(connection: Connection, question: ShownQuestion): AsyncIterable<readonly ShownRow[]> {
  const { database, table, tasks, which } = question;
  if (which === "shown" && tasks.length === 0) return;
  const name = rowsName(table);
  const known = literalArray(tasks);
  const action = `read back "${database}.${name}"`;
  if (which === "orphans") {
    // There are hardly ever any, which is known without FINAL in a tenth of the time.
    const any = `SELECT 1 AS found FROM ${qualified(database, name)} ` +
      `WHERE ${WRITTEN} AND _task NOT IN ${known} LIMIT 1`;
    if (tasks.length > 0 && (await connection.select(action, any)).length === 0) return;
  }
  // The condition holds for rows after FINAL: a newer row of another task hides an older one of these.
  const sql = [
    `SELECT toUInt32(indexOf(${known}, toString(_task))), ${which === "shown" ? "''" : "toString(_task)"}, _key,`,
    `if(_check = ${checkExpression(table)}, toInt64(_digest), toInt64(-1))`,
    `FROM ${qualified(database, name)} FINAL`,
    which === "shown" ? `WHERE _task IN ${known}` : `WHERE ${WRITTEN}`,
    which === "shown" || tasks.length === 0 ? "" : `AND _task NOT IN ${known}`,
    "FORMAT RowBinary",
  ].join(" ");
  yield* readRows(connection, { action, sql, tasks });
}

/** A SELECT of rows in RowBinary: place of the task in `tasks` (from 1), or 0 and then its name, key and digest. */
export async function* readRows(
  connection: Connection,
  { action, sql, tasks }: { readonly action: string; readonly sql: string; readonly tasks: readonly string[] },
): AsyncIterable<readonly ShownRow[]> {
  let rest: Buffer = Buffer.alloc(0);
  let rows: ShownRow[] = [];
  for await (const bytes of connection.bytes(action, sql)) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = { action, tasks, rows };
    rest = decodeRows(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), at);
    if (rows.length >= CHUNK_ROWS) {
      yield rows;
      rows = [];
    }
  }
  if (rest.length > 0) {
    throw new ProductionError(`Cannot ${action}: the answer ends within a row`, { retriable: true });
  }
  if (rows.length > 0) yield rows;
}

interface DecodedRows {
  readonly action: string;
  /** A row names its task by its place here. */
  readonly tasks: readonly string[];
  readonly rows: ShownRow[];
}

/**
 * An exception's text within an answer that should be rows alone: a proxy took away the header that says so, or
 * ClickHouse wrote it after rows. As rows it would be keys that nobody ever showed.
 */
function notRows(action: string, bytes: Buffer): ProductionError {
  const text = bytes.toString("utf8", 0, EXCEPTION_BYTES_SHOWN).trim();
  return new ProductionError(`Cannot ${action}: the answer holds what is no row: ${text}`, { retriable: true });
}

/** Decodes whole rows into `rows` and returns the bytes of the one that is cut. */
function decodeRows(bytes: Buffer, { action, tasks, rows }: DecodedRows): Buffer {
  let at = 0;
  const text = (length: number): string => {
    const end = at + length;
    let ascii = true;
    for (let index = at; index < end; index++) if (bytes[index] > 127) ascii = false;
    const result = bytes.toString(ascii ? "latin1" : "utf8", at, end);
    at = end;
    return result;
  };
  /** LEB128; -1 when it is cut. */
  const length = (): number => {
    let value = 0;
    let factor = 1;
    while (at < bytes.length) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    return -1;
  };
  while (true) {
    const start = at;
    if (at + 4 > bytes.length) return bytes.subarray(start);
    const place = bytes.readUInt32LE(at);
    if (place > tasks.length) throw notRows(action, bytes.subarray(start));
    at += 4;
    const taskLength = length();
    if (taskLength < 0 || at + taskLength > bytes.length) return bytes.subarray(start);
    const task = taskLength === 0 && place > 0 ? tasks[place - 1] : text(taskLength);
    const keyLength = length();
    if (keyLength < 0 || at + keyLength + 8 > bytes.length) return bytes.subarray(start);
    const key = text(keyLength);
    const digest = bytes.readUInt32LE(at) + bytes.readInt32LE(at + 4) * 4294967296;
    at += 8;
    rows.push({ task, key, digest });
  }
}
