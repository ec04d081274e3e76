import { assertEquals, assertNotEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, countDistinct, debezium, int8, max, sum, topology } from "../../../src/mod.ts";
import { saveTask } from "../../../src/runtime/task/task_snapshot.ts";
import type { Task } from "../../../src/runtime/task/task.ts";
import { SnapshotWriter } from "../../../src/state/snapshot_file.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { appendKeyed, openStepLog, StepRun } from "../step_run.ts";

const FACTS = "shop.public.facts";
const SHOPS = "shop.public.shops";
const fact = z.object({ id: int8(), shop_id: int8(), amount: int8(), tags: z.string() });
const facts = debezium(FACTS, { key: ["id"], row: fact });
const shops = debezium(SHOPS, { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const totals = { facts: "UInt64", amount: "Int64", most: "Nullable(Int64)", tags: "UInt64" } as const;

/** Rows, right rows, groups with every kind of total, shares of merge tasks, and parts of rows. */
const everything = topology("everything", (builder) => {
  const sold = builder.table(facts).join("shop", builder.table(shops), (row) => row.shop_id);
  sold.mapValues((row) => ({ id: row.id, name: row.shop.name, tags: row.tags }))
    .to(clickhouse("sold", { key: ["id"], columns: { id: "Int64", name: "String", tags: "String" } }));
  const groups = sold.groupBy((row) => ({ shop_id: row.shop_id }));
  const columns = {
    facts: count(),
    amount: sum((row: { readonly amount: number | bigint }) => row.amount),
    most: max((row: { readonly amount: number | bigint }) => row.amount),
    tags: countDistinct((row: { readonly tags: string }) => row.tags),
  };
  groups.aggregate("shares", columns)
    .to(clickhouse("shares", { key: ["shop_id"], columns: { shop_id: "Int64", ...totals } }));
  groups.aggregate("merged", columns).filter(() => true)
    .to(clickhouse("merged", { key: ["shop_id"], columns: { shop_id: "Int64", ...totals } }));
  const tags = builder.table(facts).flatMapValues(
    "tags",
    { key: "tag" },
    (row) => row.tags.split(" ").map((tag) => ({ tag, amount: row.amount })),
  );
  tags.to(clickhouse("parts", { key: ["id", "tag"], columns: { id: "Int64", tag: "String", amount: "Int64" } }));
});

function randomFacts(choices: Choices, records: number) {
  return Array.from({ length: records }, () => {
    const id = choices.int(40);
    const key = `{"id":${id}}`;
    if (choices.chance(0.2)) return { key, value: JSON.stringify({ op: "d", before: { id } }) };
    const tags = [...new Set(Array.from({ length: 1 + choices.int(3) }, () => `t${choices.int(5)}`))].join(" ");
    const after = { id, shop_id: choices.int(5), amount: choices.int(100), tags };
    return { key, value: JSON.stringify({ op: "u", after }) };
  });
}

function saved(task: Task): SnapshotWriter {
  const writer = new SnapshotWriter();
  saveTask(task, writer);
  return writer;
}

/** The bytes of what is taken now; `between` is awaited between any two parts of it. */
async function written(writer: SnapshotWriter, between?: () => Promise<void>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const part of writer.end()) {
    await between?.();
    parts.push(part.slice());
  }
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("a snapshot of a task is of the moment in which it was taken, whatever the task does meanwhile", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const choices = choicesOf(seed);
    const { clock, log } = await openStepLog({ [FACTS]: 1, [SHOPS]: 1 });
    const append = (topic: string, records: Parameters<typeof appendKeyed>[1]) =>
      appendKeyed(log, records, { topic, partitions: 1 });
    const shop = (id: number, name: string) => ({
      key: `{"id":${id}}`,
      value: JSON.stringify({ op: "u", after: { id, name } }),
    });
    await append(SHOPS, Array.from({ length: 5 }, (_, id) => shop(id, `shop ${id}`)));
    await append(FACTS, randomFacts(choices, 100));
    const run = new StepRun(everything, { clock, ports: { log, warehouse: createMemoryWarehouse() } }).start();
    await run.settled();
    const tasks = Array.from(run.runner.instance!.hosts.values(), ({ task }) => task!);
    for (const task of tasks) {
      const expected = await written(saved(task));
      const snapshot = saved(task);
      const bytes = await written(snapshot, async () => {
        if (!choices.chance(0.03)) return;
        await append(FACTS, randomFacts(choices, 10));
        await append(SHOPS, [shop(choices.int(5), `shop ${choices.int(100)}`)]);
        await run.settled();
      });
      assertEquals(bytes, expected, `seed ${seed}, ${task.id}`);
      if (task.table.name.includes("facts")) assertNotEquals(await written(saved(task)), expected, "nothing changed");
    }
    await run.stop();
    await log.close();
  }
});
