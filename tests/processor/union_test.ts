import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { clickhouse, sum, topology, TopologyError } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import { describeText } from "../../src/plan/describe_text.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, out, row, texts } from "./shop.ts";

const sums = clickhouse("sums", { key: ["ref"], columns: { ref: "Int64", units: "Int64" } });

/** Rows of both tables, and their units by reference. */
const both = topology("both", (builder) => {
  const table = builder.table(a).union(builder.table(b).filterNot(({ text }) => text === "none"));
  table.mapValues(({ text }, id) => ({ id, text })).to(out);
  table.groupBy(({ ref }) => ref === null ? null : { ref })
    .aggregate("by-ref", { units: sum(({ units }) => units) }).to(sums);
});

for (const compileAfterRows of [0, 1_000_000]) {
  const way = compileAfterRows === 0 ? "compiled" : "not compiled";

  Deno.test(`union() has the rows of both tables, and none of a key that both have: ${way}`, async () => {
    await using driver = createTopologyTestDriver(both, { options: { compileAfterRows } });
    const shown = async () => {
      await driver.settle();
      return [...texts(driver.select(out)), ...driver.select(sums).map(({ ref, units }) => `${ref}: ${units}`)];
    };
    const open = () => driver.deadLetters().filter(({ resolvedMs }) => resolvedMs === null).map(({ key }) => key);
    driver.insert(a, row(1, { text: "A", ref: 7, units: 2 }));
    driver.insert(b, row(2, { text: "B", ref: 7, units: 3 }));
    driver.insert(b, row(1, { text: "none" }));
    assertEquals(await shown(), ["1 A", "2 B", "7: 5"]);
    driver.update(b, { id: 1, text: "rival" });
    assertEquals([await shown(), open()], [["2 B", "7: 3"], ['{"id":1}']]);
    assertStringIncludes(driver.deadLetters()[0].error, "Cannot have a row of each table under one key");
    driver.update(a, { id: 1, units: 4 });
    assertEquals(await shown(), ["2 B", "7: 3"]);
    driver.delete(b, 1);
    assertEquals([await shown(), open()], [["1 A", "2 B", "7: 7"], []]);
    driver.insert(b, row(1, { text: "rival" }));
    driver.delete(a, 1);
    assertEquals([await shown(), open()], [["1 rival", "2 B", "7: 3"], []]);
    const { writes } = driver;
    await driver.restart();
    assertEquals([await shown(), driver.writes - writes], [["1 rival", "2 B", "7: 3"], 0]);
  });
}

Deno.test("union() of tables that selectKey() tells apart, whatever their partitions", async () => {
  const sink = clickhouse("apart", { key: ["id", "kind"], columns: { id: "Int64", kind: "String", text: "String" } });
  const apart = topology("apart", (builder) => {
    const rows = builder.table(a).selectKey("a-rows", ({ id }) => ({ id, kind: "a" }));
    const others = builder.table(b).selectKey("b-rows", ({ id }) => ({ id, kind: "b" }));
    rows.union(others).filter((_, { kind, id }) => kind !== "b" || id !== 9).to(sink);
  });
  await using driver = createTopologyTestDriver(apart, { partitions: { a: 3, b: 2 } });
  const shown = async () => {
    await driver.settle();
    return driver.select(sink).map(({ id, kind, text }) => `${id} ${kind} ${text}`);
  };
  for (const id of [1, 2, 9]) driver.insert(a, row(id, { text: `A${id}` }));
  for (const id of [2, 9]) driver.insert(b, row(id, { text: `B${id}` }));
  assertEquals(await shown(), ["1 a A1", "2 a A2", "2 b B2", "9 a A9"]);
  driver.delete(a, 2);
  assertEquals(await shown(), ["1 a A1", "2 b B2", "9 a A9"]);
  assertEquals(driver.deadLetters(), []);
});

Deno.test("union() of topics with other partition counts is refused, and says what to do", async () => {
  await using driver = createTopologyTestDriver(both, { partitions: { a: 3, b: 2 } });
  const error = await assertRejects(() => driver.settle(), TopologyError, 'Cannot make the union "a.union"');
  assertStringIncludes(
    (error as Error).message,
    '"t.public.b" has 2 partitions. Give both sides their key by selectKey',
  );
});

Deno.test("union() is described as what one task does with both sides", () => {
  const text = describeText(describe(compile(both), both));
  assertStringIncludes(text, "3 a.union: union of 0 a with 2 b.filterNot, copartitioned; at tasks of a");
});
