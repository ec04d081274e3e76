import { assert, assertEquals } from "@std/assert";
import { connect } from "../../../src/adapters/clickhouse/connection.ts";
import { startEmbeddedClickHouse } from "../../../src/adapters/embedded_clickhouse/clickhouse.ts";
import { embeddedLogin } from "../../../src/cli/clickhouse_client.ts";
import {
  LEGITIMATE,
  NEVER_ENDING,
  preparations,
  reachingOutside,
  SECRET,
} from "../../adapters/embedded_clickhouse/refused_reads.ts";
import { permitted, withDirectory } from "../support.ts";
import { PASSWORD, WatchedInstance } from "./watched_instances.ts";

const ACCOUNTS = { writer: { user: "weir", password: "w" }, reader: { user: "reader", password: "r" } };
const DEADLINE_MS = 60_000;
const QUERIES_MAX = 4;

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Entry {
  readonly directory: string;
  readonly write: (sql: string) => Promise<void>;
  readonly ask: (sql: string, signal?: AbortSignal) => Promise<Answer>;
  /** How many statements with `text` in them run. */
  readonly running: (text: string) => Promise<number>;
}

/** `POST /api/query` of an instance, on a ClickHouse of its own with accounts. */
async function withEntry(use: (entry: Entry) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const server = await startEmbeddedClickHouse({ path: `${directory}/clickhouse`, accounts: ACCOUNTS });
    const reader = { url: server.readerUrl, database: "default", ...embeddedLogin(ACCOUNTS.reader) };
    const instance = new WatchedInstance({ reader });
    const writer = connect({ url: server.url, database: "default", ...embeddedLogin(ACCOUNTS.writer) }, "default");
    try {
      await use({
        directory,
        write: (sql) => writer.command("prepare", sql),
        ask: async (sql, signal = AbortSignal.timeout(DEADLINE_MS)) => {
          const headers = { authorization: `Bearer ${PASSWORD}` };
          const body = JSON.stringify({ sql });
          const response = await fetch(`${instance.server.url}/api/query`, { method: "POST", body, headers, signal });
          return { status: response.status, text: await response.text() };
        },
        running: async (text) => {
          const sql = `SELECT count() AS n FROM system.processes WHERE query LIKE '/* %*/ ${text}%' ` +
            "AND query NOT LIKE '%system.processes%'";
          return Number((await writer.select("count queries", sql))[0].n);
        },
      });
    } finally {
      await writer.close();
      await instance.server.close();
      await server.close();
    }
  });
}

Deno.test({
  name: "POST /api/query reaches nothing outside of the databases, and runs what reads these",
  ignore: !permitted,
  fn: (t) =>
    withEntry(async ({ directory, write, ask }) => {
      const file = `${directory}/clickhouse_weir_password`;
      await Deno.writeTextFile(file, `${SECRET}\n`);
      await Deno.mkdir(`${directory}/empty`);
      let connections = 0;
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      void (async () => {
        for await (const connection of listener) {
          connections++;
          connection.close();
        }
      })();
      const address = `http://127.0.0.1:${listener.addr.port}`;
      const outside = { file, directory: `${directory}/empty`, address };
      for (const sql of preparations(outside)) await write(sql);
      for (const sql of reachingOutside(outside)) {
        await t.step(sql.replaceAll(file, "FILE"), async () => {
          const { status, text } = await ask(sql);
          assertEquals(status, 400, text);
          assert(!text.includes(SECRET), text);
          assertEquals(connections, 0, "somebody was asked");
          assertEquals(await Array.fromAsync(Deno.readDir(outside.directory)), []);
        });
      }
      for (const sql of LEGITIMATE) {
        await t.step(sql, async () => {
          const { status, text } = await ask(sql);
          assertEquals(status, 200, text);
        });
      }
      listener.close();
    }),
});

Deno.test({
  name: "POST /api/query answers others when those who asked before are gone, though their queries do not end",
  ignore: !permitted,
  fn: () =>
    withEntry(async ({ ask, running }) => {
      const gone = new AbortController();
      const begins = "SELECT sum(levenshtein";
      const asked = Array.from({ length: QUERIES_MAX }, () => ask(NEVER_ENDING, gone.signal).catch(() => null));
      for (const deadlineMs = performance.now() + DEADLINE_MS; await running(begins) < QUERIES_MAX;) {
        assert(performance.now() < deadlineMs, "the queries have not begun");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assertEquals((await ask("SELECT 1")).status, 503);
      gone.abort();
      await Promise.all(asked);
      // That they are gone is known as soon as their connections are.
      let answer = await ask("SELECT 1");
      for (const deadlineMs = performance.now() + DEADLINE_MS; answer.status === 503;) {
        assert(performance.now() < deadlineMs, answer.text);
        await new Promise((resolve) => setTimeout(resolve, 50));
        answer = await ask("SELECT 1");
      }
      assertEquals([answer.status, await running(begins)], [200, QUERIES_MAX], "the queries were waited for");
    }),
});
