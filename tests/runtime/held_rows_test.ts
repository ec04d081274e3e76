import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, int8, sum, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";

const items = debezium("shop.public.items", {
  key: ["id"],
  row: z.object({ id: int8(), product_id: int8(), amount: int8() }),
});
const products = debezium("shop.public.products", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const rows = clickhouse("rows", { key: ["id"], columns: { id: "Int64", name: "String", amount: "Int64" } });
const totals = clickhouse("totals", { key: ["product_id"], columns: { product_id: "Int64", items: "UInt64" } });
const popular = clickhouse("popular", { key: ["product_id"], columns: { product_id: "Int64", items: "UInt64" } });

/** Rows of products for which a callback of this name throws. */
interface Mistakes {
  readonly product?: (name: string) => boolean;
  readonly item?: (id: number | bigint) => boolean;
  readonly group?: (id: number | bigint) => boolean;
  readonly global?: boolean;
}

const never = () => false;

function shop({ product = never, item = never, group = never, global = false }: Mistakes = {}) {
  /** Gives the value, or throws as the mistake says. */
  const but = <T, V>(mistake: (what: T) => boolean, { of, value }: { of: T; value: V }): V => {
    if (mistake(of)) throw new TypeError("a mistake");
    return value;
  };
  return topology("shop", (builder) => {
    const named = products.pick("name");
    const all = builder.table(items);
    const joined = global ? all.join("product", builder.globalTable(named), (row) => row.product_id) : all.join(
      "product",
      builder.table(named).mapValues((row) => but(product, { of: row.name, value: row })),
      (row) => row.product_id,
    );
    joined.mapValues((row) =>
      but(item, { of: row.id, value: { id: row.id, name: row.product.name, amount: row.amount } })
    )
      .to(rows);
    const groups = all.groupBy((row) => but(group, { of: row.id, value: { product_id: row.product_id } }));
    groups.aggregate("totals", { items: count() }).to(totals);
    groups.aggregate("popular", { items: count(), sold: sum((row) => row.amount) }).filter((row) => row.items > 0)
      .mapValues((row) => ({ product_id: row.product_id, items: row.items })).to(popular);
  });
}

function open(topologyOf = shop()) {
  const driver = createTopologyTestDriver(topologyOf, { partitions: 2 });
  for (const id of [1, 2]) driver.insert(products, { id, name: `product ${id}` });
  for (const id of [1, 2, 3, 4]) driver.insert(items, { id, product_id: 1 + id % 2, amount: 1 });
  return driver;
}

const shownRows = (driver: TopologyTestDriver) =>
  driver.select(rows).map((row) => `${row.id} ${row.name} ${row.amount}`).join(", ");
const shown = (driver: TopologyTestDriver) => [
  shownRows(driver),
  driver.select(totals).map((row) => `${row.product_id}: ${row.items}`).join(", "),
  driver.select(popular).map((row) => `${row.product_id}: ${row.items}`).join(", "),
];

const ALL = ["1 product 2 1, 2 product 1 1, 3 product 2 1, 4 product 1 1", "1: 2, 2: 2", "1: 2, 2: 2"];
const held = (report: readonly { sink: string; held?: number; deleted: number }[]) =>
  Object.fromEntries(report.map(({ sink, held = 0, deleted }) => [sink, [held, deleted]]));

const EVERYTHING = [
  { where: "a mapping", mistakes: { item: () => true }, sinks: { rows: [4, 0], totals: [0, 0], popular: [0, 0] } },
  {
    where: "a group's columns",
    mistakes: { group: () => true },
    sinks: { rows: [0, 0], totals: [3, 0], popular: [2, 0] },
  },
  {
    where: "a right table",
    mistakes: { product: () => true },
    sinks: { rows: [4, 0], totals: [0, 0], popular: [0, 0] },
  },
];

for (const { where, mistakes, sinks } of EVERYTHING) {
  Deno.test(`a start at which every row fails in ${where} deletes nothing, and says so`, async () => {
    await using driver = open();
    await driver.settle();
    assertEquals(shown(driver), ALL);
    assertEquals(held(await driver.restart({ topology: shop(mistakes) })), sinks);
    assertEquals(shown(driver), ALL);
    await driver.advance(700_000);
    assertEquals(shown(driver), ALL);
    assertEquals(driver.problems().length, 1);
    assert(
      /shown as they were before this start.*a mistake.*--allow-deletes/.test(driver.problems()[0]),
      driver.problems()[0],
    );
    const { writes } = driver;
    const mended = held(await driver.restart({ topology: shop() }));
    assertEquals([mended, shown(driver), driver.problems(), driver.writes - writes], [
      { rows: [0, 0], totals: [0, 0], popular: [0, 0] },
      ALL,
      [],
      0,
    ]);
  });

  Deno.test(`with --allow-deletes a start at which every row fails in ${where} deletes them`, async () => {
    await using driver = open();
    await driver.settle();
    const report = held(await driver.restart({ topology: shop(mistakes), options: { allowDeletes: true } }));
    const deleted = Object.entries(sinks).map(([sink, [rows]]) => [sink, [0, rows]]);
    assertEquals([report, driver.problems()], [Object.fromEntries(deleted), []]);
  });
}

Deno.test("a start holds the rows that fail alone: others follow their sources", async () => {
  await using driver = open();
  await driver.settle();
  driver.delete(items, 1);
  driver.update(items, { id: 2, amount: 7 });
  assertEquals(held(await driver.restart({ topology: shop({ item: (id) => id === 3 }) })).rows, [1, 1]);
  assertEquals(shownRows(driver), "2 product 1 7, 3 product 2 1, 4 product 1 1");
});

Deno.test("a held row follows its source: it is shown once it computes, and deleted once it is gone", async () => {
  await using driver = open();
  await driver.settle();
  await driver.restart({ topology: shop({ product: (name) => name === "product 2" }) });
  driver.delete(items, 1);
  await driver.advance(2_000);
  assertEquals(shownRows(driver), "2 product 1 1, 3 product 2 1, 4 product 1 1");
  driver.update(items, { id: 3, amount: 2 });
  await driver.advance(2_000);
  assertEquals(shownRows(driver), "2 product 1 1, 3 product 2 1, 4 product 1 1");
  assertEquals(driver.problems().length, 1);
  driver.update(products, { id: 2, name: "mended" });
  await driver.advance(2_000);
  assertEquals([shownRows(driver), driver.problems()], ["2 product 1 1, 3 mended 2, 4 product 1 1", []]);
});

Deno.test("rows that are missing for a good reason are deleted once nothing fails any more", async () => {
  await using driver = open();
  driver.insert(products, { id: 3, name: "third" });
  await driver.settle();
  // Gone, but while a product fails nobody can tell it from one that fails.
  driver.delete(products, 1);
  const topologyOf = shop({ product: (name) => name === "third" });
  assertEquals(held(await driver.restart({ topology: topologyOf })).rows, [2, 0]);
  driver.update(products, { id: 3, name: "mended" });
  await driver.advance(2_000);
  assertEquals([shownRows(driver), driver.problems()], ["1 product 2 1, 3 product 2 1", []]);
});

Deno.test("a row that fails while it runs leaves its table, and the next start has nothing to hold", async () => {
  await using driver = open(shop({ product: (name) => name === "bad", item: (id) => id === 9 }));
  await driver.settle();
  driver.insert(items, { id: 9, product_id: 1, amount: 1 });
  driver.update(products, { id: 2, name: "bad" });
  await driver.settle();
  const there = shown(driver);
  assertEquals(there[0], "2 product 1 1, 4 product 1 1");
  const report = held(await driver.restart());
  assertEquals([report.rows, shown(driver), driver.problems()], [[0, 0], there, []]);
});

Deno.test("a start that can no longer read its rows deletes nothing", async () => {
  for (const global of [false, true]) {
    await using driver = open(shop({ global }));
    await driver.settle();
    const unread = { key: new TextEncoder().encode('{"id":2}'), value: new TextEncoder().encode('{"payload":1}') };
    // As after compaction: the log holds nothing of the row but what cannot be read.
    driver.delete(products, 2);
    driver.raw(products, unread);
    assertEquals(held(await driver.restart()).rows, [2, 0], global ? "global" : "by task");
    await driver.advance(2_000);
    assertEquals([shown(driver), driver.problems().length], [ALL, 1]);
  }
});

Deno.test("a start whose rows' keys can no longer be read deletes nothing, but one stray keeps nothing", async () => {
  const mirrorOf = (source: typeof items) =>
    topology("shop", (builder) => {
      builder.table(source).mapValues(({ id, amount }) => ({ id, name: "", amount })).to(rows);
    });
  const uuids = debezium("shop.public.items", {
    key: ["id"],
    row: z.object({ id: z.uuid(), product_id: int8(), amount: int8() }),
  });
  await using driver = open(mirrorOf(items));
  await driver.settle();
  assertEquals(held(await driver.restart({ topology: mirrorOf(uuids as never) })).rows, [4, 0]);
  assertEquals(shownRows(driver), "1  1, 2  1, 3  1, 4  1");
  for (const id of [5, 6, 7, 8]) driver.insert(items, { id, product_id: 1, amount: 1 });
  assertEquals(held(await driver.restart({ topology: mirrorOf(items) })).rows, [0, 0]);
  const stray = new TextEncoder().encode('"stray"');
  for (const partition of [0, 1]) driver.raw(items, { key: stray, value: null, partition });
  for (const id of [1, 2, 3, 4, 5, 6, 7, 8]) driver.delete(items, id);
  assertEquals(held(await driver.restart()).rows, [0, 8]);
});

Deno.test("a misspelt column in groupBy or a foreign key fails every row, is told, and deletes nothing", async () => {
  const typo = (row: object): never => (row as Record<string, never>)["productid"];
  const mistaken = (where: "group" | "key") =>
    topology("shop", (builder) => {
      const all = builder.table(items);
      const known = builder.globalTable(products.pick("name"));
      all.join("product", known, where === "key" ? typo : (row) => row.product_id)
        .mapValues((row) => ({ id: row.id, name: row.product.name, amount: row.amount })).to(rows);
      all.groupBy((row) => ({ product_id: where === "group" ? typo(row) : row.product_id }))
        .aggregate("totals", { items: count() }).to(totals);
    });
  for (const where of ["group", "key"] as const) {
    await using driver = open(shop({ global: true }));
    await driver.settle();
    const before = shown(driver).slice(0, 2);
    const report = held(await driver.restart({ topology: mistaken(where) }));
    assertEquals(report, where === "group" ? { rows: [0, 0], totals: [3, 0] } : { rows: [4, 0], totals: [0, 0] });
    const after = [shownRows(driver), driver.select(totals).map((row) => `${row.product_id}: ${row.items}`).join(", ")];
    assertEquals(after, before);
    assertEquals(driver.deadLetters().length, 4);
    assert(/misspelt/.test(driver.problems()[0]), driver.problems()[0]);
  }
});

Deno.test("groups that cannot be written hold those that are missing", async () => {
  const nothing = topology("shop", (builder) => {
    builder.table(items).groupBy(() => ({ product_id: null as never })).aggregate("totals", { items: count() }).to(
      totals,
    );
  });
  await using driver = open(topology("shop", (builder) => {
    const groups = builder.table(items).groupBy((row) => ({ product_id: row.product_id }));
    groups.aggregate("totals", { items: count() }).to(totals);
  }));
  await driver.settle();
  assertEquals(held(await driver.restart({ topology: nothing })), { totals: [3, 0] });
  assertEquals(driver.select(totals).map((row) => row.items), [2, 2]);
});

Deno.test("held rows are told without the key that failed, where rows are not to be shown", async () => {
  for (const consoleRows of [true, false]) {
    await using driver = open();
    await driver.settle();
    await driver.restart({ topology: shop({ item: (id) => Number(id) === 3 }), options: { consoleRows } });
    const [problem] = driver.problems();
    assertEquals(
      [problem.includes("for key 3"), problem.includes("failed at it: a callback threw. Mend")],
      [consoleRows, !consoleRows],
      problem,
    );
  }
});
