import type { KeptKey } from "../../ports/kept_key.ts";
import type { TableSpec } from "../../ports/warehouse.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { isNullable } from "./refuse_nulls.ts";
import { checkExpression, literal, qualified, quoted, rowsName } from "./table_sql.ts";

/**
 * What a table holds of one key, and what its view shows. The key is read as an insert reads it, and found by the
 * sorting key. Without FINAL, which hides tombstones.
 */
export async function keptKey(
  { connection, database }: ConnectedDatabase,
  { table, keyLine }: { readonly table: TableSpec; readonly keyLine: string },
): Promise<KeptKey> {
  const action = `look for a key in "${database}.${table.name}"`;
  const condition = keyCondition(table, keyLine);
  // Whatever the columns are called: an alias of one's own must not take a column's place.
  const sql = `SELECT toString(_task) AS _weir_task, _deleted AS _weir_deleted, ` +
    `toString(if(_check = ${checkExpression(table)}, toInt64(_digest), toInt64(-1))) AS _weir_digest, ` +
    `toString(bitShiftRight(_version, 64)) AS _weir_epoch, ` +
    `toString(_version - bitShiftLeft(bitShiftRight(_version, 64), 64)) AS _weir_seq ` +
    `FROM ${qualified(database, rowsName(table))} WHERE ${condition} ` +
    `ORDER BY _version DESC LIMIT 1${table.shares ? " BY _task" : ""}${nulls(table)}`;
  const shown = `SELECT * FROM ${qualified(database, table.name)} WHERE ${condition} LIMIT 1${nulls(table)}`;
  const [rows, view] = await Promise.all([
    connection.select(action, sql),
    connection.select(action, shown, { settings: { output_format_json_quote_decimals: 1 } }),
  ]);
  return {
    rows: rows.map((row) => ({
      task: String(row._weir_task),
      digest: row._weir_deleted === 1 ? null : Number(row._weir_digest),
      epoch: Number(row._weir_epoch),
      seq: Number(row._weir_seq),
    })).sort((a, b) => a.task < b.task ? -1 : 1),
    shown: view[0] ?? null,
  };
}

function keyCondition(table: TableSpec, keyLine: string): string {
  const names = table.key.map(quoted).join(", ");
  const types = table.key.map((name) =>
    `${quoted(name)} ${table.columns.find((column) => column.name === name)!.type}`
  );
  const line = `format(JSONCompactEachRow, ${literal(types.join(", "))}, ${literal(`${keyLine}]`)})`;
  return `(${names}) IN (SELECT ${names} FROM ${line})`;
}

/** NULL is a value of a key as any other. */
function nulls({ key, columns }: TableSpec): string {
  const nullable = columns.some(({ name, type }) => key.includes(name) && isNullable(type));
  return nullable ? " SETTINGS transform_null_in = 1" : "";
}
