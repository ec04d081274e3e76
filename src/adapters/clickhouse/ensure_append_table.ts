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
  REPLICATED_WINDOW,
} from "./append_sql.ts";
import { engineOf, onCluster } from "./cluster.ts";
import { makeRoom } from "./replicas.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { declarationProblems, ensureShape, type WantedShape } from "./ensure_shape.ts";
import { compareStorage, plain, type SpelledStorage, spelledStorage } from "./compare_storage.ts";
import type { ActualTable } from "./actual_table.ts";
import { compareColumns, type ShapeComparison } from "./table_shape.ts";
import { indexes, qualified, quoted, rowsName } from "./table_sql.ts";

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
  const { name, partitionBy, ttl } = table;
  const spelled = await spelledStorage(target.connection, { name, storage: { ...table.storage, partitionBy, ttl } });
  return {
    table,
    create: createAppendTable(target, table),
    compare: (actual, types) => compareAppendTable({ ...target, table, types, spelled }, actual),
    select: appendSelect(target.database, table),
  };
}

interface Comparison extends Omit<ConnectedDatabase, "connection"> {
  readonly table: AppendTableSpec;
  readonly types: ReadonlyMap<string, string>;
  readonly spelled: SpelledStorage;
}

function compareAppendTable(comparison: Comparison, actual: ActualTable): ShapeComparison {
  const { database, cluster, table, types, spelled, advise = (statement) => statement } = comparison;
  const name = `${database}.${rowsName(table)}`;
  const target = qualified(database, rowsName(table));
  const rename = makeRoom(comparison, {
    name: rowsName(table),
    kept: "a new one is made, for the rows that come",
    lost: "its rows are lost then, so copy them first; a new one is made, for the rows that come",
  });
  const alter = (clause: string) => advise(`ALTER TABLE ${target}${onCluster(cluster)} ${clause}`);
  const problems: string[] = [];
  const differs = (expected: string, { is, repair }: { readonly is: string; readonly repair: string }) =>
    problems.push(`Cannot use "${name}" as ${expected}: current value is ${is}. ${repair}`);

  const engine = actual.engine.split(/[ (]/)[0];
  const kinds = ["ReplicatedMergeTree", "SharedMergeTree", ...cluster === undefined ? ["MergeTree"] : []];
  if (!kinds.includes(engine)) {
    differs(engineOf("MergeTree", { cluster, parameters: [] }), { is: engine, repair: rename });
  }
  const order = table.orderBy.join(", ");
  if (plain(actual.sortingKey) !== plain(order)) {
    differs(`ORDER BY (${order})`, { is: `ORDER BY (${actual.sortingKey})`, repair: rename });
  }
  const { partitionBy, ttl } = table;
  const storage = { ...table.storage, partitionBy, ttl };
  problems.push(...compareStorage({ name, storage, spelled, rename, alter }, actual));
  const setting = engine === "MergeTree" ? APPEND_WINDOW : REPLICATED_WINDOW;
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
    storage: table.storage,
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
