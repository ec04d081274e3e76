import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, int8, max, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";

const orders = debezium("shop.public.orders", {
  key: ["id"],
  row: z.object({ id: int8(), shop: z.string().nullable(), size: z.int() }),
});
const shops = debezium("shop.public.shops", {
  key: ["name"],
  row: z.object({ name: z.string(), opened: z.string(), size: z.int(), text: z.string() }),
});

const shown = clickhouse("orders", { key: ["id"], columns: { id: "Int64", found: "Nullable(String)" } });
const totals = clickhouse("totals", { key: ["size"], columns: { size: "Int64", orders: "Int64", last: "String" } });

/** Orders with their shop's row; the shop is another task's. */
const joined = (opened: "kept" | "left out") =>
  topology("joined", (builder) => {
    const right = opened === "kept"
      ? builder.table(shops).mapValues((row) => ({ ...row, opened: new Date(row.opened) }))
      : builder.table(shops.pick("size", "text")).mapValues((row) => ({ ...row, share: 1 / row.size - 1 / row.size }));
    builder.table(orders).leftJoin("shop", right as never, (order) => order.shop as never)
      .mapValues(({ id, shop }) => ({ id, found: shop === null ? null : Object.keys(shop).join() }))
      .to(shown as never);
  });

/** What is left for what is around a value. */
const ENVELOPE = 4_096;

/** A shop whose row as the database writes it. */
function shopRecord(name: string, row: { size?: number; text?: string } = {}) {
  const after = { name, opened: "2026-01-01T00:00:00Z", size: 1, text: "", ...row };
  return {
    key: JSON.stringify({ name }),
    value: JSON.stringify({ before: null, after, source: { table: "shops" }, op: "u", ts_ms: 1 }),
  };
}

const found = (driver: TopologyTestDriver) => driver.select(shown).map((row) => `${row.id} ${row.found}`);
const letters = (driver: TopologyTestDriver) =>
  driver.deadLetters().map(({ stage, reason, operator, key }) => [stage, reason, operator, key]);

for (const partitions of [1, 3]) {
  Deno.test(`a Date in a right row is refused, naming its column, ${partitions} partitions`, async () => {
    await using driver = createTopologyTestDriver(joined("kept"), { partitions });
    for (const name of ["a", "b"]) driver.raw(shops, shopRecord(name));
    for (const [id, shop] of [[1, "a"], [2, "b"], [3, null]] as const) driver.insert(orders, { id, shop, size: 1 });
    await driver.settle();
    assertEquals(found(driver), ["1 null", "2 null", "3 null"]);
    assertEquals(letters(driver).map(([, reason]) => reason), ["not_sendable", "not_sendable"]);
    const [{ error }] = driver.deadLetters();
    assertStringIncludes(error, 'column "opened": Cannot encode an instance of Date for another task');
  });

  Deno.test(`a right row that becomes NaN is absent until it is a number again, ${partitions} partitions`, async () => {
    await using driver = createTopologyTestDriver(joined("left out"), { partitions });
    for (const name of ["a", "b"]) driver.raw(shops, shopRecord(name));
    for (const [id, shop] of [[1, "a"], [2, "b"], [3, "c"]] as const) driver.insert(orders, { id, shop, size: 1 });
    await driver.settle();
    const whole = "name,size,text,share";
    assertEquals(found(driver), [`1 ${whole}`, `2 ${whole}`, "3 null"]);
    driver.raw(shops, shopRecord("b", { size: 0 }));
    await driver.settle();
    assertEquals(found(driver), [`1 ${whole}`, "2 null", "3 null"]);
    // Who asks later is told the same, and it is written once.
    driver.insert(orders, { id: 4, shop: "b", size: 1 });
    driver.raw(shops, shopRecord("b", { size: 0, text: "again" }));
    await driver.settle();
    assertEquals(found(driver), [`1 ${whole}`, "2 null", "3 null", "4 null"]);
    assertEquals(letters(driver).map(([stage, reason, , key]) => [stage, reason, key]), [
      ["callback", "not_sendable", '{"name":"b"}'],
    ]);
    assertStringIncludes(driver.deadLetters()[0].error, 'column "share": Cannot encode NaN for another task');
    await driver.restart();
    assertEquals(found(driver), [`1 ${whole}`, "2 null", "3 null", "4 null"]);
    driver.raw(shops, shopRecord("b", { size: 2 }));
    await driver.settle();
    assertEquals(found(driver), [`1 ${whole}`, `2 ${whole}`, "3 null", `4 ${whole}`]);
  });

  Deno.test(`a right row above the limit of a message is absent, ${partitions} partitions`, async () => {
    const options = { messageBytesMax: ENVELOPE + 3_000 };
    await using driver = createTopologyTestDriver(joined("left out"), { partitions, options });
    driver.raw(shops, shopRecord("a", { text: "x".repeat(2_850) }));
    driver.raw(shops, shopRecord("b", { text: "é".repeat(1_500) }));
    for (const [id, shop] of [[1, "a"], [2, "b"]] as const) driver.insert(orders, { id, shop, size: 1 });
    await driver.settle();
    assertEquals(found(driver), ["1 name,size,text,share", "2 null"]);
    assertEquals(letters(driver).map(([, reason, , key]) => [reason, key]), [["too_large", '{"name":"b"}']]);
    const [{ error }] = driver.deadLetters();
    assertStringIncludes(error, 'column "text": Cannot send it to another task as at most 2936 bytes');
    assertStringIncludes(error, "WEIR_MESSAGE_BYTES_MAX");
    driver.raw(shops, shopRecord("b", { text: "short" }));
    driver.raw(shops, shopRecord("a", { text: "x".repeat(3_000) }));
    await driver.settle();
    assertEquals(found(driver), ["1 null", "2 name,size,text,share"]);
    await driver.restart({ options: { messageBytesMax: ENVELOPE + 4_000 } });
    assertEquals(found(driver), ["1 name,size,text,share", "2 name,size,text,share"]);
  });

  Deno.test(`a foreign key above the limit of a message finds nothing, ${partitions} partitions`, async () => {
    const options = { messageBytesMax: ENVELOPE + 1_000 };
    await using driver = createTopologyTestDriver(joined("left out"), { partitions, options });
    driver.raw(shops, shopRecord("a"));
    const long = "k".repeat(1_001);
    driver.insert(orders, { id: 1, shop: "a", size: 1 });
    driver.insert(orders, { id: 2, shop: long, size: 1 });
    await driver.settle();
    assertEquals(found(driver), ["1 name,size,text,share", "2 null"]);
    assertEquals(letters(driver).map(([, reason]) => reason), ["too_large"]);
    assertStringIncludes(driver.deadLetters()[0].error, "WEIR_MESSAGE_BYTES_MAX");
  });

  Deno.test(`rows that cannot be told to the task of totals are in no group, ${partitions} partitions`, async () => {
    const grouped = topology("grouped", (builder) =>
      builder.table(orders)
        .groupBy((row) => ({ size: row.size === 2 ? new Date(0) as never : row.size }))
        .aggregate("by_size", { orders: count(), last: max((row) => row.shop) })
        .filter(() => true).to(totals as never));
    const options = { messageBytesMax: ENVELOPE + 3_000 };
    await using driver = createTopologyTestDriver(grouped, { partitions, options });
    const sizes = [[1, "a", 1], [2, "z", 2], [3, "b", 1], [4, "z".repeat(1_001), 1], [5, "y", 3]] as const;
    for (const [id, shop, size] of sizes) driver.insert(orders, { id, shop, size });
    await driver.settle();
    const shownTotals = () => driver.select(totals).map(({ size, orders, last }) => [size, orders, last]);
    assertEquals(shownTotals(), [[1, 2, "b"], [3, 1, "y"]]);
    assertEquals(driver.deadLetters().map(({ key }) => key).sort(), ['{"id":2}', '{"id":4}']);
    driver.update(orders, { id: 4, shop: "c" });
    driver.update(orders, { id: 3, shop: "z".repeat(1_001) });
    await driver.settle();
    assertEquals(shownTotals(), [[1, 2, "c"], [3, 1, "y"]]);
  });
}
