import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { explanationLines } from "../../../src/cli/explain/explain_text.ts";
import { clickhouse, clickhouseAppend, count, events, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user: z.int() }) });
const shown = clickhouseAppend("shown", { columns: { user: "Int64" }, orderBy: ["user"] });
const totals = clickhouse("totals", { key: ["user"], columns: { user: "Int64", clicks: "Int64" } });

const app = topology("clicks", (builder) => {
  const stream = builder.stream(clicks);
  stream.filter(({ user }) => user > 0).to(shown);
  stream.groupBy(({ user }) => ({ user })).aggregate("sums", { clicks: count() }).to(totals);
});

Deno.test("explanationLines() tells a record's rows, and a total's events with a next page", async () => {
  await using driver = createTopologyTestDriver(app, { partitions: 1 });
  for (const user of [1, 0, 1, 1]) driver.send(clicks, { key: "k", value: { user }, timestampMs: 1_000 });
  await driver.settle();
  const linesOf = async (table: string, key: string) =>
    explanationLines(await driver.explain(table, key, { limit: 2 }), { width: 80, colours: false });
  const record = await linesOf("shown", "shop.clicks/0/0");
  assertEquals(record[0], "shown: the record at shop.clicks/0/0 is shown: 1 row");
  for (const line of [/^ +key k$/, /^shown +row 0 is there as it is computed$/]) {
    assert(record.some((one) => line.test(one)), record.join("\n"));
  }
  const filtered = await linesOf("shown", "0/1");
  assert(filtered.some((one) => /^shown +ClickHouse has no row of it$/.test(one)), filtered.join("\n"));
  const total = await linesOf("totals", "1");
  assert(total.some((one) => one.includes('2 of 3 events of "sums", which make up the total')), total.join("\n"));
  const next = total.find((one) => one.startsWith("go on with"))!;
  const [, after] = /^go on with --after '(.*)'$/.exec(next)!;
  assertEquals((await driver.explain("totals", "1", { after })).contributors!.rows.length, 1);
});
