import { assert, assertEquals } from "@std/assert";
import { BARE_INTEGERS, connect } from "../../../src/adapters/clickhouse/connection.ts";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { quoted } from "../../../src/adapters/clickhouse/table_sql.ts";
import { canonicalColumn } from "../../../src/cli/verify/canonical.ts";
import { rowOf, selectLines, viewSql } from "../../../src/cli/verify/shown_rows.ts";
import type { ShownRow } from "../../../src/ports/warehouse.ts";
import { rowEncoder } from "../../../src/processor/sink_row.ts";
import { Decimal } from "../../../src/record/decimal.ts";
import { shownIPv6 } from "../../../src/record/ip_address.ts";
import { jsonObjectText } from "../../../src/record/json_object.ts";
import { typeProblem } from "../../../src/record/type_problem.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";
import { randomFrom } from "../../record/support.ts";
import { lineOf } from "../../line_bytes.ts";

const SEED = 11;
const server = clickHouseOfFile();
const UUID = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
const NOON = 1_718_454_896_123_456;

/** Values of each type with what a query shows of them. */
const TYPES: Readonly<Record<string, readonly (readonly [value: unknown, shown: unknown])[]>> = {
  DateTime: [[0, "1970-01-01 00:00:00"], [4_294_967_295_000_000, "2106-02-07 06:28:15"]],
  "DateTime('Asia/Tokyo')": [[1_718_454_896_000_000, "2024-06-15 21:34:56"]],
  "DateTime64(0)": [[-2_208_988_800_000_000, "1900-01-01 00:00:00"], [9_007_199_254_000_000, "2255-06-05 23:47:34"]],
  "DateTime64(1)": [[-100_000, "1969-12-31 23:59:59.9"]],
  "DateTime64(2)": [[10_000, "1970-01-01 00:00:00.01"]],
  "DateTime64(3, 'Europe/Berlin')": [[1_718_454_896_123_000, "2024-06-15 14:34:56.123"]],
  "DateTime64(4)": [[-100, "1969-12-31 23:59:59.9999"]],
  "DateTime64(5)": [[10, "1970-01-01 00:00:00.00001"]],
  "DateTime64(6)": [[NOON, "2024-06-15 12:34:56.123456"], [-1, "1969-12-31 23:59:59.999999"]],
  "DateTime64(7)": [[NOON, "2024-06-15 12:34:56.1234560"], [0, "1970-01-01 00:00:00.0000000"]],
  "DateTime64(8)": [[-2_208_988_800_000_000, "1900-01-01 00:00:00.00000000"]],
  "Nullable(DateTime64(9))": [
    [Number.MAX_SAFE_INTEGER, "2255-06-05 23:47:34.740991000"],
    [-2_208_988_800_000_000, "1900-01-01 00:00:00.000000000"],
    [null, null],
  ],
  "Enum16('it\\'s' = -300, 'b' = 2)": [["it's", "it's"], ["b", "b"]],
  IPv4: [["192.168.0.1", "192.168.0.1"]],
  "Nullable(IPv6)": [["fe80::1", "fe80::1"], ["::ffff:1.2.3.4", "::ffff:1.2.3.4"], [null, null]],
  "Array(Nullable(DateTime64(3)))": [[[1_000, null], ["1970-01-01 00:00:00.001", null]], [[], []]],
  "Map(String, Array(Decimal(9, 2)))": [
    [{ b: [Decimal.parse("1.5")], a: [], 'q"\\': [2] }, { a: [], b: [1.5], 'q"\\': [2] }],
    [{}, {}],
  ],
  "Map(UInt64, LowCardinality(String))": [[{ "18446744073709551615": "x", 7: "y" }, {
    "18446744073709551615": "x",
    7: "y",
  }]],
  [`Map(UUID, Enum8('a' = 1))`]: [[{ [UUID]: "a" }, { [UUID]: "a" }]],
  "Tuple(Int64, Nullable(String), Array(Bool))": [[[5, null, [true]], [5, null, [true]]]],
  'Tuple(id Int64, `odd "name"` Tuple(DateTime, Float32))': [
    [{ id: 5, 'odd "name"': [1_000_000, 0.5], more: 1 }, { id: 5, 'odd "name"': ["1970-01-01 00:00:01", 0.5] }],
  ],
  JSON: [
    [{ b: [1, "x"], a: { day: "2020-01-01", none: null }, e: {} }, { a: { day: "2020-01-01" }, b: [1, "x"] }],
    ['{"n": 1.0, "flags": [true, 1]}', { flags: [true, 1], n: 1 }],
  ],
  "Nullable(JSON)": [[null, null], [{}, {}]],
  "Array(Tuple(doc JSON, tags Map(String, Int8)))": [
    [[{ doc: { t: "2020-01-01T00:00:00Z" }, tags: { x: 1 } }], [{
      doc: { t: "2020-01-01T00:00:00Z" },
      tags: { x: 1 },
    }]],
  ],
};

const clickhouse = () => openClickHouse({ url: server().url, database: "types" });

async function withConnection<T>(
  database: string,
  run: (connection: ReturnType<typeof connect>) => Promise<T>,
): Promise<T> {
  const connection = connect({ url: server().url, database }, database);
  try {
    return await run(connection);
  } finally {
    await connection.close();
  }
}

/** Writes the values as rows of a table of their own; gives what verify reads of them, and what a query shows. */
async function roundTrip(name: string, { type, values }: { type: string; values: readonly unknown[] }) {
  const columns = [{ name: "id", type: "Int64" }, { name: "value", type }];
  const table = { name, columns, key: ["id"], shares: false } as const;
  const canonical = columns.map((column) => canonicalColumn(column, quoted(column.name)));
  const encode = rowEncoder(columns);
  const warehouse = clickhouse();
  try {
    await warehouse.ensure(table);
    const upserts = values.map((value, id) => {
      return { line: lineOf(encode({ id, value })), task: "t@0", key: String(id), digest: 1, epoch: 1, seq: 1 };
    });
    await warehouse.insert({ table, upserts, deletes: [] });
    return await withConnection("types", async (connection) => {
      await connection.command("merge", `OPTIMIZE TABLE ${quoted(`${name}_rows`)} FINAL`);
      const digests: ShownRow[] = [];
      for await (const rows of warehouse.shown(table, ["t@0"])) digests.push(...rows);
      assertEquals(digests.filter(({ digest }) => digest !== 1), [], "no row looks as if it was changed by hand");
      const sql = `${viewSql({ database: "types", table, columns: canonical })} ORDER BY id`;
      const read: unknown[] = [];
      for await (const lines of selectLines(connection, { action: "read", sql })) {
        for (const line of lines) read.push(rowOf(canonical, line)[1]);
      }
      const rows = await connection.select("read", `SELECT value FROM ${quoted(name)} ORDER BY id`, {
        settings: { ...BARE_INTEGERS, output_format_json_quote_decimals: 0 },
      });
      return {
        read,
        expected: values.map((value) => canonical[1].expected(value)),
        rows: rows.map((row) => row.value),
      };
    });
  } finally {
    await warehouse.close();
  }
}

for (const [index, [type, cases]] of Object.entries(TYPES).entries()) {
  Deno.test(`a column of ${type} shows what was written, and verify finds it equal`, async () => {
    assertEquals(typeProblem(type), null);
    const { read, expected, rows } = await roundTrip(`c${index}`, { type, values: cases.map(([value]) => value) });
    assertEquals(read, expected);
    assertEquals(rows, cases.map(([, shown]) => shown));
  });
}

Deno.test(`shownIPv6() is ClickHouse's text of random addresses (seed ${SEED})`, async () => {
  const below = randomFrom(SEED);
  const group = () => below(2) < 1 ? "0" : [Math.floor(below(65_536)), 0xffff, 1][Math.floor(below(3))].toString(16);
  const texts = Array.from({ length: 2_000 }, () => Array.from({ length: 8 }, group).join(":"));
  const shown = await withConnection(
    "default",
    (connection) => connection.select("read", `SELECT toString(toIPv6(arrayJoin(['${texts.join("','")}']))) AS shown`),
  );
  assertEquals(texts.map(shownIPv6), shown.map((row) => row.shown));
});

Deno.test(`random JSON comes back as it was written, or is refused (seed ${SEED})`, async () => {
  const below = randomFrom(SEED);
  const of = <T>(...values: readonly T[]): T => values[Math.floor(below(values.length))];
  const scalar = (): unknown =>
    of<unknown>(null, true, false, 0, 1, -7, 1.5, 1e300, 1e20, "", "x", "2020-01-01", "5", 9_007_199_254_740_993n);
  const value = (depth: number): unknown => {
    if (depth === 0 || below(3) < 1) return scalar();
    const list = Array.from({ length: Math.floor(below(4)) }, () => value(depth - 1));
    return below(2) < 1 ? list : Object.fromEntries(list.map((part) => [of("a", "b", "é", "a b", "", "c.d"), part]));
  };
  const documents = Array.from({ length: 1_500 }, () => ({ a: value(4), b: value(2) }))
    .filter((document) => typeof jsonObjectText(document) === "string");
  assert(documents.length > 500 && documents.length < 1_500, `${documents.length} are taken`);
  const { read, expected } = await roundTrip("random", { type: "JSON", values: documents });
  assertEquals(read, expected);
});
