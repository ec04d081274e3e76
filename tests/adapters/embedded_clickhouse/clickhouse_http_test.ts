import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createClient } from "@clickhouse/client";
import { clickHouseOfFile } from "../../own_clickhouse.ts";

const server = clickHouseOfFile();

Deno.test.beforeAll(async () => {
  for (const sql of ["CREATE DATABASE web", "CREATE TABLE web.t (a Int64, b String) ENGINE = MergeTree ORDER BY a"]) {
    assertEquals((await ask(sql)).status, 200);
  }
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

interface Ask {
  readonly search?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly base?: string;
  readonly method?: string;
  readonly signal?: AbortSignal;
}

async function ask(
  body: BodyInit | null,
  { search = {}, headers, base = server().url, method = "POST", signal }: Ask = {},
): Promise<Answer> {
  const response = await fetch(`${base}/?${new URLSearchParams(search)}`, { method, body, headers, signal });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

Deno.test("the server answers /ping, GET and POST in any mixture of url and body", async () => {
  assertEquals(await (await fetch(`${server().url}/ping`)).text(), "Ok.\n");
  assertEquals((await ask(null, { method: "GET" })).text, "Ok.\n");
  assertEquals((await ask(null, { search: { query: "SELECT 1 + 1" }, method: "GET" })).text, "2\n");
  assertEquals((await ask("+ 1", { search: { query: "SELECT 1" } })).text, "2\n");
  assertEquals(
    (await ask("SELECT {x:String}, {n:Int32}", { search: { param_x: "it's", param_n: "-5" } })).text,
    "it\\'s\t-5\n",
  );
  assertEquals((await ask("SELECT 1 AS a", { search: { default_format: "JSONEachRow" } })).text, '{"a":1}\n');
  const json = await ask("SELECT 1 AS a FORMAT JSON");
  assertEquals(JSON.parse(json.text).data, [{ a: 1 }]);
  assertStringIncludes(json.headers.get("content-type")!, "application/json");
  assertEquals(json.headers.get("x-clickhouse-format"), "JSON");
  assertEquals((await ask("SELECT 1", { search: { query_id: "mine" } })).headers.get("x-clickhouse-query-id"), "mine");
  assertEquals((await fetch(`${server().url}/nowhere`)).status, 404);
});

Deno.test("the server inserts from the body and says how many rows", async () => {
  const written = ({ headers }: Answer) => JSON.parse(headers.get("x-clickhouse-summary")!).written_rows;
  const search = { database: "web", query: "INSERT INTO t FORMAT JSONCompactEachRow" };
  assertEquals(written(await ask('[1,"x"]\n[2,"y"]\n', { search })), "2");
  assertEquals(written(await ask("INSERT INTO web.t VALUES (3, 'z'), (4, '\\'')")), "2");
  assertEquals(written(await ask("INSERT INTO web.t SELECT number + 10, 'n' FROM numbers(5)")), "5");
  assertEquals(written(await ask("", { search })), "0");
  const binary = new Uint8Array([5, 0, 0, 0, 0, 0, 0, 0, 2, 0, 255]);
  assertEquals(written(await ask(binary, { search: { query: "INSERT INTO web.t FORMAT RowBinary" } })), "1");
  const csv = new Blob(["INSERT INTO web.t FORMAT CSV\n6,six"]).stream().pipeThrough(new CompressionStream("gzip"));
  const body = new Uint8Array(await new Response(csv).arrayBuffer());
  assertEquals(written(await ask(body, { headers: { "content-encoding": "gzip" } })), "1");
  assertEquals(
    (await ask("SELECT a, hex(b) FROM web.t WHERE a IN (1, 4, 5, 6) ORDER BY a")).text,
    "1\t78\n4\t27\n5\t00FF\n6\t736978\n",
  );
});

Deno.test("errors carry ClickHouse's code, status and text", async (t) => {
  const cases: [string, Record<string, string>, number, number][] = [
    ["SELECT * FROM nothing", {}, 60, 404],
    ["SELEC 1", {}, 62, 400],
    ["SELECT 1; SELECT 2", {}, 62, 400],
    ["SELECT 1", { no_such_setting: "1" }, 115, 404],
    ["SELECT 1", { "1; DROP": "1" }, 115, 404],
    ["SELECT 1", { database: "nowhere" }, 81, 404],
    ["SELECT {x:Int8}", {}, 456, 500],
    ["SELECT throwIf(number = 3) FROM numbers(10)", {}, 395, 500],
    ["SELECT sleep(1)", { max_execution_time: "0.1" }, 159, 408],
    ["SELECT 1", { session_id: "s" }, 48, 501],
    ["INSERT INTO web.t FORMAT CSV\nx,y", {}, 27, 400],
    ["INSERT INTO web.t VALUES (1, 'a')", { readonly: "1" }, 164, 500],
  ];
  for (const [sql, search, code, status] of cases) {
    await t.step(sql, async () => {
      const answer = await ask(sql, { search });
      assertEquals(
        [answer.headers.get("x-clickhouse-exception-code"), answer.status],
        [String(code), status],
        answer.text,
      );
      assertStringIncludes(answer.text, `Code: ${code}. DB::Exception: `);
      assertStringIncludes(answer.text, ` (version ${server().version})`);
    });
  }
});

Deno.test("settings, databases and temporary tables hold for one request alone", async () => {
  const threads = "SELECT getSetting('max_threads'), currentDatabase()";
  const before = (await ask(threads)).text;
  assertEquals((await ask(threads, { search: { max_threads: "7", database: "web" } })).text, "7\tweb\n");
  assertEquals(
    (await ask("INSERT INTO t (a) FORMAT CSV\n100", { search: { max_threads: "7", database: "web" } })).status,
    200,
  );
  for (const sql of ["SET max_threads = 9", "USE web", "CREATE TEMPORARY TABLE mine (a Int8) ENGINE = Memory"]) {
    assertEquals((await ask(sql)).status, 200);
  }
  assertEquals((await ask("SELECT 1 SETTINGS max_threads = 5")).status, 200);
  assertEquals((await ask("INSERT INTO web.t (a) SETTINGS max_threads = 5 VALUES (101)")).status, 200);
  assertEquals((await ask(threads)).text, before);
  assertEquals((await ask("SELECT * FROM mine")).status, 404);
  const tokens = ["one", "two"].map((insert_deduplication_token) => ({ insert_deduplication_token }));
  for (const search of tokens) assertEquals((await ask("INSERT INTO web.t (a) VALUES (102)", { search })).status, 200);
  assertEquals((await ask("SELECT count() FROM web.t WHERE a = 102")).text, "2\n");
});

Deno.test("a query may use every core, though ClickHouse's memory is limited", async () => {
  const cores = Number((await ask("SELECT getSetting('max_threads')")).text);
  const { text } = await ask("EXPLAIN PIPELINE SELECT sum(number) FROM numbers_mt(100000000)");
  assertStringIncludes(text, cores === 1 ? "AggregatingTransform" : `AggregatingTransform × ${Math.min(cores, 8)}`);
});

Deno.test("requests side by side keep their settings and parameters apart", async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => {
    const search = { max_block_size: String(1_000 + index), param_x: `value ${index}` };
    return ask("SELECT getSetting('max_block_size'), {x:String}", { search });
  }));
  assertEquals(answers.map((answer) => answer.text), answers.map((_, index) => `${1_000 + index}\tvalue ${index}\n`));
});

Deno.test("the read-only address, GET and readonly=1 write nothing", async () => {
  const insert = "INSERT INTO web.t (a) VALUES (200)";
  const refused = [
    ask(insert, { base: server().readerUrl }),
    ask(insert, { base: server().readerUrl, search: { readonly: "0" } }),
    ask("SET readonly = 0", { base: server().readerUrl }),
    ask("KILL QUERY WHERE 1", { base: server().readerUrl }),
    ask("SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')", { base: server().readerUrl }),
    ask(null, { search: { query: insert }, method: "GET" }),
    ask(insert, { search: { readonly: "2" } }),
    ask("INSERT INTO web.t FORMAT CSV", { search: { readonly: "1" } }),
    ask("CREATE TABLE web.u (a Int8) ENGINE = Memory", { search: { readonly: "1" } }),
  ];
  for (const answer of await Promise.all(refused)) {
    assertEquals(answer.headers.get("x-clickhouse-exception-code"), "164", answer.text);
  }
  const search = { max_threads: "3" };
  assertEquals((await ask("SELECT getSetting('max_threads')", { base: server().readerUrl, search })).text, "3\n");
  assertEquals((await ask("SELECT count() FROM web.t WHERE a = 200")).text, "0\n");
});

Deno.test("pages of other sites are refused", async () => {
  const foreign: Record<string, string>[] = [{ origin: "https://example.org" }, { "sec-fetch-site": "cross-site" }];
  for (const headers of foreign) {
    assertEquals((await ask("SELECT 1", { headers })).status, 403);
  }
  assertEquals((await ask("SELECT 1", { headers: { origin: "http://localhost:3000" } })).status, 200);
});

Deno.test("a body beyond the limit is refused and the server lives on", async () => {
  const answer = await ask(new Uint8Array(129 * 2 ** 20).fill(32)).catch(() => null);
  if (answer !== null) assertEquals(answer.status, 413);
  assertEquals((await ask("SELECT 1")).text, "1\n");
});

Deno.test("an error in the middle of a streamed answer breaks it off", async () => {
  await assertRejects(() => ask("SELECT throwIf(number = 1000000) FROM numbers(2000000) FORMAT JSONEachRow"));
  assertEquals((await ask("SELECT 1")).text, "1\n");
});

Deno.test("a client that goes away ends its streamed SELECT", async () => {
  const gone = new AbortController();
  const sql = "SELECT number, repeat('x', 1000) FROM numbers(100000000) FORMAT TSV";
  const response = await fetch(server().url, { method: "POST", body: sql, signal: gone.signal });
  await response.body!.getReader().read();
  const running = () => reading("100000000");
  assertEquals(await running(), "1\n");
  gone.abort();
  const deadlineMs = performance.now() + 10_000;
  while (await running() !== "0\n") assert(performance.now() < deadlineMs, "the SELECT still runs");
});

/** How many queries with `text` run, beside the one that asks. */
async function reading(text: string): Promise<string> {
  const others = "query NOT LIKE '%system.processes%'";
  return (await ask(`SELECT count() FROM system.processes WHERE query LIKE '%${text}%' AND ${others}`)).text;
}

Deno.test("a client that goes away ends its SELECT before the first row, also one that waits", async () => {
  const endless = "SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) = 7";
  const gone = new AbortController();
  const asked = ["TSV", "JSON", ...Array.from({ length: 8 }, () => "RowBinary")].map((format) =>
    ask(`${endless} FORMAT ${format}`, { search: { max_threads: "1" }, signal: gone.signal }).catch(() => null)
  );
  const deadlineMs = performance.now() + 20_000;
  // Some run, the others wait for a place, as reading() would: it is asked only when all are given up.
  await new Promise((resolve) => setTimeout(resolve, 300));
  gone.abort();
  assertEquals(await Promise.all(asked), asked.map(() => null));
  while (await reading("cityHash64(number) = 7") !== "0\n") assert(performance.now() < deadlineMs, "a SELECT runs");
});

Deno.test("an INSERT does not wait for a long SELECT", async () => {
  const long = ask("SELECT count() FROM numbers(1500000000) WHERE cityHash64(number) = 1", {
    search: { max_threads: "1" },
  });
  let ended = false;
  long.then(() => ended = true);
  const latenciesMs: number[] = [];
  for (let index = 0; index < 10; index++) {
    const startMs = performance.now();
    assertEquals((await ask("INSERT INTO web.t (a) VALUES (300)")).status, 200);
    latenciesMs.push(performance.now() - startMs);
  }
  assert(!ended, "the SELECT was too short to show anything");
  assertEquals((await long).status, 200);
  console.log(`inserts beside a long SELECT: ${latenciesMs.map((ms) => ms.toFixed(0)).join(" ")} ms`);
});

Deno.test("the stock client pings, commands, inserts, queries and streams", async () => {
  const client = createClient({ url: server().url, database: "web", compression: { request: true, response: true } });
  assertEquals((await client.ping()).success, true);
  assertEquals((await client.ping({ select: true })).success, true);
  await client.command({ query: "CREATE TABLE stock (id UInt32, name String) ENGINE = MergeTree ORDER BY id" });
  const values = Array.from({ length: 2_000 }, (_, id) => ({ id, name: `näme ${id}` }));
  const result = await client.insert({
    table: "stock",
    values,
    format: "JSONEachRow",
    clickhouse_settings: { async_insert: 0 },
  });
  assertEquals(result.summary?.written_rows, "2000");
  await client.insert({
    table: "stock",
    values: [[7_000, "compact"]],
    columns: ["id", "name"],
    format: "JSONCompactEachRow",
  });
  const query = { query: "SELECT name FROM stock WHERE id = {id:UInt32}", query_params: { id: 7_000 } };
  assertEquals((await (await client.query({ ...query, format: "JSON" })).json()).data, [{ name: "compact" }]);
  let rows = 0;
  const stream = (await client.query({ query: "SELECT * FROM stock", format: "JSONEachRow" })).stream();
  for await (const chunk of stream) rows += chunk.length;
  assertEquals(rows, 2_001);
  const long = {
    query: "SELECT length({x:String}) AS n",
    query_params: { x: "y".repeat(50_000) },
    format: "JSONEachRow",
  } as const;
  assertEquals(await (await client.query(long)).json(), [{ n: 50_000 }]);
  const error = await assertRejects(() => client.query({ query: "SELECT nobody" }));
  assertEquals((error as unknown as { code: string }).code, "47");
  await client.close();
});

Deno.test("the server finds the first and last date before 1970, also when a GROUP BY has run often", async () => {
  assertEquals(
    (await ask("CREATE TABLE web.born (k String, at DateTime64(6)) ENGINE = MergeTree ORDER BY k")).text,
    "",
  );
  const born = "toDateTime64('1900-01-01', 6) + toIntervalYear(number)";
  assertEquals((await ask(`INSERT INTO web.born SELECT toString(number % 2), ${born} FROM numbers(100)`)).text, "");
  const sql = "SELECT k, toYear(min(at)), toYear(max(at)) FROM web.born GROUP BY k ORDER BY k";
  for (const base of [server().url, server().readerUrl]) {
    const answers = new Set<string>();
    for (let run = 0; run < 10; run++) answers.add((await ask(sql, { base })).text);
    assertEquals([...answers], ["0\t1900\t1998\n1\t1901\t1999\n"]);
  }
});
