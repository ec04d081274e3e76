import type { EnsureReport, TableSpec } from "../../ports/warehouse.ts";
import { ConfigError } from "../../record/errors.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { declarationProblems, ensureShape, isMistake, type WantedShape } from "./ensure_shape.ts";
import { type SpelledStorage, spelledStorage } from "./compare_storage.ts";
import { compareTable } from "./table_shape.ts";
import { bookkeepingColumns, createTable, literal, quoted, viewSelect } from "./table_sql.ts";

/**
 * Brings table and view to the declared shape, or says why not. Running it again changes nothing; several instances may
 * run it at once.
 * @throws ConfigError when the declaration contradicts itself or ClickHouse, the table has another shape, or the user
 * may not make it
 * @throws ProductionError for outages
 */
export async function ensureTable(target: ConnectedDatabase, table: TableSpec): Promise<EnsureReport> {
  checkDeclaration(table);
  return await ensureShape(target, await wantedTable(target, table));
}

/**
 * The declared shape, as ClickHouse spells it. @throws ConfigError when the partition depends on more than the key, or
 * ClickHouse cannot read an expression; ProductionError
 */
export async function wantedTable(target: ConnectedDatabase, table: TableSpec): Promise<WantedShape> {
  const spelled = await partitionKnown(target, table);
  return {
    table,
    create: createTable(target, table),
    compare: (actual, types) => compareTable({ ...target, table, types, spelled }, actual),
    select: viewSelect(target.database, table),
  };
}

/**
 * The declared storage in ClickHouse's spelling. @throws ConfigError when the partition depends on more than the key
 */
async function partitionKnown(target: ConnectedDatabase, table: TableSpec): Promise<SpelledStorage> {
  const { connection } = target;
  const { partitionBy } = table.storage ?? {};
  try {
    if (partitionBy !== undefined) {
      const key = table.columns.filter(({ name }) => table.key.includes(name));
      const columns = literal(key.map(({ name, type }) => `${quoted(name)} ${type}`).join(", "));
      const sql = `DESCRIBE TABLE (SELECT ${partitionBy} FROM null(${columns}))`;
      await connection.select(`partition "${table.name}" by ${partitionBy}, which sees the key alone`, sql);
    }
    return await spelledStorage(connection, { name: table.name, storage: table.storage ?? {} });
  } catch (error) {
    throw isMistake(error) ? new ConfigError([error.message], { cause: error }) : error;
  }
}

function checkDeclaration(table: TableSpec): void {
  const problems = declarationProblems(table, {
    bookkeeping: bookkeepingColumns(table),
    named: { "the key": table.key },
  });
  const problem = (what: string, { expected, is }: { expected: string; is: string }) =>
    problems.push(`Cannot declare ${what} of "${table.name}" as ${expected}: current value is ${is}`);
  if (table.key.length === 0) problem("the key", { expected: "at least one column", is: "none" });
  if (table.shares !== (table.view !== undefined)) {
    problem("the view", {
      expected: "columns of a table of shares, and of no other",
      is: table.shares ? "none" : "columns of a plain table",
    });
  }
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
}
