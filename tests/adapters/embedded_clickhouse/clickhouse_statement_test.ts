import { assertEquals, assertThrows } from "@std/assert";
import { Exception } from "../../../src/adapters/embedded_clickhouse/clickhouse_exception.ts";
import {
  isRead,
  parseStatement,
  splitStatements,
} from "../../../src/adapters/embedded_clickhouse/clickhouse_statement.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

interface Case {
  readonly text: string;
  readonly sql?: string;
  readonly keyword: string;
  readonly data?: string;
  readonly format?: string;
}

const CASES: Case[] = [
  { text: "", keyword: "" },
  { text: " -- nothing\n/* at; all */ ", keyword: "", sql: "-- nothing\n/* at; all */" },
  { text: "select 1", keyword: "SELECT" },
  { text: "select 1 ; -- done\n;", keyword: "SELECT", sql: "select 1" },
  { text: "/* a */ (select ';')", keyword: "(" },
  { text: "SELECT 1 FORMAT JSON", keyword: "SELECT", format: "JSON" },
  { text: "SELECT 1 format TSV settings max_threads = 1", keyword: "SELECT", format: "TSV" },
  { text: "SELECT 'FORMAT JSON', (select 1 format CSV)", keyword: "SELECT" },
  { text: "WITH 1 AS x SELECT `FORMAT`, x\nFORMAT\tJSONEachRow\n", keyword: "WITH", format: "JSONEachRow" },
  {
    text: 'INSERT INTO t FORMAT JSONEachRow {"a": "; select"}',
    keyword: "INSERT",
    format: "JSONEachRow",
    sql: "INSERT INTO t FORMAT JSONEachRow",
    data: '{"a": "; select"}',
  },
  {
    text: "insert into `t;x` (`a b`, c) settings async_insert=0 format CSV \r\n 1,2\n",
    keyword: "INSERT",
    format: "CSV",
    sql: "insert into `t;x` (`a b`, c) settings async_insert=0 format CSV",
    data: " 1,2\n",
  },
  {
    text: "INSERT INTO values VALUES (1, 'x;')",
    keyword: "INSERT",
    sql: "INSERT INTO values VALUES",
    data: " (1, 'x;')",
  },
  { text: "INSERT INTO t FORMAT TSV", keyword: "INSERT", format: "TSV", data: "" },
  { text: "INSERT INTO t SELECT format FROM x", keyword: "INSERT" },
  { text: "INSERT INTO t SELECT * FROM values('a Int8', 1, 2)", keyword: "INSERT" },
  { text: "SELECT 'it''s \\' ; x', \"a\"\"b;\", `c\\`;`, $$;$$, $x$ ; $$ $x$", keyword: "SELECT" },
  { text: "SELECT \u2018it's; \u2019 AS \u201cnäme;\u201d FORMAT CSV", keyword: "SELECT", format: "CSV" },
  { text: "SELECT 1 # a comment; here\n+ 1", keyword: "SELECT" },
  { text: "SELECT 'unclosed", keyword: "SELECT" },
];

Deno.test("parseStatement() finds keyword, format and the beginning of data", async (t) => {
  for (const { text, keyword, sql, data, format } of CASES) {
    await t.step(text, () => {
      const statement = parseStatement(bytes(text));
      assertEquals(statement.keyword, keyword);
      assertEquals(statement.sql, sql ?? text.trim());
      assertEquals(statement.format, format ?? null);
      assertEquals(statement.data === null ? null : new TextDecoder().decode(statement.data), data ?? null);
    });
  }
});

Deno.test("parseStatement() leaves binary data as they are", () => {
  const data = new Uint8Array([0, 39, 255, 10, 59, 128]);
  const head = bytes("INSERT INTO é FORMAT RowBinary\n");
  const statement = parseStatement(new Uint8Array([...head, ...data]));
  assertEquals([...statement.data!], [...data]);
  assertEquals(statement.sql, "INSERT INTO é FORMAT RowBinary");
});

Deno.test("parseStatement() refuses what an HTTP interface must not do", async (t) => {
  const cases: [string, number][] = [
    ["SELECT 1; SELECT 2", 62],
    ["SELECT 1 INTO OUTFILE 'x'", 358],
    ["SELECT 1 into /* */ outfile 'x' FORMAT CSV", 358],
    ["SELECT \u2018'\u2019 INTO OUTFILE 'x'", 358],
    ["INSERT INTO t FROM INFILE 'x' FORMAT CSV", 358],
  ];
  for (const [text, code] of cases) {
    await t.step(text, () => assertEquals(assertThrows(() => parseStatement(bytes(text)), Exception).code, code));
  }
});

Deno.test("isRead() knows statements that change nothing", () => {
  const reads = [
    "SELECT 1",
    "(SELECT 1)",
    "with 1 as x select x",
    "SHOW TABLES",
    "EXPLAIN SELECT 1",
    "DESC t",
    "EXISTS t",
  ];
  for (const text of reads) assertEquals(isRead(parseStatement(bytes(text))), true, text);
  const others = ["INSERT INTO t VALUES (1)", "KILL QUERY WHERE 1", "SET readonly = 0", "USE x", "DROP TABLE t", ""];
  for (const text of others) assertEquals(isRead(parseStatement(bytes(text))), false, text);
});

Deno.test("splitStatements() cuts at semicolons that are neither quoted nor in a comment", () => {
  const cases: [text: string, statements: [sql: string, keyword: string][]][] = [
    ["", []],
    [" ; -- nothing;\n;", []],
    ["drop table t", [["drop table t", "DROP"]]],
    ['DROP VIEW `a;b`; DROP TABLE "c;d" ;', [["DROP VIEW `a;b`", "DROP"], ['DROP TABLE "c;d"', "DROP"]]],
    ["INSERT INTO t VALUES ('ä;', 'it\\'s;'); /* ; */ select 1", [
      ["INSERT INTO t VALUES ('ä;', 'it\\'s;')", "INSERT"],
      ["/* ; */ select 1", "SELECT"],
    ]],
  ];
  for (const [text, statements] of cases) {
    assertEquals(splitStatements(text).map(({ sql, keyword }) => [sql, keyword]), statements, text);
  }
});
