import { BARE_INTEGERS, connect } from "../../../src/adapters/clickhouse/connection.ts";
import { textLines } from "../../../src/cli/text_lines.ts";
import type { Log } from "../../../src/ports/log.ts";
import { FIRST_NEW_ID } from "./new_item.ts";
import { expectedRows, LINE_COLUMNS } from "./oracle.ts";

/** Rows of one question: the answer is complete before it is sent. */
const RANGE = 500_000;
const EXAMPLES_MAX = 3;

/** How the rows that ClickHouse shows differ from those computed from scratch. */
export interface Comparison {
  readonly expected: number;
  readonly same: number;
  readonly different: number;
  readonly missing: number;
  /** Rows that must not be there, or that are there twice. */
  readonly extra: number;
  readonly examples: readonly string[];
}

/** Compares every row that `table` shows with what the source topics give now. `url`: of ClickHouse. */
export async function compareAll(
  log: Log,
  { url, table }: { readonly url: string; readonly table: string },
): Promise<Comparison> {
  const expected = await expectedRows(log);
  const connection = connect({ url, database: "default" }, "default");
  const settings = { ...BARE_INTEGERS, date_time_output_format: "simple" as const };
  const seen = new Set<number>();
  const result = { same: 0, different: 0, extra: 0, examples: [] as string[] };
  try {
    const loaded = `FROM ${table} WHERE id < ${FIRST_NEW_ID}`;
    const [{ greatest }] = await connection.select("find the last id", `SELECT max(id) AS greatest ${loaded}`);
    for (let from = 0; from < FIRST_NEW_ID;) {
      const to = from > Number(greatest) ? Infinity : from + RANGE;
      const range = to === Infinity ? `id >= ${from}` : `id >= ${from} AND id < ${to}`;
      const sql = `SELECT ${LINE_COLUMNS.join(", ")} FROM ${table} WHERE ${range} FORMAT TSV`;
      for await (const lines of textLines(connection.bytes("read rows", sql, { settings }))) {
        for (const line of lines) if (line !== "") compareOne(line);
      }
      from = to;
    }
  } finally {
    await connection.close();
  }
  return { ...result, expected: expected.size, missing: expected.size - seen.size };

  function compareOne(line: string): void {
    const id = Number(line.slice(0, line.indexOf("\t")));
    const wanted = expected.lineOf(id);
    if (wanted === undefined || seen.has(id)) result.extra++;
    else {
      seen.add(id);
      if (wanted === line) return void result.same++;
      result.different++;
    }
    if (result.examples.length < EXAMPLES_MAX) result.examples.push(`shown ${line}\n  not ${wanted}`);
  }
}
