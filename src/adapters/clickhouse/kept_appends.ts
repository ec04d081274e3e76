import type { KeptAppend } from "../../ports/kept_key.ts";
import type { AppendRow, AppendTableSpec, KeptAppendsQuestion } from "../../ports/warehouse.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { literal, qualified, quoted, rowsName } from "./table_sql.ts";

const DECODER = new TextDecoder();

/**
 * As `Warehouse.keptAppends`. What is expected is read as an insert reads it, and both are compared as one text, which
 * every type of column has: not every type can be compared by a function.
 */
export async function keptAppends(
  { connection, database }: ConnectedDatabase,
  { table, range, expected, limit }: KeptAppendsQuestion & { readonly table: AppendTableSpec },
): Promise<KeptAppend[]> {
  const action = `look at rows of "${database}.${rowsName(table)}"`;
  const { source, partition, from, to } = range;
  const columns = table.columns.map(({ name }) => quoted(name)).join(", ");
  const [rows, texts] = await Promise.all([
    connection.select(
      action,
      `SELECT ${columns}, toString(_offset) AS _weir_offset, _index AS _weir_index, ${textOf(columns)} ` +
        `FROM ${qualified(database, rowsName(table))} WHERE _source = ${literal(source)} ` +
        `AND _partition = ${partition} AND _offset >= ${from} AND _offset < ${to} ` +
        `ORDER BY _offset, _index LIMIT ${limit}`,
      { settings: { output_format_json_quote_decimals: 1 } },
    ),
    expected.length === 0 ? [] : connection.select(action, expectedSql(table, { columns, expected }), {
      settings: { output_format_json_quote_decimals: 1 },
    }),
  ]);
  const textsByPlace = new Map(texts.map(({ _weir_text: text }, index) => [placeOf(expected[index]), text]));
  return rows.map(({ _weir_offset: offset, _weir_index: index, _weir_text: text, ...row }) => {
    const place = { offset: Number(offset), index: Number(index) };
    const should = textsByPlace.get(placeOf(place));
    return { ...place, row, isExpected: should === undefined ? null : should === text };
  });
}

function textOf(columns: string): string {
  return `formatRow('JSONCompactEachRow', ${columns}) AS _weir_text`;
}

function expectedSql(
  { columns: declared }: AppendTableSpec,
  { columns, expected }: { readonly columns: string; readonly expected: readonly AppendRow[] },
): string {
  const structure = declared.map(({ name, type }) => `${quoted(name)} ${type}`).join(", ");
  const lines = expected.map(({ line }) => `${DECODER.decode(line)}]`).join("\n");
  return `SELECT ${textOf(columns)} FROM format(JSONCompactEachRow, ${literal(structure)}, ${literal(lines)}) ` +
    "SETTINGS max_threads = 1";
}

function placeOf({ offset, index }: { readonly offset: number; readonly index: number }): string {
  return `${offset}.${index}`;
}
