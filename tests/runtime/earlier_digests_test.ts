import { noSnapshots } from "../../src/ports/snapshots.ts";
import { assertEquals } from "@std/assert";
import { openClickHouse } from "../../src/adapters/clickhouse/open_clickhouse.ts";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { compile } from "../../src/plan/compile.ts";
import { sinksOf } from "../../src/plan/outputs_of.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import { Runner } from "../../src/runtime/runner.ts";
import type { RunEvent } from "../../src/runtime/run_event.ts";
import { CHANGES, shop } from "../fixtures/earlier_rows/shop.ts";
import { lettersTo } from "../letters_to.ts";
import { ownClickHouse } from "../own_clickhouse.ts";

const TABLES = ["items", "by_city"];
const REPAIR_MS = 300;

type Log = ReturnType<typeof openEmbeddedLog>;

/** Repeats until `found` holds, for ten seconds. */
async function eventually(found: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !found(); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(found(), true, `${found}`);
}

/** Starts the topology; waits until it has started, applied `change` and was compared. Gives what was written. */
async function run(log: Log, warehouse: Warehouse, change: (() => Promise<void>) | null = null) {
  const started: RunEvent[] = [];
  let questions = 0;
  let inserted = 0;
  const counted: Warehouse = {
    ...warehouse,
    shown(table, tasks) {
      questions++;
      return warehouse.shown(table, tasks);
    },
    insert(batch) {
      inserted += batch.upserts.length + batch.deletes.length;
      return warehouse.insert(batch);
    },
  };
  const runner = new Runner(shop, {
    log,
    warehouse: counted,
    clock: systemClock,
    random: { next: Math.random },
    metrics: { count() {}, gauge() {}, observe() {} },
    deadLetters: lettersTo(),
    snapshots: noSnapshots,
  }, {
    options: { ...defaultRunOptions, repairAfterMs: REPAIR_MS, repairEveryMs: REPAIR_MS },
    onEvent: (event) => event.kind === "started" && started.push(event),
  });
  try {
    await runner.start();
    await eventually(() => started.length > 0);
    await change?.();
    const asked = questions;
    await eventually(() => questions >= asked + (change === null ? 1 : 2) * TABLES.length);
  } finally {
    await runner.stop();
  }
  return { inserted, sinks: started.flatMap((event) => event.kind === "started" ? event.sinks : []) };
}

Deno.test("digests that earlier versions took of texts hold: no start, and no comparison, writes a row", async () => {
  await using own = await ownClickHouse();
  const command = async (sql: string) => {
    const answer = await fetch(own.server.url, { method: "POST", body: sql });
    assertEquals([answer.status, await answer.text()].slice(0, 1), [200]);
  };
  const earlier = openClickHouse({ url: own.server.url, database: "earlier" });
  const scratch = openClickHouse({ url: own.server.url, database: "scratch" });
  const log = openEmbeddedLog({ path: ":memory:", clock: systemClock });
  const append = (topic: string, rows: (typeof CHANGES)[string]) =>
    log.append([{
      topic,
      partition: 0,
      records: rows.map((after) => ({
        key: JSON.stringify({ id: after.id }),
        value: JSON.stringify({ before: null, after, source: {}, op: "r" }),
      })),
    }]);
  try {
    for (const [topic, rows] of Object.entries(CHANGES)) {
      await log.createTopic({ name: topic, partitions: 1, cleanup: "compact", retentionMs: -1 });
      await append(topic, rows);
    }
    for (const { table } of sinksOf(compile(shop))) {
      await earlier.ensure(table);
      const rows = await Deno.readTextFile(
        new URL(`../fixtures/earlier_rows/${table.name}.rows.jsonl`, import.meta.url),
      );
      await command(`INSERT INTO earlier.${table.name}_rows FORMAT JSONEachRow ${rows}`);
    }
    const all = (warehouse: Warehouse, database: string) =>
      Promise.all(TABLES.map((table) => warehouse.query(`SELECT * FROM ${database}.${table} ORDER BY ALL`)));
    // The rows are of the inbox's first epoch, which this uses up.
    assertEquals((await run(log, scratch)).inserted, 43);
    const kept = [
      { sink: "items", kept: 40, written: 0, deleted: 0 },
      { sink: "by_city", kept: 3, written: 0, deleted: 0, shares: true },
    ];
    assertEquals(await run(log, earlier), { inserted: 0, sinks: kept });
    assertEquals(await run(log, earlier), { inserted: 0, sinks: kept });
    // One item changes, and its city's share.
    const change = () => append("shop.public.items", [{ ...CHANGES["shop.public.items"][4], price: "1.00" }]);
    assertEquals((await run(log, earlier, async () => void await change())).inserted, 2);
    const ofBytes = await earlier.query(
      `SELECT toString(_key) AS key FROM earlier.items_rows FINAL WHERE _digest >= ${2 ** 53}`,
    );
    assertEquals(ofBytes, [{ key: "5" }]);
    assertEquals(await run(log, earlier), { inserted: 0, sinks: kept });
    await run(log, scratch);
    assertEquals(await all(earlier, "earlier"), await all(scratch, "scratch"));
  } finally {
    await earlier.close();
    await scratch.close();
    await log.close();
  }
});
