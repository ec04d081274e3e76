import { assert, assertEquals, assertRejects } from "@std/assert";
import { createTopologyTestDriver, type Explanation, type TopologyTestDriver } from "../../../src/testing/mod.ts";
import { byStatus, fill, items, oracleRow, orders, placed, revenue, shop, sold } from "./shop.ts";

async function withShop(use: (driver: TopologyTestDriver) => Promise<void>): Promise<void> {
  await using driver = createTopologyTestDriver(shop, { partitions: { orders: 3, items: 2, customers: 1 } });
  fill(driver);
  await driver.settle();
  await use(driver);
}

/** As it is told in a line, and whether the oracle shows the key. */
function judged(driver: TopologyTestDriver, { table, key, sentence, outcome, shown }: Explanation) {
  const text = Object.values(key).map((part) => JSON.stringify(part)).join(",");
  const row = oracleRow(driver, { sink: table, key: text });
  assertEquals(outcome === "shown", row !== undefined, sentence);
  assertEquals(shown !== null, row !== undefined, sentence);
  return sentence;
}

Deno.test("explain() tells of a shown row its source, its steps, what is shown and to what it adds", () =>
  withShop(async (driver) => {
    const explained = await driver.explain(sold, 10);
    assertEquals(judged(driver, explained), "sold 10 is shown");
    const { source, steps, shown, totals, task, notes } = explained;
    const { topic, partition, offset, timestampMs } = source!;
    assertEquals([topic, `items-${partition}`, timestampMs], ["shop.public.items", task, Math.trunc(driver.nowMs)]);
    assert(offset !== null && offset >= 0);
    assertEquals(source!.row, { id: 10, order_id: 1, price: driver.store(items).get(10)!.price });
    assertEquals(steps.map(({ operator, outcome, lookup }) => [operator, outcome, lookup?.key]), [
      ["items", "found", undefined],
      ["items.order", "matched", { id: 1 }],
      ["items.customer", "matched", { id: 7 }],
      ["items.mapValues", "mapped", undefined],
    ]);
    assertEquals(steps[1].lookup!.row, { id: 1, customer_id: 7, status: "paid" });
    assertEquals([shown!.task, shown!.digestsEqual, shown!.row], [task, true, driver.select(sold)[0]]);
    assertEquals(totals.map(({ table, group, adds }) => [table, group, String(adds.revenue), adds.items]), [
      ["revenue", { order_id: 1 }, "5.00", 1],
    ]);
    assertEquals(notes, []);
  }));

Deno.test("explain() names the operator at which a row stopped, and why there is no partner", () =>
  withShop(async (driver) => {
    const said = async (sink: typeof sold | typeof placed, key: number) =>
      judged(driver, await driver.explain(sink as typeof sold, key));
    assertEquals(await said(placed, 2), 'placed 2 is not shown: filter "orders.filter" leaves its row out');
    assertEquals(
      await said(sold, 20),
      'sold 20 is not shown: join "items.order" finds no partner: ' +
        'orders 2 is not there: filter "orders.filter" leaves its row out',
    );
    assertEquals(
      await said(sold, 21),
      'sold 21 is not shown: join "items.order" finds no partner: ' +
        'orders 99 is not there: "orders" has no row of this key',
    );
    assertEquals(await said(sold, 22), 'sold 22 is not shown: the key that join "items.order" looks up is null');
    assertEquals(await said(sold, 77), 'sold 77 is not shown: "items" has no row of this key');
    assertEquals(
      await said(sold, 30),
      'sold 30 is not shown: mapValues "items.mapValues" cannot work on its row: no price: -4.00',
    );
    const failed = await driver.explain(sold, 30);
    assertEquals(failed.deadLetters.map(({ operator, subject }) => [operator, subject]), [["items.mapValues", "30"]]);
    const left = await driver.explain(sold, 31);
    assertEquals([left.outcome, left.steps[2].outcome, left.steps[2].lookup!.why!.outcome], [
      ...["shown", "no partner", "unknown"],
    ]);
  }));

Deno.test("explain() tells which rows make up a total, page by page", () =>
  withShop(async (driver) => {
    const first = await driver.explain(revenue, 1, { limit: 2 });
    assertEquals(judged(driver, first), "revenue 1 is shown: the total of 3 rows");
    assertEquals([first.shown!.digestsEqual, first.shown!.row], [true, driver.select(revenue)[0]]);
    const { rows, total, next } = first.contributors!;
    const rest = (await driver.explain(revenue, 1, { limit: 2, after: next! })).contributors!;
    const all = [...rows, ...rest.rows].map(({ key, adds }) => [key.id, String(adds.revenue), adds.items]);
    assertEquals([all, total, rest.next], [[[10, "5.00", 1], [11, "7.50", 1], [12, "1.00", 1]], 3, null]);
    assertEquals(first.shares.reduce((sum, share) => sum + share.rows!, 0), 3);
    const none = await driver.explain(revenue, 2);
    assertEquals(judged(driver, none), 'revenue 2 is not shown: no row is in this group of "items"');
    assertEquals(none.contributors!.rows, []);
  }));

Deno.test("explain() tells of a key that several rows claim", () =>
  withShop(async (driver) => {
    const twice = await driver.explain(byStatus, "paid");
    assertEquals(
      judged(driver, twice),
      'by_status paid is not shown: 2 rows of "by-status" claim the key, so none of them has it',
    );
    assertEquals(twice.contributors!.rows.map(({ key }) => key.id), [1, 4]);
    const once = await driver.explain(byStatus, "new");
    assertEquals([once.outcome, once.contributors!.rows.map(({ key }) => key.id)], ["shown", [3]]);
  }));

Deno.test("explain() tells of a row of a table what becomes of it everywhere", () =>
  withShop(async (driver) => {
    const { outcome, outputs, sentence } = await driver.explain("orders", 2);
    assertEquals([outcome, sentence], ["present", "orders 2 is there"]);
    const left = 'is not shown: filter "orders.filter" leaves its row out';
    assertEquals(outputs.map(({ output, sentence }) => [output, sentence]), [
      ["placed", left],
      ["by-status", left],
      ["items.order", left],
    ]);
    const customer = await driver.explain("customers", 7);
    assertEquals([customer.kind, customer.outcome, customer.source!.row], [
      ...["global table", "present"],
      { id: 7, name: "Ada" },
    ]);
  }));

Deno.test("explain() tells of a change that cannot be read, and of one that came before", () =>
  withShop(async (driver) => {
    driver.raw(orders, { key: '{"id":5}', value: '{"op":"c","after":{"id":5,"customer_id":1}}' });
    driver.raw(orders, { key: '{"id":1}', value: '{"op":"u","after":{"id":1,"customer_id":1}}' });
    await driver.settle();
    const unread = await driver.explain(placed, 5);
    assertEquals([unread.outcome, unread.operator], ["dead letter", "shop.public.orders"]);
    const stale = await driver.explain(placed, 1);
    assertEquals([stale.outcome, stale.source!.stale, stale.notes.length], ["shown", true, 1]);
    assertEquals(stale.deadLetters.map(({ stage }) => stage), ["decode"]);
  }));

Deno.test("explain() tells what ClickHouse shows beside what the state says", () =>
  withShop(async (driver) => {
    await driver.tamper(placed, { where: { id: 1 }, change: { status: "forged" } });
    const changed = await driver.explain(placed, 1);
    const { digestsEqual, changedByHand, row } = changed.shown!;
    assertEquals([changed.outcome, digestsEqual, changedByHand, row.status], ["shown", false, true, "forged"]);
    assert(changed.notes[0].includes("changed by hand"));
    await driver.tamper(placed, { where: { id: 3 }, change: null });
    const removed = await driver.explain(placed, 3);
    assertEquals([removed.outcome, removed.shown], ["missing", null]);
  }));

Deno.test("explain() refuses what is no table and no key, and says what there is", () =>
  withShop(async (driver) => {
    for (
      const [table, key, said] of [
        ["plased", 1, 'Did you mean "placed"'],
        ["placed", "one", 'Cannot use "one" as "id", which is Int64'],
        ["placed", { ident: 1 }, "its columns are id"],
        ["placed", "[1,2]", "2 values"],
      ] as const
    ) await assertRejects(() => driver.explain(table, key), TypeError, said);
  }));
