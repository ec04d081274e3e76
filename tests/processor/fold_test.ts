import { assertEquals, assertStringIncludes } from "@std/assert";
import { clickhouse, custom, Decimal, type Int8, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, row } from "./shop.ts";

const shown = clickhouse("shown", {
  key: ["text"],
  columns: { text: "String", texts: "String", spent: "Decimal(12, 2)" },
});

/** How often each amount is there, as text, and what is spent. */
const folded = topology(
  "folded",
  (builder) =>
    builder.table(a).groupBy((value) => ({ text: value.text })).aggregate("by-text", {
      texts: custom({
        value: (value) => String(value.amount),
        empty: (): Readonly<Record<string, number>> => ({}),
        add: (counts, text) => counted(counts, { text, by: 1 }),
        subtract: (counts, text) => counted(counts, { text, by: -1 }),
        merge: (one, other) => Object.entries(other).reduce((counts, [text, by]) => counted(counts, { text, by }), one),
        result: (counts) => Object.entries(counts).sort().map(([text, count]) => `${text}x${count}`).join(" "),
      }),
      spent: custom({
        value: (value) => value.ref === null ? null : value.amount,
        empty: () => Decimal.zero,
        add: (sum, amount) => sum.plus(amount),
        subtract: (sum, amount) => sum.minus(amount),
        merge: (one, other) => one.plus(other),
      }),
    }).to(shown),
);

type Counts = Readonly<Record<string, number>>;

function counted(counts: Counts, { text, by }: { readonly text: string; readonly by: number }): Counts {
  const { [text]: held = 0, ...others } = counts;
  return held + by === 0 ? others : { ...others, [text]: held + by };
}

for (const snapshotEveryMs of [0, 60_000]) {
  Deno.test(`custom() is exact under update, move and delete, snapshots every ${snapshotEveryMs} ms`, async () => {
    await using driver = createTopologyTestDriver(folded, { options: { snapshotEveryMs } });
    const lines = () => driver.select(shown).map((total) => Object.values(total).join(": "));
    for (let id = 1; id <= 6; id++) {
      driver.insert(a, row(id, { text: "x", amount: id % 2 === 0 ? "0.10" : "0.20", ref: id < 4 ? id : null }));
    }
    await driver.settle();
    assertEquals(lines(), ["x: 0.10x3 0.20x3: 0.50"]);
    driver.update(a, { id: 1, amount: Decimal.parse("7.00") });
    driver.update(a, { id: 2, text: "y" });
    driver.update(a, { id: 4, ref: 1 });
    await driver.settle();
    const rest = ["x: 0.10x2 0.20x2 7.00x1: 7.30", "y: 0.10x1: 0.10"];
    assertEquals(lines(), rest);
    const { writes } = driver;
    await driver.restart();
    assertEquals([lines(), driver.writes], [rest, writes]);
    for (const id of [1, 2, 3, 5]) driver.delete(a, id);
    await driver.settle();
    assertEquals(lines(), ["x: 0.10x2: 0.10"]);
  });
}

Deno.test("custom() refuses a row that cannot be added to nothing, and sets groups without state aside", async () => {
  const one = clickhouse("one", { key: ["text"], columns: { text: "String", units: "Int64" } });
  const small = (sum: number) => {
    if (sum > 10) throw new RangeError(`${sum} is too much`);
    return sum;
  };
  const declared = topology(
    "capped",
    (builder) =>
      builder.table(b).groupBy((value) => ({ text: value.text })).aggregate("units", {
        units: custom({
          value: (value) => Number(value.units),
          empty: () => 0,
          add: (sum, units) => small(sum + units),
          subtract: (sum, units) => sum - units,
          merge: (one, other) => small(one + other),
        }),
      }).to(one),
  );
  for (const partitions of [{ b: 1 }, { b: 3 }]) {
    await using driver = createTopologyTestDriver(declared, { partitions });
    const lines = () => driver.select(one).map(({ text, units }) => `${text} ${units}`);
    const units = new Map<number, Int8>([[1, 4], [2, 5], [3, 11]]);
    for (const [id, held] of units) driver.insert(b, row(id, { text: "x", units: held }));
    await driver.settle();
    assertEquals(lines(), ["x 9"]);
    assertEquals(driver.deadLetters().map(({ key }) => key), ['{"id":3}']);
    driver.insert(b, row(4, { text: "x", units: 3 }));
    driver.insert(b, row(5, { text: "x", units: 2 }));
    driver.insert(b, row(6, { text: "y", units: 10 }));
    await driver.settle();
    assertEquals(lines(), ["y 10"]);
    assertStringIncludes(driver.deadLetters().at(-1)!.error, "is too much");
    driver.update(b, { id: 2, units: 1 });
    await driver.settle();
    assertEquals(lines(), ["x 10", "y 10"]);
    driver.delete(b, 4);
    driver.update(b, { id: 3, units: 1 });
    driver.delete(b, 6);
    await driver.settle();
    assertEquals(lines(), ["x 8"]);
  }
});

Deno.test("custom(): a state that cannot be told sets its group aside", async () => {
  const one = clickhouse("one", { key: ["text"], columns: { text: "String", units: "Int64" } });
  const declared = topology(
    "untold",
    (builder) =>
      builder.table(b).groupBy((value) => ({ text: value.text })).aggregate("units", {
        units: custom({
          value: (value) => Number(value.units),
          empty: () => 0,
          add: (sum, units) => units === 7 ? Number.NaN : sum + units,
          subtract: (sum, units) => sum - units,
          merge: (one, other) => one + other,
        }),
      }).to(one),
  );
  await using driver = createTopologyTestDriver(declared);
  driver.insert(b, row(1, { text: "x", units: 7 }));
  driver.insert(b, row(2, { text: "y", units: 6 }));
  await driver.settle();
  assertEquals(driver.select(one), [{ text: "y", units: 6 }]);
  assertStringIncludes(driver.deadLetters()[0].error, 'Cannot compute "units": Cannot encode NaN for another task');
});

Deno.test("custom(): a state that is too large for a message sets its group aside", async () => {
  const one = clickhouse("one", { key: ["text"], columns: { text: "String", ids: "Array(Int64)" } });
  const declared = topology(
    "large",
    (builder) =>
      builder.table(b).groupBy((value) => ({ text: value.text })).aggregate("ids", {
        ids: custom({
          value: (value) => Number(value.id),
          empty: (): readonly number[] => [],
          add: (ids, id) => [...ids, id].sort((x, y) => x - y),
          subtract: (ids, id) => ids.toSpliced(ids.indexOf(id), 1),
          merge: (some, others) => [...some, ...others].sort((x, y) => x - y),
        }),
      }).to(one),
  );
  const options = { messageBytesMax: 4_400 };
  await using driver = createTopologyTestDriver(declared, { options, partitions: { b: 1 } });
  const counts = () => driver.select(one).map(({ ids }) => (ids as number[]).length);
  for (let id = 100; id < 130; id++) driver.insert(b, row(id, { text: "x" }));
  await driver.settle();
  assertEquals(counts(), []);
  assertStringIncludes(driver.deadLetters()[0].error, 'Cannot compute "ids": Cannot send it to another task');
  for (let id = 100; id < 120; id++) driver.delete(b, id);
  await driver.settle();
  assertEquals(counts(), [10]);
});

Deno.test("reduce() and count() make one row of each group", async () => {
  const one = clickhouse("one", {
    key: ["text"],
    columns: { text: "String", units: "Int64", amount: "Decimal(9, 2)" },
  });
  const counts = clickhouse("counts", { key: ["text"], columns: { text: "String", count: "UInt64" } });
  const declared = topology("reduced", (builder) => {
    const rows = builder.table(a).mapValues(({ text, units, amount }) => ({ text, units: Number(units), amount }));
    const grouped = rows.groupBy(({ text }) => ({ text }));
    grouped.reduce("sums", {
      adder: (x, y) => ({ ...x, units: x.units + y.units, amount: x.amount.plus(y.amount) }),
      subtractor: (x, y) => ({ ...x, units: x.units - y.units, amount: x.amount.minus(y.amount) }),
    }).to(one);
    grouped.count("counts").to(counts);
  });
  for (const snapshotEveryMs of [0, 60_000]) {
    await using driver = createTopologyTestDriver(declared, { options: { snapshotEveryMs } });
    const lines = () => driver.select(one).map((total) => Object.values(total).join(" "));
    for (let id = 1; id <= 5; id++) {
      driver.insert(a, row(id, { text: id === 5 ? "y" : "x", units: id, amount: "1.50" }));
    }
    await driver.settle();
    assertEquals(lines(), ["x 10 6.00", "y 5 1.50"]);
    driver.update(a, { id: 1, units: 7 });
    driver.update(a, { id: 2, text: "y" });
    driver.delete(a, 3);
    await driver.settle();
    assertEquals(lines(), ["x 11 3.00", "y 7 3.00"]);
    const { writes } = driver;
    await driver.restart();
    assertEquals(driver.writes, writes);
    driver.delete(a, 5);
    for (const id of [1, 4]) driver.delete(a, id);
    await driver.settle();
    assertEquals(lines(), ["y 2 1.50"]);
    assertEquals(driver.select(counts), [{ text: "y", count: 1 }]);
    assertEquals(driver.deadLetters(), []);
  }
});
