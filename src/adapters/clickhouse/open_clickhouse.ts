import type { TableSpec, Warehouse } from "../../ports/warehouse.ts";
import { connect } from "./connection.ts";
import type { ConnectionOptions } from "./connection_options.ts";
import { appendedPlaces, appendRows, lastAppendedOffset, warehouseTimeMs } from "./append_rows.ts";
import { ensureAppendTable } from "./ensure_append_table.ts";
import { ensureTable } from "./ensure_table.ts";
import { insertRows } from "./insert_rows.ts";
import { keptAppends } from "./kept_appends.ts";
import { keptKey } from "./kept_key.ts";
import { presentTables } from "./present_tables.ts";
import { newerRows, summedRows } from "./divided_rows.ts";
import { shownRows } from "./shown_rows.ts";
import { setAsideGroups } from "./set_aside_groups.ts";
import { literalArray, qualified, rowsName } from "./table_sql.ts";

export type { ConnectionOptions } from "./connection_options.ts";

/**
 * The Warehouse port on ClickHouse's HTTP interface: a server, a cluster behind one address, or the embedded one.
 * Nothing is sent until the first call. What the rows of an insert may hold, as ClickHouse reads it from JSON:
 * DateTime64 as an integer of its ticks (microseconds for DateTime64(6)) or text, Date and Date32 as days since 1970 or
 * `YYYY-MM-DD`, Decimal as text of its scale, UInt64 and Int64 as digits with or without quotes, UUID and Enum as text,
 * Bool as true or false, arrays as arrays. A null where the type is not Nullable is refused.
 *
 * ClickHouse does not refuse everything that does not fit: an integer beyond its type wraps around, a date beyond its
 * range is wrapped or clamped, decimal digits beyond the scale are cut off. Whoever encodes rows must check these.
 */
export function openClickHouse(options: ConnectionOptions): Warehouse {
  const { database, advise, cluster } = options;
  // The adapter qualifies every name, so the database need not exist yet; a query of the user's is run inside it.
  const connection = connect(options);
  const inside = connect(options, database);

  async function greatestEpochs(table: TableSpec, tasks: readonly string[]): Promise<Map<string, number>> {
    const name = rowsName(table);
    const rows = await connection.select(
      `read the epochs of "${database}.${name}"`,
      `SELECT toString(_task) AS task, toUInt64(bitShiftRight(max(_version), 64)) AS epoch FROM ${
        qualified(database, name)
      } ` +
        `WHERE _task IN ${literalArray(tasks)} GROUP BY _task`,
    );
    const epochs = new Map(tasks.map((task) => [task, 0]));
    for (const row of rows) epochs.set(String(row.task), Number(row.epoch));
    return epochs;
  }

  return {
    ensure: (table) => ensureTable({ connection, database, advise, cluster }, table),
    present: (tables) => presentTables({ connection, database }, tables),
    insert: (batch) => insertRows({ connection, database }, batch),
    shown: (table, tasks) => shownRows(connection, { database, table, tasks, which: "shown" }),
    summed: (table, watermarks) => summedRows({ connection, database }, { table, watermarks }),
    newer: (table, watermarks) => newerRows({ connection, database }, { table, watermarks }),
    orphans: (table, tasks) => shownRows(connection, { database, table, tasks, which: "orphans" }),
    greatestEpochs,
    setAside: (table, limit) => setAsideGroups({ connection, database }, { table, limit }),
    kept: (table, keyLine) => keptKey({ connection, database }, { table, keyLine }),
    ensureAppend: (table) => ensureAppendTable({ connection, database, advise, cluster }, table),
    append: (rows) => appendRows({ connection, database }, rows),
    appended: (table, range) => appendedPlaces({ connection, database }, { table, range }),
    keptAppends: (table, question) => keptAppends({ connection, database }, { table, ...question }),
    lastAppended: (table, of) => lastAppendedOffset({ connection, database }, { table, ...of }),
    nowMs: () => warehouseTimeMs(connection),
    query: (sql) => inside.select("run the query", sql, { settings: { readonly: "2" } }),
    ping: () => connection.ping(),
    close: async () => {
      await connection.close();
      await inside.close();
    },
  };
}
