import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { type AppendSink, clickhouse, clickhouseAppend, count, events, int8, topology } from "../../../src/mod.ts";
import {
  begunLater,
  decodeFed,
  encodeFed,
  fedFrom,
  type FedOutputs,
  missedOf,
} from "../../../src/runtime/streams/fed_outputs.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const totals = (name: string) =>
  clickhouse(name, { key: ["user_id"], columns: { user_id: "Int64", clicks: "UInt64" } });
const raw = clickhouseAppend("raw", { columns: { user_id: "Int64" }, orderBy: ["user_id"] });

/** Counts clicks by user, under each of these names and into the sink beside it. */
function counted(sinks: Readonly<Record<string, string>>, appended: readonly AppendSink<{ user_id: number }>[] = []) {
  return topology("counted", (builder) => {
    const stream = builder.stream(clicks);
    const byUser = stream.groupBy(({ user_id }) => ({ user_id }));
    for (const [name, sink] of Object.entries(sinks)) byUser.aggregate(name, { clicks: count() }).to(totals(sink));
    for (const table of appended) stream.to(table as never);
  });
}

/** Ten clicks, five of each of two users. */
function clickTen(driver: TopologyTestDriver): void {
  for (let index = 0; index < 10; index++) {
    driver.send(clicks, { key: null, value: { user_id: index % 2 }, timestampMs: 1_000 + index, partition: 0 });
  }
}

const clicksOf = (driver: TopologyTestDriver, name: string) => driver.select(totals(name)).map((row) => row.clicks);

Deno.test("what was not declared while its stream went on says so, as long as it is short of that", async () => {
  const both = counted({ a: "x", b: "y" }, [raw]);
  await using driver = createTopologyTestDriver(both, { partitions: 1 });
  clickTen(driver);
  await driver.settle();
  assertEquals(driver.problems(), []);
  clickTen(driver);
  await driver.restart({ topology: counted({ b: "y" }) });
  assertEquals(driver.problems(), [], "it is not there, so nothing is short");
  await driver.restart({ topology: both });
  const said = driver.problems();
  assertEquals(said.length, 1);
  assertStringIncludes(said[0], '"a" and table "raw"');
  assertStringIncludes(said[0], "10 records");
  assertStringIncludes(said[0], "offsets 10 to 19");
  assertEquals([clicksOf(driver, "x"), clicksOf(driver, "y"), driver.appended(raw).length], [[5, 5], [10, 10], 10]);
  clickTen(driver);
  await driver.restart();
  assertEquals([driver.problems(), clicksOf(driver, "x")], [said, [10, 10]]);
  await driver.restart({ topology: counted({ c: "z", b: "y" }) });
  assertEquals([driver.problems(), clicksOf(driver, "z")], [[], []], "another name begins anew");
  clickTen(driver);
  await driver.restart();
  assertEquals([driver.problems(), clicksOf(driver, "z")], [[], [5, 5]]);
});

Deno.test("what was not declared while nothing came is short of nothing", async () => {
  await using driver = createTopologyTestDriver(counted({ a: "x", b: "y" }), { partitions: 2 });
  clickTen(driver);
  await driver.settle();
  await driver.restart({ topology: counted({ b: "y" }) });
  await driver.restart({ topology: counted({ a: "x", b: "y" }) });
  clickTen(driver);
  await driver.settle();
  assertEquals([clicksOf(driver, "x"), driver.problems()], [[10, 10], []]);
});

Deno.test("fedFrom() adds up what is missed, and begins again where a topic does", () => {
  /** What is fed after each of these starts, and at which offsets they were. */
  const after = (...starts: readonly (readonly [offset: number, ...names: string[]])[]) =>
    starts.reduce<FedOutputs | null>((known, [offset, ...names]) => fedFrom(known, { names, offset }), null)!;
  assertEquals([...after([500, "a", "b"]).values()], Array(2).fill({ until: null, missed: null, since: 0 }));
  const away = [[500, "a", "b"], [600, "b"], [650, "b"]] as const;
  assertEquals(missedOf(after(...away), ["b"]), [], "it is not there, so nothing is short");
  const back = [...away, [700, "a", "b"]] as const;
  assertEquals(missedOf(after(...back), ["a", "b"]), [{ name: "a", missed: { records: 100, from: 600, to: 700 } }]);
  const twice = after(...back, [800, "b"], [850, "a", "b"]);
  assertEquals(missedOf(twice, ["a"]), [{ name: "a", missed: { records: 150, from: 600, to: 850 } }]);
  assertEquals(missedOf(after(...away, [0, "a"]), ["a"]), [], "a topic that was made again begins at 0");
  assertEquals(missedOf(after(...away, [0, "b"], [5, "a"]), ["a"])[0].missed.records, 5);
  assertEquals(decodeFed(JSON.parse(JSON.stringify(encodeFed(twice)))), twice);

  const later = after([500, "a"], [600, "a", "b"], [700, "a", "b", "c"]);
  assertEquals(begunLater(later, ["a", "b", "c"]), ["b", "c"]);
  assertEquals(begunLater(twice, ["a", "b"]), ["a"], "what was away has not had all of them");
  const both = after([500, "a"], [600, "a", "b"], [700, "a"], [800, "a", "b"], [900, "b"]);
  assertEquals([...both.values()].map(({ since }) => since), [600, 0]);
  for (const fed of [later, both]) assertEquals(decodeFed(JSON.parse(JSON.stringify(encodeFed(fed)))), fed);
});

Deno.test("of what is not declared any more only the newest is remembered, as a position's note is short", () => {
  const names = Array.from({ length: 60 }, (_, index) => `of${index}`);
  let fed = fedFrom(null, { names, offset: 1 });
  for (let index = 1; index <= 60; index++) {
    fed = fedFrom(fed, { names: names.slice(index), offset: 1_000_000_000 + index });
  }
  assertEquals([fed.size, JSON.stringify(encodeFed(fed)).length < 2_000], [32, true]);
  const missed = missedOf(fedFrom(fed, { names, offset: 2_000_000_000 }), names);
  assertEquals(missed.map(({ name }) => name), names.slice(28));
});
