import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, debezium, events, int8, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const products = debezium("shop.public.products", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string() }),
});
type Product = { readonly name: string } | null;
const views = events("shop.views", { row: z.object({ product_id: int8(), n: int8() }) });
const seen = (name: string) =>
  clickhouseAppend(name, { columns: { n: "Int64", name: "Nullable(String)" }, orderBy: ["n"] });

/** Of the product under whichever name it is joined. */
const nameOf = ({ one, two }: { readonly one?: Product; readonly two?: Product }) => (one ?? two)?.name ?? null;

/** Joins views with products under each of these names, each into a table of the same name. */
const joined = (...names: ("one" | "two")[]) =>
  topology("joined", (builder) => {
    const table = builder.table(products);
    for (const name of names) {
      builder.stream(views).leftJoin(name, table, ({ product_id }) => product_id)
        .mapValues((both) => ({ n: both.n, name: nameOf(both) }))
        .to(seen(name));
    }
  });

Deno.test("a new join with a table has the table's rows, and one that comes back what it has missed", async () => {
  await using driver = createTopologyTestDriver(joined("one"), { partitions: 2 });
  const view = (n: number, product_id: number) => driver.send(views, { key: null, value: { product_id, n } });
  const named = (name: string) => driver.appended(seen(name)).map(({ n, name }) => `${n} ${name}`).sort();
  driver.insert(products, { id: 1, name: "tea" });
  driver.insert(products, { id: 2, name: "milk" });
  await driver.settle();
  view(1, 1);
  await driver.settle();
  await driver.restart({ topology: joined("two") });
  view(2, 1);
  view(3, 2);
  await driver.settle();
  assertEquals([named("two"), driver.problems()], [["2 tea", "3 milk"], []]);
  driver.update(products, { id: 1, name: "green tea" });
  await driver.restart({ topology: joined("one", "two") });
  view(4, 1);
  view(5, 2);
  await driver.restart();
  assertEquals([named("one"), named("two")], [["1 tea", "4 green tea", "5 milk"], [
    "2 tea",
    "3 milk",
    "4 green tea",
    "5 milk",
  ]]);
});
