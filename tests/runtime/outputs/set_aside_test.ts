import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { avg, clickhouse, count, debezium, Decimal, int8, max, min, numeric, sum, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../../src/testing/mod.ts";
import { TopologyError } from "../../../src/record/errors.ts";

const votes = debezium("t.public.votes", {
  key: ["id"],
  row: z.object({ id: int8(), team: z.string(), points: int8(), price: numeric(), word: z.string() }),
});

const vote = (id: number, team: string, columns: { points?: number | bigint; price?: string; word?: string } = {}) => ({
  ...{ id, team, points: columns.points ?? 1, price: Decimal.parse(columns.price ?? "1"), word: columns.word ?? "" },
});

const totals = clickhouse("totals", {
  key: ["team"],
  columns: { team: "String", rows: "UInt8", points: "Int32", price: "Decimal(9, 2)" },
});

const direct = topology("direct", (builder) => {
  builder.table(votes).groupBy((row) => ({ team: row.team })).aggregate("by-team", {
    rows: count(),
    points: sum((row) => row.points),
    price: sum((row) => row.price),
  }).to(totals as never);
});

const shown = (driver: TopologyTestDriver, sink: typeof totals = totals) =>
  driver.select(sink as never).map((row) => Object.values(row).join(" "));
const letters = (driver: TopologyTestDriver) => driver.deadLetters().map(({ operator, key }) => `${operator} ${key}`);

for (const partitions of [1, 2, 5]) {
  const name = `with ${partitions} partitions`;

  Deno.test(`a total beyond its column sets its group aside, and comes back, ${name}`, async () => {
    await using driver = createTopologyTestDriver(direct, { partitions });
    for (let id = 0; id < 6; id++) driver.insert(votes, vote(id, "wide", { points: 1_500_000_000 }));
    driver.insert(votes, vote(10, "good", { points: 7 }));
    await driver.settle();
    assertEquals(shown(driver), ["good 1 7 1.00"]);
    assertEquals(letters(driver), ['sink totals {"team":"wide"}']);
    const [{ error }] = driver.deadLetters();
    assertStringIncludes(error, 'Cannot show the total "points" as Int32: current value is 9000000000');
    assertEquals(await driver.restart(), [{
      sink: "totals",
      kept: driver.writes,
      written: 0,
      deleted: 0,
      shares: true,
    }]);
    assertEquals(shown(driver), ["good 1 7 1.00"]);
    for (let id = 1; id < 6; id++) driver.delete(votes, id);
    await driver.settle();
    assertEquals(shown(driver), ["good 1 7 1.00", "wide 1 1500000000 1.00"]);
  });

  Deno.test(`a refund into an unsigned column counts, as long as the total is not negative, ${name}`, async () => {
    const sink = clickhouse("refunds", { key: ["team"], columns: { team: "String", points: "UInt64" } });
    const refunds = topology("refunds", (builder) => {
      builder.table(votes).groupBy((row) => ({ team: row.team }))
        .aggregate("by-team", { points: sum((row) => row.points) }).to(sink);
    });
    await using driver = createTopologyTestDriver(refunds, { partitions });
    for (let id = 0; id < 5; id++) driver.insert(votes, vote(id, "a", { points: 10 }));
    for (let id = 5; id < 10; id++) driver.insert(votes, vote(id, "a", { points: -9 }));
    await driver.settle();
    assertEquals(shown(driver, sink as never), ["a 5"]);
    driver.insert(votes, vote(20, "a", { points: -6 }));
    await driver.settle();
    assertEquals(shown(driver, sink as never), []);
    assertEquals(letters(driver), ['sink refunds {"team":"a"}']);
  });

  Deno.test(`digits that no total has room for set the group aside, those that add up do not, ${name}`, async () => {
    await using driver = createTopologyTestDriver(direct, { partitions });
    for (const id of [1, 2, 3, 4]) driver.insert(votes, vote(id, "half", { price: "0.005" }));
    driver.insert(votes, vote(5, "odd", { price: "0.005" }));
    driver.insert(votes, vote(6, "good", { price: "2.50" }));
    await driver.settle();
    assertEquals(shown(driver), ["good 1 1 2.50", "half 4 4 0.02"]);
    assertEquals(letters(driver), ['sink totals {"team":"odd"}']);
  });

  Deno.test(`a share that cannot be written does not stay in the total as it was, ${name}`, async () => {
    const sink = clickhouse("odd", { key: ["team"], columns: { team: "String", points: "Int64", least: "Int64" } });
    const odd = topology("odd", (builder) => {
      builder.table(votes).groupBy((row) => ({ team: row.team })).aggregate("by-team", {
        points: sum((row) => row.word === "decimal" ? row.price as never : row.points),
        least: min((row) => row.word === "text" ? row.word as never : row.points),
      }).to(sink);
    });
    await using driver = createTopologyTestDriver(odd, { partitions });
    for (let id = 0; id < 6; id++) driver.insert(votes, vote(id, "a", { points: 10 }));
    driver.insert(votes, vote(10, "b"));
    await driver.settle();
    assertEquals(shown(driver, sink as never), ["a 60 10", "b 1 1"]);
    for (const word of ["decimal", "text"]) {
      driver.update(votes, { id: 3, word });
      await driver.settle();
      assertEquals(shown(driver, sink as never), ["b 1 1"], word);
      assertEquals(letters(driver), ['sink odd {"team":"a"}']);
      const [report] = await driver.restart();
      assertEquals([report.written, report.deleted], [0, 0]);
      assertEquals(shown(driver, sink as never), ["b 1 1"], word);
      driver.update(votes, { id: 3, word: "" });
      await driver.settle();
      assertEquals(shown(driver, sink as never), ["a 60 10", "b 1 1"], word);
    }
  });

  Deno.test(`a share that ClickHouse refuses sets its group aside until it is another one, ${name}`, async () => {
    const refuses = (_: string, row: Readonly<Record<string, unknown>>) => row.points === 7 && row._refused === 0;
    const sink = clickhouse("odd", { key: ["team"], columns: { team: "String", points: "Int64" } });
    const odd = topology("odd", (builder) => {
      builder.table(votes).groupBy((row) => ({ team: row.team })).aggregate("by-team", { points: sum((r) => r.points) })
        .to(sink);
    });
    await using driver = createTopologyTestDriver(odd, { partitions, refuses });
    driver.insert(votes, vote(1, "a", { points: 3 }));
    driver.insert(votes, vote(10, "b"));
    await driver.settle();
    assertEquals(shown(driver, sink as never), ["a 3", "b 1"]);
    driver.update(votes, { id: 1, points: 7 });
    await driver.settle();
    assertEquals(shown(driver, sink as never), ["b 1"]);
    assertEquals(driver.deadLetters().some(({ stage, key }) => stage === "sink" && key === '{"team":"a"}'), true);
    await driver.advance(700_000);
    assertEquals(shown(driver, sink as never), ["b 1"]);
    driver.update(votes, { id: 1, points: 8 });
    await driver.settle();
    assertEquals(shown(driver, sink as never), ["a 8", "b 1"]);
  });

  Deno.test(`a total beyond 38 digits ends nothing but its own group, ${name}`, async () => {
    const big = "90000000000000000000000000000000000000";
    const sink = clickhouse("wide", { key: ["team"], columns: { team: "String", price: "Decimal(76, 0)" } });
    const means = clickhouse("means", { key: ["team"], columns: { team: "String", mean: "Decimal(38, 0)" } });
    const built = topology("wide", (builder) => {
      const teams = builder.table(votes).groupBy((row) => ({ team: row.team }));
      teams.aggregate("direct", { mean: avg((row) => row.price, 0) }).to(means);
      teams.aggregate("further", { price: sum((row) => row.price) }).filter(() => true).to(sink);
    });
    await using driver = createTopologyTestDriver(built, { partitions });
    for (let id = 0; id < 6; id++) driver.insert(votes, vote(id, "junk", { price: big }));
    driver.insert(votes, vote(10, "good", { price: "5" }));
    await driver.settle();
    assertEquals(shown(driver, sink as never), ["good 5"]);
    assertEquals(shown(driver, means as never), ["good 5", `junk ${big}`]);
    assertEquals(letters(driver), ['further {"team":"junk"}']);
    for (let id = 1; id < 6; id++) driver.delete(votes, id);
    await driver.settle();
    assertEquals(shown(driver, sink as never), ["good 5", `junk ${big}`]);
  });

  Deno.test(`min() and max() order texts by code point, whatever they are written to, ${name}`, async () => {
    const sink = clickhouse("texts", { key: ["team"], columns: { team: "String", least: "String", last: "UUID" } });
    const texts = topology("texts", (builder) => {
      builder.table(votes).groupBy((row) => ({ team: row.team })).aggregate("by-team", {
        least: min((row) => row.word),
        last: max((row) => `${row.points}0000000-0000-0000-${String(row.id).padStart(4, "0")}-000000000000`),
      }).to(sink);
    });
    await using driver = createTopologyTestDriver(texts, { partitions });
    driver.insert(votes, vote(1, "a", { word: "😀", points: 7 }));
    driver.insert(votes, vote(2, "a", { word: "\uff5e", points: 8 }));
    driver.insert(votes, vote(9, "a", { word: "😁", points: 1 }));
    await driver.settle();
    assertEquals(shown(driver, sink as never), ["a \uff5e 80000000-0000-0000-0002-000000000000"]);
  });
}

Deno.test("a topology whose totals cannot be of their columns' types is refused, with all problems", async () => {
  const sink = clickhouse("wrong", { key: ["team"], columns: { team: "String", mean: "Decimal(18, 2)", any: "Bool" } });
  const built = topology("wrong", (builder) => {
    builder.table(votes).groupBy((row) => ({ team: row.team })).aggregate("by-team", {
      mean: avg((row) => row.points),
      any: max((row) => row.points),
    }).to(sink as never);
  });
  await using driver = createTopologyTestDriver(built);
  const error = await assertRejects(() => driver.settle(), TopologyError);
  assertEquals(error.problems.length, 2);
});
