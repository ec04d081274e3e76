import { connect, type Connection } from "../adapters/clickhouse/connection.ts";
import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { withClickHouse } from "./clickhouse_client.ts";
import { command, value } from "./command.ts";
import { configurationOf, dataOption } from "./data_option.ts";
import { grouped } from "./numbers.ts";
import { readChoice, readInteger } from "./option_values.ts";
import { textTable } from "./text_table.ts";
import { writeOut } from "./start/output.ts";

const ROWS_SHOWN = 1_000;
/** ClickHouse's text for NULL in its formats of strings. */
const NULL_TEXT = "ᴺᵁᴸᴸ";
const TABLE_FORMAT = "JSONCompactStringsEachRowWithNamesAndTypes";
const NUMBERS: readonly string[] = ["Int", "UInt", "Decimal", "Float"];

/** Runs a query that reads; ClickHouse itself refuses everything else. */
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
    data: dataOption,
  },
  description: [
    "Runs a read-only query on ClickHouse: the configured server, the embedded one of a running instance, or one " +
    "that is started for",
    "as long as it takes. Writes are refused by ClickHouse. A FORMAT clause in the query prints ClickHouse's " +
    "output as it is.",
  ].join("\n"),
  examples: [
    'deno task query "SELECT seller, sum(amount) AS revenue FROM sales GROUP BY seller ORDER BY revenue DESC LIMIT 5"',
  ],
  run: async ({ operands, options }) => {
    const configuration = configurationOf(options);
    await withClickHouse({ configuration, access: "reader" }, async ({ options: clickhouse }) => {
      const connection = connect({ ...clickhouse, readOnly: true }, clickhouse.database);
      try {
        await print(connection, operands[0], {
          format: options.format ?? "table",
          rowsMax: options.rows ?? ROWS_SHOWN,
        });
      } finally {
        await connection.close();
      }
    });
    return 0;
  },
});

async function print(
  connection: Connection,
  text: string,
  { format, rowsMax }: { readonly format: "table" | "json" | "csv"; readonly rowsMax: number },
): Promise<void> {
  const sql = text.trim().replace(/;\s*$/, "");
  const own = /\bFORMAT\s+\w+\s*$/i.test(sql);
  const lines = (name: string) => textLines(connection.bytes("run the query", `${sql}\nFORMAT ${name}`));
  if (own) {
    for await (const line of textLines(connection.bytes("run the query", sql))) writeOut(`${line}\n`);
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

async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of chunks) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop()!;
    for (const line of parts) if (line !== "") yield line;
  }
  if (rest !== "") yield rest;
}
