import { assertEquals, assertRejects } from "@std/assert";
import { clickhouse, count, startOfHour, sum, topology } from "../../src/mod.ts";
import { RestoreError } from "../../src/record/errors.ts";
import { orderItems, orders, products, sellers, users } from "../../topologies/online_store/sources.ts";
import { sales, sellerRevenueByHour } from "../../topologies/online_store/tables.ts";
import { column, openStore } from "./sales_store.ts";
import { item, order } from "./store.ts";

Deno.test("sales writes nothing when it is started again", async () => {
  await using driver = openStore();
  await driver.settle();
  const { writes } = driver;
  const report = await driver.restart();
  assertEquals(report, [
    { sink: "sales", kept: 2, written: 0, deleted: 0 },
    { sink: "seller_revenue_by_hour", kept: 2, written: 0, deleted: 0, shares: true },
  ]);
  assertEquals(driver.writes, writes);
});

Deno.test("sales catches up at a start with what happened while it was stopped", async () => {
  await using driver = openStore();
  await driver.settle();
  driver.update(sellers, { id: 2, name: "Berta" });
  driver.delete(orderItems, 1);
  driver.insert(orderItems, item({ id: 3 }));
  const report = await driver.restart();
  assertEquals(column(driver.select(sales), "order_item_id", "seller"), [[2, "Berta"], [3, "Anna"]]);
  assertEquals(report.find(({ sink }) => sink === "sales"), {
    sink: "sales",
    kept: 0,
    written: 2,
    deleted: 1,
    rewritten: 1,
  });
});

/** The sales topology with another rule for which orders count and another column in the fact table. */
function changedTopology(rule: { counts: (status: string) => boolean; table: typeof sales | typeof wider }) {
  return topology("sales", (builder) => {
    const catalogue = builder.globalTable(products).join(
      "seller",
      builder.globalTable(sellers),
      (row) => row.seller_id,
    );
    const facts = builder.table(orderItems)
      .join("order", builder.table(orders).filter((row) => rule.counts(row.status)), (row) => row.order_id)
      .join("product", catalogue, (row) => row.product_id)
      .leftJoin("user", builder.globalTable(users), (row) => row.order.user_id)
      .mapValues((row) => ({
        order_item_id: row.id,
        order_id: row.order_id,
        placed_at: row.order.placed_at,
        status: row.order.status,
        product_id: row.product_id,
        product: row.product.name,
        category: (JSON.parse(row.product.attributes) as { category: string }).category,
        seller_id: row.product.seller.id,
        seller: row.product.seller.name,
        buyer_country: row.user === null ? null : (JSON.parse(row.user.preferences) as { country: string }).country,
        quantity: row.quantity,
        unit_price: row.unit_price,
        amount: row.unit_price.times(row.quantity),
        sku: row.product.sku,
      }));
    facts.to(rule.table as typeof sales);
    facts.groupBy((row) => ({ seller_id: row.seller_id, hour: startOfHour(row.placed_at) }))
      .aggregate("seller-revenue-by-hour", {
        revenue: sum((row) => row.amount),
        units: sum((row) => row.quantity),
        items: count(),
      })
      .to(sellerRevenueByHour);
  });
}

const wider = clickhouse("sales", {
  key: ["order_item_id"],
  columns: {
    order_item_id: "Int64",
    order_id: "Int64",
    placed_at: "DateTime64(6)",
    status: "LowCardinality(String)",
    product_id: "Int64",
    product: "String",
    category: "LowCardinality(String)",
    seller_id: "Int64",
    seller: "String",
    buyer_country: "LowCardinality(Nullable(String))",
    quantity: "Int32",
    unit_price: "Decimal(12, 2)",
    amount: "Decimal(18, 2)",
    sku: "String",
  },
});

Deno.test("sales writes nothing when its file is rewritten to the same result", async () => {
  await using driver = openStore();
  await driver.settle();
  const { writes } = driver;
  await driver.restart({ topology: changedTopology({ counts: (status) => status !== "cancelled", table: sales }) });
  assertEquals(driver.writes, writes);
});

Deno.test("sales with another filter writes and deletes only what differs", async () => {
  await using driver = openStore();
  driver.insert(orders, order({ id: 2, status: "cancelled" }));
  driver.insert(orders, order({ id: 3, status: "refunded" }));
  driver.insert(orderItems, item({ id: 3, order_id: 2 }));
  driver.insert(orderItems, item({ id: 4, order_id: 3 }));
  await driver.settle();
  assertEquals(column(driver.select(sales), "order_item_id"), [[1], [2], [4]]);
  const { writes } = driver;
  const report = await driver.restart({
    topology: changedTopology({ counts: (status) => status !== "refunded", table: sales }),
  });
  assertEquals(column(driver.select(sales), "order_item_id"), [[1], [2], [3]]);
  assertEquals(report[0], { sink: "sales", kept: 2, written: 1, deleted: 1 });
  assertEquals(driver.writes - writes, report.reduce((total, row) => total + row.written + row.deleted, 0));
});

Deno.test("sales with a column more writes every row once, and its aggregate not at all", async () => {
  await using driver = openStore();
  await driver.settle();
  const { writes } = driver;
  const changed = changedTopology({ counts: (status) => status !== "cancelled", table: wider });
  const report = await driver.restart({ topology: changed });
  assertEquals(report, [
    { sink: "sales", kept: 0, written: 2, deleted: 0, rewritten: 2 },
    { sink: "seller_revenue_by_hour", kept: 2, written: 0, deleted: 0, shares: true },
  ]);
  assertEquals(driver.writes - writes, 2);
  assertEquals(column(driver.select(sales), "sku"), [["SKU-1"], ["SKU-2"]]);
});

Deno.test("sales repairs rows altered and deleted by hand, at a start and while it runs", async () => {
  for (const repair of ["start", "run"]) {
    await using driver = openStore();
    await driver.settle();
    const shown = [driver.select(sales), driver.select(sellerRevenueByHour)];
    const { writes } = driver;
    assertEquals(await driver.tamper(sales, { where: { order_item_id: 1 }, change: { seller: "Mallory" } }), 1);
    assertEquals(await driver.tamper(sales, { where: { order_item_id: 2 }, change: null }), 1);
    assertEquals(await driver.tamper(sellerRevenueByHour, { where: { seller_id: 1 }, change: { units: 1_000 } }), 1);
    assertEquals(await driver.tamper(sellerRevenueByHour, { where: { seller_id: 2 }, change: null }), 1);
    assertEquals(driver.select(sales)[0].seller, "Mallory");
    if (repair === "start") await driver.restart();
    else await driver.advance(61_000);
    assertEquals([driver.select(sales), driver.select(sellerRevenueByHour)], shown, repair);
    assertEquals(driver.writes - writes, 4, repair);
  }
});

Deno.test("sales refuses a start that would delete most of its rows, unless it is allowed to", async () => {
  await using driver = openStore();
  for (let id = 10; id < 60; id++) driver.insert(orderItems, item({ id }));
  await driver.settle();
  for (let id = 10; id < 55; id++) driver.delete(orderItems, id);
  const { writes } = driver;
  const options = { deletesMaxRows: 3, deletesMaxShare: 0.1 };
  await assertRejects(() => driver.restart({ options }), RestoreError, "--allow-deletes");
  assertEquals(driver.select(sales).length, 52, "nothing is deleted by the start that was refused");
  assertEquals(driver.writes, writes);
  const report = await driver.restart({ options: { allowDeletes: true } });
  assertEquals(report[0], { sink: "sales", kept: 7, written: 0, deleted: 45 });
  assertEquals(driver.select(sales).length, 7);
});
