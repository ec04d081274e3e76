import { assertEquals, assertRejects } from "@std/assert";
import { clickhouse, count, sum, topology, TopologyError } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, out, row, texts, words } from "./shop.ts";

const inner = topology("inner", (builder) =>
  builder.table(a).join("b", builder.table(b))
    .mapValues((value) => ({ id: value.id, text: `${value.text}-${value.b.text}` })).to(out));

const left = topology("left", (builder) =>
  builder.table(a).leftJoin("b", builder.table(b))
    .mapValues((value) => ({ id: value.id, text: `${value.text}-${value.b?.text ?? ""}` })).to(out));

const outer = topology("outer", (builder) =>
  builder.table(a).outerJoin({ left: "a", right: "b" }, builder.table(b))
    .mapValues((value, key) => ({ id: key, text: `${value.a?.text ?? ""}-${value.b?.text ?? ""}` })).to(out));

const EQUAL = { a: 3, b: 3 };
const UNEQUAL = { a: 3, b: 2 };

for (
  const { table, partitions, expected } of [
    { table: inner, partitions: EQUAL, expected: { both: "1 A-B", left: [], right: [] } },
    { table: inner, partitions: UNEQUAL, expected: { both: "1 A-B", left: [], right: [] } },
    { table: left, partitions: EQUAL, expected: { both: "1 A-B", left: ["1 A-"], right: [] } },
    { table: left, partitions: UNEQUAL, expected: { both: "1 A-B", left: ["1 A-"], right: [] } },
    { table: outer, partitions: EQUAL, expected: { both: "1 A-B", left: ["1 A-"], right: ["1 -B"] } },
  ]
) {
  const counts = partitions === EQUAL ? "as many" : "other";
  Deno.test(`keyJoin() ${table.name}, ${counts} partitions on the other side, whichever comes and goes`, async () => {
    await using driver = createTopologyTestDriver(table, { partitions });
    const shown = async () => {
      await driver.settle();
      return texts(driver.select(out));
    };
    driver.insert(a, row(1, { text: "A" }));
    assertEquals(await shown(), expected.left, "left alone");
    driver.insert(b, row(1, { text: "B" }));
    assertEquals(await shown(), [expected.both]);
    driver.delete(a, 1);
    assertEquals(await shown(), expected.right, "right alone");
    driver.insert(a, row(1, { text: "A" }));
    assertEquals(await shown(), [expected.both]);
    driver.update(b, { id: 1, text: "BB" });
    assertEquals(await shown(), [expected.both.replace("B", "BB")]);
    driver.delete(b, 1);
    assertEquals(await shown(), expected.left);
    const { writes } = driver;
    await driver.restart();
    assertEquals([await shown(), driver.writes], [expected.left, writes]);
    driver.delete(a, 1);
    assertEquals(await shown(), []);
  });
}

Deno.test("keyJoin() outer refuses topics with other partition counts, and says what to do", async () => {
  await using driver = createTopologyTestDriver(outer, { partitions: UNEQUAL });
  const error = await assertRejects(() => driver.settle(), TopologyError, '"t.public.b" has 2 partitions');
  assertEquals(/Give the topics the same number of partitions, or use leftJoin/.test((error as Error).message), true);
});

Deno.test("keyJoin() of a table with a filter of itself", async () => {
  const halves = topology("halves", (builder) => {
    const table = builder.table(a);
    table.leftJoin("rich", table.filter((value) => value.units > 5))
      .mapValues((value) => ({ id: value.id, text: value.rich === null ? "poor" : "rich" })).to(out);
  });
  await using driver = createTopologyTestDriver(halves);
  driver.insert(a, row(1, { units: 9 }));
  driver.insert(a, row(2, { units: 1 }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 rich", "2 poor"]);
  driver.update(a, { id: 1, units: 5 });
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 poor", "2 poor"]);
});

Deno.test("keyJoin() of two aggregates of different tables, by the group", async () => {
  const shown = clickhouse("shown", { key: ["ref"], columns: { ref: "Int64", a_rows: "Int64", b_units: "Int64" } });
  const both = topology("both", (builder) => {
    const rows = builder.table(a).groupBy((value) => value.ref === null ? null : { ref: value.ref })
      .aggregate("a-rows", { rows: count() });
    const units = builder.table(b).groupBy((value) => value.ref === null ? null : { ref: value.ref })
      .aggregate("b-units", { units: sum((value) => value.units) });
    rows.outerJoin({ left: "a", right: "b" }, units)
      .mapValues((value, ref) => ({ ref, a_rows: value.a?.rows ?? 0, b_units: value.b?.units ?? 0 })).to(shown);
  });
  await using driver = createTopologyTestDriver(both);
  for (const id of [1, 2, 3]) driver.insert(a, row(id, { ref: id % 2 }));
  for (const id of [1, 2, 3, 4]) driver.insert(b, row(id, { ref: id === 4 ? 7 : 1, units: id }));
  const values = () => driver.select(shown).map((value) => [value.ref, value.a_rows, value.b_units]);
  await driver.settle();
  assertEquals(values(), [[0, 1, 0], [1, 2, 6], [7, 0, 4]]);
  driver.delete(b, 4);
  driver.delete(a, 2);
  driver.update(b, { id: 3, ref: 0 });
  await driver.settle();
  assertEquals(values(), [[0, 0, 3], [1, 2, 3]]);
  const { writes } = driver;
  await driver.restart();
  assertEquals([values(), driver.writes], [[[0, 0, 3], [1, 2, 3]], writes]);
});

Deno.test("keyJoin() by text: callbacks see the key as text", async () => {
  const shown = clickhouse("shown", { key: ["word"], columns: { word: "String", meaning: "String" } });
  const twice = topology("twice", (builder) => {
    const table = builder.table(words);
    table.join("again", table).filter((_value, key) => key.length > 1)
      .mapValues((value, key) => ({ word: key, meaning: value.again.meaning })).to(shown);
  });
  await using driver = createTopologyTestDriver(twice);
  driver.insert(words, { word: "ab", meaning: "two", ref: null });
  driver.insert(words, { word: "a", meaning: "one", ref: null });
  await driver.settle();
  assertEquals(driver.select(shown), [{ word: "ab", meaning: "two" }]);
});
