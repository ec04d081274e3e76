import { namedIn } from "../../adapters/embedded_clickhouse/named_in_statement.ts";
import { functionOutside } from "../../adapters/embedded_clickhouse/reading_rules.ts";
import type { Topology } from "../../dsl/topology.ts";
import { writtenTables } from "../../dsl/written_tables.ts";
import { type MaskedTable, maskedTables } from "../../plan/masks.ts";
import { RequestError } from "./answer.ts";

/** Runs a statement and gives the first column of its answer. */
export type Explain = (sql: string) => Promise<readonly string[]>;

/** Tables of ClickHouse that hold nothing of anybody's rows. */
const OF_CLICKHOUSE: readonly string[] = ["system.one", "system.numbers", "system.tables", "system.columns"];
/** Functions that stand for a table and read none. */
const FUNCTIONS: readonly string[] = ["numbers", "zeros", "generate_series", "generateSeries", "values", "null"];
/** Functions that read what no table of the statement is: other tables, and what was computed of them before. */
const READING = /^(joinGet|__getScalar)/;
/** What a query tree says, which no name in a statement may say. */
const OF_TREE = /\b(table_name|table_function_name|column_name|function_name|source_id):/;
/** Where a table stands whose columns are named one by one. */
const NAMED_BY_COLUMN = /^(JOIN TREE|(LEFT |RIGHT )?TABLE EXPRESSION)/;
const KEYWORDS: readonly string[] = ["SELECT", "WITH", "FROM", "("];

/** What statements may read where columns are masked. */
export interface QueryMasks {
  /** By view: what of it is masked. */
  readonly views: ReadonlyMap<string, MaskedTable & { readonly shown: readonly string[] }>;
  /** Views and tables of which nothing is. */
  readonly clear: ReadonlySet<string>;
}

/** Null where no table of these topologies has a masked column. */
export function queryMasks(topologies: readonly Topology[]): QueryMasks | null {
  const views = new Map<string, MaskedTable & { shown: string[] }>();
  const clear = new Set<string>();
  for (const topology of topologies) {
    const masked = maskedTables(topology);
    for (const name of writtenTables(topology)) {
      const found = masked.get(name);
      if (found === undefined || (found.columns.length === 0 && !found.key)) {
        clear.add(name).add(`${name}_rows`);
      } else views.set(name, { ...found, shown: found.declared.filter((column) => !found.columns.includes(column)) });
    }
  }
  return views.size === 0 ? null : { views, clear };
}

/**
 * Refuses a statement that reads a masked column, whatever it makes of it: a condition tells as much as a column of the
 * answer. What a statement names it must not be, and what ClickHouse says that it reads it must not be either; what
 * neither of these can tell, as tables that others have made of Weir's, is refused, too. The last word has ClickHouse:
 * where its statement is not understood, it is not run.
 * @throws RequestError
 */
export async function refuseMasked(
  { sql, keyword }: { readonly sql: string; readonly keyword: string },
  { masks, database, explain }: {
    readonly masks: QueryMasks;
    readonly database: string;
    readonly explain: Explain;
  },
): Promise<void> {
  if (!KEYWORDS.includes(keyword)) {
    throw refusal(`Cannot run ${keyword} where columns are masked: send a SELECT`);
  }
  const outside = functionOutside(namedIn(sql));
  if (outside !== undefined) {
    throw refusal(`Cannot call ${outside}(...) where columns are masked: it reads what is in no table of a topology`);
  }
  if (OF_TREE.test(sql)) throw refusal("Cannot run a statement with names that end with a colon: use other names");
  const functions = (await explain(`EXPLAIN QUERY TREE run_passes = 0 ${sql}`)).map(lineOf);
  for (const { kind, name } of functions) refuseFunction(kind, name);
  refuseNames(sql, masks);
  checkTree(await explain(`EXPLAIN QUERY TREE run_passes = 1 ${sql}`), { masks, database });
}

/** By the text: no name of a masked column, and nothing that stands for all columns. */
function refuseNames(sql: string, { views }: QueryMasks): void {
  for (const [view, { columns, shown }] of views) {
    if (sql.includes("\\")) throw refusal("Cannot run a statement with a backslash where columns are masked");
    if (isNamed(sql, `${view}_rows`)) {
      throw refusal(`Cannot read "${view}_rows": columns of it are masked${ask(view, shown)}`);
    }
    if (!isNamed(sql, view)) continue;
    const named = columns.find((column) => isNamed(sql, column));
    if (named !== undefined) throw refusal(`Cannot read "${named}" of "${view}": it is masked${ask(view, shown)}`);
    if (sql.includes("*") || isNamed(sql, "COLUMNS")) {
      throw refusal(`Cannot read all columns of "${view}": some are masked, so name those you want${ask(view, shown)}`);
    }
  }
}

function ask(view: string, shown: readonly string[]): string {
  return shown.length === 0 ? "" : `. There is SELECT ${shown.join(", ")} FROM ${view}`;
}

function isNamed(sql: string, name: string): boolean {
  const literal = name.replaceAll(/[^A-Za-z0-9_]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_])${literal}(?![\\p{L}\\p{N}_])`, "iu").test(sql);
}

/** A line of a query tree. */
interface TreeLine {
  readonly depth: number;
  readonly kind: string;
  /** Of a table, a column or a function; else empty. */
  readonly name: string;
  readonly id: string;
  /** Of a column: the table it is of. */
  readonly source: string;
}

function lineOf(line: string): TreeLine {
  const text = line.trimStart();
  const name = /\b(?:table_name|table_function_name|column_name|function_name): ([^,]*)/.exec(text)?.[1] ?? "";
  return {
    depth: line.length - text.length,
    kind: /^[A-Z_]+/.exec(text)?.[0] ?? "",
    name,
    id: /\bid: (\d+)/.exec(text)?.[1] ?? "",
    source: /\bsource_id: (\d+)$/.exec(text)?.[1] ?? "",
  };
}

function refuseFunction(kind: string, name: string): void {
  if (kind === "TABLE_FUNCTION" && !FUNCTIONS.includes(name)) {
    throw refusal(`Cannot read ${name}(...) where columns are masked: name the tables`);
  }
  if (kind === "FUNCTION" && READING.test(name)) {
    throw refusal("Cannot run a function that reads other tables, or a subquery that gives a list, as a value");
  }
}

function checkTree(
  lines: readonly string[],
  { masks: { views, clear }, database }: { readonly masks: QueryMasks; readonly database: string },
): void {
  const masked = new Map<string, MaskedTable>();
  const tree = lines.map(lineOf);
  for (const [index, { kind, name, id, depth }] of tree.entries()) {
    refuseFunction(kind, name);
    if (kind !== "TABLE") continue;
    const own = name.startsWith(`${database}.`) ? name.slice(database.length + 1) : null;
    const mask = own === null ? undefined : views.get(own);
    if (mask === undefined && !OF_CLICKHOUSE.includes(name) && !(own !== null && clear.has(own))) {
      throw refusal(`Cannot read "${name}" where columns are masked: it is no table of a topology that runs here`);
    }
    if (mask === undefined) continue;
    const parent = lines.slice(0, index).findLast((line) => line.length - line.trimStart().length < depth) ?? "";
    if (!NAMED_BY_COLUMN.test(parent.trimStart())) {
      throw refusal(`Cannot compare with all of "${own}": name the columns`);
    }
    masked.set(id, mask);
  }
  for (const { kind, name, source } of tree) {
    const hidden = kind === "COLUMN" ? masked.get(source)?.columns.find((column) => isOf(column, name)) : undefined;
    if (hidden !== undefined) throw refusal(`Cannot read "${hidden}": it is masked`);
  }
}

/** A column, or a part of it. */
function isOf(column: string, name: string): boolean {
  return name === column || name.startsWith(`${column}.`);
}

function refusal(message: string): RequestError {
  return new RequestError(403, message);
}
