import { assert, assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { readEvents } from "../../src/cli/verify/event_records.ts";
import { fillLog, openDemoStore, topicOf } from "../../src/demo/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { clickstream, payments } from "../../topologies/online_store/events.ts";
import { inDirectory, manualClock, MEDIUM, SMALL, START_MS } from "./support.ts";

type Row = Readonly<Record<string, unknown>>;
type Found = ReadonlyMap<string, readonly Row[]>;

/** All events, as the topologies read them, by their keys. */
async function eventsOf(log: Log): Promise<{ readonly clicks: Found; readonly paid: Found; readonly times: number[] }> {
  const [clicks, paid] = [
    await readEvents(log, { spec: clickstream.spec, topology: "visits" }),
    await readEvents(log, { spec: payments.spec, topology: "visits" }),
  ];
  assertEquals([clicks.refused, paid.refused], [0, 0]);
  const byKey = (events: typeof clicks.events) =>
    Map.groupBy(events.map(({ key, value }) => ({ key, ...value as Row })), ({ key }) => String(key));
  const times = [...clicks.events, ...paid.events].map(({ metadata }) => metadata.timestampUs);
  return { clicks: byKey(clicks.events), paid: byKey(paid.events), times };
}

Deno.test("fillLog() tells visits of the last day, whose orders and goods are the store's", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const store = await fillLog({ log, seed: 3, ...MEDIUM, changes: 0, startMs: START_MS, events: true });
  const orders = new Map([...store.rows("orders")].map((row) => [row.id, row]));
  const products = new Set([...store.rows("products")].map(({ id }) => id));
  const { clicks, paid, times } = await eventsOf(log);
  const all = [...clicks.values()].flat();
  const ordered = all.filter(({ type }) => type === "order");
  assertEquals(ordered.length, 108);
  const kinds = Map.groupBy(ordered, ({ order_id, order_total, user_id, country }) => {
    const order = orders.get(Number(order_id))!;
    assertEquals([order.user_id, order.total_amount], [user_id, String(order_total)]);
    const payments = (paid.get(String(order_id)) ?? []).filter(({ status }) => status === "authorized");
    if (payments.length === 0) return "unpaid";
    assertEquals(payments.length, 1);
    if (payments[0].card_country !== country) return "from abroad";
    return String(payments[0].amount) === order.total_amount ? "good" : "other amount";
  });
  // What is wrong with payments is seldom, and each of it happens.
  assertEquals([...kinds.keys()].sort(), ["from abroad", "good", "other amount", "unpaid"]);
  assert(kinds.get("good")!.length > 70);
  assert(all.every(({ product_id }) => product_id === null || products.has(Number(product_id))));
  assertEquals([...new Set(all.map(({ type }) => type))].sort(), [
    "add_to_cart",
    "checkout",
    "order",
    "remove_from_cart",
    "view",
  ]);
  // Nothing is told before it has happened.
  assert(Math.max(...times) <= START_MS * 1_000 && Math.min(...times) > (START_MS - 26 * 3_600_000) * 1_000);
  await log.close();
});

Deno.test("fillLog() puts the events of each visit in the order of their times, cart before order", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  await fillLog({ log, seed: 3, ...MEDIUM, users: 3_000, changes: 4_000, startMs: START_MS, events: true });
  const { clicks, paid } = await eventsOf(log);
  const before = (START_MS - 1) * 1_000;
  let live = 0;
  for (const visits of clicks.values()) {
    for (const [index, { type, at, order_id }] of visits.entries()) {
      if (type !== "order") continue;
      if (Number(at) >= before) live++;
      const session = visits.slice(0, index).filter((other) => Number(at) - Number(other.at) < 1_800_000_000);
      assert(session.some((other) => other.type === "add_to_cart"), `order ${order_id}`);
      assertEquals(visits[index - 1]?.type, "checkout", `order ${order_id}`);
      const attempts = paid.get(String(order_id)) ?? [];
      assert(attempts.every((payment) => Number(payment.at) < Number(at)));
    }
  }
  assert(live > 0, "no visit with a transaction");
  await log.close();
});

Deno.test("DemoStore.snapshot() tells past visits once, whatever interrupts it, and the same as fillLog()", () =>
  inDirectory(async (directory) => {
    const log = openEmbeddedLog({ path: ":memory:" });
    const clock = { ...manualClock(), nowMs: () => START_MS };
    const open = (used: Log) =>
      openDemoStore({ path: `${directory}/store.db`, log: used, clock, seed: 4, sizes: SMALL });
    const isEvent = (topic: string) => topic === topicOf("clickstream") || topic === topicOf("payments");
    const refusing: Log = {
      ...log,
      append: (batches) =>
        batches.some(({ topic }) => isEvent(topic))
          ? Promise.reject(new ProductionError("refused", { retriable: false }))
          : log.append(batches),
    };
    const broken = open(refusing);
    await broken.createTopics();
    await broken.snapshot().catch(() => {});
    broken.close();
    for (let start = 0; start < 3; start++) {
      const store = open(log);
      await store.snapshot();
      store.close();
    }
    const filled = openEmbeddedLog({ path: ":memory:" });
    await fillLog({ log: filled, seed: 4, ...SMALL, changes: 0, startMs: START_MS, events: true });
    const expected = await eventsOf(filled);
    assert(expected.times.length > 0);
    assertEquals(await eventsOf(log), expected);
    await log.close();
    await filled.close();
  }));
