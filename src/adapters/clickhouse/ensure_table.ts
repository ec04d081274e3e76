import type { EnsureReport, TableSpec } from "../../ports/warehouse.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { actualTable, canonicalTypes, compareTable } from "./table_shape.ts";
import { ensureView } from "./ensure_view.ts";
import { bookkeepingColumns, createTable, literal, qualified, quoted, rowsName } from "./table_sql.ts";

/**
 * Brings table and view to the declared shape, or says why not. Running it again changes nothing; several instances may
 * run it at once.
 * @throws ConfigError when the declaration contradicts itself or ClickHouse, the table has another shape, or the user
 * may not make it
 * @throws ProductionError for outages
 */
export async function ensureTable(target: ConnectedDatabase, table: TableSpec): Promise<EnsureReport> {
  const { connection, database } = target;
  checkDeclaration(table);
  try {
    await ensureDatabase(target);
    const types = await canonicalTypes(connection, table);
    const before = await actualTable(target, table);
    if (before === null) {
      await connection.command(`create "${database}.${rowsName(table)}"`, createTable(database, table));
    }
    // Read again also after creating it: another instance may have been faster, with another declaration.
    const actual = before ?? await actualTable(target, table);
    if (actual === null) throw new ConfigError([`Cannot find "${database}.${rowsName(table)}" after creating it`]);
    const { problems, added, alterations } = compareTable({ ...target, table, types }, actual);
    if (problems.length > 0) throw new ConfigError(problems);
    if (alterations.length > 0) {
      const sql = `ALTER TABLE ${qualified(database, rowsName(table))} ${alterations.join(", ")}`;
      await connection.command(`alter "${database}.${rowsName(table)}"`, sql);
    }
    await ensureView(target, table);
    return { created: before === null, added: before === null ? [] : added };
  } catch (error) {
    throw isMistake(error) ? new ConfigError([error.message], { cause: error }) : error;
  }
}

/**
 * Whether a person must change the declaration, a right or a password. Said at once where a start stands still anyway;
 * while rows wait to be inserted the same answers are waited out, since what worked before may work again. Content is
 * that of a default or a literal in the declaration here: there are no rows yet.
 */
function isMistake(error: unknown): error is ProductionError {
  return error instanceof ProductionError && (!error.retriable || error.reason === "setup");
}

function checkDeclaration(table: TableSpec): void {
  const problems: string[] = [];
  const names = table.columns.map((column) => column.name);
  const problem = (what: string, { expected, is }: { expected: string; is: string }) =>
    problems.push(`Cannot declare ${what} of "${table.name}" as ${expected}: current value is ${is}`);
  const reserved = new Set(bookkeepingColumns(table).map((column) => column.name));
  for (const name of names) {
    if (reserved.has(name)) {
      problem("a column", {
        expected: "one of its own",
        is: `"${name}", which is kept for bookkeeping. Choose another name`,
      });
    }
    if (names.indexOf(name) !== names.lastIndexOf(name)) {
      problem("columns", { expected: "distinct names", is: `"${name}" twice` });
    }
  }
  if (table.key.length === 0) problem("the key", { expected: "at least one column", is: "none" });
  for (const name of table.key) {
    if (!names.includes(name)) problem("the key", { expected: "declared columns", is: `"${name}"` });
  }
  for (const name of Object.keys(table.indexes ?? {})) {
    if (!names.includes(name)) problem("indexes", { expected: "declared columns", is: `"${name}"` });
  }
  if (table.shares !== (table.view !== undefined)) {
    problem("the view", {
      expected: "columns of a table of shares, and of no other",
      is: table.shares ? "none" : "columns of a plain table",
    });
  }
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
}

async function ensureDatabase({ connection, database }: ConnectedDatabase): Promise<void> {
  const action = `create database "${database}"`;
  const existing = await connection.select(action, `SELECT 1 FROM system.databases WHERE name = ${literal(database)}`);
  if (existing.length === 0) await connection.command(action, `CREATE DATABASE IF NOT EXISTS ${quoted(database)}`);
}
