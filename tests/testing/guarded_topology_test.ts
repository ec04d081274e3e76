import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, debezium, events, int8, sum, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";

const row = z.object({ id: int8(), v: z.int(), tags: z.array(z.string()) });
const things = debezium("shop.public.things", { key: ["id"], row: row.omit({ tags: true }) });
const clicks = events("shop.clicks", { row });
const table = (name: string) => clickhouse(name, { key: ["id"], columns: { id: "Int64", v: "Int64" } });
const appended = (name: string) => clickhouseAppend(name, { columns: { id: "Int64", v: "Int64" }, orderBy: ["id"] });
type Open = { v: number; tags: string[] };

Deno.test("a callback of a table that changes its row is found by the driver, and reaches no other one", async () => {
  const changing = topology("changing", (builder) => {
    const all = builder.table(things);
    all.mapValues((thing) => {
      (thing as unknown as Open).v += 1_000;
      return thing;
    }).to(table("changed"));
    all.filter(({ v }) => v < 1_000).to(table("plain"));
  });
  await using driver = createTopologyTestDriver(changing);
  driver.insert(things, { id: 1, v: 5 });
  await driver.settle();
  assertEquals([driver.select(table("changed")), driver.select(table("plain"))], [[], [{ id: 1, v: 5 }]]);
  const [{ error }] = driver.deadLetters();
  assertStringIncludes(error, "Cannot change what a callback is given");
  assertStringIncludes(error, "v was 5, and is 1005 now");
});

Deno.test("a callback of a stream that changes its event, or a part of it, is found by the driver", async () => {
  const changing = topology("changing", (builder) => {
    const all = builder.stream(clicks);
    all.mapValues(({ id, v, tags }) => {
      (tags as string[]).push("seen");
      return { id, v };
    }).to(appended("changed"));
    all.mapValues(({ id, tags }) => ({ id, v: tags.length })).to(appended("plain"));
    all.groupBy((click) => {
      delete (click as Partial<Open>).v;
      return { id: click.id };
    }).aggregate("by_id", { v: sum(({ v }) => v) }).to(table("sums"));
  });
  await using driver = createTopologyTestDriver(changing);
  driver.send(clicks, { key: null, value: { id: 1, v: 5, tags: [] } });
  await driver.settle();
  assertEquals([driver.appended(appended("changed")), driver.select(table("sums"))], [[], []]);
  assertEquals(driver.appended(appended("plain")), [{ id: 1, v: 0 }]);
  const errors = driver.deadLetters().map(({ error }) => error);
  assertEquals([errors.length, errors.every((error) => error.includes("Cannot change what a callback is given"))], [
    2,
    true,
  ]);
});

Deno.test("a callback may give what it was given, and make results on the way", async () => {
  const given = topology("given", (builder) => {
    builder.table(things).mapValues((thing) => thing).to(table("same"));
    builder.stream(clicks).flatMapValues(function* (click) {
      yield { id: click.id, v: click.v };
      yield { id: click.id, v: click.v + 1 };
      if (click.v > 5) (click as unknown as Open).v = 0;
    }).to(appended("several"));
  });
  await using driver = createTopologyTestDriver(given);
  driver.insert(things, { id: 1, v: 5 });
  for (const v of [5, 6]) driver.send(clicks, { key: null, value: { id: 1, v, tags: [] } });
  await driver.settle();
  assertEquals(driver.select(table("same")), [{ id: 1, v: 5 }]);
  assertEquals(driver.appended(appended("several")), [{ id: 1, v: 5 }, { id: 1, v: 6 }]);
  assertEquals(driver.deadLetters().length, 1);
});
