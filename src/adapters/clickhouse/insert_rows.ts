import type { ClickHouseSettings } from "@clickhouse/client";
import type { DeleteRow, InsertBatch, TableSpec, UpsertRow } from "../../ports/warehouse.ts";
import { ByteWriter } from "../../record/byte_writer.ts";
import { ProductionError } from "../../record/errors.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { refuseNull } from "./refuse_nulls.ts";
import { qualified, quoted, rowsName } from "./table_sql.ts";

/** Bytes of one INSERT's body; a larger batch becomes several. Far below ClickHouse's block of 256 MB. */
const BODY_BYTES_MAX = 32 * 2 ** 20;
/** Room for the row with which a body is full. */
const ROOM_BEYOND = 4 * 2 ** 20;
/** Most bytes of what is appended to a line, but for the texts of task and key. */
const BOOKKEEPING_BYTES_MAX = 80;
const [COMMA, BRACKET, NEWLINE] = [44, 93, 10];

/** How many partitions rows go to is for the table's declaration to say; more than a hundred would wait for ever. */
const ANY_PARTITIONS: ClickHouseSettings = { max_partitions_per_insert_block: "0" };

const UPSERT_COLUMNS = ["_task", "_key", "_digest", "_epoch", "_seq"];
const DELETE_COLUMNS = ["_task", "_key", "_deleted", "_epoch", "_seq"];

/**
 * Inserts the upserts, then the deletes. Each INSERT is one block: either all of its rows are stored or none. When a
 * row is refused, nothing of its INSERT and nothing after it is stored, and the whole batch may be sent again without
 * the row.
 * @throws ProductionError
 */
export async function insertRows(target: ConnectedDatabase, batch: InsertBatch): Promise<void> {
  const { table, upserts, deletes } = batch;
  refuseNulls(batch);
  const declared = table.columns.map((column) => column.name);
  await insertLines(target, { table, rows: upserts, columns: [...declared, ...UPSERT_COLUMNS] });
  await insertLines(target, { table, rows: deletes, columns: [...table.key, ...DELETE_COLUMNS] });
}

function refuseNulls({ table, upserts, deletes }: InsertBatch): void {
  const keyColumns = table.key.map((name) => table.columns.find((column) => column.name === name)!);
  for (const { line, key } of upserts) {
    refuseNull(line, { table: table.name, columns: table.columns, row: `key ${key}` });
  }
  for (const { keyLine, key } of deletes) {
    refuseNull(encoder.encode(keyLine), { table: table.name, columns: keyColumns, row: `key ${key}` });
  }
}

const encoder = new TextEncoder();

interface Insert {
  readonly table: TableSpec;
  /** Those of the rows' lines, and of what is appended to them. */
  readonly columns: readonly string[];
  readonly rows: readonly (UpsertRow | DeleteRow)[];
}

async function insertLines({ connection, database }: ConnectedDatabase, insert: Insert): Promise<void> {
  const { table, columns } = insert;
  if (insert.rows.length === 0) return;
  const action = `insert into "${database}.${rowsName(table)}"`;
  const names = columns.map(quoted).join(", ");
  const statement = `INSERT INTO ${qualified(database, rowsName(table))} (${names}) FORMAT JSONCompactEachRow`;
  const bytes = insert.rows.reduce((sum, row) => sum + bytesOf(row), 0);
  const body = new ByteWriter(Math.min(bytes, BODY_BYTES_MAX + ROOM_BEYOND));
  let rows = 0;
  const send = async () => {
    const written = await connection.insert(action, { statement, body: body.written(), settings: ANY_PARTITIONS });
    // More rows are written than sent where materialized views hang on the table; fewer were lost on the way.
    if (written < rows) {
      throw new ProductionError(`Cannot ${action} as ${rows} rows: current value is ${written} rows written`, {
        retriable: true,
      });
    }
    body.clear();
    rows = 0;
  };
  for (const row of insert.rows) {
    writeLine(body, row);
    rows++;
    if (body.length >= BODY_BYTES_MAX) await send();
  }
  if (rows > 0) await send();
}

/** Bytes of a row in the body, if its texts are ASCII. */
function bytesOf(row: UpsertRow | DeleteRow): number {
  const line = "line" in row ? row.line : row.keyLine;
  return line.length + row.task.length + row.key.length + BOOKKEEPING_BYTES_MAX;
}

/** A JSON array of the columns' values, and the end of the line. */
function writeLine(body: ByteWriter, row: UpsertRow | DeleteRow): void {
  if ("line" in row) body.bytes(row.line);
  else body.raw(row.keyLine);
  body.byte(COMMA);
  body.text(row.task);
  body.byte(COMMA);
  body.text(row.key);
  body.byte(COMMA);
  // In one place the digest, which may be beyond the safe integers, or the mark of a tombstone.
  body.raw("line" in row ? String(row.digest) : "1");
  body.byte(COMMA);
  body.integer(row.epoch);
  body.byte(COMMA);
  body.integer(row.seq);
  body.byte(BRACKET);
  body.byte(NEWLINE);
}
