import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, events, topic, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";

const row = z.object({ k: z.string(), n: z.int() });
const notes = events("notes", { row });

for (const value of ["text", "json"] as const) {
  Deno.test(`half of a character is a dead letter where texts are written, not in JSON (${value})`, async () => {
    const out = value === "text" ? topic("notes_out", { value }) : topic("notes_out", { key: "json" });
    const app = topology("t", (builder) => builder.stream(notes).map(({ k }) => [k, k] as const).to(out as never));
    await using driver = createTopologyTestDriver(app, { partitions: 1 });
    for (const k of ["\ud800", "a\ud800b", "\ude00", "\ud83d\ude00"]) {
      driver.send(notes, { value: JSON.stringify({ k, n: 1 }) });
    }
    await driver.settle();
    const written = (await driver.output(out as never)).map((record: { key: unknown }) => record.key);
    const letters = driver.deadLetters().map(({ error }) => error);
    if (value === "json") return assertEquals([written.length, letters], [4, []]);
    assertEquals([written, letters.length], [["\ud83d\ude00"], 3]);
    assert(letters.every((error) => error.includes("half of a character")), letters[0]);
  });
}

Deno.test("headers with half of a character are dead letters", async () => {
  const out = topic("notes_out");
  const app = topology("t", (builder) => {
    builder.stream(notes).to(out, { headers: ({ k, n }) => n === 1 ? { [k]: "x" } : { x: k } });
  });
  await using driver = createTopologyTestDriver(app, { partitions: 1 });
  for (const n of [1, 2]) driver.send(notes, { value: JSON.stringify({ k: "\ud800", n }) });
  await driver.settle();
  assertEquals([(await driver.output(out)).length, driver.deadLetters().length], [0, 2]);
});

Deno.test("groupBy() of events by a column that is undefined makes dead letters, not one group of all", async () => {
  const table = clickhouse("by_k", { key: ["k"], columns: { k: "String", c: "UInt64" } });
  const app = topology("t", (builder) => {
    builder.stream(notes).groupBy((note) => ({ k: note.n === 1 ? undefined as never : note.k }))
      .aggregate("by-k", { c: count() }).to(table);
  });
  await using driver = createTopologyTestDriver(app, { partitions: 1 });
  for (const n of [1, 1, 2]) driver.send(notes, { value: { k: "a", n } });
  await driver.settle();
  assertEquals(driver.select(table).map(({ k, c }) => [k, Number(c)]), [["a", 1]]);
  const letters = driver.deadLetters();
  assertEquals(letters.map(({ operator }) => operator), ["by-k", "by-k"]);
  assert(letters[0].error.includes('Cannot group by "k": current value is undefined'), letters[0].error);
});

for (const [what, time, says] of [["bigint", 5n, "the bigint 5"], ["text", "5", 'the text "5"']] as const) {
  Deno.test(`a time that is a ${what} is refused as such`, async () => {
    const timed = events("notes", { row, time: () => time as never });
    const table = clickhouse("by_k", { key: ["k"], columns: { k: "String", c: "UInt64" } });
    const app = topology("t", (builder) => {
      builder.stream(timed).groupBy(({ k }) => ({ k })).aggregate("by-k", { c: count() }).to(table);
    });
    await using driver = createTopologyTestDriver(app, { partitions: 1 });
    driver.send(timed, { value: { k: "a", n: 1 } });
    await driver.settle();
    const [{ reason, error }] = driver.deadLetters();
    assertEquals(reason, "bad_time");
    assert(error.includes(says), error);
  });
}
