import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, int8, sum, topology } from "../../../src/mod.ts";
import { saveTask } from "../../../src/runtime/task/task_snapshot.ts";
import { SnapshotWriter } from "../../../src/state/snapshot_file.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { appendKeyed, openStepLog, StepRun } from "../step_run.ts";

const FACTS = "shop.public.facts";
const facts = debezium(FACTS, { key: ["id"], row: z.object({ id: int8(), shop_id: int8(), amount: int8() }) });
const totals = clickhouse("totals", {
  key: ["shop_id"],
  columns: { shop_id: "Int64", facts: "UInt64", amount: "Int64" },
});
const shops = topology("shops", (builder) => {
  builder.table(facts)
    .groupBy((fact) => ({ shop_id: fact.shop_id }))
    .aggregate("totals", { facts: count(), amount: sum((fact: { readonly amount: number | bigint }) => fact.amount) })
    .to(totals);
});

/** A task with so many rows, each a group of its own, that is at rest. */
async function withGroups(groups: number, use: (run: StepRun) => Promise<void> | void): Promise<void> {
  const { clock, log } = await openStepLog({ [FACTS]: 1 });
  const records = Array.from({ length: groups }, (_, id) => ({
    key: `{"id":${id}}`,
    value: JSON.stringify({ op: "c", after: { id, shop_id: id, amount: 1 } }),
  }));
  await appendKeyed(log, records, { topic: FACTS, partitions: 1 });
  const run = new StepRun(shops, { clock, ports: { log, warehouse: createMemoryWarehouse() } }).start();
  try {
    await run.settled();
    await use(run);
  } finally {
    await run.stop();
    await log.close();
  }
}

Deno.test("saveTask() copies nothing of each group, and makes no text of it in its turn", async () => {
  const texts: number[] = [];
  const bytes: number[] = [];
  for (const groups of [10, 3_000]) {
    await withGroups(groups, ({ runner }) => {
      const [{ task }] = [...runner.instance!.hosts.values()];
      assertEquals(task!.groups[0].groups.keys.size, groups);
      const writer = new SnapshotWriter();
      let taken = 0;
      const original = writer.texts;
      writer.texts = function (values) {
        taken += values.length;
        original.call(this, values);
      };
      let copied = 0;
      const array = SnapshotWriter.prototype.array;
      SnapshotWriter.prototype.array = function (values) {
        copied += values.byteLength;
        array.call(this, values);
      };
      try {
        saveTask(task!, writer);
      } finally {
        SnapshotWriter.prototype.array = array;
      }
      texts.push(taken);
      bytes.push(copied);
      for (const _ of writer.end());
      assert(writer.bytes > groups * 8);
    });
  }
  assertEquals(texts[1], texts[0], "as many texts, however many groups there are");
  assertEquals(bytes[1], bytes[0], "as many bytes, however many groups there are");
});
