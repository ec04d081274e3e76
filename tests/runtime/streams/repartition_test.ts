import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, count, events, int8, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", {
  row: z.object({ user: z.string(), n: int8() }),
  nullValues: true,
});
const moved = clickhouseAppend("moved", {
  columns: { key: "String", n: "Nullable(Int64)", at: "Int64", topic: "String", partition: "UInt8" },
  orderBy: ["key"],
});
const grown = clickhouseAppend("grown", { columns: { user: "String", events: "UInt64" }, orderBy: ["user"] });

const app = (partitions?: number) =>
  topology("moves", (builder) => {
    const stream = builder.stream(clicks);
    stream.repartition("by_key").mapValues((value, key, { timestampUs, topic, partition }) => ({
      key,
      n: value?.n ?? null,
      at: timestampUs,
      topic,
      partition,
    })).to(moved);
    const byUser = stream.filter((value) => value !== null).repartition("by_user", {
      on: (value) => value === null ? null : { user: value.user },
      ...partitions === undefined ? {} : { partitions },
    });
    builder.toStream(byUser.groupByKey().aggregate("events", { events: count() }))
      .flatMapValues((row) => row === null ? [] : [{ user: row.user, events: row.events }]).to(grown);
    // Whatever nobody takes is not read again, either.
    stream.repartition("unused").forEach(() => {});
  });

Deno.test("repartition() brings each event of a key once into one partition, in its order, with its time", async () => {
  await using driver = createTopologyTestDriver(app(5), { partitions: 2 });
  const send = (partition: number, [key, n]: readonly [string | null, number | null]) =>
    driver.send(clicks, {
      key,
      value: n === null ? null : { user: `u${n % 2}`, n },
      partition,
      timestampMs: 1_000 - (n ?? 0),
    });
  send(0, ["a", 1]);
  send(1, ["b", 2]);
  send(0, ["a", 3]);
  send(0, [null, 4]);
  send(1, ["a", null]);
  await driver.settle();
  const shown = () =>
    driver.appended(moved).map(({ key, n, at }) => `${key} ${n} ${at}`).sort((a, b) => a.localeCompare(b));
  const first = ["a 1 999000", "a 3 997000", "a null 1000000", "b 2 998000"];
  assertEquals(shown(), first);
  const places = new Map(driver.appended(moved).map(({ key, partition, topic }) => [key, `${topic}/${partition}`]));
  assertEquals(
    driver.appended(moved).every(({ key, topic, partition }) => places.get(key) === `${topic}/${partition}`),
    true,
  );
  assertEquals([...places.values()].every((place) => place.startsWith("weir.moves.by_key.repartition/")), true);
  const own = driver.appended(moved).filter(({ key }) => key === "a").map(({ n }) => String(n));
  assertEquals(own.indexOf("1") < own.indexOf("3"), true, String(own));

  send(0, ["a", 5]);
  await driver.restart();
  assertEquals(shown(), [...first, "a 5 995000"].sort((a, b) => a.localeCompare(b)));
  const last = new Map(driver.appended(grown).map(({ user, events }) => [user, Number(events)]));
  assertEquals([...last].sort(), [["u0", 2], ["u1", 3]]);
  assertEquals(driver.appended(grown).length, 5);
  assertEquals(driver.deadLetters(), []);
  await assertRejects(() => driver.restart({ topology: app(4) }), Error, 'repartition("by_user", { partitions: 5 })');
});

Deno.test("repartition() refuses names that are no topic's, and other numbers than whole ones from 1 on", () => {
  const error = assertThrows(() =>
    topology("t", (builder) => {
      builder.stream(clicks).repartition("a b", { partitions: 0 }).forEach(() => {});
      builder.stream(clicks).repartition("a b").forEach(() => {});
    })
  ) as Error & { problems: readonly string[] };
  assertEquals(error.problems.map((problem) => problem.slice(0, 40)), [
    'Cannot use "a b" as a name of repartitio',
    'Cannot divide "a b" into 0 partitions: u',
    'Two operators are named "a b". Give one ',
    'Cannot use "a b" as a name of repartitio',
  ]);
});
