import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { type Passed, Taps } from "../../../src/runtime/stores/taps.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { appendKeyed, openStepLog, StepRun } from "../step_run.ts";

const ITEMS = "shop.public.items";
const KINDS = "shop.public.kinds";

const items = debezium(ITEMS, { key: ["id"], row: z.object({ id: z.int(), kind: z.int(), price: z.int() }) });
const kinds = debezium(KINDS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });

/** Two joins in a row, of which the second may extend the row of the first, and a filter. */
const priced = topology("priced", (builder) => {
  builder.table(items)
    .join("kind", builder.globalTable(kinds), (item) => item.kind)
    .leftJoin("again", builder.globalTable(kinds), (item) => item.price)
    .filter((item) => item.price > 1)
    .mapValues((item) => ({ id: item.id, name: `${item.kind.name} ${item.price}` }))
    .to(clickhouse("priced", { key: ["id"], columns: { id: "Int64", name: "String" } }));
});

Deno.test("Taps give the row of each operator as it is there, and change nothing", async () => {
  const { clock, log } = await openStepLog({ [ITEMS]: 2, [KINDS]: 1 });
  const put = (topic: string, rows: readonly { readonly id: number }[]) =>
    appendKeyed(
      log,
      rows.map((after) => ({ key: `{"id":${after.id}}`, value: JSON.stringify({ op: "r", after }) })),
      { topic, partitions: topic === ITEMS ? 2 : 1 },
    );
  await put(KINDS, [{ id: 7, name: "seven" } as never]);
  await put(ITEMS, [{ id: 1, kind: 7, price: 5 } as never]);
  const warehouse = createMemoryWarehouse();
  const run = new StepRun(priced, { clock, ports: { log, warehouse } }).start();
  try {
    await run.settled();
    const taps = new Taps(run.runner.instance!);
    const given = new Map<string, unknown[]>();
    const nodes = priced.nodes.map(({ id }) => `op${id}`);
    const open = nodes.map((node) => {
      const rows: unknown[] = [];
      given.set(node, rows);
      const tap = { wanted: true, give: ({ key, row }: Passed) => rows.push([key, structuredClone(row)]) };
      return { tap, close: taps.open(node, tap)! };
    });
    assertEquals(taps.open("op99", open[0].tap), null);
    assertEquals(taps.open("x", open[0].tap), null);
    await put(ITEMS, [{ id: 1, kind: 7, price: 6 } as never, { id: 3, kind: 7, price: 8 } as never]);
    await run.settled();
    const one = (name: string) => given.get(`op${priced.nodes.findIndex((node) => node.name === name)}`)!;
    const item = [1, 3].find((id) => JSON.stringify(one("items")[0]).includes(`"id":${id}`))!;
    const row = { id: item, kind: 7, price: item === 1 ? 6 : 8 };
    const kind = { id: 7, name: "seven" };
    assertEquals(one("items"), [[item, row]], "one row, though there were two");
    assertEquals(one("items.kind"), [[item, { ...row, kind }]]);
    assertEquals(one("items.again"), [[item, { ...row, kind, again: null }]]);
    assertEquals(one("priced"), [[item, { id: item, name: `seven ${row.price}` }]], "of a sink: what comes to it");
    assertEquals(one("kinds"), [], "nothing of it has changed");
    await put(KINDS, [{ id: 7, name: "VII" } as never]);
    await run.settled();
    assertEquals(one("kinds"), [[7, { id: 7, name: "VII" }]]);
    for (const { close } of open) close();
    const tasks = [...run.runner.instance!.hosts.values()].map(({ task }) => task!);
    assertEquals(tasks.map(({ tapped }) => tapped), [null, null]);
    assertEquals(warehouse.select("priced").map(({ name }) => name).sort(), ["VII 6", "VII 8"]);
  } finally {
    await run.stop();
    await log.close();
  }
});
