import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, count, debezium, events, int8, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("clicks", { row: z.object({ n: z.int(), page: z.string().nullable() }) });
const pages = debezium("shop.public.pages", { key: ["id"], row: z.object({ id: int8(), title: z.string() }) });
const seen = clickhouseAppend("seen", { columns: { n: "Int64" }, orderBy: ["n"] });
const counted = clickhouse("counted", { key: ["page"], columns: { page: "String", clicks: "Int64" } });

/** Events in a filter, a join with a global table and an aggregate; some of each are lost on their way. */
const clickTopology = topology("clicks_seen", (builder) => {
  const stream = builder.stream(clicks).filter(({ n }) => n >= 0);
  const table = builder.globalTable(pages);
  stream.mapValues((row) => {
    if (row.n === 13) throw new RangeError("unlucky");
    return { ...row };
  }).leftJoin("page", table, (row) => row.n === 7 ? null : row.n % 3).to(seen);
  stream.groupBy(({ page }) => page === null ? null : { page }).aggregate("by_page", { clicks: count() })
    .to(counted);
});

Deno.test("operatorCounts() counts each event once at each operator of streams, as what became of it", async () => {
  await using driver = createTopologyTestDriver(clickTopology, { partitions: 2 });
  driver.insert(pages, { id: 1, title: "one" });
  await driver.settle();
  const send = (n: number, page: string | null) => driver.send(clicks, { key: String(n), value: { n, page } });
  for (let n = -5; n < 20; n++) send(n, n % 2 === 0 ? "even" : null);
  await driver.settle();
  const countsOf = (op: string) => driver.operators().filter((one) => one.op === op).map(({ passed }) => passed);
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  const joined = numbers.filter((n) => n !== 13 && n !== 7 && n % 3 === 1).length;
  assertEquals(countsOf("events"), [{ in: 25, out: 25 }]);
  assertEquals(countsOf("filter"), [{ in: 25, out: 20, filtered: 5, errors: 0 }]);
  assertEquals(countsOf("globalJoin"), [
    { in: 19, out: 19, joined, withoutPartner: 18 - joined, nullKeys: 1, errors: 0 },
  ]);
  assertEquals(countsOf("streamAggregate"), [{ in: 20, out: 10, nullKeys: 10, dropped: 0, errors: 0 }]);
  assertEquals(countsOf("append"), [{ in: 19, out: 19, errors: 0 }]);
  assertEquals(countsOf("mapValues").map(({ errors }) => errors), [1]);
  const folded = driver.operators().filter(({ rows }) => rows !== null).map(({ op, rows }) => [op, rows]);
  assertEquals(folded, [
    ["source", { in: 1, out: 1 }],
    ["folded", { in: 1, out: 1 }],
    ["sink", { in: 1, out: 1, waiting: 0, errors: 0 }],
  ]);
});

const views = events("views", { row: z.object({ n: z.int().nullable() }) });
const both = clickhouseAppend("both", { columns: { n: "Int64" }, orderBy: ["n"] });

/** Clicks with the page of their number, and with views of the same number within a second. */
const joinedTopology = topology("clicks_joined", (builder) => {
  const stream = builder.stream(clicks);
  stream.leftJoin("page", builder.table(pages), ({ n }) => n).mapValues(({ n }) => ({ n })).to(seen);
  stream.leftJoin("view", builder.stream(views), {
    on: [({ n }) => n < 0 ? null : { n }, ({ n }) => n === null ? null : { n }],
    within: { seconds: 1 },
  }).mapValues(({ n }) => ({ n })).to(both);
});

Deno.test("operatorCounts() counts which events find a partner, in a table and in another stream", async () => {
  await using driver = createTopologyTestDriver(joinedTopology, { partitions: 1 });
  driver.insert(pages, { id: 1, title: "one" });
  driver.insert(pages, { id: 3, title: "three" });
  await driver.settle();
  for (let n = -2; n < 10; n++) {
    driver.send(clicks, { key: String(n), value: { n, page: null }, timestampMs: driver.nowMs });
  }
  for (const n of [2, 4, 5, null]) driver.send(views, { key: null, value: { n }, timestampMs: driver.nowMs + 5 });
  await driver.settle();
  // Behind the time of all others, so that those without a partner are told.
  driver.send(clicks, { key: "x", value: { n: 99, page: null }, timestampMs: driver.nowMs + 60_000 });
  await driver.settle();
  const countsOf = (op: string) => driver.operators().filter((one) => one.op === op).map(({ passed }) => passed)[0];
  const table = countsOf("tableJoin");
  assertEquals([table.joined, table.withoutPartner, table.nullKeys, table.out], [2, 11, 0, 13]);
  const stream = countsOf("streamJoin");
  // One of those without a key is a view.
  assertEquals([stream.joined, stream.withoutPartner, stream.nullKeys], [3, 7, 3]);
  assertEquals(stream.out, 12, "the last click still waits for a view");
});
