import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openDirectory } from "../../../src/cli/embedded_directory.ts";
import { permitted, runMain, startMain, withDirectory } from "../support.ts";

const ignore = !permitted;
const SMALL = ["--demo-size", "small", "--port", "0"];

async function sql(directory: string, statement: string): Promise<string> {
  const opened = await openDirectory(directory);
  try {
    const { user, password } = opened.accounts.writer;
    const headers = { "x-clickhouse-user": user, "x-clickhouse-key": password };
    const response = await fetch(opened.clickhouse.url, { method: "POST", body: statement, headers });
    const text = await response.text();
    assert(response.ok, text);
    return text;
  } finally {
    await opened.close();
  }
}

async function verify(directory: string, ...args: string[]) {
  const { status, out, err } = await runMain(["verify", "--json", "--data", directory, ...args]);
  assert(out !== "", err);
  return { status, report: JSON.parse(out) };
}

Deno.test({
  name: "start runs the demo for a while, goes on where it stopped, and verify proves every sink",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const data = ["--data", directory];
      const first = startMain(["start", ...data, ...SMALL, "--duration", "2s", "--rate", "200"]);
      const { status, err } = await first.finished;
      assertEquals(status, 0, err);
      const started = first.events.filter(({ event }) => event === "started");
      assertEquals(started.map(({ topology }) => topology).sort(), [
        "cart_abandonment",
        "fraud_signals",
        "mirror",
        "order_funnel",
        "product_performance",
        "sales",
      ]);
      assert(started.every(({ resumed }) => resumed === false), JSON.stringify(started));
      const told = first.events.map(({ event }) => event);
      assertEquals(told.filter((event) => ["snapshot", "ending", "ended"].includes(String(event))), [
        "snapshot",
        "ending",
        "ended",
      ]);

      const proof = await verify(directory);
      assertEquals([proof.status, proof.report.equal, proof.report.sinks.length], [0, true, 11]);
      for (const { sink, view } of proof.report.sinks) {
        // Cards that are declined are told 20 minutes later.
        assert(view.rows > 0 || sink === "declined_payments", `${sink} is empty`);
      }

      const query = await runMain([
        "query",
        "SELECT seller, sum(amount) AS revenue FROM sales GROUP BY seller LIMIT 5",
        ...data,
      ]);
      assert(/seller +revenue/.test(query.out) && query.out.includes("5 rows"), query.out + query.err);
      const json = await runMain(["query", "SELECT count() AS n FROM orders", ...data, "--format", "json"]);
      assert(JSON.parse(json.out)[0].n >= 500, json.out);
      const write = await runMain(["query", "DROP TABLE sales_rows", ...data]);
      assertEquals([write.status, write.err.includes("DROP") && write.err.includes("--write")], [1, true], write.err);

      // Altered, deleted and added by hand: seen by verify, repaired by starts, which say how much that was.
      const [id] = (await sql(directory, "SELECT min(order_item_id) FROM sales")).trim().split("\t");
      await sql(
        directory,
        `ALTER TABLE sales_rows UPDATE quantity = 1000 WHERE order_item_id = ${id} SETTINGS mutations_sync = 2`,
      );
      await sql(directory, "ALTER TABLE users_rows DELETE WHERE id = 1 SETTINGS mutations_sync = 2");
      const broken = await verify(directory);
      assertEquals([broken.status, broken.report.equal], [1, false]);
      const found = Object.fromEntries(
        broken.report.sinks.map((
          sink: { sink: string; view: Record<string, number>; stored: Record<string, number> },
        ) => [sink.sink, [
          sink.view.missing,
          sink.view.extra,
          sink.view.different,
          sink.stored.missing,
          sink.stored.different,
        ]]),
      );
      assertEquals([found.sales, found.users, found.orders], [[0, 0, 1, 0, 1], [1, 0, 0, 1, 0], [0, 0, 0, 0, 0]]);

      // What is altered by hand, and not gone, a start from snapshots leaves to the comparison a minute later.
      assertEquals(await writtenBy(data, {}), [["users", 1, 0]]);
      assertEquals(await writtenBy(data, { WEIR_SNAPSHOT_EVERY_MS: "0" }), [["sales", 1, 0]]);
      assertEquals((await verify(directory)).report.equal, true);
    }),
});

Deno.test({
  name: "start holds its directory, rests for verify while it runs, ends on SIGTERM, and survives SIGKILL",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const data = ["--data", directory];
      const names = ["order_funnel", "product_performance"];
      const first = startMain(["start", ...names, ...data, ...SMALL, "--rate", "300"]);
      const { addresses } = await first.event(({ event }) => event === "listening") as {
        addresses: Record<string, string>;
      };
      const other = await runMain(["start", ...data, ...SMALL]);
      assertEquals(other.status, 1);
      assert(other.err.includes(`in use by process ${first.child.pid}`), other.err);
      for (const name of names) await first.event(({ event, topology }) => event === "started" && topology === name);

      const metrics = await (await fetch(`${addresses.metrics}/metrics`)).text();
      assert(metrics.includes('weir_source_records_total{topology="order_funnel",table="orders"}'), metrics);
      await assertServed(addresses);
      const ready = await fetch(`${addresses.metrics}/readyz`);
      assertEquals([ready.status, await ready.text()], [200, "ok\n"]);

      const proof = await verify(directory);
      assertEquals([proof.status, proof.report.equal, proof.report.sinks.length], [0, true, 2]);
      const query = await runMain(["query", "SELECT count() FROM order_funnel", ...data, "--format", "csv"]);
      assertEquals(query.status, 0, query.err);

      const clean = async (...more: string[]) => {
        const { status, out, err } = await runMain(["cleanup", ...data, ...more]);
        assertEquals(status, 0, err);
        const performance = out.split("\n").find((line) => line.startsWith("product_performance_rows"))!;
        const [, stored, deleted, , , , deletedNow] = performance.replaceAll(",", "").split(/ +/).map(Number);
        return { stored, deleted, deletedNow };
      };
      for (let tries = 0; tries < 60; tries++) {
        const { stored, deleted } = await clean("--dry-run");
        if (deleted > 0.02 * stored) break;
      }
      const { deleted, deletedNow } = await clean("--percent", "1");
      // Rows go on being deleted meanwhile.
      assert(deletedNow < deleted, `${deleted} deleted rows, then ${deletedNow}`);
      assertEquals((await verify(directory)).report.equal, true);

      for (const base of [addresses["ClickHouse"], addresses["read-only"]]) {
        const stranger = await fetch(base, { method: "POST", body: "SELECT 1" });
        assertEquals(stranger.headers.get("x-clickhouse-exception-code"), "516", await stranger.text());
      }
      const { reader, writer } = await first.event(({ event }) => event === "clickhouse accounts") as unknown as Record<
        string,
        { readonly user: string; readonly file: string }
      >;
      const password = (await Deno.readTextFile(reader.file)).trim();
      const headers = { "x-clickhouse-user": reader.user, "x-clickhouse-key": password };
      const friend = await fetch(addresses["read-only"], { method: "POST", body: "SELECT 1", headers });
      assertEquals(await friend.text(), "1\n");

      first.child.kill("SIGTERM");
      const { status, out, err } = await first.finished;
      assertEquals([status, err], [0, ""]);
      for (const { file } of [reader, writer]) {
        assert(!out.includes((await Deno.readTextFile(file)).trim()), "a password was printed");
      }
      assertEquals(first.events.at(-1)?.event === "ended" || first.events.at(-2)?.event === "ended", true);

      const second = startMain(["start", ...names, ...data, ...SMALL, "--rate", "300"]);
      await second.event(({ event, topology }) => event === "started" && topology === "product_performance");
      second.child.kill("SIGKILL");
      await second.finished;
      const third = startMain(["start", ...names, ...data, ...SMALL, "--rate", "50", "--duration", "500ms"]);
      assertEquals((await third.finished).status, 0);
      const after = await verify(directory, ...names);
      assertEquals([after.status, after.report.equal], [0, true]);
    }),
});

/** What a start on data that is there writes and deletes, by sink, where it is anything. */
async function writtenBy(data: readonly string[], environment: Record<string, string>) {
  const run = startMain(["start", ...data, ...SMALL, "--duration", "1s", "--rate", "0"], environment);
  assertEquals((await run.finished).status, 0);
  const resumed = run.events.filter(({ event }) => event === "started");
  // Nothing is shown of it yet.
  const shown = resumed.filter(({ topology }) => topology !== "fraud_signals");
  assert(shown.length === 5 && resumed.length === 6, JSON.stringify(resumed));
  assert(shown.every((event) => event.resumed === true), JSON.stringify(resumed));
  return shown.flatMap(({ sinks }) => sinks as { sink: string; written: number; deleted: number }[])
    .filter(({ written, deleted }) => written + deleted > 0)
    .map(({ sink, written, deleted }) => [sink, written, deleted]).sort();
}

/** It is alive, and shows the console at the address that it tells first. */
async function assertServed(addresses: Readonly<Record<string, string>>): Promise<void> {
  assertEquals((await (await fetch(`${addresses.metrics}/livez`)).text()).trim(), "ok");
  assertEquals(Object.keys(addresses)[0], "console");
  assertStringIncludes(await (await fetch(addresses.console)).text(), '<div id="console">');
}
