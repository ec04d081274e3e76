import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { count, debezium, events, int8, topic, topology } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import { describe } from "../../../src/plan/describe.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ id: int8(), page: z.string() }) });
const told = topic("shop.told", { partitions: 2, guarantee: "exactly_once" });
const counts = topic("shop.counts", { key: "json", guarantee: "exactly_once" });
const repeated = topic("shop.repeated", {});

const app = topology("once", (builder) => {
  const stream = builder.stream(clicks);
  stream.flatMapValues(({ id, page }) => page === "none" ? [] : page === "two" ? [id, -id] : [id]).to(told);
  stream.to(repeated);
  const pages = stream.groupBy(({ page }) => ({ page })).aggregate("pages", { visits: count() });
  builder.toStream(pages).to(counts);
});

Deno.test("to(topic) with guarantee exactly_once has each event once, whatever is restarted", async () => {
  await using driver = createTopologyTestDriver(app, { partitions: 3 });
  const pages = ["a", "two", "none", "b"];
  for (let round = 0; round < 4; round++) {
    for (let at = 0; at < 30; at++) {
      const id = round * 30 + at;
      driver.send(clicks, { key: String(id % 7), value: { id, page: pages[id % 4] } });
    }
    if (round === 1) await driver.settle();
    else await driver.restart();
  }
  await driver.settle();
  const ids = Array.from({ length: 120 }, (_, id) => id);
  const wanted = ids.flatMap((id) => id % 4 === 2 ? [] : id % 4 === 1 ? [id, -id] : [id]);
  const numbers = (await driver.output(told)).map(({ value }) => Number(value));
  assertEquals(numbers.sort((a, b) => a - b), wanted.sort((a, b) => a - b));
  const visits = (await driver.output(counts)).map(({ value }) => JSON.stringify(value));
  assertEquals(visits.length, 120);
  assertEquals(new Set(visits).size, 120);
  assertEquals((await driver.output(repeated)).length, 120);
});

Deno.test("to(topic) with guarantee exactly_once sets aside what is too large, and goes on", async () => {
  const wide = topic("shop.wide", { guarantee: "exactly_once" });
  const large = topology(
    "large",
    (builder) => builder.stream(clicks).mapValues(({ id }) => id === 1 ? "x".repeat(70 * 1024 * 1024) : id).to(wide),
  );
  await using driver = createTopologyTestDriver(large, { partitions: 1 });
  for (let id = 0; id < 3; id++) driver.send(clicks, { key: "k", value: { id, page: "a" } });
  await driver.settle();
  assertEquals((await driver.output(wide)).map(({ value }) => value), [0, 2]);
  assertEquals(driver.deadLetters().length, 1);
});

Deno.test("describe() says which topics are written exactly once", () => {
  const { outputs } = describe(compile(app), app);
  assertEquals(outputs.map(({ topic, guarantee }) => [topic, guarantee]), [
    ["shop.told", "exactly_once"],
    ["shop.repeated", "at_least_once"],
    ["shop.counts", "exactly_once"],
  ]);
});

Deno.test("topology() refuses guarantees that a topic cannot have", () => {
  const users = debezium("shop.users", { key: ["id"], row: z.object({ id: int8() }) });
  const error = assertThrows(() =>
    topology("t", (builder) => {
      builder.table(users).to(topic("shop.users_now", { guarantee: "exactly_once" }));
      builder.stream(clicks).to(topic("shop.odd", { guarantee: "exactly_once_v2" as never }));
    })
  ) as Error & { problems: readonly string[] };
  assertEquals(error.problems.length, 2);
  assertStringIncludes(error.problems[0], "of a key the last record counts");
  assertStringIncludes(error.problems[1], 'use "at_least_once" or "exactly_once"');
});
