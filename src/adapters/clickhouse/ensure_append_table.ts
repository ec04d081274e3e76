import { APPEND_TOKENS, type AppendTableSpec, type EnsureReport } from "../../ports/warehouse.ts";
import { ConfigError } from "../../record/errors.ts";
import {
  ADD_APPEND_PROJECTION,
  APPEND_BOOKKEEPING,
  APPEND_PROJECTION,
  APPEND_WINDOW,
  appendSelect,
  columnDefinition,
  createAppendTable,
  DEADLINE_BOOKKEEPING,
  DEADLINE_CHECK,
  DEADLINE_CONSTRAINT,
} from "./append_sql.ts";
import type { ConnectedDatabase, Connection } from "./connection.ts";
import { declarationProblems, ensureShape, type WantedShape } from "./ensure_shape.ts";
import { type ActualTable, compareColumns, plain, type ShapeComparison } from "./table_shape.ts";
import { indexes, literal, qualified, quoted, rowsName } from "./table_sql.ts";

/** Expressions of the declaration in ClickHouse's own spelling; empty for none. */
interface Expressions {
  readonly partitionBy: string;
  readonly ttl: string;
}

/**
 * Brings table and view to the declared shape, or says why not. Running it again changes nothing; several instances may
 * run it at once.
 * @throws ConfigError when the declaration contradicts itself or ClickHouse, the table has another shape, or the user
 * may not make it
 * @throws ProductionError for outages
 */
export async function ensureAppendTable(target: ConnectedDatabase, table: AppendTableSpec): Promise<EnsureReport> {
  const problems = declarationProblems(table, {
    bookkeeping: [...APPEND_BOOKKEEPING, ...DEADLINE_BOOKKEEPING],
    named: { "the order": table.orderBy },
  });
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  return await ensureShape(target, await wantedAppendTable(target, table));
}

/** The declared shape, as ClickHouse spells it. @throws ProductionError */
export async function wantedAppendTable(target: ConnectedDatabase, table: AppendTableSpec): Promise<WantedShape> {
  const spelled = await expressionsOf(target.connection, table);
  return {
    table,
    create: createAppendTable(target.database, table),
    compare: (actual, types) => compareAppendTable({ ...target, table, types, spelled }, actual),
    select: appendSelect(target.database, table),
  };
}

async function expressionsOf(connection: Connection, table: AppendTableSpec): Promise<Expressions> {
  const { partitionBy, ttl } = table;
  const texts = [partitionBy, ttl].map((text) => text === undefined ? "''" : `formatQuerySingleLine(${select(text)})`);
  const [row] = await connection.select(`read the expressions of "${table.name}"`, `SELECT [${texts.join(", ")}] AS e`);
  const [first, second] = (row.e as string[]).map((text) => text.replace(/^SELECT /, ""));
  return { partitionBy: first, ttl: second };
}

function select(expression: string): string {
  return literal(`SELECT ${expression}`);
}

interface Comparison extends Omit<ConnectedDatabase, "connection"> {
  readonly table: AppendTableSpec;
  readonly types: ReadonlyMap<string, string>;
  readonly spelled: Expressions;
}

function compareAppendTable(comparison: Comparison, actual: ActualTable): ShapeComparison {
  const { database, table, types, spelled, advise = (statement) => statement } = comparison;
  const name = `${database}.${rowsName(table)}`;
  const target = qualified(database, rowsName(table));
  const aside = qualified(database, `${rowsName(table)}_old`);
  const rename = `Put the table aside with: ${advise(`RENAME TABLE ${target} TO ${aside}`)}; ` +
    "a new one is made, for the rows that come";
  const alter = (clause: string) => advise(`ALTER TABLE ${target} ${clause}`);
  const problems: string[] = [];
  const differs = (expected: string, { is, repair }: { readonly is: string; readonly repair: string }) =>
    problems.push(`Cannot use "${name}" as ${expected}: current value is ${is}. ${repair}`);

  const engine = actual.engine.split(/[ (]/)[0];
  if (!/^(Replicated|Shared)?MergeTree$/.test(engine)) differs("MergeTree", { is: engine, repair: rename });
  const order = table.orderBy.join(", ");
  if (plain(actual.sortingKey) !== plain(order)) {
    differs(`ORDER BY (${order})`, { is: `ORDER BY (${actual.sortingKey})`, repair: rename });
  }
  if (plain(actual.partitionKey) !== plain(spelled.partitionBy)) {
    const text = (key: string) => key === "" ? "one partition" : `PARTITION BY ${key}`;
    differs(text(spelled.partitionBy), { is: text(actual.partitionKey), repair: rename });
  }
  const ttl = / TTL (.*?)( SETTINGS |$)/.exec(actual.engine)?.[1] ?? "";
  if (plain(ttl) !== plain(spelled.ttl)) {
    const text = (expression: string) => expression === "" ? "kept for ever" : `TTL ${expression}`;
    // Not done by itself: it deletes rows.
    const clause = table.ttl === undefined ? "REMOVE TTL" : `MODIFY TTL ${table.ttl}`;
    differs(text(spelled.ttl), { is: text(ttl), repair: `Change it with: ${alter(clause)}` });
  }
  const setting = engine === "MergeTree" ? APPEND_WINDOW : "replicated_deduplication_window";
  const named = new RegExp(`[ ,]${setting} = (\\d+)`).exec(actual.engine)?.[1];
  // What no table says: a replicated one remembers 10,000 inserts, or whatever its server is told, any other none.
  const remembered = named === undefined && engine !== "MergeTree" ? APPEND_TOKENS : Number(named ?? 0);
  if (remembered < APPEND_TOKENS) {
    const repair = `Change it with: ${alter(`MODIFY SETTING ${setting} = ${APPEND_TOKENS}`)}`;
    differs(`a table that remembers ${APPEND_TOKENS} inserts`, { is: String(remembered), repair });
  }

  const absent = DEADLINE_BOOKKEEPING.filter((column) => !actual.columns.has(column.name));
  const checked = constraintOf(actual);
  if (checked !== null && plain(checked) !== plain(DEADLINE_CHECK)) {
    const repair = `Drop it with: ${alter(`DROP CONSTRAINT ${DEADLINE_CONSTRAINT}`)}; the next start makes it`;
    differs(DEADLINE_CHECK, { is: checked, repair });
  }

  const columns = compareColumns({
    name,
    columns: table.columns,
    types,
    bookkeeping: [...APPEND_BOOKKEEPING, ...DEADLINE_BOOKKEEPING.filter((column) => !absent.includes(column))],
    indexes: indexes(table),
    repair: (column) =>
      table.orderBy.includes(column.name)
        ? rename
        : `Change it with: ${alter(`MODIFY COLUMN ${quoted(column.name)} ${column.type}`)}`,
    rename,
  }, actual);
  const projected = new RegExp(`PROJECTION \`?${APPEND_PROJECTION}\`? `).test(actual.definition);
  return {
    problems: [...problems, ...columns.problems],
    added: columns.added,
    alterations: [
      ...columns.alterations,
      ...absent.map((column) => `ADD COLUMN IF NOT EXISTS ${columnDefinition(column)}`),
      ...(checked === null ? [`ADD ${DEADLINE_CHECK.replace("CONSTRAINT", "CONSTRAINT IF NOT EXISTS")}`] : []),
      ...(projected ? [] : [ADD_APPEND_PROJECTION]),
    ],
  };
}

/** The constraint that keeps late inserts out, as the table has it; null if there is none of its name. */
function constraintOf({ definition }: ActualTable): string | null {
  const next = ", (?:CONSTRAINT|INDEX|PROJECTION) |\\) ENGINE ";
  return new RegExp(`CONSTRAINT \`?${DEADLINE_CONSTRAINT}\`? .*?(?=${next})`).exec(definition)?.[0] ?? null;
}
