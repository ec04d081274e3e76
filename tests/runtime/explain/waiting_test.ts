import { assert, assertEquals } from "@std/assert";
import type { Fetched, Log } from "../../../src/ports/log.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { readerWith } from "../../reader_with.ts";
import { openStepLog, StepRun } from "../step_run.ts";
import { gated } from "../things.ts";
import { explained } from "./explained.ts";
import { shop } from "./shop.ts";

const TOPICS = { "shop.public.orders": 1, "shop.public.items": 1, "shop.public.customers": 1 };

/** The log, of whose topic nothing arrives before {@link open}. */
function holding(log: Log, topic: string): { readonly log: Log; open(): void } {
  let open = false;
  const own: Log = {
    ...log,
    reader() {
      const reader = log.reader();
      const held: Fetched[] = [];
      return readerWith(reader, {
        async poll(waitMs) {
          if (open && held.length > 0) return held.splice(0);
          const parts = await reader.poll(waitMs);
          if (!open) held.push(...parts.filter((part) => part.topic === topic));
          return open ? parts : parts.filter((part) => part.topic !== topic);
        },
      });
    },
  };
  return { log: own, open: () => void (open = true) };
}

/** Rows of id 1 and 10. */
const ROWS = {
  orders: { id: 1, customer_id: null, status: "paid" },
  items: { id: 10, order_id: 1, price: "5.00" },
};

async function put(log: Log, table: keyof typeof ROWS): Promise<void> {
  const after = ROWS[table];
  const records = [{ key: `{"id":${after.id}}`, value: JSON.stringify({ op: "c", after }) }];
  await log.append([{ topic: `shop.public.${table}`, partition: 0, records }]);
}

Deno.test("explain() tells that a row waits for a partner, and what it is once that is known", async () => {
  const { clock, log } = await openStepLog(TOPICS);
  await put(log, "orders");
  await put(log, "items");
  const held = holding(log, "shop.public.orders");
  const run = new StepRun(shop, { clock, ports: { log: held.log } }).start();
  for (let step = 0; step < 100 && run.runner.status().tasks.length === 0; step++) await clock.pass(100);
  await clock.pass(5_000);
  const waiting = await explained(run, { table: "sold", key: "10" });
  assertEquals(
    [waiting.outcome, waiting.operator, waiting.steps.at(-1)!.outcome, waiting.shown],
    ["waiting", "items.order", "waiting", null],
    waiting.sentence,
  );
  assertEquals(waiting.steps.at(-1)!.lookup!.why!.outcome, "undecided");
  const restoring = await explained(run, { table: "placed", key: "1" });
  assertEquals([restoring.outcome, restoring.operator], ["undecided", null], restoring.sentence);
  held.open();
  await run.settled();
  assertEquals((await explained(run, { table: "sold", key: "10" })).outcome, "shown");
  await run.stop();
  await log.close();
});

Deno.test("explain() tells that a row is computed and not in ClickHouse yet", async () => {
  const { clock, log } = await openStepLog(TOPICS);
  const gate = gated(createMemoryWarehouse());
  const run = new StepRun(shop, { clock, ports: { log, warehouse: gate.warehouse } }).start();
  await run.settled();
  gate.shut();
  await put(log, "orders");
  await clock.pass(5_000);
  const waiting = await explained(run, { table: "placed", key: "1" });
  assertEquals([waiting.outcome, waiting.shown], ["waiting", null], waiting.sentence);
  assert(waiting.sentence.includes("ClickHouse has not acknowledged"), waiting.sentence);
  gate.open();
  await run.settled();
  assertEquals((await explained(run, { table: "placed", key: "1" })).outcome, "shown");
  await run.stop();
  await log.close();
});

Deno.test("explain() tells that ClickHouse still shows what is gone", async () => {
  const { clock, log } = await openStepLog(TOPICS);
  const gate = gated(createMemoryWarehouse());
  await put(log, "orders");
  await put(log, "items");
  const run = new StepRun(shop, { clock, ports: { log, warehouse: gate.warehouse } }).start();
  await run.settled();
  gate.shut();
  await log.append([{ topic: "shop.public.items", partition: 0, records: [{ key: '{"id":10}', value: null }] }]);
  await clock.pass(5_000);
  const total = await explained(run, { table: "revenue", key: "1" });
  assertEquals([total.outcome, total.shown!.digestsEqual, total.contributors!.total], ["unknown", false, 0]);
  assertEquals(total.sentence, 'revenue 1 is still shown, and goes: no row is in this group of "items"');
  const row = await explained(run, { table: "sold", key: "10" });
  assertEquals([row.outcome, row.shown!.digestsEqual], ["unknown", false]);
  assertEquals(row.sentence, 'sold 10 is still shown, and goes: "items" has no row of this key');
  gate.open();
  await run.settled();
  for (const [table, key] of [["revenue", "1"], ["sold", "10"]] as const) {
    const gone = await explained(run, { table, key });
    assertEquals([gone.outcome, gone.shown, gone.sentence.includes("is not shown")], ["unknown", null, true]);
  }
  await run.stop();
  await log.close();
});

Deno.test("explain() does not say that a row goes which somebody added without Weir's columns", async () => {
  const { clock, log } = await openStepLog(TOPICS);
  const memory = createMemoryWarehouse();
  const added = { rows: [{ task: "", digest: 0, epoch: 0, seq: 0 }], shown: { id: 99, status: "added" } };
  const warehouse = { ...memory, kept: () => Promise.resolve(added) };
  const run = new StepRun(shop, { clock, ports: { log, warehouse } }).start();
  await run.settled();
  const { outcome, sentence, notes } = await explained(run, { table: "placed", key: "99" });
  assertEquals([outcome, sentence.includes("is shown, and not Weir's: ")], ["unknown", true], sentence);
  assert(notes.some((note) => note.endsWith("DELETE FROM <table>_rows WHERE _task = ''")), notes.join());
  await run.stop();
  await log.close();
});
