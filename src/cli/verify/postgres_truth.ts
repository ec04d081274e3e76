import pg from "pg";
import type { SourceSpec } from "../../dsl/source.ts";
import { timeFormOf } from "../../formats/column_reader.ts";
import { ConfigError } from "../../record/errors.ts";
import type { PostgresConfiguration } from "../config/configuration.ts";
import { type Secret, withoutPassword } from "../config/secret.ts";
import { type PostgresColumn, selectExpression, type ToWire, wireOf } from "./postgres_values.ts";
import type { Truth, WireRow } from "./truth.ts";

const FETCH_ROWS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;

const COLUMNS_SQL = `
  SELECT a.attname AS name,
         CASE WHEN base.typcategory = 'A' THEN element.typname ELSE base.typname END AS type,
         base.typcategory = 'A' AS array,
         CASE WHEN base.typcategory = 'A' THEN element.typcategory ELSE base.typcategory END AS category,
         NULLIF(a.atttypmod, -1) AS length
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type declared ON declared.oid = a.atttypid
  JOIN pg_type base ON base.oid = CASE WHEN declared.typtype = 'd' THEN declared.typbasetype ELSE declared.oid END
  LEFT JOIN pg_type element ON element.oid = base.typelem
  WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`;

/**
 * All tables of a PostgreSQL database at one instant: one REPEATABLE READ transaction, that reads only. The table of
 * topic `<prefix>.<schema>.<table>` is `<schema>.<table>`.
 * @throws ConfigError when the database cannot be reached
 */
export async function openPostgresTruth(configuration: PostgresConfiguration): Promise<Truth> {
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
    throw new ConfigError([`Cannot connect to PostgreSQL "${where}" to verify: ${reasonOf(error)}`], { cause: error });
  }
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  for (
    const setting of ["TimeZone = 'UTC'", "DateStyle = 'ISO, YMD'", "bytea_output = 'hex'", "extra_float_digits = 1"]
  ) {
    await client.query(`SET LOCAL ${setting}`);
  }
  return {
    name: `PostgreSQL ${client.host}:${client.port}/${client.database}`,
    rows: (source) => readTable(client, source),
    close: () => client.end(),
  };
}

async function readTable(client: pg.Client, source: SourceSpec): Promise<WireRow[]> {
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
  await client.query(
    `DECLARE weir_rows NO SCROLL CURSOR FOR SELECT ${expressions.join(", ")} FROM ${quoted(schema)}.${quoted(table)}`,
  );
  const layout = { key: source.key, columns };
  const rows: WireRow[] = [];
  for (;;) {
    const fetched = await client.query({ text: `FETCH ${FETCH_ROWS} FROM weir_rows`, rowMode: "array" });
    for (const values of fetched.rows as (string | null)[][]) rows.push(wireRow(layout, values));
    if (fetched.rows.length < FETCH_ROWS) break;
  }
  await client.query("CLOSE weir_rows");
  return rows;
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
  const json = (names: Iterable<string>) =>
    `{${Array.from(names, (name) => `${JSON.stringify(name)}:${texts.get(name) ?? "null"}`).join(",")}}`;
  return { key: json(key), after: json(texts.keys()) };
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
