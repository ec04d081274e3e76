import pg from "pg";
import type { SourceSpec } from "../../dsl/source.ts";
import { timeFormOf } from "../../formats/column_reader.ts";
import { ConfigError } from "../../record/errors.ts";
import type { PostgresConfiguration } from "../config/database_variables.ts";
import { type Secret, withoutPassword } from "../config/secret.ts";
import { type PostgresColumn, selectExpression, type ToWire, wireOf } from "./postgres_values.ts";
import { type KeyKind, type RangedTruth, whereWithin } from "./ranged_truth.ts";
import type { WireRow } from "./truth.ts";
import { wireRowOf } from "./wire_row.ts";

const FETCH_ROWS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** Domains may be over domains. */
const COLUMNS_SQL = `
  WITH RECURSIVE bases(oid, base) AS (
    SELECT oid, oid FROM pg_type WHERE typtype <> 'd'
    UNION ALL
    SELECT d.oid, bases.base FROM pg_type d JOIN bases ON d.typbasetype = bases.oid WHERE d.typtype = 'd'
  )
  SELECT a.attname AS name,
         CASE WHEN base.typcategory = 'A' THEN element.typname ELSE base.typname END AS type,
         base.typcategory = 'A' AS array,
         CASE WHEN base.typcategory = 'A' THEN element.typcategory ELSE base.typcategory END AS category,
         NULLIF(a.atttypmod, -1) AS length
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN bases ON bases.oid = a.atttypid
  JOIN pg_type base ON base.oid = bases.base
  LEFT JOIN bases element_bases ON element_bases.oid = base.typelem
  LEFT JOIN pg_type element ON element.oid = element_bases.base
  WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`;

/**
 * All tables of a PostgreSQL database at one instant: one REPEATABLE READ transaction, that reads only. The table of
 * topic `<prefix>.<schema>.<table>` is `<schema>.<table>`.
 * @throws ConfigError when the database cannot be reached
 */
export async function openPostgresTruth(configuration: PostgresConfiguration): Promise<RangedTruth> {
  const client = await connectPostgres(configuration);
  return { ...await beginTruth(client), close: () => client.end() };
}

/** The same through a connection that is there already: closing it ends the transaction alone. */
export async function beginTruth(client: pg.Client): Promise<RangedTruth> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  for (
    const setting of ["TimeZone = 'UTC'", "DateStyle = 'ISO, YMD'", "bytea_output = 'hex'", "extra_float_digits = 1"]
  ) {
    await client.query(`SET LOCAL ${setting}`);
  }
  return {
    name: `PostgreSQL ${client.host}:${client.port}/${client.database}`,
    rows: (source) => readTable(client, source),
    portions: (source) => portionsOf(client, source),
    ...rangesOf(client),
    mark: async () => (await client.query("SELECT pg_current_wal_insert_lsn()::text AS lsn")).rows[0].lsn,
    close: async () => void await client.query("ROLLBACK"),
  };
}

/** Connects, to do what `purpose` says. @throws ConfigError when the database cannot be reached */
export async function connectPostgres(configuration: PostgresConfiguration, purpose = "verify"): Promise<pg.Client> {
  const client = new pg.Client({
    ...clientOptions(configuration),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // Every value as PostgreSQL prints it: the driver's own types would lose digits.
    types: { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig,
  });
  // A connection that breaks is told twice: by the rejected query and by this event.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    const where = configuration.url === undefined ? configuration.host : withoutPassword(configuration.url);
    const problem = `Cannot connect to PostgreSQL "${where}" to ${purpose}: ${reasonOf(error)}`;
    throw new ConfigError([problem], { cause: error });
  }
  return client;
}

/** A SELECT of a table, and what makes a row of what it gives. */
interface TableQuery {
  readonly select: string;
  readonly layout: { readonly key: readonly string[]; readonly columns: readonly WireColumn[] };
}

/** What stands behind the SELECT. */
interface Rest {
  readonly rest: string;
  readonly values?: readonly unknown[];
}

function rangesOf(client: pg.Client): Pick<RangedTruth, "range" | "within" | "some"> {
  const tables = new Map<SourceSpec, Promise<TableQuery>>();
  const tableOf = (source: SourceSpec): Promise<TableQuery> => {
    let table = tables.get(source);
    if (table === undefined) tables.set(source, table = tableQuery(client, source));
    return table;
  };
  const ask = async (source: SourceSpec, { rest, values = [] }: Rest): Promise<WireRow[]> => {
    const { select, layout } = await tableOf(source);
    const { rows } = await client.query({ text: `${select} ${rest}`, values: [...values], rowMode: "array" });
    return (rows as (string | null)[][]).map((row) => wireRow(layout, row));
  };
  return {
    async range(source, { after, rowsMax }) {
      const by = quoted(source.key[0]);
      const where = whereWithin(by, { after, upTo: null });
      const rows = await ask(source, { rest: `${where} ORDER BY ${by} FETCH FIRST ${rowsMax} ROWS WITH TIES` });
      const last = rows.at(-1);
      return { rows, upTo: last === undefined || rows.length < rowsMax ? null : firstDigits(last, source) };
    },
    within: (source, range) => ask(source, { rest: whereWithin(quoted(source.key[0]), range) }),
    async some(source, { keys, kinds }) {
      if (keys.length === 0) return [];
      const columns = source.key.map((_, place) => keys.map((key) => key[place]));
      const names = source.key.map(quoted);
      const arrays = kinds.map((kind, place) => `$${place + 1}::${ARRAY_TYPES[kind]}`);
      const are = names.length === 1
        ? `${names[0]} = ANY(${arrays[0]})`
        : `(${names.join(", ")}) IN (SELECT * FROM unnest(${arrays.join(", ")}))`;
      return await ask(source, { rest: `WHERE ${are}`, values: columns });
    },
  };
}

const ARRAY_TYPES: Readonly<Record<KeyKind, string>> = { integer: "bigint[]", uuid: "uuid[]", text: "text[]" };

function firstDigits({ key }: WireRow, { key: [first] }: SourceSpec): string {
  const { digits } = /^\{"(?:[^"\\]|\\.)*":(?<digits>-?\d+)[,}]/.exec(key)?.groups ?? {};
  if (digits === undefined) throw new TypeError(`Column "${first}" holds no integers: ${key}`);
  return digits;
}

async function tableQuery(client: pg.Client, source: SourceSpec): Promise<TableQuery> {
  const parts = source.topic.split(".");
  const [schema, table] = parts.slice(-2);
  const found = parts.length < 3 ? [] : (await client.query(COLUMNS_SQL, [schema, table])).rows;
  if (found.length === 0) {
    throw new ConfigError([
      `Cannot verify topic "${source.topic}": there is no table "${parts.slice(-2).join(".")}" in the database. ` +
      `A topic is <prefix>.<schema>.<table>`,
    ]);
  }
  const columns = wantedColumns(source, found.map(columnOf));
  const expressions = columns.map(({ column }) => selectExpression(column, quoted(column.name)));
  const select = `SELECT ${expressions.join(", ")} FROM ${quoted(schema)}.${quoted(table)}`;
  return { select, layout: { key: source.key, columns } };
}

async function readTable(client: pg.Client, source: SourceSpec): Promise<WireRow[]> {
  const rows: WireRow[] = [];
  for await (const portion of portionsOf(client, source)) for (const row of portion) rows.push(row);
  return rows;
}

async function* portionsOf(client: pg.Client, source: SourceSpec): AsyncGenerator<readonly WireRow[]> {
  const { select, layout } = await tableQuery(client, source);
  await client.query(`DECLARE weir_rows NO SCROLL CURSOR FOR ${select}`);
  for (;;) {
    const fetched = await client.query({ text: `FETCH ${FETCH_ROWS} FROM weir_rows`, rowMode: "array" });
    yield (fetched.rows as (string | null)[][]).map((values) => wireRow(layout, values));
    if (fetched.rows.length < FETCH_ROWS) break;
  }
  await client.query("CLOSE weir_rows");
}

interface WireColumn {
  readonly column: PostgresColumn;
  readonly wire: ToWire;
}

/**
 * The columns that the topology reads. Those that the table lacks are left out: the decoder says so, as it does for the
 * engine.
 */
function wantedColumns(source: SourceSpec, columns: readonly PostgresColumn[]): WireColumn[] {
  const wanted = new Set([...source.key, ...Object.keys(source.row.shape)]);
  const problems: string[] = [];
  const chosen = columns.filter((column) => wanted.has(column.name)).flatMap((column) => {
    const schema = source.row.shape[column.name];
    const millis = schema !== undefined && timeFormOf(schema)?.unit === "milliseconds";
    const wire = wireOf(column, millis ? "text" : "microseconds");
    if (wire === null) {
      problems.push(
        `Cannot verify column "${column.name}" of "${source.topic}": its type ${column.type} is not known here`,
      );
    }
    return wire === null ? [] : [{ column, wire }];
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return chosen;
}

function wireRow(
  { key, columns }: { readonly key: readonly string[]; readonly columns: readonly WireColumn[] },
  values: readonly (string | null)[],
): WireRow {
  const texts = new Map<string, string>();
  columns.forEach(({ column, wire }, index) => {
    const value = values[index];
    texts.set(column.name, value === null ? "null" : wire(value));
  });
  return wireRowOf(key, texts);
}

function columnOf(row: Record<string, string | null>): PostgresColumn {
  return {
    name: row.name!,
    type: row.type!,
    array: row.array === "t",
    category: row.category!,
    length: row.length === null ? null : Number(row.length),
  };
}

function clientOptions(
  { url, host, port, database, user, password, sslMode, ca }: PostgresConfiguration,
): pg.ClientConfig {
  const verified = ca !== null || sslMode === "verify-ca" || sslMode === "verify-full";
  const ssl = verified
    ? { rejectUnauthorized: true, ...(ca === null ? {} : { ca }) }
    : sslMode === "require"
    ? { rejectUnauthorized: false }
    : undefined;
  const given: pg.ClientConfig = url === undefined
    ? { host, port, database, user, password: password?.reveal(), ssl }
    : { connectionString: withPassword(url, password), ssl };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** The address with the password that is given beside it: of the two, pg takes the address's, even if that is none. */
function withPassword(url: string, password: Secret | undefined): string {
  if (password === undefined) return url;
  const address = new URL(url);
  address.password = encodeURIComponent(password.reveal());
  return address.href;
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
