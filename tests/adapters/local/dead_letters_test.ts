import { assertEquals, assertRejects } from "@std/assert";
import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import type { DeadLetter } from "../../../src/ports/dead_letters.ts";
import { ProductionError } from "../../../src/record/errors.ts";

const mayWrite = (await Deno.permissions.query({ name: "write" })).state === "granted";

function letter(fields: Partial<DeadLetter> = {}): DeadLetter {
  return {
    topology: "sales",
    stage: "decode",
    reason: "missing_column",
    operator: "orders",
    error: "status is missing",
    topic: "store.orders",
    partition: 3,
    offset: 17,
    key: '{"id":1}',
    record: '{"after":{"id":1}}',
    timestampMs: 1_700_000_000_000,
    ...fields,
  };
}

Deno.test("openEmbeddedDeadLetters() keeps letters and lists them newest first", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  const callback = letter({ stage: "callback", topic: null, partition: null, offset: null, key: null, record: null });
  await letters.put([letter(), letter({ offset: 18 })]);
  await letters.put([callback]);
  await letters.put([]);
  assertEquals(letters.list().map((found) => ({ ...found })), [callback, letter({ offset: 18 }), letter()]);
  assertEquals(letters.list({ limit: 1 }).map((found) => ({ ...found })), [callback]);
  assertEquals(letters.count(), 3);
  letters.close();
});

Deno.test("openEmbeddedDeadLetters() keeps letters of equal topology, stage, place, operator, key once", async (t) => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  await letters.put([letter()]);
  const cases: { name: string; fields: Partial<DeadLetter>; isNew: boolean }[] = [
    { name: "another error", fields: { error: "other", reason: "other" }, isNew: false },
    { name: "another time", fields: { timestampMs: 1 }, isNew: false },
    { name: "another topology", fields: { topology: "other" }, isNew: true },
    { name: "another stage", fields: { stage: "sink" }, isNew: true },
    { name: "another topic", fields: { topic: "other" }, isNew: true },
    { name: "another partition", fields: { partition: 4 }, isNew: true },
    { name: "another offset", fields: { offset: 18 }, isNew: true },
    { name: "another operator", fields: { operator: "other" }, isNew: true },
    { name: "another key", fields: { key: "other" }, isNew: true },
    { name: "no place and no key", fields: { topic: null, partition: null, offset: null, key: null }, isNew: true },
    {
      name: "no place and no key, again",
      fields: { topic: null, partition: null, offset: null, key: null },
      isNew: false,
    },
  ];
  for (const { name, fields, isNew } of cases) {
    await t.step(name, async () => {
      const before = letters.count();
      await letters.put([letter(fields), letter(fields)]);
      assertEquals(letters.count() - before, isNew ? 1 : 0);
    });
  }
  assertEquals(letters.list({ limit: 1_000 }).at(-1)!.error, "status is missing");
  letters.close();
});

Deno.test("openEmbeddedDeadLetters() drops the oldest when there are too many, and counts them", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:", lettersMax: 10 });
  for (let offset = 0; offset < 25; offset += 5) {
    await letters.put(Array.from({ length: 5 }, (_, index) => letter({ offset: offset + index })));
  }
  assertEquals([letters.count(), letters.dropped()], [10, 15]);
  assertEquals(letters.list().map((found) => found.offset), [24, 23, 22, 21, 20, 19, 18, 17, 16, 15]);
  await letters.put([letter({ offset: 24 })]);
  assertEquals([letters.count(), letters.dropped()], [10, 15]);
  letters.close();
});

Deno.test("openEmbeddedDeadLetters() lists and counts what fits the filter", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  await letters.put([
    letter(),
    letter({ topology: "stock" }),
    letter({ stage: "sink", reason: "refused", operator: "sales" }),
  ]);
  assertEquals(letters.count({ topology: "sales" }), 2);
  assertEquals(
    letters.count({ topology: "sales", stage: "sink", reason: "refused", operator: "sales", topic: "store.orders" }),
    1,
  );
  assertEquals(letters.count({ topic: "store.order_items" }), 0);
  assertEquals(letters.list({ topology: "stock" }).map((found) => found.topology), ["stock"]);
  letters.close();
});

Deno.test("openEmbeddedDeadLetters() shortens key, record and error to whole characters", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  const key = "k" + "🐎".repeat(1_000);
  await letters.put([letter({ key, record: "ž".repeat(100_000), error: "e".repeat(100_000) })]);
  await letters.put([letter({ offset: 18, key: "a\0b", record: "\ud800" })]);
  const [odd, long] = letters.list();
  assertEquals(long.key, "k" + "🐎".repeat(255));
  assertEquals(long.record, "ž".repeat(32_768));
  assertEquals(long.error, "e".repeat(4_096));
  assertEquals([odd.key, odd.record], ["a\uFFFDb", "\uFFFD"]);
  letters.close();
});

Deno.test({
  name:
    "openEmbeddedDeadLetters() can be read by another opener while letters are put, and survives being opened again",
  ignore: !mayWrite,
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "weir_dlq_" });
    const path = `${directory}/dlq.db`;
    const writing = openEmbeddedDeadLetters({ path, lettersMax: 2 });
    const reading = openEmbeddedDeadLetters({ path });
    await writing.put([letter(), letter({ offset: 18 })]);
    assertEquals(reading.count(), 2);
    await writing.put([letter({ offset: 19 })]);
    assertEquals([reading.count(), reading.dropped()], [2, 1]);
    writing.close();
    const again = openEmbeddedDeadLetters({ path });
    assertEquals(again.list().map((found) => found.offset), [19, 18]);
    again.close();
    reading.close();
    await Deno.remove(directory, { recursive: true });
  },
});

Deno.test("EmbeddedDeadLetters.put() rejects with ProductionError when the letters cannot be kept", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  letters.close();
  await assertRejects(() => letters.put([letter()]), ProductionError, "1 dead letters");
});
