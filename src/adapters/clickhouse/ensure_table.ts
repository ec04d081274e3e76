import type { EnsureReport, TableSpec } from "../../ports/warehouse.ts";
import { ConfigError } from "../../record/errors.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { declarationProblems, ensureShape, type WantedShape } from "./ensure_shape.ts";
import { compareTable } from "./table_shape.ts";
import { bookkeepingColumns, createTable, viewSelect } from "./table_sql.ts";

/**
 * Brings table and view to the declared shape, or says why not. Running it again changes nothing; several instances may
 * run it at once.
 * @throws ConfigError when the declaration contradicts itself or ClickHouse, the table has another shape, or the user
 * may not make it
 * @throws ProductionError for outages
 */
export async function ensureTable(target: ConnectedDatabase, table: TableSpec): Promise<EnsureReport> {
  checkDeclaration(table);
  return await ensureShape(target, wantedTable(target, table));
}

/** The declared shape. */
export function wantedTable(target: Omit<ConnectedDatabase, "connection">, table: TableSpec): WantedShape {
  return {
    table,
    create: createTable(target.database, table),
    compare: (actual, types) => compareTable({ ...target, table, types }, actual),
    select: viewSelect(target.database, table),
  };
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
