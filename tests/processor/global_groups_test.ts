import { assertEquals } from "@std/assert";
import { clickhouse, count, sum, topology } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, c, out, row, texts } from "./shop.ts";

const sums = clickhouse("sums", { key: ["text"], columns: { text: "String", units: "Int64", rows: "Int64" } });
const counts = clickhouse("counts", { key: ["ref"], columns: { ref: "Int64", count: "Int64" } });

/** A global table that is joined, and grouped by what another one says. */
const grouped = topology("grouped", (builder) => {
  const named = builder.globalTable(a).leftJoin("c", builder.globalTable(c), ({ ref }) => ref)
    .filter(({ units }) => units !== 9);
  builder.table(b).join("a", named, ({ ref }) => ref ?? -1)
    .mapValues((value) => ({ id: value.id, text: `${value.a.text} ${value.a.c?.text ?? "none"}` })).to(out);
  named.groupBy((value) => ({ text: value.c?.text ?? "none" }))
    .aggregate("by-text", { units: sum(({ units }) => units), rows: count() }).to(sums);
  named.groupBy(({ ref }) => ref === null ? null : { ref }).count("by-ref").filter(() => true).to(counts);
});

for (const snapshotEveryMs of [0, 60_000]) {
  const way = snapshotEveryMs === 0 ? "no snapshots" : "snapshots";

  Deno.test(`groupBy() of a global table counts each row once, and follows its partners: ${way}`, async () => {
    await using driver = createTopologyTestDriver(grouped, {
      partitions: { a: 3, b: 2, c: 2 },
      options: { snapshotEveryMs },
    });
    const shown = async () => {
      await driver.settle();
      return [
        texts(driver.select(out)),
        driver.select(sums).map((total) => Object.values(total).join(" ")),
        driver.select(counts).map((total) => Object.values(total).join(" ")),
      ];
    };
    driver.insert(c, row(7, { text: "seven" }));
    for (const id of [1, 2, 3, 4]) driver.insert(a, row(id, { ref: id < 4 ? 7 : null, units: id, text: `a${id}` }));
    driver.insert(b, row(1, { ref: 2 }));
    assertEquals(await shown(), [["1 a2 seven"], ["none 4 1", "seven 6 3"], ["7 3"]]);
    driver.update(c, { id: 7, text: "VII" });
    driver.update(a, { id: 1, units: 9 });
    driver.delete(a, 4);
    const expected = [["1 a2 VII"], ["VII 5 2"], ["7 2"]];
    assertEquals(await shown(), expected);
    const { writes } = driver;
    await driver.restart();
    assertEquals([await shown(), driver.writes - writes], [expected, 0]);
  });
}

Deno.test("groupBy() of a global table is described as what tasks of its topic do", () => {
  const { tasks, globals, operators } = describe(compile(grouped), grouped);
  assertEquals(tasks.map(({ table, reads }) => [table, reads]), [
    ["b", ["t.public.b"]],
    ["a", ["t.public.a"]],
    ["by-ref", ["shares of by-ref"]],
  ]);
  assertEquals(globals.map(({ table }) => table), ["a", "c"]);
  assertEquals(
    operators.filter(({ name }) => name === "a.c").map(({ runsAt, partner }) => [runsAt, partner]),
    [["every instance", "replicated"], ["tasks of a", "replicated"]],
  );
});
