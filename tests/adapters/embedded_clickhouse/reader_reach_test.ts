import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { clickHouseOfFile } from "../../own_clickhouse.ts";
import { LEGITIMATE, type Outside, preparations, reachingOutside, SECRET } from "./refused_reads.ts";

const server = clickHouseOfFile();
let outside: Outside;
let connections = 0;
let listener: Deno.TcpListener;

Deno.test.beforeAll(async () => {
  const directory = await Deno.makeTempDir({ prefix: "weir-outside-" });
  await Deno.mkdir(`${directory}/empty`);
  const file = `${directory}/owned.txt`;
  await Deno.writeTextFile(file, `${SECRET}\n`);
  listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void count(listener);
  outside = { file, directory: `${directory}/empty`, address: `http://127.0.0.1:${listener.addr.port}` };
  for (const sql of preparations(outside)) {
    const answer = await fetch(server().url, { method: "POST", body: sql });
    assertEquals([answer.status, await answer.text()], [200, ""], sql);
  }
});

Deno.test.afterAll(async () => {
  listener.close();
  await Deno.remove(outside.file.slice(0, outside.file.lastIndexOf("/")), { recursive: true });
});

async function count(listener: Deno.TcpListener): Promise<void> {
  for await (const connection of listener) {
    connections++;
    connection.close();
  }
}

interface Ask {
  readonly method?: "GET" | "POST";
  readonly search?: Readonly<Record<string, string>>;
}

async function read(sql: string, { method = "POST", search = {} }: Ask = {}) {
  const parameters = new URLSearchParams({ ...search, ...method === "GET" ? { query: sql } : {} });
  const response = await fetch(`${server().readerUrl}/?${parameters}`, {
    method,
    body: method === "GET" ? null : sql,
  });
  return { code: response.headers.get("x-clickhouse-exception-code"), text: await response.text() };
}

async function assertNothingHappened(of: string): Promise<void> {
  assertEquals(connections, 0, `${of}: somebody was asked`);
  assertEquals((await Array.fromAsync(Deno.readDir(outside.directory))).map(({ name }) => name), [], of);
}

Deno.test("whoever reads reaches nothing outside of the databases, however it is written", async (t) => {
  for (const sql of reachingOutside(outside)) {
    await t.step(sql.replaceAll(outside.file, "FILE"), async () => {
      for (const method of ["POST", "GET"] as const) {
        const { code, text } = await read(sql, { method });
        assert(code !== null, `${method} was answered: ${text}`);
        assert(!text.includes(SECRET), text);
      }
      await assertNothingHappened(sql);
    });
  }
});

Deno.test("what is refused is refused as READONLY, with what may be used", async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ["SELECT file('x')", "file(...)"],
    ["SELECT * FROM url('http://127.0.0.1/')", "There are numbers"],
    ["SELECT * FROM '/x'", '"/x"'],
    ["SELECT * FROM one_file", '"one_file"'],
    ["SELECT * FROM system.processes", "system.tables"],
    ["SELECT * FROM (SELECT 1 SETTINGS max_threads = 1)", "SETTINGS"],
    ["EXISTS TABLE things", "system.tables"],
    ["SHOW PROCESSLIST", "SHOW TABLES"],
    ["SELECT arrayMap(file, ['x'])", "things.file"],
  ];
  for (const [sql, said] of cases) {
    await t.step(sql, async () => {
      const { code, text } = await read(sql);
      assertEquals(code, "164", text);
      assertStringIncludes(text, sql.includes("arrayMap") ? "table.file" : said);
    });
  }
});

Deno.test("settings and parameters of a request do not lead outside either", async (t) => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["SELECT 1 AS a FORMAT Template", { format_template_row: outside.file }],
    ["SELECT 1 AS a FORMAT Template", { format_template_resultset: outside.file }],
    ["SELECT 1 AS a FORMAT Protobuf", { format_schema: `${outside.file}:Message` }],
    ["SELECT 1 AS a FORMAT Protobuf", { output_format_schema: `${outside.directory}/schema.proto` }],
    ["SELECT 1 AS a FORMAT AvroConfluent", { format_avro_schema_registry_url: outside.address }],
    ["SELECT id FROM things", { additional_result_filter: `file('${outside.file}') = ''` }],
    ["SELECT id FROM things", { additional_table_filters: `{'things': 'file(\\'${outside.file}\\') = \\'\\''}` }],
    ["SELECT * FROM eval('SELECT 1')", { allow_experimental_eval_table_function: "1" }],
    ["SELECT 1", { readonly: "0", allow_ddl: "1" }],
    ["SELECT 1", { allow_introspection_functions: "1" }],
    ["SELECT 1", { dialect: "kusto" }],
    ["SELECT * FROM {t:Identifier}", { param_t: outside.file }],
    ["SELECT * FROM {d:Identifier}.{t:Identifier}", { param_d: "system", param_t: "processes" }],
    ["SELECT * FROM {t:Identifier}", { param_t: "system.processes" }],
    ["SELECT * FROM {t:Identifier}", { param_t: "one_file" }],
    [`SELECT arrayMap({f:Identifier}, ['${outside.file}'])`, { param_f: "file" }],
    ["SELECT query FROM processes", { database: "system" }],
  ];
  for (const [sql, search] of cases) {
    await t.step(JSON.stringify(search).replaceAll(outside.file, "FILE"), async () => {
      for (const method of ["POST", "GET"] as const) {
        const { code, text } = await read(sql, { method, search });
        assert(code !== null, `${method} was answered: ${text}`);
        assert(!text.includes(SECRET), text);
      }
      await assertNothingHappened(sql);
    });
  }
});

Deno.test("what reads the databases is answered, by GET and POST", async (t) => {
  for (const sql of LEGITIMATE) {
    await t.step(sql, async () => {
      for (const method of ["POST", "GET"] as const) {
        const { code, text } = await read(sql, { method });
        assertEquals(code, null, text);
      }
    });
  }
  const search = {
    max_threads: "3",
    max_execution_time: "5",
    output_format_json_quote_64bit_integers: "0",
    param_t: "things",
  };
  assertEquals(
    (await read("SELECT getSetting('max_threads'), count() FROM {t:Identifier}", { search })).text,
    "3\t10\n",
  );
});

Deno.test("what is made later is judged as it is then, under the same name", async () => {
  const write = async (sql: string) => {
    const answer = await fetch(server().url, { method: "POST", body: sql });
    assertEquals([answer.status, await answer.text()], [200, ""], sql);
  };
  await write("CREATE VIEW changing AS SELECT name FROM things");
  assertEquals((await read("SELECT count() FROM changing")).text, "10\n");
  await write(`CREATE OR REPLACE VIEW changing AS SELECT file('${outside.file}') AS name`);
  assertEquals((await read("SELECT count() FROM changing")).code, "164");
  await write("CREATE OR REPLACE VIEW changing AS SELECT name FROM things");
  assertEquals((await read("SELECT count() FROM changing")).text, "10\n");
});

Deno.test("the writer may do all that it could before", async () => {
  const ask = async (sql: string) => await (await fetch(server().url, { method: "POST", body: sql })).text();
  assertEquals(await ask(`SELECT file('${outside.file}')`), `${SECRET}\\n\n`);
  assertEquals(await ask(`SELECT * FROM file('${outside.file}', 'LineAsString')`), `${SECRET}\n`);
  assertEquals(await ask("SELECT * FROM from_file"), `${SECRET}\n`);
  assertEquals(await ask("SELECT read_it(path) FROM uploads"), `${SECRET}\\n\n`);
  assertEquals(await ask("CREATE TABLE source (a Int8) ENGINE = MergeTree ORDER BY a"), "");
  assertEquals(await ask("CREATE TABLE target (a Int8) ENGINE = MergeTree ORDER BY a"), "");
  assertEquals(await ask("CREATE MATERIALIZED VIEW pump TO target AS SELECT a FROM source"), "");
  assertEquals(await ask("INSERT INTO source SELECT 1"), "");
  assertEquals(await ask("SELECT a FROM target"), "1\n");
  assertEquals(await ask("ALTER TABLE target DELETE WHERE a = 1 SETTINGS mutations_sync = 1"), "");
  assertEquals(await ask("SELECT count() FROM target"), "0\n");
});
