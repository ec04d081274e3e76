import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createAppendTable } from "../../../src/adapters/clickhouse/append_sql.ts";
import { onCluster, QUORUM, SEQUENTIAL } from "../../../src/adapters/clickhouse/cluster.ts";
import { makeRoom } from "../../../src/adapters/clickhouse/replicas.ts";
import { connect } from "../../../src/adapters/clickhouse/connection.ts";
import type { ConnectionOptions } from "../../../src/adapters/clickhouse/connection_options.ts";
import { endpointsOf, identityQuery } from "../../../src/adapters/clickhouse/endpoints.ts";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { createTable } from "../../../src/adapters/clickhouse/table_sql.ts";
import type { AppendTableSpec } from "../../../src/ports/warehouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { lineOf } from "../../line_bytes.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";
import { PLAIN, sale } from "../../ports/warehouse_fixtures.ts";
import { breakingProxy } from "./breaking_proxy.ts";

const server = clickHouseOfFile();

const EVENTS: AppendTableSpec = { name: "events", columns: [{ name: "id", type: "Int64" }], orderBy: ["id"] };
const range = { source: "events", partition: 0, from: 0, to: 3 };
const event = (id: number) => ({ line: lineOf(`[${id}`), offset: id, index: 0 });

/** Repeats as whoever delivers rows does. */
async function delivered(run: (tries: number) => Promise<void>): Promise<number> {
  for (let tries = 1;; tries++) {
    try {
      await run(tries);
      return tries;
    } catch (error) {
      if (!(error instanceof ProductionError) || !error.retriable || tries === 5) throw error;
    }
  }
}

Deno.test("rows are there once, whether the first endpoint is gone or loses its answers", async (t) => {
  for (const how of ["refuse", "lose"] as const) {
    await t.step(how, async () => {
      await using first = breakingProxy(server().url);
      await using second = breakingProxy(server().url);
      const options = { url: first.url, others: [second.url], database: `broken_${how}` };
      const warehouse = openClickHouse(options);
      try {
        await warehouse.ensure(PLAIN);
        await warehouse.ensureAppend(EVENTS);
        await warehouse.insert({ table: PLAIN, upserts: [sale(1)], deletes: [] });
        assert(!second.requests.some((statement) => statement.startsWith("INSERT")));
        await first.breakNow(how);
        const rows = () => warehouse.insert({ table: PLAIN, upserts: [sale(2)], deletes: [] });
        const deadlineMs = await warehouse.nowMs() + 60_000;
        const rowsOfRange = { table: EVENTS, range, rows: [event(0), event(1), event(2)], token: "a", deadlineMs };
        const appended = (tries: number) =>
          warehouse.append(tries === 1 ? rowsOfRange : { ...rowsOfRange, repeated: true });
        // Of what cannot have arrived nobody hears; what may have arrived is for the caller to repeat.
        const tries = await delivered(appended) + await delivered(rows);
        assertEquals(tries, how === "refuse" ? 2 : 3);
        assert(second.requests.some((statement) => statement.startsWith("INSERT")));
        const counts = "SELECT toString((SELECT count() FROM sales)) AS s, toString((SELECT count() FROM events)) AS e";
        assertEquals(await warehouse.query(counts), [{ s: "2", e: "3" }]);
      } finally {
        await warehouse.close();
      }
    });
  }
});

Deno.test("an endpoint that is another server is refused at the start, or before it is used", async (t) => {
  const ids: Record<string, string> = { a: "1", b: "1", c: "2" };
  const opened = (silent: string[]) => {
    const endpoints = endpointsOf(Object.keys(ids).map((client) => ({ url: `http://${client}`, client })), {
      ask: (client) => {
        if (silent.includes(client)) return Promise.reject(new Error("silent"));
        return Promise.resolve([{ identity: ids[client], shards: 1 }]);
      },
      cluster: undefined,
    });
    const asked: string[] = [];
    const run = (client: string) => {
      asked.push(client);
      return silent.includes(client) ? Promise.reject(new Error("gone")) : Promise.resolve(client);
    };
    return { endpoints, run, asked };
  };
  const said = "Cannot use http://c in place of http://a: they are different servers";
  await t.step("at the start", async () => {
    const { endpoints, run, asked } = opened([]);
    const refused = await assertRejects(() => endpoints.use("repeatable", run), ProductionError);
    assertStringIncludes(refused.message, said);
    assertEquals([refused.retriable, asked.length], [false, 0]);
  });
  await t.step("when it answers", async () => {
    const silent = ["c"];
    const { endpoints, run, asked } = opened(silent);
    assertEquals(await endpoints.use("repeatable", run), "a");
    silent.splice(0, 1, "a");
    assertEquals(await endpoints.use("repeatable", run), "b");
    assertEquals(await endpoints.use("repeatable", run), "b");
    silent.push("b");
    await assertRejects(() => endpoints.use("once", run), Error, "gone");
    const refused = await assertRejects(() => endpoints.use("repeatable", run), ProductionError);
    assertStringIncludes(refused.message, said);
    assert(!asked.includes("c"));
  });
});

Deno.test("a cluster is refused that nobody knows, that has shards, or whose replicas differ", async (t) => {
  const cases: readonly (readonly [rows: Record<string, unknown>[], said: string])[] = [
    [[{ identity: "", shards: 0 }], "knows no cluster of this name"],
    [[{ identity: "1:a:9000 2:b:9000", shards: 2 }], "it has 2 shards"],
    [[{ identity: "1:a:9000", shards: 1 }, { identity: "1:b:9000", shards: 1 }], "have other replicas"],
  ];
  for (const [rows, said] of cases) {
    await t.step(said, async () => {
      const clients = rows.map((row, index) => ({ url: `http://${index}`, client: row }));
      const endpoints = endpointsOf(clients, { ask: (row) => Promise.resolve([row]), cluster: { name: "c" } });
      const run = (row: object) =>
        row === rows[0] && rows.length > 1 ? Promise.reject(new Error("gone")) : Promise.resolve();
      const refused = await assertRejects(() => endpoints.use("repeatable", run), ProductionError);
      assertStringIncludes(refused.message, said);
    });
  }
});

Deno.test("a server says who it is, in the same words each time", async () => {
  const identity = async (options: ConnectionOptions) => {
    const connection = connect(options);
    try {
      return (await connection.select("test", identityQuery(undefined)))[0].identity;
    } finally {
      await connection.close();
    }
  };
  const one = { url: server().url, database: "default" };
  assertEquals(await identity(one), await identity(one));
  assert(/^[0-9a-f-]{36}$/.test(String(await identity(one))));
});

Deno.test("a token is sent with each request, as it is then", async () => {
  const seen: (string | null)[] = [];
  await using listener = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    seen.push(request.headers.get("authorization"), request.headers.get("x-clickhouse-user"));
    await request.arrayBuffer();
    return new Response("{}\n");
  });
  let token = "first";
  const url = `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  const connection = connect({ url, database: "d", token: () => token });
  await connection.command("test", "SELECT 1");
  token = "second";
  await connection.select("test", "SELECT 1");
  await connection.close();
  assertEquals(seen, ["Bearer first", null, "Bearer second", null]);
});

Deno.test("ClickHouse parses the statements of a cluster, and knows their settings", async () => {
  const cluster = { name: "main's" };
  const home = { database: "shop", cluster };
  const storage = { partitionBy: "intDiv(order_item_id, 10)", settings: { index_granularity: 1024 } };
  const statements = [
    createTable(home, { ...PLAIN, storage }),
    createTable({ database: "shop", cluster: { ...cluster, path: "/w/{database}/{table}" } }, PLAIN),
    createAppendTable(home, EVENTS),
    `CREATE DATABASE IF NOT EXISTS shop${onCluster(cluster)}`,
    `CREATE OR REPLACE VIEW shop.v${onCluster(cluster)} AS SELECT 1`,
    `ALTER TABLE shop.t${onCluster(cluster)} MODIFY COLUMN a CODEC(ZSTD(3))`,
    /DROP TABLE .* SYNC/.exec(makeRoom(home, { name: "t", kept: "", lost: "" }))![0],
    identityQuery(cluster),
  ];
  const connection = connect({ url: server().url, database: "default" }, "default");
  try {
    for (const statement of statements) {
      const text = `'${statement.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
      const [{ parsed }] = await connection.select("test", `SELECT formatQuerySingleLine(${text}) AS parsed`);
      if (statement.includes("CREATE TABLE")) {
        assertStringIncludes(String(parsed), "ON CLUSTER `main's`");
        assertStringIncludes(String(parsed), "MergeTree('/");
        assertStringIncludes(String(parsed), "{table}', '{replica}'");
        assertStringIncludes(String(parsed), "replicated_deduplication_window = ");
      }
    }
    const settings = Object.entries({ ...QUORUM, ...SEQUENTIAL }).map(([name, value]) => `${name} = '${value}'`);
    await connection.select("test", `SELECT 1 SETTINGS ${settings.join(", ")}`);
  } finally {
    await connection.close();
  }
});
