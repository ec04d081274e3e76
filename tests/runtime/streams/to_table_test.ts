import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, debezium, events, int8, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const moves = events("shop.moves", {
  key: int8(),
  row: z.object({ place: z.string(), n: int8() }),
  nullValues: true,
});
const people = debezium("shop.people", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const shown = clickhouse("places", {
  key: ["id"],
  columns: { id: "Int64", place: "String", n: "Int64", name: "String" },
});
const told = clickhouseAppend("told", {
  columns: { id: "Int64", place: "Nullable(String)", at: "Int64" },
  orderBy: ["id"],
});

const app = topology("places", (builder) => {
  const newest = builder.stream(moves).toTable("newest", "id");
  newest.leftJoin("person", builder.table(people))
    .mapValues(({ place, n, person }, key) => ({ id: key, place, n, name: person?.name ?? "" }))
    .to(shown);
  builder.toStream(newest).map((
    row,
    key,
    { timestampUs },
  ) => [key, { ...key, place: row?.place ?? null, at: timestampUs }])
    .to(told);
});

for (const snapshots of [false, true]) {
  Deno.test(`toTable() keeps the newest value of each key, ${snapshots ? "with" : "without"} snapshots`, async () => {
    await using driver = createTopologyTestDriver(app, {
      partitions: { moves: 2, people: 2 },
      options: snapshots ? { snapshotEveryMs: 1 } : {},
    });
    const rows = () => driver.select(shown).map(({ id, place, n, name }) => `${id} ${place} ${n} ${name}`);
    driver.insert(people, { id: 1, name: "Ann" });
    driver.insert(people, { id: 3, name: "Cid" });
    driver.send(moves, { key: 1, value: { place: "a", n: 1 }, timestampMs: 50 });
    driver.send(moves, { key: 2, value: { place: "b", n: 2 }, timestampMs: 50 });
    driver.send(moves, { key: 1, value: { place: "c", n: 3 }, timestampMs: 10 });
    driver.send(moves, { key: 3, value: { place: "d", n: 4 }, timestampMs: 60 });
    driver.send(moves, { key: null, value: { place: "e", n: 5 } });
    driver.send(moves, { key: 4, value: null, timestampMs: 70 });
    await driver.settle();
    assertEquals(rows(), ["1 c 3 Ann", "2 b 2 ", "3 d 4 Cid"]);
    driver.send(moves, { key: 2, value: null, timestampMs: 80 });
    await driver.settle();
    if (snapshots) await driver.advance(10_000);
    assertEquals(rows(), ["1 c 3 Ann", "3 d 4 Cid"]);
    await driver.restart();
    assertEquals(rows(), ["1 c 3 Ann", "3 d 4 Cid"]);
    // Rows that nobody has read since the start are evaluated again.
    driver.update(people, { id: 3, name: "Cyd" });
    driver.send(moves, { key: 2, value: { place: "f", n: 6 }, timestampMs: 1 });
    await driver.settle();
    assertEquals(rows(), ["1 c 3 Ann", "2 f 6 ", "3 d 4 Cyd"]);
    assertEquals(driver.deadLetters(), []);
    assertEquals(
      Object.entries(Object.groupBy(driver.appended(told), ({ id }) => String(id))).map(([id, changes]) =>
        `${id}: ${changes!.map(({ place, at }) => `${place} ${at}`).join()}`
      ),
      ["1: a 50000,c 10000", "2: b 50000,null 80000,f 1000", "3: d 60000", "4: null 70000"],
    );
  });
}

Deno.test("reduce() of a stream has its key behind a start with a snapshot", async () => {
  const sums = clickhouse("sums", { key: ["id"], columns: { id: "Int64", place: "String", n: "Int64" } });
  const reduced = topology("sums", (builder) => {
    builder.stream(moves).groupByKey("id").reduce("sums", (a, b) => ({ place: b.place, n: Number(a.n) + Number(b.n) }))
      .mapValues(({ place, n }, key) => ({ id: key, place, n }))
      .to(sums);
  });
  await using driver = createTopologyTestDriver(reduced, { partitions: 1, options: { snapshotEveryMs: 1 } });
  const rows = () => driver.select(sums).map(({ id, place, n }) => `${id} ${place} ${n}`);
  for (const n of [1, 2, 3]) driver.send(moves, { key: n % 2, value: { place: `p${n}`, n } });
  await driver.settle();
  await driver.advance(10_000);
  assertEquals(rows(), ["0 p2 2", "1 p3 4"]);
  await driver.restart();
  assertEquals(rows(), ["0 p2 2", "1 p3 4"]);
  assertEquals(driver.deadLetters(), []);
});

Deno.test("a value that is no row is a dead letter, and the newest row stays", async () => {
  const rows = clickhouse("rows", { key: ["id"], columns: { id: "Int64", place: "String", n: "Int64" } });
  const table = topology("rows", (builder) => {
    builder.stream(moves).mapValues((value) => value?.n === 2 ? [value] as never : value).toTable("newest", "id").to(
      rows,
    );
  });
  await using driver = createTopologyTestDriver(table, { partitions: 1 });
  driver.send(moves, { key: 7, value: { place: "a", n: 1 } });
  driver.send(moves, { key: 7, value: { place: "b", n: 2 } });
  await driver.settle();
  assertEquals(driver.select(rows).map(({ place }) => place), ["a"]);
  assertEquals(driver.deadLetters().map(({ error }) => /an array of 1 as a row/.test(error)), [true]);
});
