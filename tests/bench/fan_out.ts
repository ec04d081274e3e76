/**
 * One row that everybody uses is changed: processor time for each user, and the longest hold of the event loop, from
 * the record to the last row handed to the warehouse. Argument: users. The row is one of another task's table, then of
 * a global table. The log is embedded and in memory, and the warehouse takes rows without keeping them: what is
 * measured is Weir. Prints one JSON line.
 */
import { setTimeout as quiet } from "node:timers/promises";
import { z } from "zod";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { clickhouse, debezium, int8, topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { benchRunner } from "./bench_runner.ts";
import { createDigestWarehouse } from "./digest_warehouse.ts";
import { watchHolds } from "./hold_watch.ts";
import { cpuSecondsOf } from "./usage.ts";

const PARTITIONS = 6;
const BATCH = 1_000;
/** The one product of all items. */
const PRODUCT = 1;

const items = debezium("bench.public.items", {
  key: ["id"],
  row: z.object({ id: int8(), product_id: int8(), quantity: int8() }),
});
const products = debezium("bench.public.products", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const sink = clickhouse("items", {
  key: ["id"],
  columns: { id: "Int64", quantity: "Int64", product_id: "Int64", product: "String" },
});

/** Items with the names of their products. */
function itemsWith(how: "table" | "globalTable") {
  return topology(`fan_out_${how.toLowerCase()}`, (builder) => {
    builder.table(items.pick("product_id", "quantity"))
      .leftJoin("product", builder[how](products.pick("name")), (item) => item.product_id)
      .mapValues(({ id, quantity, product_id, product }) => ({
        id,
        quantity,
        product_id,
        product: product?.name ?? "",
      }))
      .to(sink);
  });
}

async function measure(how: "table" | "globalTable", users: number): Promise<Record<string, string>> {
  const log = openEmbeddedLog({ path: ":memory:" });
  await fill(log, { users, partitions: how === "table" ? PARTITIONS : 1 });
  let rows = 0;
  const warehouse = {
    ...createDigestWarehouse(systemClock),
    async insert({ upserts }: { readonly upserts: readonly unknown[] }) {
      rows += upserts.length;
      await systemClock.breathe();
    },
  };
  const runner = benchRunner(itemsWith(how), { log, warehouse }, { options: { repairAfterMs: 1e9 } });
  const watch = watchHolds("load");
  await runner.start();
  await until(() => rows >= users);
  // The rows that were read are of no more use; their collection is no part of what follows.
  await quiet(2_000);
  rows = 0;
  watch.phase("change");
  const before = { cpu: cpuSecondsOf(Deno.pid), ms: performance.now() };
  await rename(log, { name: "renamed", partitions: how === "table" ? PARTITIONS : 1 });
  await until(() => rows >= users);
  const cpuSeconds = cpuSecondsOf(Deno.pid) - before.cpu;
  const seconds = (performance.now() - before.ms) / 1_000;
  watch.phase("stop");
  await runner.stop();
  const change = watch.stop().find(({ name }) => name === "change")!;
  await log.close();
  const name = how === "table" ? "a row of another task" : "a global row";
  return {
    [`${name}: users`]: String(users),
    [`${name}: us of processor time a user`]: (cpuSeconds / users * 1e6).toFixed(2),
    [`${name}: s until all are written`]: seconds.toFixed(2),
    [`${name}: longest hold`]: `${change.cpuMs.toFixed(0)} ms of processor time (${
      change.wallMs.toFixed(0)
    } by the clock)`,
  };
}

async function fill(log: Log, { users, partitions }: { readonly users: number; readonly partitions: number }) {
  const kept = { cleanup: "compact", retentionMs: -1 } as const;
  await log.createTopic({ name: items.spec.topic, partitions: PARTITIONS, ...kept });
  await log.createTopic({ name: products.spec.topic, partitions, ...kept });
  await rename(log, { name: "first", partitions });
  const open = Array.from({ length: PARTITIONS }, (): { key: string; value: string }[] => []);
  for (let id = 1; id <= users; id++) {
    const key = `{"id":${id}}`;
    const partition = partitionOf(key, PARTITIONS);
    open[partition].push({ key, value: created({ id, product_id: PRODUCT, quantity: id % 5 + 1 }) });
    if (open[partition].length < BATCH) continue;
    await log.append([{ topic: items.spec.topic, partition, records: open[partition].splice(0) }]);
  }
  await log.append(open.map((records, partition) => ({ topic: items.spec.topic, partition, records })));
}

async function rename(log: Log, { name, partitions }: { readonly name: string; readonly partitions: number }) {
  const key = `{"id":${PRODUCT}}`;
  const partition = partitionOf(key, partitions);
  const records = [{ key, value: created({ id: PRODUCT, name }) }];
  await log.append([{ topic: products.spec.topic, partition, records }]);
}

function created(row: object): string {
  return `{"before":null,"after":${JSON.stringify(row)},"op":"c","ts_ms":1767225600000}`;
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await quiet(5);
}

const [users] = Deno.args.map(Number);
console.log(JSON.stringify({ ...await measure("table", users), ...await measure("globalTable", users) }));
Deno.exit(0);
