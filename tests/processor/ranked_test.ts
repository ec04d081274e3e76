import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Aggregate,
  argMax,
  argMin,
  clickhouse,
  collect,
  Decimal,
  type Int8,
  last,
  max,
  topN,
  topology,
} from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, row } from "./shop.ts";

const shown = clickhouse("shown", {
  key: ["text"],
  columns: {
    text: "String",
    greatest: "Int64",
    cheapest: "Int64",
    dearest: "Nullable(Int64)",
    newest: "Nullable(Int64)",
    top: "Array(Int64)",
    amounts: "Array(Decimal(12, 2))",
  },
});

/** Straight to ClickHouse, or with an operator between: the same tasks hold the totals. */
const ranking = (name: string, { further }: { readonly further: boolean }) =>
  topology(name, (builder) => {
    const totals = builder.table(a).groupBy((value) => ({ text: value.text })).aggregate("by-text", {
      greatest: max((value) => value.units),
      cheapest: argMin((value) => value.amount, (value) => value.id),
      dearest: argMax((value) => value.amount, (value) => value.ref),
      newest: last((value) => value.id, { by: (value) => value.ref }),
      top: topN(2, { by: (value) => value.amount, value: (value) => value.units }),
      amounts: collect((value) => value.amount, { by: (value) => value.units, max: 3 }),
    });
    (further ? totals.filter(() => true) : totals).to(shown);
  });

for (const further of [false, true]) {
  for (const snapshotEveryMs of [0, 60_000]) {
    const way = `${further ? "used further" : "written directly"}, ${snapshotEveryMs === 0 ? "no " : ""}snapshots`;

    Deno.test(`rankings are exact under update, move and delete: ${way}`, async () => {
      await using driver = createTopologyTestDriver(ranking("ranking", { further }), { options: { snapshotEveryMs } });
      const lines = () => driver.select(shown).map((total) => Object.values(total).map(String).join(" "));
      driver.insert(a, row(1, { text: "x", amount: "0.10", units: 5, ref: 1 }));
      driver.insert(a, row(2, { text: "x", amount: "0.30", units: 3, ref: 7 }));
      driver.insert(a, row(3, { text: "x", amount: "0.20", units: 4 }));
      driver.insert(a, row(4, { text: "y", amount: "2.00", units: 1 }));
      await driver.settle();
      assertEquals(lines(), ["x 5 1 7 2 3,4 0.30,0.20,0.10", "y 1 4 null null 1 2.00"]);
      driver.update(a, { id: 2, text: "y" });
      driver.update(a, { id: 1, amount: Decimal.parse("0.25") });
      await driver.settle();
      assertEquals(lines(), ["x 5 3 1 1 5,4 0.20,0.25", "y 3 2 null 2 1,3 2.00,0.30"]);
      driver.delete(a, 3);
      driver.delete(a, 4);
      await driver.settle();
      const rest = ["x 5 1 1 1 5 0.25", "y 3 2 7 2 3 0.30"];
      assertEquals(lines(), rest);
      const { writes } = driver;
      await driver.restart();
      assertEquals([lines(), driver.writes], [rest, writes]);
      driver.delete(a, 1);
      driver.update(a, { id: 2, ref: null });
      await driver.settle();
      assertEquals(lines(), ["y 3 2 null null 3 0.30"]);
    });
  }
}

type A = (typeof a)["~row"];

/** The text shown of one group, which is all rows, after they came in this order. */
async function shownOf(total: Aggregate<A, unknown>, rows: readonly A[]) {
  const one = clickhouse("one", { key: ["group"], columns: { group: "Int64", value: "String" } });
  const declared = topology(
    "ties",
    (builder) =>
      builder.table(a).groupBy(() => ({ group: 0 })).aggregate("all", { total })
        .mapValues(({ group, total }) => ({ group, value: JSON.stringify(total, bare) })).to(one),
  );
  await using driver = createTopologyTestDriver(declared);
  for (const one of rows) {
    driver.insert(a, one);
    await driver.settle();
  }
  return driver.select(one)[0]?.value;
}

const bare = (_: string, value: unknown) => typeof value === "bigint" ? String(value) : value;

Deno.test("of rows that are equal in the order, the value decides, never the arrival", async () => {
  const rows = [3, 1, 4, 2].map((id) => row(id, { units: 1, ref: id === 4 ? null : id, amount: `0.${id}0` }));
  const cases: [total: Aggregate<A, unknown>, value: string][] = [
    [argMin((value: A) => value.units, (value: A) => value.ref), "null"],
    [argMax((value: A) => value.units, (value: A) => value.ref), "3"],
    [argMin((value: A) => value.units, (value: A) => value.amount), '"0.10"'],
    [argMin((value: A) => value.units, (value: A) => ({ is: value.id })), '{"is":1}'],
    [topN(3, { by: (value: A) => value.units, value: (value: A) => value.id }), "[4,3,2]"],
    [collect((value: A) => value.ref, { by: (value: A) => value.units, max: 4 }), "[null,1,2,3]"],
  ];
  for (const [total, value] of cases) {
    assertEquals(await shownOf(total, rows), value);
    assertEquals(await shownOf(total, rows.toReversed()), value);
  }
});

Deno.test("collect() of more rows than max sets the group aside until there are fewer", async () => {
  const one = clickhouse("one", { key: ["text"], columns: { text: "String", ids: "Array(Int64)" } });
  const declared = topology("bounded", (builder) =>
    builder.table(a).groupBy((value) => ({ text: value.text }))
      .aggregate("ids", { ids: collect((value) => value.id, { by: (value) => value.id, max: 2 }) }).to(one));
  await using driver = createTopologyTestDriver(declared);
  const lines = () => driver.select(one).map(({ text, ids }) => `${text} ${ids}`);
  for (const id of [1, 2, 3, 4, 5]) driver.insert(a, row(id, { text: id === 5 ? "y" : "x" }));
  await driver.settle();
  assertEquals(lines(), ["y 5"]);
  assertStringIncludes(driver.deadLetters()[0].error, 'Cannot collect "ids" of a group with more than 2 rows');
  driver.delete(a, 1);
  driver.update(a, { id: 3, text: "y" });
  await driver.settle();
  assertEquals(lines(), ["x 2,4", "y 3,5"]);
});

Deno.test("a row that cannot be ordered is refused, and a group of numbers and texts", async () => {
  const one = clickhouse("one", { key: ["group"], columns: { group: "Int64", id: "Int64" } });
  const by = (value: { readonly text: string; readonly units: Int8 }) =>
    value.text === "none" ? Number.NaN : value.text === "" ? Number(value.units) : value.text;
  const declared = topology("mixed", (builder) =>
    builder.table(b).groupBy(() => ({ group: 0 }))
      .aggregate("ids", { id: argMin((value) => by(value), (value) => value.id) }).to(one));
  await using driver = createTopologyTestDriver(declared);
  driver.insert(b, row(1, { text: "none" }));
  driver.insert(b, row(2, { units: 2 }));
  await driver.settle();
  assertEquals(driver.select(one).map(({ id }) => id), [2]);
  assertStringIncludes(driver.deadLetters()[0].error, 'Cannot order "id": current value of "by" is NaN');
  driver.insert(b, row(3, { text: "word" }));
  await driver.settle();
  assertEquals(driver.select(one), []);
  assertStringIncludes(driver.deadLetters().at(-1)!.error, 'Cannot find "id" among numbers and texts');
  driver.delete(b, 2);
  await driver.settle();
  assertEquals(driver.select(one).map(({ id }) => id), [3]);
});

Deno.test("a row is refused that is too large for its part of a list, whatever else is in the group", async () => {
  const one = clickhouse("one", { key: ["group"], columns: { group: "Int64", texts: "Array(String)" } });
  const declared = topology("large", (builder) =>
    builder.table(b).groupBy(() => ({ group: 0 }))
      .aggregate("texts", { texts: topN(4, { by: (value) => value.id, value: (value) => value.text }) }).to(one));
  await using driver = createTopologyTestDriver(declared, { options: { messageBytesMax: 8_192 } });
  const lengths = () => driver.select(one).map(({ texts }) => (texts as string[]).map((text) => text.length));
  driver.insert(b, row(1, { text: "x".repeat(200) }));
  driver.insert(b, row(2, { text: "x".repeat(300) }));
  await driver.settle();
  assertEquals(lengths(), [[200]]);
  assertStringIncludes(driver.deadLetters()[0].error, "Cannot send it to another task as at most 256 bytes");
  for (const id of [3, 4, 5]) driver.insert(b, row(id, { text: "x".repeat(200) }));
  driver.update(b, { id: 2, text: "x" });
  await driver.settle();
  assertEquals(lengths(), [[200, 200, 200, 1]]);
});
