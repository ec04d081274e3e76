import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, count, events, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", {
  row: z.object({ n: z.int() }),
  time: (_, { headers, timestampUs }) => headers.at == null ? timestampUs : Number(headers.at),
});
const seen = clickhouseAppend("seen", { columns: { n: "Int64", at: "Int64", trace: "String" }, orderBy: ["n"] });
const grown = clickhouseAppend("grown", { columns: { n: "Int64", names: "String" }, orderBy: ["n"] });

Deno.test("callbacks of streams see headers of their records, or behind stages those of the last event", async () => {
  const app = topology("headers", (builder) => {
    const stream = builder.stream(clicks);
    stream.mapValues(({ n }, _key, { headers, timestampUs }) => ({
      n,
      at: timestampUs,
      trace: headers.trace === undefined ? "absent" : headers.trace === null ? "null" : headers.trace,
    })).to(seen);
    const counts = stream.groupBy(({ n }) => ({ n })).aggregate("counts", { events: count() });
    builder.toStream(counts)
      .mapValues((row, _key, { headers }) => ({
        n: row!.n,
        names: JSON.stringify(headers),
        odd: "constructor" in headers,
      }))
      .filterNot(({ odd }) => odd).to(grown);
  });
  await using driver = createTopologyTestDriver(app, { partitions: 1 });
  driver.send(clicks, { value: { n: 1 }, timestampMs: 5, headers: { trace: "ä", other: "o" } });
  driver.send(clicks, { value: { n: 2 }, timestampMs: 5 });
  driver.send(clicks, { value: { n: 3 }, timestampMs: 5, headers: { trace: null, at: "77" } });
  await driver.settle();
  assertEquals(driver.appended(seen).map(({ n, at, trace }) => `${n} ${at} ${trace}`), [
    "1 5000 ä",
    "2 5000 absent",
    "3 77 null",
  ]);
  assertEquals(driver.appended(grown).map(({ n, names }) => `${n} ${names}`).sort(), [
    `1 {"trace":"ä","other":"o"}`,
    "2 {}",
    `3 {"trace":null,"at":"77"}`,
  ]);
});
