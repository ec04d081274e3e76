import { assert, assertEquals } from "@std/assert";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { startEmbeddedClickHouse } from "../../../src/adapters/embedded_clickhouse/clickhouse.ts";
import type { AppendRows, AppendTableSpec, Warehouse } from "../../../src/ports/warehouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { lineOf } from "../../line_bytes.ts";
import { appendOf, EVENTS, inputs } from "../../ports/warehouse_fixtures.ts";

const KILLS = 4;
const WRITERS = 4;
const BATCH = 20;
const PATIENCE_MS = 30_000;
/** An append goes into several partitions. */
const TABLE: AppendTableSpec = { ...EVENTS, partitionBy: "toDate(at)" };

/** Rows of one range, over three days. */
function batchOf(partition: number, from: number): AppendRows {
  const range = { ...inputs(from, from + BATCH), partition };
  const rows = Array.from({ length: BATCH }, (_, at) => ({
    line: lineOf(`["a",${(20_000 + at % 3) * 86_400_000_000},null`),
    offset: from + at,
    index: 0,
  }));
  return appendOf(range, { table: TABLE, rows });
}

/** Repeats the append until it is acknowledged; gives back how often it failed. */
async function appendAtLast(warehouse: Warehouse, rows: AppendRows): Promise<number> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (let failures = 0;; failures++) {
    try {
      await warehouse.append(failures === 0 ? rows : { ...rows, repeated: true });
      return failures;
    } catch (error) {
      assert(error instanceof ProductionError && error.retriable, String(error));
      assert(performance.now() < deadlineMs, `still failing: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

Deno.test("append() adds each row once while ClickHouse is killed again and again", async () => {
  const path = await Deno.makeTempDir({ prefix: "weir-append-kill-" });
  const server = await startEmbeddedClickHouse({ path });
  try {
    const warehouse = openClickHouse({ url: server.url, database: "shop" });
    await warehouse.ensureAppend(TABLE);
    let running = true;
    let failures = 0;
    const writers = Array.from({ length: WRITERS }, async (_, partition) => {
      let offset = 0;
      for (; running; offset += BATCH) failures += await appendAtLast(warehouse, batchOf(partition, offset));
      return offset;
    });
    for (let kill = 0; kill < KILLS; kill++) {
      await new Promise((resolve) => setTimeout(resolve, 300 + 137 * kill));
      const { pid } = server;
      Deno.kill(pid, "SIGKILL");
      for (const before = failures; failures === before || server.pid === pid;) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    running = false;
    for (const [partition, end] of (await Promise.all(writers)).entries()) {
      const places = await warehouse.appended(TABLE, { ...inputs(0, end), partition });
      assertEquals(places.map(({ offset }) => offset), Array.from({ length: end }, (_, offset) => offset));
    }
    assert(failures >= KILLS);
    await warehouse.close();
  } finally {
    await server.close();
    await Deno.remove(path, { recursive: true });
  }
});
