import { ClickHouseError } from "@clickhouse/client";
import { connect, type Connection } from "../adapters/clickhouse/connection.ts";
import { isRead, splitStatements } from "../adapters/embedded_clickhouse/clickhouse_statement.ts";
import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { withClickHouse } from "./clickhouse_client.ts";
import { ConfigError, ProductionError } from "../record/errors.ts";
import { didYouMean } from "../record/nearest.ts";
import { command, flag, value } from "./command.ts";
import { configurationOf, dataOption } from "./data_option.ts";
import { grouped } from "./numbers.ts";
import { readChoice, readInteger } from "./option_values.ts";
import { textLines } from "./text_lines.ts";
import { textTable } from "./text_table.ts";
import { writeOut } from "./start/output.ts";

/** ClickHouse's code of an error: the statement is not one that a reader may run. */
const READONLY = 164;
/** ClickHouse's code of an error: there is no such table. */
const UNKNOWN_TABLE = 60;
/** What ClickHouse says of a table that a query names, and of one that a statement does. */
const UNKNOWN_NAME = /identifier '([^']+)'|Table (\S+) does not exist/;
/** So many tables are named in a message. */
const TABLES_TOLD = 20;
/** Parses what follows and does nothing else. */
const PARSE = "EXPLAIN AST ";
const ROWS_SHOWN = 1_000;
/** ClickHouse's text for NULL in its formats of strings. */
const NULL_TEXT = "ᴺᵁᴸᴸ";
const TABLE_FORMAT = "JSONCompactStringsEachRowWithNamesAndTypes";
/** First words of statements that ClickHouse refuses to a user who reads. */
const WRITES = new Set([
  ...["ALTER", "ATTACH", "CREATE", "DELETE", "DETACH", "DROP", "EXCHANGE", "GRANT", "INSERT", "KILL", "MOVE"],
  ...["OPTIMIZE", "RENAME", "REPLACE", "REVOKE", "SYSTEM", "TRUNCATE", "UNDROP", "UPDATE"],
]);
/** ClickHouse says nothing until a statement that rewrites a table has ended. */
const SILENCE_MS = 86_400_000;
const STATEMENT_LENGTH_SHOWN = 200;
const NUMBERS: readonly string[] = ["Int", "UInt", "Decimal", "Float"];

/** Runs a query that reads; ClickHouse itself refuses everything else, unless it is asked for. */
export const queryCommand = command({
  name: "query",
  operands: '"SQL"',
  operandCount: [1, 1],
  options: {
    format: value({
      placeholder: "FORMAT",
      expected: "table, json or csv",
      help: "table (default), json (an array of objects) or csv (with a line of names).",
      read: readChoice("table", "json", "csv"),
    }),
    rows: value({
      placeholder: "N",
      expected: "a whole number of rows",
      help: `Rows shown in a table (default ${grouped(ROWS_SHOWN)}; json and csv give all).`,
      read: readInteger(1),
    }),
    write: flag("Runs statements that write, as Weir's own user; several with ; between them, until one fails."),
    data: dataOption,
  },
  description: [
    "Runs a read-only query on ClickHouse: the configured server, the embedded one of a running instance, or one " +
    "that is started for",
    "as long as it takes. Statements that write, such as those that Weir's messages name, need --write. A FORMAT " +
    "clause in the query",
    "prints ClickHouse's output as it is.",
  ].join("\n"),
  examples: [
    'deno task query "SELECT seller, sum(amount) AS revenue FROM sales GROUP BY seller ORDER BY revenue DESC LIMIT 5"',
    "deno task query --write 'DROP TABLE old_rows; DROP VIEW old'",
  ],
  run: async ({ operands, options }) => {
    const configuration = configurationOf(options);
    const [text] = operands;
    const shape = { format: options.format ?? "table", rowsMax: options.rows ?? ROWS_SHOWN } as const;
    if (!options.write) refuseWrites(text);
    const access = options.write ? "writer" : "reader";
    await withClickHouse({ configuration, access }, async ({ options: clickhouse }) => {
      const how = options.write ? { requestTimeoutMs: SILENCE_MS } : { readOnly: true as const };
      const connection = connect({ ...clickhouse, ...how }, clickhouse.database);
      try {
        if (options.write) await runAll(connection, text, shape);
        else await printRead(connection, text, shape);
      } finally {
        await connection.close();
      }
    });
    return 0;
  },
});

/** @throws ConfigError for a statement that writes */
function refuseWrites(text: string): void {
  const writing = splitStatements(text).find(({ keyword }) => WRITES.has(keyword));
  if (writing === undefined) return;
  throw new ConfigError([
    `Cannot run "${shown(writing.sql)}" as a query that only reads: it writes. If that is meant, put --write before it`,
  ]);
}

/** Runs one statement after the other, and says of each that it is done. */
async function runAll(connection: Connection, text: string, { format, rowsMax }: Shape): Promise<void> {
  for (const statement of splitStatements(text)) {
    if (isRead(statement)) {
      await print(connection, statement.sql, { format, rowsMax });
      continue;
    }
    // Without the setting an UPDATE or DELETE would go on after it was said to be done.
    const settings = { mutations_sync: "1" } as const;
    await connection.command(`run "${shown(statement.sql)}"`, statement.sql, { settings });
    writeOut(`Done: ${shown(statement.sql)}\n`);
  }
}

function shown(sql: string): string {
  const line = sql.replaceAll(/\s+/g, " ");
  return line.length > STATEMENT_LENGTH_SHOWN ? `${line.slice(0, STATEMENT_LENGTH_SHOWN)}...` : line;
}

/** How rows are printed. */
interface Shape {
  readonly format: "table" | "json" | "csv";
  readonly rowsMax: number;
}

/** Prints what a query reads. @throws ProductionError that says what is wrong with a statement that is none */
async function printRead(connection: Connection, text: string, { format, rowsMax }: Shape): Promise<void> {
  try {
    await print(connection, text, { format, rowsMax });
  } catch (error) {
    throw await readOnlyRefusal(connection, { text, error }) ?? await unknownTable(connection, error) ?? error;
  }
}

/** What is there instead of a table that is not; null for any other error. */
async function unknownTable(connection: Connection, error: unknown): Promise<ProductionError | null> {
  if (codeOf(error) !== UNKNOWN_TABLE) return null;
  const { message, retriable } = error as ProductionError;
  const tables = await tablesOf(connection);
  const [, queried, stated] = UNKNOWN_NAME.exec(message) ?? [];
  const name = (queried ?? stated ?? "").split(".").at(-1)!;
  const there = tables.length === 0
    ? "There is no table yet"
    : `There is ${tables.slice(0, TABLES_TOLD).join(", ")}${tables.length > TABLES_TOLD ? ", and more" : ""}`;
  return new ProductionError(
    `${message.replace(/\.$/, "")}. ${there}: a topology makes its tables when it starts` + didYouMean(name, tables),
    { retriable, cause: error },
  );
}

/** Tables as people ask them: what a view shows is not named beside it. */
async function tablesOf(connection: Connection): Promise<string[]> {
  const sql = "SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name";
  const names = new Set((await connection.select("list tables", sql)).map(({ name }) => String(name)));
  return [...names].filter((name) => !name.endsWith("_rows") || !names.has(name.slice(0, -"_rows".length)));
}

/**
 * What is wrong with a statement that ClickHouse refuses to a reader; null for any other error. It refuses so whatever
 * does not begin as a query, a misspelt SELECT, too: only its parser can tell.
 */
async function readOnlyRefusal(
  connection: Connection,
  { text, error }: { readonly text: string; readonly error: unknown },
): Promise<ProductionError | null> {
  if (codeOf(error) !== READONLY) return null;
  const [asked] = splitStatements(text);
  if (asked !== undefined && isRead(asked)) {
    // It may be more than a read, as one of files and addresses.
    const said = (error as { cause: ClickHouseError }).cause.message.trim().replace(/\.$/, "");
    const message = `Cannot run the query as one that reads tables: ${said}. If that is meant, add --write`;
    return new ProductionError(message, { retriable: false, cause: error });
  }
  const statement = withoutEnd(text);
  try {
    for await (const _ of connection.bytes("run the query", `${PARSE}${statement}`)) break;
  } catch (parsed) {
    const { message, retriable } = parsed as ProductionError;
    return new ProductionError(withoutPrefix(message), { retriable, cause: parsed });
  }
  const [verb] = statement.split(/\s/);
  return new ProductionError(
    `Cannot run the query as one that reads: current value is the statement ${verb.toUpperCase()}, which changes ` +
      "something. If that is meant, add --write",
    { retriable: false, cause: error },
  );
}

/** The message with the places that it names in the statement as it was typed. */
function withoutPrefix(message: string): string {
  const shorter = (number: string) => String(Number(number) - PARSE.length);
  return message.replace(/(position )(\d+)/, (_, before, number) => `${before}${shorter(number)}`)
    .replace(/(line 1, col )(\d+)/, (_, before, number) => `${before}${shorter(number)}`);
}

/** ClickHouse's code for an error; null if it is none of ClickHouse's. */
function codeOf(error: unknown): number | null {
  const { cause } = error as { cause?: unknown };
  return cause instanceof ClickHouseError ? Number(cause.code) : null;
}

function withoutEnd(sql: string): string {
  return sql.trim().replace(/;\s*$/, "");
}

async function print(connection: Connection, text: string, { format, rowsMax }: Shape): Promise<void> {
  const sql = withoutEnd(text);
  const own = /\bFORMAT\s+\w+\s*$/i.test(sql);
  const lines = (name: string) => filledLines(connection.bytes("run the query", `${sql}\nFORMAT ${name}`));
  if (own) {
    for await (const line of filledLines(connection.bytes("run the query", sql))) writeOut(`${line}\n`);
  } else if (format === "csv") {
    for await (const line of lines("CSVWithNames")) writeOut(`${line}\n`);
  } else if (format === "json") {
    let before = "[\n";
    for await (const line of lines("JSONEachRow")) {
      writeOut(`${before}${line}`);
      before = ",\n";
    }
    writeOut(before === "[\n" ? "[]\n" : "\n]\n");
  } else await printTable(lines(TABLE_FORMAT), rowsMax);
}

async function printTable(lines: AsyncIterable<string>, rowsMax: number): Promise<void> {
  const head: string[][] = [];
  const rows: string[][] = [];
  let count = 0;
  for await (const line of lines) {
    const values = JSON.parse(line) as string[];
    if (head.length < 2) head.push(values);
    else if (++count <= rowsMax) rows.push(values);
  }
  const [names = [], declared = []] = head;
  const types = declared.map(parseClickHouseType);
  const numeric = types.map(({ name }) => NUMBERS.includes(name));
  const cells = rows.map((row) => row.map((text, index) => cellText(text, types[index])));
  const table = textTable(names, cells, { right: numeric });
  const more = count > rowsMax ? ` (${grouped(rowsMax)} shown)` : "";
  writeOut(`${table.join("\n")}\n\n${grouped(count)} ${count === 1 ? "row" : "rows"}${more}\n`);
}

/** Decimals with all digits of their scale, which ClickHouse leaves out: money reads badly without. */
function cellText(text: string, type: ClickHouseType): string {
  if (text === NULL_TEXT) return "NULL";
  const scale = type.name === "Decimal" ? type.scale : 0;
  if (scale === 0 || !/^-?\d+(\.\d+)?$/.test(text)) return text;
  const [whole, fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(scale, "0")}`;
}

/** One by one, but for empty ones. */
async function* filledLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const lines of textLines(bytes)) yield* lines.filter((line) => line !== "");
}
