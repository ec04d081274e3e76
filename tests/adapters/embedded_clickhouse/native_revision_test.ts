import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { clickHouseOfFile } from "../../own_clickhouse.ts";

const server = clickHouseOfFile();

interface Ask {
  /** `client_protocol_version`; none if null. */
  readonly revision: string | null;
  readonly search?: Record<string, string>;
}

async function ask(sql: string, { revision, search = {} }: Ask): Promise<Response> {
  const asked = { default_format: "Native", ...search, ...(revision && { client_protocol_version: revision }) };
  return await fetch(`${server().url}/?${new URLSearchParams(asked)}`, { method: "POST", body: sql });
}

async function bytesOf(sql: string, asked: Ask): Promise<Buffer> {
  const response = await ask(sql, asked);
  const bytes = Buffer.from(await response.arrayBuffer());
  assertEquals(response.status, 200, bytes.toString());
  return bytes;
}

/** Columns of every layout, over `number` of three rows, with the type as ClickHouse prints it. */
const COLUMNS: readonly (readonly [expression: string, type: string])[] = [
  ["toUInt8(number)", "UInt8"],
  ["toInt256(number) - 2", "Int256"],
  ["toFloat32(number)", "Float32"],
  ["CAST(number AS BFloat16)", "BFloat16"],
  ["number = 1", "UInt8"],
  ["CAST(number = 1 AS Bool)", "Bool"],
  ["if(number = 1, '', repeat('x', 200 * number))", "String"],
  ["toFixedString(toString(number), 5)", "FixedString(5)"],
  ["toDecimal32(number, 2)", "Decimal(9, 2)"],
  ["toDecimal64(number, 2)", "Decimal(18, 2)"],
  ["toDecimal128(number, 2)", "Decimal(38, 2)"],
  ["toDecimal256(number, 2)", "Decimal(76, 2)"],
  ["toDate('2026-01-01') + number", "Date"],
  ["toDate32('1900-01-01') + number", "Date32"],
  ["toDateTime('2026-01-01 00:00:00', 'UTC') + number", "DateTime('UTC')"],
  ["toDateTime('2026-01-01 00:00:00', 'Europe/Berlin') + number", "DateTime('Europe/Berlin')"],
  ["[toDateTime(number, 'UTC')]", "Array(DateTime('UTC'))"],
  ["toDateTime64('2026-01-01 00:00:00', 6, 'UTC')", "DateTime64(6, 'UTC')"],
  ["CAST(number AS Enum8('a(' = 0, 'b, c' = 1, 'it\\'s' = 2))", "Enum8('a(' = 0, 'b, c' = 1, 'it\\'s' = 2)"],
  ["toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "UUID"],
  ["toIPv4('127.0.0.1')", "IPv4"],
  ["toIPv6('::1')", "IPv6"],
  ["toIntervalDay(number)", "IntervalDay"],
  ["NULL", "Nullable(Nothing)"],
  ["['a', NULL, 'c'][number + 1]", "Nullable(String)"],
  ["range(number)", "Array(UInt64)"],
  ["emptyArrayString()", "Array(String)"],
  ["arrayMap(n -> arrayMap(m -> toString(m), range(n)), range(number))", "Array(Array(String))"],
  ["tuple()", "Tuple()"],
  ["tuple(number, toString(number))", "Tuple(UInt64, String)"],
  [
    "CAST((number, [toString(number)]) AS Tuple(a Int32, `b c` Array(String)))",
    "Tuple(a Int32, `b c` Array(String))",
  ],
  ["map(toString(number), range(number))", "Map(String, Array(UInt64))"],
  ["toLowCardinality(toString(number))", "LowCardinality(String)"],
  ["toLowCardinality(['a', NULL, 'c'][number + 1])", "LowCardinality(Nullable(String))"],
  ["toLowCardinality(toFixedString('ab', 2))", "LowCardinality(FixedString(2))"],
  ["CAST(arrayMap(n -> toString(n), range(number)) AS Array(LowCardinality(String)))", "Array(LowCardinality(String))"],
  ["CAST([] AS Array(LowCardinality(String)))", "Array(LowCardinality(String))"],
  [
    "CAST(map('k', toString(number)) AS Map(LowCardinality(String), LowCardinality(FixedString(1))))",
    "Map(LowCardinality(String), LowCardinality(FixedString(1)))",
  ],
  ["CAST([(number, 'x')] AS Nested(a UInt8, b LowCardinality(String)))", "Nested(a UInt8, b LowCardinality(String))"],
  ["CAST(number AS SimpleAggregateFunction(sum, UInt64))", "SimpleAggregateFunction(sum, UInt64)"],
  ["CAST((1, 2) AS Point)", "Point"],
  ["CAST([[[(1, 2), (3, 4)], []]] AS MultiPolygon)", "MultiPolygon"],
];

const BLOCK_INFO = [1, 0, 2, 255, 255, 255, 255, 0];
const text = (value: string) => [Buffer.byteLength(value), ...Buffer.from(value)];
const selected = ([expression]: readonly string[], index: number) => `${expression} AS c${index}`;
const FROM = " FROM numbers(3)";

/** A column's values as the engine writes them: behind counts, name and type of an answer of this column alone. */
async function valuesOf(column: readonly [string, string], index: number): Promise<Buffer> {
  const alone = await bytesOf(`SELECT ${selected(column, index)}${FROM}`, { revision: null });
  const type = column[1].replace(/^DateTime\(.*/, "DateTime");
  const head = Buffer.from([1, 3, ...text(`c${index}`), ...text(type)]);
  assertEquals(alone.subarray(0, head.length).toString("latin1"), head.toString("latin1"), column[0]);
  return alone.subarray(head.length);
}

Deno.test("Native is written in the revision asked for, in every type", async () => {
  const values = await Promise.all(COLUMNS.map(valuesOf));
  const sql = `SELECT ${COLUMNS.map(selected).join(", ")}${FROM}`;
  for (const revision of [54405, 54453, 54454, 54460, 54479]) {
    const custom = revision < 54454 ? [] : [0];
    const expected = Buffer.concat([
      Buffer.from([...BLOCK_INFO, COLUMNS.length, 3]),
      ...COLUMNS.flatMap(([, type], index) => [
        Buffer.from([...text(`c${index}`), ...text(type), ...custom]),
        values[index],
      ]),
    ]);
    const answer = await bytesOf(sql, { revision: `${revision}` });
    assert(answer.equals(expected), `revision ${revision} differs`);
    assert((await bytesOf(`${sql} FORMAT Native`, { revision: `${revision}` })).equals(expected), "FORMAT at the end");
  }
});

Deno.test("Native of a later revision has every block, and none for no rows", async () => {
  const search = { max_block_size: "1000", max_threads: "1" };
  const plain = await bytesOf("SELECT number FROM numbers(2500)", { revision: null, search });
  const later = await bytesOf("SELECT number FROM numbers(2500)", { revision: "54460", search });
  const blocks = (later.length - plain.length) / (BLOCK_INFO.length + 1);
  assert(Number.isInteger(blocks) && blocks >= 3, `${blocks} blocks`);
  assertEquals((await bytesOf("SELECT 1 WHERE 0", { revision: "54460" })).length, 0);
  assertEquals((await bytesOf("SHOW DATABASES", { revision: "54460" })).subarray(0, 8), Buffer.from(BLOCK_INFO));
});

Deno.test("client_protocol_version changes no other format, and nothing that is inserted", async () => {
  for (const revision of ["54460", "99999"]) {
    const search = { default_format: "TabSeparated" };
    assertEquals(await (await ask("SELECT 1", { revision, search })).text(), "1\n");
    await bytesOf("CREATE TABLE IF NOT EXISTS inserted (a UInt8) ENGINE = Memory", { revision: null });
    const rows = Buffer.from([1, 1, ...text("a"), ...text("UInt8"), 7]);
    const query = new URLSearchParams({
      query: "INSERT INTO inserted FORMAT Native",
      client_protocol_version: revision,
    });
    assertEquals((await fetch(`${server().url}/?${query}`, { method: "POST", body: rows })).status, 200);
  }
  assertEquals((await bytesOf("SELECT a FROM inserted FORMAT TSV", { revision: "54460" })).toString(), "7\n7\n");
});

Deno.test("what cannot be written in a revision is refused, with what to do", async () => {
  const cases: [sql: string, revision: string, told: string][] = [
    ["SELECT 1", "54404", "the embedded server writes 0 and 54405 to 54479. Use a client"],
    ["SELECT 1", "54480", "the embedded server writes 0 and 54405 to 54479. Use a client"],
    ["SELECT 1", "new", "Cannot answer in Native of client_protocol_version new"],
    [`SELECT 1 AS a, CAST('{"a":1}' AS JSON) AS j`, "54460", 'Cannot write column "j" of type JSON'],
    ["SELECT CAST(1 AS Dynamic) AS d", "54460", "Select toString(...)"],
    ["SELECT [CAST(1 AS Variant(UInt8, String))] AS v", "54460", "of type Array(Variant(String, UInt8))"],
    ["SELECT sumState(1) AS s", "54460", "finalizeAggregation(...)"],
    ["SELECT now() AS t FORMAT Native SETTINGS max_threads = 1", "54460", "does not stand at the statement's end"],
  ];
  for (const [sql, revision, told] of cases) {
    const response = await ask(sql, { revision });
    const said = await response.text();
    assertEquals(response.status, 501, said);
    assertStringIncludes(said, told);
    assertStringIncludes(said, "NOT_IMPLEMENTED");
  }
});
