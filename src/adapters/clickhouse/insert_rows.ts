import { Buffer } from "node:buffer";
import type { ColumnSpec, InsertBatch, TableSpec } from "../../ports/warehouse.ts";
import { ProductionError } from "../../record/errors.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { forbiddenNull } from "./refuse_nulls.ts";
import { qualified, quoted, rowsName } from "./table_sql.ts";

/** Characters of one INSERT's body; a larger batch becomes several. Far below ClickHouse's block of 256 MB. */
const BODY_LENGTH_MAX = 32 * 2 ** 20;

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
  const jsonOf = taskJson();
  const upsertLines = function* () {
    for (const row of upserts) {
      yield `${row.line},${jsonOf(row.task)},${textJson(row.key)},${row.digest},${row.epoch},${row.seq}]\n`;
    }
  };
  const deleteLines = function* () {
    for (const row of deletes) {
      yield `${row.keyLine},${jsonOf(row.task)},${textJson(row.key)},1,${row.epoch},${row.seq}]\n`;
    }
  };
  const declared = table.columns.map((column) => column.name);
  await insertLines(target, { table, columns: [...declared, ...UPSERT_COLUMNS], lines: upsertLines() });
  await insertLines(target, { table, columns: [...table.key, ...DELETE_COLUMNS], lines: deleteLines() });
}

function refuseNulls({ table, upserts, deletes }: InsertBatch): void {
  const keyColumns = table.key.map((name) => table.columns.find((column) => column.name === name)!);
  const check = (line: string, key: string, columns: readonly ColumnSpec[]) => {
    const column = forbiddenNull(line, columns);
    if (column === null) return;
    const message =
      `Cannot insert "${column.name}" of "${table.name}" as ${column.type}: current value is null, key ${key}`;
    throw new ProductionError(`${message}. Declare the column Nullable, or give it a value`, {
      retriable: false,
      reason: "content",
    });
  };
  for (const row of upserts) check(row.line, row.key, table.columns);
  for (const row of deletes) check(row.keyLine, row.key, keyColumns);
}

interface Insert {
  readonly table: TableSpec;
  readonly columns: readonly string[];
  /** A JSON array of the columns' values each. */
  readonly lines: Iterable<string>;
}

async function insertLines({ connection, database }: ConnectedDatabase, insert: Insert): Promise<void> {
  const { table, columns, lines } = insert;
  const action = `insert into "${database}.${rowsName(table)}"`;
  const names = columns.map(quoted).join(", ");
  const statement = `INSERT INTO ${qualified(database, rowsName(table))} (${names}) FORMAT JSONCompactEachRow`;
  let body = "";
  let rows = 0;
  const send = async () => {
    const written = await connection.insert(action, { statement, body: Buffer.from(body) });
    // More rows are written than sent where materialized views hang on the table; fewer were lost on the way.
    if (written < rows) {
      throw new ProductionError(`Cannot ${action} as ${rows} rows: current value is ${written} rows written`, {
        retriable: true,
      });
    }
    body = "";
    rows = 0;
  };
  for (const line of lines) {
    body += line;
    rows++;
    if (body.length >= BODY_LENGTH_MAX) await send();
  }
  if (rows > 0) await send();
}

/** JSON of the task's name, remembered: neighbours in a batch are mostly of one task. */
function taskJson(): (task: string) => string {
  const known = new Map<string, string>();
  return (task) => {
    let json = known.get(task);
    if (json === undefined) known.set(task, json = JSON.stringify(task));
    return json;
  };
}

/** Most keys are digits and commas, which need no escaping. */
function textJson(key: string): string {
  return /^[\w,.-]*$/.test(key) ? `"${key}"` : JSON.stringify(key);
}
