import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import {
  type DemoStore,
  garbledPrice,
  openDemoStore,
  quietSale,
  repriceProduct,
  repriceSale,
  saleOf,
} from "../../src/demo/mod.ts";
import { assertSameRows, fold, inDirectory, manualClock, type Read, readAll, SMALL, truthOf } from "./support.ts";

/** A store whose snapshot is sent, and what its topics hold. */
function withStore(
  test: (store: DemoStore, records: () => Promise<Read[]>) => Promise<void>,
  clock = manualClock(),
): Promise<void> {
  return inDirectory(async (directory) => {
    const log = openEmbeddedLog({ path: ":memory:" });
    const store = openDemoStore({ path: `${directory}/store.db`, log, clock, seed: 3, sizes: SMALL });
    await store.createTopics();
    await store.snapshot();
    await test(store, () => readAll(log));
    store.close();
    await log.close();
  });
}

Deno.test("repriceSale() changes the item and its order's total in one transaction, which topics tell", () =>
  withStore(async (store, records) => {
    const sale = store.look(quietSale)!;
    const orderOf = () => [...store.rows("orders")].find(({ id }) => id === sale.order_id)!;
    const before = orderOf();
    assertEquals(before.status, "delivered");
    const sent = (await records()).length;
    const price = (Number(sale.unit_price) + 1.5).toFixed(2);
    const changed = await store.change((tx) => repriceSale(tx, { itemId: sale.order_item_id, price }));
    assertEquals(changed, { ...sale, unit_price: price });
    assertEquals(store.look(({ tables }) => saleOf(tables, sale.order_item_id)), changed);
    const cents = (text: string) => Math.round(Number(text) * 100);
    assertEquals(cents(orderOf().total_amount) - cents(before.total_amount), 150 * sale.quantity);
    assertEquals((await records()).length, sent + 2);
    assertSameRows(fold(await records()), truthOf(store));
    await store.write(200);
    assertSameRows(fold(await records()), truthOf(store));
  }));

Deno.test("repriceSale() refuses what cannot be, and nothing has happened then", () =>
  withStore(async (store, records) => {
    const sale = store.look(quietSale)!;
    const sent = (await records()).length;
    const truth = truthOf(store);
    const cases = [
      [sale.order_item_id, sale.unit_price, "it was sold for"],
      [sale.order_item_id, "12,90", "an amount such as 12.90"],
      [sale.order_item_id, "0", "an amount"],
      [sale.order_item_id, "-1", "an amount"],
      [sale.order_item_id, "1e3", "an amount"],
      [sale.order_item_id, "1.234", "an amount"],
      [sale.order_item_id, "1000000.00", "at most 999999.99"],
      [987_654, "1.00", "no such item"],
    ] as const;
    for (const [itemId, price, says] of cases) {
      await assertRejects(() => store.change((tx) => repriceSale(tx, { itemId, price })), RangeError, says);
    }
    assertEquals(truthOf(store), truth);
    assertEquals((await records()).length, sent);
    assertEquals(store.look(({ tables }) => saleOf(tables, 987_654)), null);
    await store.write(50);
    assertSameRows(fold(await records()), truthOf(store));
  }));

Deno.test("repriceProduct() gives a product a price of which the record alone is unreadable", () =>
  withStore(async (store, records) => {
    const garbled = (await store.change(repriceProduct, { sentAs: garbledPrice }))!;
    const row = [...store.rows("products")].find(({ id }) => id === garbled.product_id)!;
    assertEquals([row.price, garbled.sent], [garbled.right, `${garbled.right.replace(".", ",")} EUR`]);
    assertNotEquals(garbled.before, garbled.right);
    const last = (await records()).findLast(({ table, key }) => table === "products" && key === garbled.key)!;
    const { before, after } = JSON.parse(last.value!);
    assertEquals([before.price, after.price], [garbled.before, garbled.sent]);
    assertEquals({ ...after, price: garbled.right }, row);
    // What is written later is whole again.
    await store.write(300);
    const folded = fold(await records());
    const wrong = [...folded.products.values()].filter((text) => text.includes("EUR"));
    assertEquals(wrong.length, 1, wrong.join());
  }));

Deno.test("the shop leaves products alone for ten minutes, once their records could not be read", () => {
  const clock = manualClock();
  return withStore(async (store, records) => {
    const send = async () => (await store.change(repriceProduct, { sentAs: garbledPrice }))!;
    const sent = [await send(), await send(), await send()];
    const told = async () => {
      const all = await records();
      return sent.map(({ key }) => all.filter((one) => one.table === "products" && one.key === key).length);
    };
    const before = await told();
    await store.write(6_000);
    const prices = new Map([...store.rows("products")].map(({ id, price }) => [id, price]));
    assertEquals([await told(), sent.map(({ product_id }) => prices.get(product_id))], [
      before,
      sent.map(({ right }) => right),
    ]);
    await clock.sleep(10 * 60_000);
    await store.write(9_000);
    const after = await told();
    assert(after.every((count, index) => count > before[index]), `${before} ${after}`);
    assertSameRows(fold(await records()), truthOf(store));
  }, clock);
});

Deno.test("repriceProduct() takes each product once in ten minutes, and then says that there is none", () => {
  const clock = manualClock();
  return withStore(async (store) => {
    const all = [...store.rows("products")].map(({ id }) => id);
    const taken = [];
    for (const _ of all) taken.push((await store.change(repriceProduct))!.product_id);
    assertEquals(taken.toSorted((a, b) => a - b), all);
    assertEquals(await store.change(repriceProduct), null);
    await clock.sleep(10 * 60_000 + 1_000);
    assertNotEquals(await store.change(repriceProduct), null);
  }, clock);
});

Deno.test("a store of an earlier version, which has spared no product, goes on", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/store.db`;
    const log = openEmbeddedLog({ path: ":memory:" });
    const open = () => openDemoStore({ path, log, clock: manualClock(), seed: 3, sizes: SMALL });
    const made = open();
    await made.createTopics();
    await made.snapshot();
    made.close();
    const file = new DatabaseSync(path);
    file.prepare("UPDATE state SET body = json_remove(body, '$.history.spared')").run();
    file.close();
    const store = open();
    await store.write(100);
    const [first, second] = [await store.change(repriceProduct), await store.change(repriceProduct)];
    assertNotEquals(first!.product_id, second!.product_id);
    assertSameRows(fold(await readAll(log)), truthOf(store));
    store.close();
    await log.close();
  }));

Deno.test("DemoStore.change() waits for nobody who writes", () =>
  withStore(async (store) => {
    const end = new AbortController();
    const running = store.run({ ratePerSecond: 100, signal: end.signal });
    await assertRejects(() => store.change(repriceProduct), TypeError, '"run"');
    end.abort();
    await running;
    assertThrows(() =>
      store.look(() => {
        throw new RangeError("as it is");
      }), RangeError);
    await store.change(repriceProduct);
  }));
