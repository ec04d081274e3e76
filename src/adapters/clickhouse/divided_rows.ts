import type { NewerRow, RowSum, TableSpec, Watermark } from "../../ports/warehouse.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { readRows } from "./shown_rows.ts";
import { literalArray, qualified, quoted, rowsName, sortingKey } from "./table_sql.ts";

export interface DividedQuestion {
  readonly table: TableSpec;
  readonly watermarks: readonly Watermark[];
}

/**
 * Rows up to the watermarks in sum. 390,000 rows of six tasks take 75 ms, one by one 870 ms; with `_check` it would be
 * as long as that.
 */
export async function summedRows(
  { connection, database }: ConnectedDatabase,
  { table, watermarks }: DividedQuestion,
): Promise<Map<string, RowSum>> {
  const sums = new Map<string, RowSum>(watermarks.map(({ task }) => [task, { rows: 0, digests: 0n }]));
  if (watermarks.length === 0) return sums;
  const name = rowsName(table);
  // The condition holds for rows after FINAL: a newer row hides an older one.
  const sql = `SELECT toString(_task) AS task, count() AS rows, toString(sum(toUInt128(_digest))) AS digests ` +
    `FROM ${qualified(database, name)} FINAL ` +
    `WHERE _task IN ${tasksOf(watermarks)} AND _version <= ${watermarkOf(watermarks)} GROUP BY _task`;
  for (const { task, rows, digests } of await connection.select(`sum up "${database}.${name}"`, sql)) {
    sums.set(String(task), { rows: Number(rows), digests: BigInt(String(digests)) });
  }
  return sums;
}

/**
 * Rows and tombstones above the watermarks. Without FINAL, which hides tombstones: grouped by the sorting key, which is
 * what makes rows one row.
 */
export async function* newerRows(
  { connection, database }: ConnectedDatabase,
  { table, watermarks }: DividedQuestion,
): AsyncIterable<readonly NewerRow[]> {
  if (watermarks.length === 0) return;
  const name = rowsName(table);
  const tasks = watermarks.map(({ task }) => task);
  const sql = `SELECT toUInt32(indexOf(${tasksOf(watermarks)}, newest.1)), '', newest.2, newest.3 FROM (` +
    `SELECT argMax((toString(_task), _key, if(_deleted = 1, toInt64(-1), toInt64(_digest))), _version) AS newest ` +
    `FROM ${qualified(database, name)} ` +
    `WHERE _task IN ${tasksOf(watermarks)} AND _version > ${watermarkOf(watermarks)} ` +
    `GROUP BY ${sortingKey(table).map(quoted).join(", ")}) FORMAT RowBinary`;
  for await (const rows of readRows(connection, { action: `read new rows of "${database}.${name}"`, sql, tasks })) {
    yield rows.map(({ task, key, digest }) => ({ task, key, digest: digest < 0 ? null : digest }));
  }
}

function tasksOf(watermarks: readonly Watermark[]): string {
  return literalArray(watermarks.map(({ task }) => task));
}

/** The watermark of a row's task. `transform()` does not take UInt128. */
function watermarkOf(watermarks: readonly Watermark[]): string {
  const versions = watermarks.map(({ epoch, seq }) => `'${(BigInt(epoch) << 64n) + BigInt(seq)}'`);
  const all = `CAST([${versions.join(", ")}] AS Array(UInt128))`;
  return `arrayElement(${all}, indexOf(${tasksOf(watermarks)}, toString(_task)))`;
}
