import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, int8, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";

const things = debezium("shop.public.things", {
  key: ["id"],
  row: z.object({ id: int8(), kind: z.string(), size: z.int() }),
});

const shown = clickhouse("things", { key: ["id"], columns: { id: "Int64", kind: "String", size: "UInt8" } });

/** Who refuses the row of kind "bad", and the stage of the dead letter. */
const REFUSALS = [
  { by: "a callback", size: 1, throws: true, refuses: false, stage: "callback" },
  { by: "the encoder", size: 300, throws: false, refuses: false, stage: "callback" },
  { by: "ClickHouse", size: 1, throws: false, refuses: true, stage: "sink" },
];

for (const { by, size, throws, refuses, stage } of REFUSALS) {
  const mirror = topology("things", (builder) =>
    builder.table(things).mapValues((row) => {
      if (throws && row.kind === "bad") throw new RangeError("no bad things");
      return row;
    }).to(shown));
  const open = () =>
    createTopologyTestDriver(mirror, { refuses: (_, row) => refuses && row.kind === "bad", partitions: 2 });
  const rows = (driver: TopologyTestDriver) => driver.select(shown).map((row) => `${row.id} ${row.kind}`);
  const good = (id: number, kind = "good") => ({ id, kind, size: 1 });
  const bad = (id: number) => ({ id, kind: "bad", size });

  Deno.test(`a row whose newer version ${by} refuses leaves the table, with one dead letter`, async () => {
    await using driver = open();
    for (const id of [1, 2, 3]) driver.insert(things, good(id));
    await driver.settle();
    driver.update(things, bad(2));
    driver.update(things, good(3, "better"));
    await driver.settle();
    assertEquals(rows(driver), ["1 good", "3 better"]);
    const letters = driver.deadLetters();
    assertEquals(letters.map((letter) => [letter.stage, letter.key]), [[stage, '{"id":2}']]);
    driver.update(things, good(2));
    await driver.settle();
    assertEquals(rows(driver), ["1 good", "2 good", "3 better"]);
  });

  Deno.test(`a row that ${by} refuses is neither tried again nor flips, comparison after comparison`, async () => {
    await using driver = open();
    driver.insert(things, good(1));
    await driver.settle();
    driver.update(things, bad(1));
    await driver.settle();
    const { writes } = driver;
    for (let comparison = 0; comparison < 3; comparison++) await driver.advance(700_000);
    assertEquals([rows(driver), driver.writes - writes], [[], 0]);
    driver.delete(things, 1);
    driver.insert(things, good(1));
    await driver.settle();
    assertEquals(rows(driver), ["1 good"]);
  });

  Deno.test(`a start does not show a row that ${by} refuses, and has no more to do with it`, async () => {
    await using driver = open();
    for (const id of [1, 2]) driver.insert(things, good(id));
    await driver.settle();
    driver.update(things, bad(1));
    await driver.settle();
    const { writes } = driver;
    const report = await driver.restart();
    assertEquals(report, [{ sink: "things", kept: 1, written: refuses ? 1 : 0, deleted: 0 }]);
    for (let comparison = 0; comparison < 2; comparison++) await driver.advance(700_000);
    assertEquals([rows(driver), driver.writes - writes], [["2 good"], 0]);
    driver.update(things, good(1, "again"));
    await driver.settle();
    assertEquals(rows(driver), ["1 again", "2 good"]);
  });
}

Deno.test("a start leaves what was shown of a row that ClickHouse refuses from it, also when it compares", async () => {
  const mirror = topology("things", (builder) => builder.table(things).to(shown));
  const renamed = topology(
    "things",
    (builder) => builder.table(things).mapValues((row) => ({ ...row, kind: row.id === 1 ? "bad" : "new" })).to(shown),
  );
  await using driver = createTopologyTestDriver(mirror, { refuses: (_, row) => row.kind === "bad" });
  for (const id of [1, 2]) driver.insert(things, { id, kind: "old", size: 1 });
  await driver.settle();
  await driver.restart({ topology: renamed });
  const rows = () => driver.select(shown).map((row) => `${row.id} ${row.kind}`);
  assertEquals(rows(), ["1 old", "2 new"]);
  const { writes } = driver;
  for (let comparison = 0; comparison < 2; comparison++) await driver.advance(700_000);
  driver.update(things, { id: 1, size: 1 });
  await driver.settle();
  assertEquals([rows(), driver.writes - writes], [["1 old", "2 new"], 0]);
  // From here on the row is as any other.
  driver.delete(things, 1);
  await driver.settle();
  assertEquals(rows(), ["2 new"]);
});
