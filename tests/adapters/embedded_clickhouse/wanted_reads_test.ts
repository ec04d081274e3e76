import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { ChdbSession } from "../../../src/adapters/embedded_clickhouse/chdb.ts";
import { startEmbeddedClickHouse } from "../../../src/adapters/embedded_clickhouse/clickhouse.ts";
import { Exception } from "../../../src/adapters/embedded_clickhouse/clickhouse_exception.ts";
import { wantedReads } from "../../../src/adapters/embedded_clickhouse/wanted_reads.ts";
import { NEVER_ENDING } from "./refused_reads.ts";

const DEADLINE_MS = 60_000;
const PLACES = 6;

Deno.test("whoever is gone, or whose time is over, leaves a place, though the query does not end", async () => {
  const path = await Deno.makeTempDir({ prefix: "weir-clickhouse-" });
  const server = await startEmbeddedClickHouse({ path });
  const ended = Promise.withResolvers<string | null>();
  server.onExit(({ signal }) => ended.resolve(signal));
  const ask = async (
    sql: string,
    { base = server.readerUrl, search = "", signal = AbortSignal.timeout(DEADLINE_MS) },
  ) => {
    const response = await fetch(`${base}/?${search}`, { method: "POST", body: sql, signal });
    return { code: response.headers.get("x-clickhouse-exception-code"), text: await response.text() };
  };
  // A statement of those that need no place of a read.
  const running = async () => {
    const { text } = await ask("KILL QUERY WHERE query LIKE '/* %*/ SELECT sum(levenshtein%' TEST", {
      base: server.url,
    });
    return text.split("\n").length - 1;
  };
  const until = async (count: number) => {
    for (const deadlineMs = performance.now() + DEADLINE_MS; await running() !== count;) {
      assert(performance.now() < deadlineMs, `not ${count} run`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  try {
    const gone = new AbortController();
    const asked = Array.from(
      { length: PLACES - 1 },
      (_, index) =>
        ask(NEVER_ENDING, { base: index % 2 === 0 ? server.readerUrl : server.url, signal: gone.signal }).catch(() =>
          null
        ),
    );
    const late = ask(NEVER_ENDING, { search: "max_execution_time=1" });
    await until(PLACES);
    gone.abort();
    await Promise.all(asked);
    assertEquals((await late).code, "159");
    assertEquals(await ask("SELECT 1", {}), { code: null, text: "1\n" });
    assertEquals(await running(), PLACES, "the queries were waited for");
    // Nor is the end of the process.
    await server.close();
    assertEquals(await ended.promise, "SIGKILL");
  } finally {
    await server.close();
    await Deno.remove(path, { recursive: true });
  }
});

/** An engine that is told to end queries, and does not. */
function disobedient() {
  const told: string[] = [];
  const session: Partial<ChdbSession> = {
    queryAsync: (sql) => {
      told.push(sql);
      return Promise.resolve({ rowsRead: 0, text: () => "", bytes: () => new Uint8Array(0) });
    },
    close: () => {},
  };
  return { told, open: () => session as ChdbSession };
}

Deno.test("wantedReads() takes no further ones when many do not end, says so, and goes on when they have", async () => {
  const { told, open } = disobedient();
  const stuck = Promise.withResolvers<void>();
  const reads = wantedReads(open, { onStuck: stuck.resolve, stuckMs: 5, killEveryMs: 1 });
  const gone = new AbortController();
  const begun = Array.from({ length: 8 }, () => reads.begin(gone.signal));
  const other = reads.begin(new AbortController().signal);
  gone.abort();
  for (const { left } of begun) assertEquals((await assertRejects(() => left, Exception)).code, 394);
  const full = assertThrows(() => reads.begin(new AbortController().signal), Exception);
  assertEquals(full.code, 202);
  await stuck.promise;
  // Told again and again.
  const mine = () => told.filter((sql) => sql.includes(begun[0].mark.slice(3, -3)));
  while (mine().length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  begun.forEach(({ ended }) => ended());
  reads.begin(new AbortController().signal).ended();
  other.ended();
});

Deno.test("wantedReads() gives all up at its end, with those that begin later", async () => {
  const { open } = disobedient();
  const reads = wantedReads(open, { onStuck: () => {}, killEveryMs: 1 });
  const read = reads.begin(new AbortController().signal);
  reads.giveUp();
  assertEquals((await assertRejects(() => read.left, Exception)).code, 394);
  read.ended();
  assertThrows(() => reads.begin(new AbortController().signal), Exception);
});
