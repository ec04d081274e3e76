import { assertEquals, assertStringIncludes } from "@std/assert";
import { clickhouse, count, countDistinct, Decimal, sum, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, row } from "./shop.ts";

const shown = clickhouse("shown", {
  key: ["text"],
  columns: { text: "String", rows: "UInt64", amounts: "UInt64", refs: "UInt64", units: "Int64" },
});

const declared = topology(
  "distinct",
  (builder) =>
    builder.table(a).groupBy((value) => ({ text: value.text })).aggregate("by-text", {
      rows: count(),
      amounts: countDistinct((value) => value.amount),
      refs: countDistinct((value) => value.ref),
      units: sum((value) => value.units),
    }).to(shown),
);

for (const snapshotEveryMs of [0, 60_000]) {
  const way = snapshotEveryMs === 0 ? "without snapshots" : "with snapshots";

  Deno.test(`countDistinct() is exact under update, move and delete, ${way}`, async () => {
    await using driver = createTopologyTestDriver(declared, { options: { snapshotEveryMs } });
    const lines = () => driver.select(shown).map((total) => Object.values(total).join(" "));
    // In several partitions: each home has some of the values, and some of them in common.
    for (let id = 1; id <= 12; id++) {
      driver.insert(a, row(id, { text: "x", amount: `${id % 3}.50`, ref: id % 4 === 0 ? null : id % 4, units: 1 }));
    }
    await driver.settle();
    assertEquals(lines(), ["x 12 3 3 12"]);
    for (const id of [3, 6, 9]) driver.update(a, { id, amount: Decimal.parse("1.5") });
    driver.update(a, { id: 12, text: "y" });
    driver.update(a, { id: 1, ref: 9 });
    await driver.settle();
    const rest = ["x 11 2 4 11", "y 1 1 0 1"];
    assertEquals(lines(), rest);
    const { writes } = driver;
    await driver.restart();
    assertEquals([lines(), driver.writes], [rest, writes]);
    driver.delete(a, 1);
    for (const id of [2, 5, 8, 11]) driver.delete(a, id);
    await driver.settle();
    assertEquals(lines(), ["x 6 1 3 6", "y 1 1 0 1"]);
    for (const id of [3, 4, 6, 7, 9, 10, 12]) driver.delete(a, id);
    await driver.settle();
    assertEquals(lines(), []);
    driver.insert(a, row(3, { text: "x", amount: "7.00", ref: 1 }));
    await driver.settle();
    assertEquals(lines(), ["x 1 1 1 0"]);
  });
}

Deno.test("countDistinct() refuses a row whose value cannot be compared", async () => {
  const kinds = clickhouse("kinds", { key: ["group"], columns: { group: "Int64", kinds: "UInt64" } });
  const mistaken = topology("mistaken", (builder) =>
    builder.table(b).groupBy(() => ({ group: 0 }))
      .aggregate("kinds", { kinds: countDistinct((value) => value.units === 0 ? Number.NaN : value.text) }).to(kinds));
  await using driver = createTopologyTestDriver(mistaken);
  driver.insert(b, row(1, { text: "a", units: 1 }));
  driver.insert(b, row(2, { text: "b", units: 0 }));
  await driver.settle();
  assertEquals(driver.select(kinds), [{ group: 0, kinds: 1 }]);
  assertStringIncludes(driver.deadLetters()[0].error, 'Cannot count "kinds": Cannot use "number" as a key');
  driver.update(b, { id: 2, units: 1 });
  await driver.settle();
  assertEquals(driver.select(kinds), [{ group: 0, kinds: 2 }]);
});
