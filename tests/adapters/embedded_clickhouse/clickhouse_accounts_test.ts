import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import {
  type EmbeddedClickHouse,
  startEmbeddedClickHouse,
} from "../../../src/adapters/embedded_clickhouse/clickhouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";

const WRITER = { user: "weir", password: "päss:wörd" };
const READER = { user: "reader", password: "only reads" };
const AUTHENTICATION_FAILED = "516";

let path: string;
let server: EmbeddedClickHouse;

Deno.test.beforeAll(async () => {
  path = await Deno.makeTempDir({ prefix: "weir-clickhouse-" });
  await Deno.mkdir(`${path}/data`, { mode: 0o755 });
  server = await startEmbeddedClickHouse({ path: `${path}/data`, accounts: { writer: WRITER, reader: READER } });
});

Deno.test.afterAll(async () => {
  await server.close();
  await Deno.remove(path, { recursive: true });
});

interface Login {
  readonly user: string;
  readonly password: string;
}

/** Every way in which ClickHouse's clients say who they are. */
const WAYS: Readonly<Record<string, (login: Login) => { headers?: Record<string, string>; search?: string }>> = {
  Basic: ({ user, password }) => ({
    headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` },
  }),
  // A header holds bytes; ClickHouse's clients send other characters as Basic.
  headers: ({ user, password }) => ({ headers: { "x-clickhouse-user": user, "x-clickhouse-key": password } }),
  parameters: (login) => ({ search: `?${new URLSearchParams({ ...login })}` }),
};

/** ClickHouse's code of the refusal; null if it answered. */
async function code(base: string, sql: string, way: { headers?: Record<string, string>; search?: string } = {}) {
  const response = await fetch(`${base}/${way.search ?? ""}`, { method: "POST", body: sql, headers: way.headers });
  await response.body?.cancel();
  assert(response.ok || response.status >= 400);
  return response.headers.get("x-clickhouse-exception-code");
}

Deno.test("the embedded server answers nobody who does not say who he is", async () => {
  const secret = `${path}/secret.txt`;
  const planted = `${path}/planted.txt`;
  await Deno.writeTextFile(secret, "the user's own\n");
  const statements = [
    "SELECT 1",
    `SELECT * FROM file('${secret}', 'LineAsString')`,
    `INSERT INTO FUNCTION file('${planted}', 'LineAsString', 'line String') SELECT 'planted'`,
  ];
  const strangers: Login[] = [
    { user: "default", password: "" },
    { user: WRITER.user, password: "" },
    { user: WRITER.user, password: READER.password },
    { user: READER.user, password: `${READER.password}x` },
  ];
  for (const base of [server.url, server.readerUrl]) {
    for (const sql of statements) {
      assertEquals(await code(base, sql), AUTHENTICATION_FAILED, `${base} ${sql}`);
      for (const stranger of strangers) {
        for (const way of Object.values(WAYS)) {
          assertEquals(await code(base, sql, way(stranger)), AUTHENTICATION_FAILED, `${stranger.user} ${sql}`);
        }
      }
    }
  }
  await assertRejects(() => Deno.stat(planted), Deno.errors.NotFound);
});

Deno.test("the reader reads on the read-only address alone, the writer uses both, however they say so", async () => {
  const read = "SELECT 1";
  const write = "CREATE DATABASE IF NOT EXISTS accounts";
  for (const [name, way] of Object.entries(WAYS)) {
    assertEquals(await code(server.readerUrl, read, way(READER)), null, name);
    assertEquals(await code(server.readerUrl, write, way(READER)), "164", name);
    assertEquals(await code(server.url, read, way(READER)), AUTHENTICATION_FAILED, name);
    if (name === "headers") continue;
    assertEquals(await code(server.url, write, way(WRITER)), null, name);
    assertEquals(await code(server.readerUrl, read, way(WRITER)), null, name);
  }
});

Deno.test("the ClickHouse adapter is let in with its account, and its error names no password", async () => {
  const open = ({ user, password }: Login) =>
    openClickHouse({ url: server.url, database: "default", username: user, password });
  const mine = open(WRITER);
  assertEquals(await mine.query("SELECT 1 AS a"), [{ a: 1 }]);
  await mine.close();
  const stranger = open({ user: "weir", password: "wrong" });
  const error = await assertRejects(() => stranger.query("SELECT 1 AS a"), ProductionError);
  assertStringIncludes(error.message, AUTHENTICATION_FAILED);
  assert(!error.message.includes("wrong"));
  await stranger.close();
});

Deno.test("/ping needs no account, and a data directory that was open becomes its owner's alone", async () => {
  for (const base of [server.url, server.readerUrl]) {
    assertEquals(await (await fetch(`${base}/ping`)).text(), "Ok.\n");
  }
  assertEquals((await Deno.stat(`${path}/data`)).mode! & 0o777, 0o700);
});
