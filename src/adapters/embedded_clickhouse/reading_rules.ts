import { Exception } from "./clickhouse_exception.ts";
import type { Named } from "./named_in_statement.ts";

/**
 * Functions that reach outside of the databases, or say what does. ClickHouse's library gives `file` any file of the
 * process's user; a server gives it those in a directory of its own. The tests hold the functions of the engine's
 * version against a list of those that somebody has looked at.
 */
const OUTSIDE: readonly string[] = [
  ...["file", "catboostEvaluate", "hasColumnInTable", "showCertificate", "logTrace", "generateSerialID"],
  ...["getClientHTTPHeader", "addressToLine", "addressToLineWithInlines", "addressToSymbol"],
  ...["aiClassify", "aiEmbed", "aiExtract", "aiGenerate", "aiTranslate"],
  ...["AIClassify", "AIExtract", "AIGenerate", "AITranslate"],
];
const OF_DICTIONARIES = /^(dict[A-Z]|naiveBayes)/;

/** Functions that stand for a table and read nothing but what they are given. */
const TABLE_FUNCTIONS: readonly string[] = [
  ...[
    "numbers",
    "numbers_mt",
    "primes",
    "generate_series",
    "generateSeries",
    "generateRandom",
    "values",
    "null",
    "view",
  ],
];
/** These in small letters, and what the engine makes of VALUES in brackets. */
const HARMLESS = new Set([...TABLE_FUNCTIONS, "SQLStandardValues"].map((name) => name.toLowerCase()));

/** Tables of ClickHouse itself that say nothing of statements and sessions of others, of users, files and addresses. */
const SYSTEM_TABLES: readonly string[] = [
  ...["one", "numbers", "numbers_mt", "zeros", "zeros_mt", "primes", "tables", "columns", "databases", "parts"],
  ...["parts_columns", "projections", "projection_parts", "projection_parts_columns", "data_skipping_indices"],
  ...["functions", "table_functions", "table_engines", "database_engines", "aggregate_function_combinators"],
  ...["data_type_families", "data_skipping_index_types", "formats", "codecs", "collations", "keywords", "time_zones"],
  ...["unicode", "documentation", "settings", "settings_changes", "merge_tree_settings", "build_options"],
  ...["contributors", "licenses", "events", "metrics", "histogram_metrics", "dimensional_metrics", "merges"],
  ...["mutations", "detached_parts", "dropped_tables", "view_refreshes", "clusters", "constraints", "disks"],
  ...["storage_policies", "warnings"],
];
const SYSTEM_TABLES_TOLD = "system.tables, system.columns, system.parts, system.functions, system.settings and others";

const SHOWN: readonly string[] = [
  ...["TABLES", "DATABASES", "CREATE", "COLUMNS", "FIELDS", "INDEX", "INDEXES", "INDICES", "KEYS", "FUNCTIONS"],
  ...["SETTINGS", "ENGINES"],
];
const BEFORE_SHOWN: readonly string[] = ["SHOW", "FULL", "EXTENDED", "CHANGED"];

/** A function among these names that reaches outside; undefined if none does. */
export function functionOutside({ called, passed }: Pick<Named, "called" | "passed">): string | undefined {
  return [...called, ...passed].find((name) => OUTSIDE.includes(name) || OF_DICTIONARIES.test(name));
}

/** What is there to judge a statement by, beside its names. */
export interface Known {
  /** Names of the engine's table functions in small letters, but those of functions that give a value. */
  readonly tableFunctions: ReadonlySet<string>;
  /** Tables, views, functions and databases that lead outside. */
  readonly leadOutside: ReadonlySet<string>;
}

/**
 * Refuses a statement that names what reaches outside of the databases.
 * @throws Exception 164 (READONLY), with what may be used
 */
export function refuseOutside(named: Named): void {
  const name = functionOutside(named);
  if (name !== undefined) {
    const column = named.called.has(name) ? "" : `, or write table.${name} if a column is meant`;
    throw refusal(`Cannot call ${name}(...): it reads what is in no table of a database. Ask tables alone${column}`);
  }
  const [path] = named.paths;
  if (path !== undefined) {
    throw refusal(`Cannot read "${path}" as a table: files and addresses are not read. Ask tables of the databases`);
  }
  const table = [...named.ofSystem].find((table) => !SYSTEM_TABLES.includes(table));
  if (table !== undefined) {
    throw refusal(`Cannot read system.${table}: it may tell of others. There are ${SYSTEM_TABLES_TOLD}`);
  }
  if (named.setsSettings) {
    throw refusal("Cannot run a statement with SETTINGS, in a part of it either: send it without");
  }
  if (named.intoFile) throw refusal("Cannot write an answer INTO OUTFILE: take it from the answer");
  refuseVerbs(named.verbs);
}

/** The same of what only the engine knows. @throws Exception 164 (READONLY) */
export function refuseUnknown(named: Named, { tableFunctions, leadOutside }: Known): void {
  const called = [...named.called].find((name) => {
    const small = name.toLowerCase();
    return tableFunctions.has(small) && !HARMLESS.has(small);
  });
  if (called !== undefined) {
    throw refusal(
      `Cannot read ${called}(...) as a table: it may lead outside of the databases. ` +
        `There are ${TABLE_FUNCTIONS.join(", ")}`,
    );
  }
  const name = [...named.all].find((name) => leadOutside.has(name));
  if (name !== undefined) {
    throw refusal(
      `Cannot read "${name}": files, addresses, dictionaries or functions that read these are behind it. ` +
        "Ask tables whose rows are in the database, or write what it shows into one",
    );
  }
}

function refuseVerbs([verb, ...others]: readonly string[]): void {
  if (verb === "EXISTS" && others[0] !== "DATABASE") {
    throw refusal("Cannot run EXISTS of a table, as files would count: SELECT from system.tables WHERE name = '...'");
  }
  if (verb === "EXPLAIN" && (others[0] === "TABLE" || others[0] === "CURRENT")) {
    throw refusal(`Cannot run EXPLAIN ${others[0]}: EXPLAIN SELECT is run`);
  }
  const shown = others.find((word) => !BEFORE_SHOWN.includes(word));
  if (verb === "SHOW" && !SHOWN.includes(shown ?? "")) {
    throw refusal(
      `Cannot run SHOW ${shown ?? ""}: there are SHOW TABLES, SHOW DATABASES, SHOW COLUMNS, SHOW CREATE and others`,
    );
  }
}

/** How all is refused that a statement may not do where only is read. */
export function refusal(message: string): Exception {
  return new Exception({ code: 164, codeName: "READONLY" }, message);
}
