import type { ClickHouseSettings } from "@clickhouse/client";
import { missingRows } from "../../ports/missing_rows.ts";
import {
  APPEND_EXECUTION_MS,
  type AppendRow,
  type AppendRows,
  type AppendTableSpec,
  type InputPlace,
  type InputRange,
} from "../../ports/warehouse.ts";
import { ByteWriter } from "../../record/byte_writer.ts";
import { ProductionError } from "../../record/errors.ts";
import { APPEND_COLUMNS } from "./append_sql.ts";
import type { ConnectedDatabase, Connection } from "./connection.ts";
import { refuseNull } from "./refuse_nulls.ts";
import { literal, qualified, quoted, rowsName } from "./table_sql.ts";

/** Most bytes of what is appended to a line, but for the source. */
const PLACE_BYTES_MAX = 70;
/** Names under which rows that are missing are added, one after the other. */
const REPAIRS_MAX = 10;
const [COMMA, BRACKET, NEWLINE] = [44, 93, 10];

/**
 * One block, whatever its size: one part in each of the table's partitions, which is there or not, and is remembered by
 * the token. Several blocks would each be remembered by themselves, and be there alone. How many partitions there are
 * is for the table's declaration to say; by default more than a hundred would be refused, for ever.
 */
const BLOCK_SETTINGS: ClickHouseSettings = {
  insert_deduplicate: 1,
  max_insert_block_size: "4294967295",
  min_insert_block_size_rows: "0",
  min_insert_block_size_bytes: "0",
  max_partitions_per_insert_block: "0",
  // What ClickHouse does behind its last look at the time, which is to write the parts down, has the rest.
  max_execution_time: APPEND_EXECUTION_MS * 0.75 / 1000,
};

/**
 * As `Warehouse.append`. ClickHouse writes the token down before it has the part: if it ends between, it takes every
 * later insert of that name for a repetition, and acknowledges it. What is missing after a repetition is therefore
 * added under names that follow from the token, the same for everybody who repeats it, so that an insert of theirs that
 * comes late is again one that is known.
 */
export async function appendRows(target: ConnectedDatabase, appended: AppendRows): Promise<void> {
  const { table, range, token, repeated } = appended;
  let { rows } = appended;
  if (rows.length === 0) return;
  for (const { line, offset } of rows) {
    refuseNull(line, { table: table.name, columns: table.columns, row: `made of ${describe(range, offset)}` });
  }
  for (let repair = 0; repair <= REPAIRS_MAX; repair++) {
    await insertBlock(target, { ...appended, rows, token: repair === 0 ? token : `${token}/${repair}` });
    if (!repeated) return;
    rows = missingRows(rows, await appendedPlaces(target, { table, range }));
    if (rows.length === 0) return;
  }
  throw new ProductionError(
    `Cannot append to "${target.database}.${rowsName(table)}" what is made of ${describe(range, rows[0].offset)}: ` +
      "current value is no such row, though ClickHouse acknowledges it. Look whether rows are deleted at once",
    { retriable: true },
  );
}

/** As `Warehouse.appended`. */
export async function appendedPlaces(
  { connection, database }: ConnectedDatabase,
  { table, range }: { readonly table: AppendTableSpec; readonly range: InputRange },
): Promise<InputPlace[]> {
  const name = rowsName(table);
  const { source, partition, from, to } = range;
  const rows = await connection.select(
    `look for rows of "${database}.${name}"`,
    `SELECT _offset, _index FROM ${qualified(database, name)} WHERE _source = ${literal(source)} ` +
      `AND _partition = ${partition} AND _offset >= ${from} AND _offset < ${to} ORDER BY _offset, _index`,
  );
  return rows.map(({ _offset, _index }) => ({ offset: Number(_offset), index: Number(_index) }));
}

/** As `Warehouse.nowMs`. */
export async function warehouseTimeMs(connection: Connection): Promise<number> {
  const [row] = await connection.select("ask for the time", "SELECT toUnixTimestamp64Milli(now64(3)) AS ms");
  return Number(row.ms);
}

/** As `Warehouse.lastAppended`. */
export async function lastAppendedOffset(
  { connection, database }: ConnectedDatabase,
  { table, source, partition }: Pick<InputRange, "source" | "partition"> & { readonly table: AppendTableSpec },
): Promise<number | null> {
  const name = rowsName(table);
  const [last] = await connection.select(
    `look for the last row of "${database}.${name}"`,
    `SELECT _offset FROM ${qualified(database, name)} WHERE _source = ${literal(source)} ` +
      `AND _partition = ${partition} ORDER BY _offset DESC LIMIT 1`,
  );
  return last === undefined ? null : Number(last._offset);
}

async function insertBlock(
  { connection, database }: ConnectedDatabase,
  { table, range, rows, token, repeated, deadlineMs }: AppendRows,
): Promise<void> {
  const name = rowsName(table);
  const action = `append to "${database}.${name}"`;
  const columns = [...table.columns.map((column) => column.name), ...APPEND_COLUMNS].map(quoted).join(", ");
  const statement = `INSERT INTO ${qualified(database, name)} (${columns}) FORMAT JSONCompactEachRow`;
  const placeBytes = range.source.length + PLACE_BYTES_MAX;
  const body = new ByteWriter(rows.reduce((sum, { line }) => sum + line.length + placeBytes, 0));
  for (const row of rows) writeLine(body, { row, range, deadlineMs });
  const written = await connection.insert(action, {
    statement,
    body: body.written(),
    settings: { ...BLOCK_SETTINGS, insert_deduplication_token: token },
  });
  // Of an insert that is known the count says nothing: the rows are looked for.
  if (repeated || written >= rows.length) return;
  throw new ProductionError(`Cannot ${action} as ${rows.length} rows: current value is ${written} rows written`, {
    retriable: true,
  });
}

function writeLine(
  body: ByteWriter,
  { row: { line, offset, index }, range, deadlineMs }: Pick<AppendRows, "range" | "deadlineMs"> & {
    readonly row: AppendRow;
  },
): void {
  body.bytes(line);
  body.byte(COMMA);
  body.text(range.source);
  for (const number of [range.partition, offset, index, deadlineMs]) {
    body.byte(COMMA);
    body.integer(number);
  }
  body.byte(BRACKET);
  body.byte(NEWLINE);
}

function describe({ source, partition }: InputRange, offset: number): string {
  return `offset ${offset} of "${source}" partition ${partition}`;
}
