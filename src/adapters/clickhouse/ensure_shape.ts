import type { ColumnSpec, EnsureReport } from "../../ports/warehouse.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import type { TableStorage } from "../../record/table_storage.ts";
import { onCluster } from "./cluster.ts";
import { requireOnePlace } from "./replicas.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { ensureView } from "./ensure_view.ts";
import { type ActualTable, actualTable, canonicalTypes } from "./actual_table.ts";
import type { ShapeComparison } from "./table_shape.ts";
import { type BookkeepingColumn, literal, qualified, quoted, rowsName } from "./table_sql.ts";

/** What tables of every kind declare. */
interface DeclaredTable {
  readonly name: string;
  readonly columns: readonly ColumnSpec[];
  readonly indexes?: Readonly<Record<string, string>>;
  readonly storage?: TableStorage;
}

/** A table and its view as they are to be. */
export interface WantedShape {
  readonly table: DeclaredTable;
  /** Makes the table if it is not there. */
  readonly create: string;
  /** `types`: those of the declared columns, as ClickHouse spells them. */
  readonly compare: (actual: ActualTable, types: ReadonlyMap<string, string>) => ShapeComparison;
  /** What the view selects. */
  readonly select: string;
}

/**
 * Makes what is missing, and adds what can be added.
 * @throws ConfigError @throws ProductionError
 */
export async function ensureShape(target: ConnectedDatabase, wanted: WantedShape): Promise<EnsureReport> {
  const { connection, database, cluster } = target;
  const { table, create, select } = wanted;
  try {
    await ensureDatabase(target);
    const before = await actualTable(target, table);
    if (before === null) await connection.command(`create "${database}.${rowsName(table)}"`, create);
    // Read again also after creating it: another instance may have been faster, with another declaration.
    const actual = before ?? await actualTable(target, table);
    if (actual === null) throw new ConfigError([`Cannot find "${database}.${rowsName(table)}" after creating it`]);
    const { problems, added, alterations } = wanted.compare(actual, await canonicalTypes(connection, table));
    if (problems.length > 0) throw new ConfigError(problems);
    if (alterations.length > 0) {
      const sql = `ALTER TABLE ${qualified(database, rowsName(table))}${onCluster(cluster)} ${alterations.join(", ")}`;
      await connection.command(`alter "${database}.${rowsName(table)}"`, sql);
    }
    await requireOnePlace(target, rowsName(table));
    await ensureView(target, { name: table.name, select });
    return { created: before === null, added: before === null ? [] : added };
  } catch (error) {
    throw isMistake(error) ? new ConfigError([error.message], { cause: error }) : error;
  }
}

/**
 * How the table that is there differs from what is declared, without changing anything; null if there is none.
 * @throws ProductionError
 */
export async function inspectShape(target: ConnectedDatabase, wanted: WantedShape): Promise<ShapeComparison | null> {
  const actual = await actualTable(target, wanted.table);
  return actual === null ? null : wanted.compare(actual, await canonicalTypes(target.connection, wanted.table));
}

/** What contradicts itself in a declaration. `named`: lists of columns, by what they are. */
export function declarationProblems(
  table: DeclaredTable,
  { bookkeeping, named }: {
    readonly bookkeeping: readonly BookkeepingColumn[];
    readonly named: Readonly<Record<string, readonly string[]>>;
  },
): string[] {
  const problems: string[] = [];
  const names = table.columns.map((column) => column.name);
  const problem = (what: string, { expected, is }: { expected: string; is: string }) =>
    problems.push(`Cannot declare ${what} of "${table.name}" as ${expected}: current value is ${is}`);
  const reserved = new Set(bookkeeping.map((column) => column.name));
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
  for (const [what, columns] of Object.entries({ ...named, indexes: Object.keys(table.indexes ?? {}) })) {
    for (const name of columns) {
      if (!names.includes(name)) problem(what, { expected: "declared columns", is: `"${name}"` });
    }
  }
  return problems;
}

/**
 * Whether a person must change the declaration, a right or a password. Said at once where a start stands still anyway;
 * while rows wait to be inserted the same answers are waited out, since what worked before may work again. Content is
 * that of a default or a literal in the declaration here: there are no rows yet.
 */
export function isMistake(error: unknown): error is ProductionError {
  return error instanceof ProductionError && (!error.retriable || error.reason === "setup");
}

async function ensureDatabase({ connection, database, cluster }: ConnectedDatabase): Promise<void> {
  const action = `create database "${database}"`;
  const existing = await connection.select(action, `SELECT 1 FROM system.databases WHERE name = ${literal(database)}`);
  const sql = `CREATE DATABASE IF NOT EXISTS ${quoted(database)}${onCluster(cluster)}`;
  if (existing.length === 0) await connection.command(action, sql);
}
