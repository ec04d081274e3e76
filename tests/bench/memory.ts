/**
 * Memory per stored row: `deno run -A --v8-flags=--expose-gc tests/bench/memory.ts [orders]`. Prints one JSON line. A
 * process of its own, since only a heap that is collected at will can be measured.
 */
import { noSnapshots } from "../../src/ports/snapshots.ts";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { fillLog } from "../../src/demo/mod.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import { Runner } from "../../src/runtime/runner.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import sales from "../../topologies/sales.ts";
import { lettersTo } from "../letters_to.ts";

const orders = Number(Deno.args[0] ?? 100_000);
const collect = (globalThis as unknown as { gc: () => void }).gc;
const directory = await Deno.makeTempDir({ prefix: "weir-bench-" });
const log = openEmbeddedLog({ path: `${directory}/log.db` });
await fillLog({ log, seed: 7, orders, ordersMax: orders * 2, changes: 0, partitions: 6 });
const memory = createMemoryWarehouse();
const warehouse = { ...memory, insert: () => Promise.resolve() };
collect();
const before = Deno.memoryUsage();
const runner = new Runner(sales, {
  log,
  warehouse,
  clock: systemClock,
  random: { next: Math.random },
  metrics: { count() {}, gauge() {}, observe() {} },
  deadLetters: lettersTo(),
  snapshots: noSnapshots,
}, { options: { ...defaultRunOptions, repairAfterMs: 1e9 } });
await runner.start();
while (!runner.knownUnfinished().done) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
await new Promise((resolve) => setTimeout(resolve, 500));
collect();
const after = Deno.memoryUsage();
const stored = runner.status().storedRows;
const bytes = after.heapUsed + after.external - before.heapUsed - before.external;
console.log(
  JSON.stringify({ storedRows: stored, heapBytes: bytes, bytesPerRow: Math.round(bytes / stored), rss: after.rss }),
);
await runner.stop();
await log.close();
await Deno.remove(directory, { recursive: true });
