import { assertEquals, assertStringIncludes } from "@std/assert";
import { clickhouse, topology } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import { describeText } from "../../src/plan/describe_text.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, out, row, texts } from "./shop.ts";

const named = clickhouse("named", { key: ["text"], columns: { text: "String", id: "Int64", units: "Int64" } });

/** Rows of `a` by their text, and rows of `b` with the id of the row of `a` that has their text. */
const byText = topology("by_text", (builder) => {
  const table = builder.table(a).selectKey("a-by-text", ({ text }) => text === "" ? null : { text });
  table.to(named);
  builder.table(b).leftJoin("a", table, (value) => value.text)
    .mapValues((value) => ({ id: value.id, text: String(value.a?.id ?? "none") })).to(out);
});

for (const snapshotEveryMs of [0, 60_000]) {
  for (const partitions of [{ a: 1, b: 2 }, { a: 3, b: 1 }]) {
    const way = `${partitions.a} partitions, ${snapshotEveryMs === 0 ? "no " : ""}snapshots`;

    Deno.test(`selectKey() shows the one row that has a key, and none while several have it: ${way}`, async () => {
      await using driver = createTopologyTestDriver(byText, { partitions, options: { snapshotEveryMs } });
      const shown = async () => {
        await driver.settle();
        return [...driver.select(named).map((value) => Object.values(value).join(" ")), ...texts(driver.select(out))];
      };
      const unchanged = async (expected: readonly string[]) => {
        const { writes } = driver;
        await driver.restart();
        assertEquals([await shown(), driver.writes - writes], [expected, 0]);
      };
      driver.insert(b, row(1, { text: "tea" }));
      driver.insert(a, row(1, { text: "tea" }));
      driver.insert(a, row(2, { text: "milk", units: 2 }));
      driver.insert(a, row(3));
      assertEquals(await shown(), ["milk 2 2", "tea 1 0", "1 1"]);
      // A second row claims the key, then a third that is equal to it in all but its own key.
      driver.insert(a, row(4, { text: "tea", units: 9 }));
      assertEquals(await shown(), ["milk 2 2", "1 none"]);
      assertStringIncludes(driver.deadLetters()[0].error, "Cannot have 2 rows under one key");
      assertStringIncludes(driver.deadLetters()[0].error, '"tea"');
      driver.insert(a, row(5, { text: "tea", units: 9 }));
      await unchanged(["milk 2 2", "1 none"]);
      driver.delete(a, 1);
      driver.update(a, { id: 4, text: "" });
      assertEquals(await shown(), ["milk 2 2", "tea 5 9", "1 5"]);
      await unchanged(["milk 2 2", "tea 5 9", "1 5"]);
      // They change places.
      driver.update(a, { id: 2, text: "tea" });
      driver.update(a, { id: 5, text: "milk" });
      assertEquals(await shown(), ["milk 5 9", "tea 2 2", "1 2"]);
      driver.update(a, { id: 5, units: 10 });
      assertEquals(await shown(), ["milk 5 10", "tea 2 2", "1 2"]);
      driver.delete(a, 2);
      driver.delete(a, 5);
      assertEquals(await shown(), ["1 none"]);
    });
  }
}

Deno.test("selectKey() resolves the dead letter of a key when all but one of its rows have gone", async () => {
  await using driver = createTopologyTestDriver(byText, { partitions: { a: 3 } });
  const open = async () => {
    await driver.settle();
    return driver.deadLetters().filter(({ resolvedMs }) => resolvedMs === null).map(({ subject }) => subject);
  };
  for (const id of [1, 2, 3]) driver.insert(a, row(id, { text: "tea" }));
  assertEquals(await open(), ['"tea"']);
  driver.delete(a, 3);
  assertEquals(await open(), ['"tea"']);
  driver.delete(a, 1);
  assertEquals(await open(), []);
});

Deno.test("selectKey() by several columns, which are those of the row, and grouped further", async () => {
  const sink = clickhouse("pairs", { key: ["ref", "nr"], columns: { nr: "Int64", ref: "Int64", text: "String" } });
  const counts = clickhouse("counts", { key: ["ref"], columns: { ref: "Int64", count: "Int64" } });
  const pairs = topology("pairs", (builder) => {
    const table = builder.table(a).selectKey("pairs", ({ id, ref }) => ref === null ? null : { ref, nr: -Number(id) });
    table.filter((_, { ref, nr }) => ref !== 7 && nr < 0).to(sink);
    table.groupBy(({ ref }) => ({ ref })).count("by-ref").to(counts);
  });
  await using driver = createTopologyTestDriver(pairs);
  driver.insert(a, row(1, { ref: 5, text: "x" }));
  driver.insert(a, row(2, { ref: 5 }));
  driver.insert(a, row(3, { ref: 7 }));
  await driver.settle();
  assertEquals(driver.select(sink).map((value) => Object.values(value).join(" ")), ["-2 5 ", "-1 5 x"]);
  assertEquals(driver.select(counts).map((value) => Object.values(value).join(" ")), ["5 2", "7 1"]);
  assertEquals(describe(compile(byText), byText).tasks.map(({ table, roles }) => [table, roles]), [
    ["a", ["home"]],
    ["a-by-text", ["merge", "home", "server"]],
    ["b", ["home"]],
  ]);
  const text = describeText(describe(compile(byText), byText));
  assertStringIncludes(text, "a-by-text: selectKey of 0 a; at tasks of a");
  assertStringIncludes(text, "message a-by-text: 1 share for each key that it leaves or enters");
  assertStringIncludes(text, "write named: 1 row for each row of a-by-text that changes");
});

Deno.test("selectKey() refuses a row whose key cannot be, or that no other task can be told", async () => {
  const declared = topology(
    "refused",
    (builder) =>
      builder.table(a).mapValues(({ id, text }) => ({ id, text, more: text === "odd" ? NaN : 1 }))
        .selectKey("by-text", ({ text }) => ({ text: text === "lost" ? undefined as never : text }))
        .to(clickhouse("refused", { key: ["text"], columns: { text: "String", id: "Int64" } })),
  );
  await using driver = createTopologyTestDriver(declared);
  driver.insert(a, row(1, { text: "odd" }));
  driver.insert(a, row(2, { text: "lost" }));
  driver.insert(a, row(3, { text: "tea" }));
  await driver.settle();
  const errors = driver.deadLetters().map(({ error }) => error).sort();
  assertStringIncludes(errors[0], "NaN");
  assertStringIncludes(errors[1], 'Cannot group by "text": current value is undefined');
  driver.update(a, { id: 2, text: "milk" });
  await driver.settle();
  assertEquals(driver.deadLetters().filter(({ resolvedMs }) => resolvedMs === null).map(({ key }) => key), [
    '{"id":1}',
  ]);
});
