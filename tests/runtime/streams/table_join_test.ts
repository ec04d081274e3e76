import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, debezium, events, int8, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const products = debezium("shop.public.products", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string(), sold: z.boolean() }),
});
const views = events("shop.views", { row: z.object({ product_id: int8().nullable(), n: int8() }) });
const seen = clickhouseAppend("seen", { columns: { n: "Int64", name: "Nullable(String)" }, orderBy: ["n"] });
const shown = clickhouse("shown", { columns: { id: "Int64", name: "String" }, key: ["id"] });

const view = (n: number, product_id: number | null) => ({ key: null, value: { product_id, n } });

/** `sold`: rows that are not are no rows. */
const joined = (kind: "join" | "leftJoin", { alsoTable = false } = {}) =>
  topology("joined", (builder) => {
    const table = builder.table(products);
    if (alsoTable) table.mapValues(({ id, name }) => ({ id, name })).to(shown);
    const sold = table.filter((product) => product.sold);
    const stream = builder.stream(views);
    const both = kind === "leftJoin"
      ? stream.leftJoin("product", sold, ({ product_id }) => product_id)
      : stream.filter(({ product_id }) => product_id !== null).join("product", sold, ({ product_id }) => product_id!);
    both.mapValues(({ n, product }) => ({ n, name: product?.name ?? null })).to(seen);
  });

for (const alsoTable of [false, true]) {
  const also = alsoTable ? ", beside a sink of the table" : "";
  Deno.test(`a stream is joined with the row that a table has when the event comes${also}`, async () => {
    await using driver = createTopologyTestDriver(joined("leftJoin", { alsoTable }), { partitions: 3 });
    driver.insert(products, { id: 1, name: "tea", sold: true });
    driver.insert(products, { id: 2, name: "milk", sold: false });
    await driver.settle();
    for (const [index, id] of [1, 2, 3, null].entries()) driver.send(views, view(index, id));
    await driver.settle();
    driver.update(products, { id: 1, name: "green tea" });
    driver.update(products, { id: 2, sold: true });
    await driver.restart();
    for (const [index, id] of [1, 2].entries()) driver.send(views, view(10 + index, id));
    await driver.settle();
    driver.delete(products, 1);
    await driver.restart();
    driver.send(views, view(20, 1));
    await driver.settle();
    assertEquals(
      driver.appended(seen).map(({ n, name }) => [n, name]).sort((a, b) => Number(a[0]) - Number(b[0])),
      [[0, "tea"], [1, null], [2, null], [3, null], [10, "green tea"], [11, "milk"], [20, null]],
    );
    assertEquals(driver.deadLetters(), []);
    assertEquals(driver.problems(), []);
    if (alsoTable) assertEquals(driver.select(shown), [{ id: 2, name: "milk" }]);
  });
}

Deno.test("an inner join of a stream with a table leaves out events without a row", async () => {
  await using driver = createTopologyTestDriver(joined("join"), { partitions: 2 });
  driver.insert(products, { id: 5, name: "salt", sold: true });
  await driver.settle();
  for (const [index, id] of [5, 6, null].entries()) driver.send(views, view(index, id));
  await driver.settle();
  assertEquals(driver.appended(seen), [{ n: 0, name: "salt" }]);
});
