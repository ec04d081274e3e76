import { assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { type EmbeddedDeadLetters, openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
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
    occasion: null,
    stack: null,
    task: "orders-3",
    epoch: 7,
    subject: "1",
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
  const open = { resolvedMs: null, resolution: null };
  assertEquals(letters.list(), [callback, letter({ offset: 18 }), letter()].map((kept) => ({ ...kept, ...open })));
  assertEquals(letters.list({ limit: 1 }), [{ ...callback, ...open }]);
  assertEquals(letters.count(), 3);
  letters.close();
});

Deno.test("about() gives the open letters of a subject that these tasks have written, newest first", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  const other = letter({ stage: "callback", operator: "sink sales", task: "orders-4" });
  await letters.put([
    letter(),
    other,
    letter({ subject: "2", offset: 18 }),
    letter({ task: "items-3", offset: 19 }),
    letter({ topology: "mirror", offset: 20 }),
  ]);
  const asked = { topology: "sales", tasks: ["orders-3", "orders-4"], subject: "1" };
  assertEquals(await letters.about(asked), [other, letter()]);
  assertEquals(await letters.about({ ...asked, tasks: [] }), []);
  const mended = { kind: "subject", topology: "sales", task: "orders-3", epoch: 7, stage: "decode" } as const;
  await letters.resolve([{ ...mended, operator: "orders", subject: "1", why: "read", timestampMs: 1 }]);
  assertEquals(await letters.about(asked), [other]);
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
    { name: "another task", fields: { task: "orders-4" }, isNew: true },
    { name: "another subject", fields: { subject: "2" }, isNew: true },
    { name: "no subject", fields: { subject: null }, isNew: true },
    { name: "no subject, another key", fields: { subject: null, key: "other" }, isNew: true },
    { name: "no place and no key", fields: { topic: null, partition: null, offset: null, key: null }, isNew: true },
    {
      name: "no place and no key, again",
      fields: { topic: null, partition: null, offset: null, key: null },
      isNew: false,
    },
    { name: "a callback", fields: { stage: "callback" }, isNew: true },
    { name: "a callback at another place", fields: { stage: "callback", topic: null, offset: 5 }, isNew: false },
  ];
  for (const { name, fields, isNew } of cases) {
    await t.step(name, async () => {
      const before = letters.count();
      await letters.put([letter(fields), letter(fields)]);
      assertEquals(letters.count() - before, isNew ? 1 : 0);
    });
  }
  // Of one thing the newest error is kept, and when it came first.
  const told = (found: DeadLetter[]) => found.map(({ error, timestampMs }) => [error, timestampMs]);
  await letters.put([letter({ topology: "late", timestampMs: 5 }), letter({ topology: "late", timestampMs: 6 })]);
  assertEquals(told(letters.list({ topology: "late" })), [["status is missing", 5]]);
  await letters.put([letter({ topology: "late", error: "kind is missing", timestampMs: 7 })]);
  assertEquals(told(letters.list({ topology: "late" })), [["kind is missing", 7]]);
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
  const mark = (bytes: number) => `... [cut: at most ${bytes} bytes are kept]`;
  const bytesOf = (text: string | null) => new TextEncoder().encode(text!).length;
  assertEquals(long.key, "k" + "🐎".repeat(246) + mark(1_024));
  assertEquals(long.record!.replace(/ž+/, "") + bytesOf(long.record), `${mark(65_536)}65535`);
  assertEquals([long.error.replace(/e+/, ""), bytesOf(long.error)], [mark(4_096), 4_096]);
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

const states = (letters: EmbeddedDeadLetters) =>
  letters.list().map(({ subject, resolvedMs, resolution }) => `${subject} ${resolvedMs} ${resolution}`);

Deno.test("EmbeddedDeadLetters.resolve() marks letters of a task about one thing, of its epoch or before", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  const about = { topology: "sales", why: "mended", task: "orders-3", stage: "decode", operator: "orders" } as const;
  await letters.put([letter(), letter({ subject: "2" }), letter({ task: "orders-4" }), letter({ stage: "callback" })]);
  await letters.resolve([{ kind: "subject", ...about, epoch: 6, subject: "1", timestampMs: 1 }]);
  assertEquals(letters.count({ state: "resolved" }), 0);
  await letters.resolve([
    { kind: "subject", ...about, epoch: 7, subject: "1", timestampMs: 2 },
    { kind: "subject", ...about, epoch: 7, subject: "1", timestampMs: 3, why: "again" },
  ]);
  assertEquals(letters.list({ state: "resolved" }).map(({ task, stage }) => [task, stage]), [["orders-3", "decode"]]);
  assertEquals(states(letters).filter((text) => text.includes("mended")), ["1 2 mended"]);
  assertEquals([letters.count({ state: "open" }), letters.count()], [3, 4]);
  assertEquals(await letters.open("sales"), [
    { stage: "callback", reason: "missing_column", letters: 1 },
    { stage: "decode", reason: "missing_column", letters: 2 },
  ]);
  assertEquals(await letters.open("other"), []);
  letters.close();
});

Deno.test("EmbeddedDeadLetters.resolve() of a start leaves what was written again in it", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  await letters.put([letter(), letter({ subject: "2" }), letter({ task: "orders-4", subject: "3" })]);
  await letters.put([letter({ epoch: 8 })]);
  const start = { kind: "start", unread: [], topology: "sales", why: "not again", task: "orders-3", epoch: 8 } as const;
  await letters.resolve([{ ...start, timestampMs: 5 }]);
  assertEquals(states(letters), ["3 null null", "2 5 not again", "1 null null"]);
  // What is written again is open again; a dead incarnation opens nothing.
  await letters.put([letter({ subject: "2", epoch: 6 })]);
  assertEquals(letters.count({ state: "open" }), 2);
  await letters.put([letter({ subject: "2", epoch: 8 })]);
  assertEquals(states(letters), ["2 null null", "3 null null", "1 null null"]);
  letters.close();
});

Deno.test("openEmbeddedDeadLetters() drops resolved letters before open ones", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:", lettersMax: 2 });
  await letters.put([letter(), letter({ task: "orders-4", subject: "2" })]);
  await letters.resolve([{
    kind: "start",
    unread: [],
    topology: "sales",
    why: "w",
    task: "orders-4",
    epoch: 8,
    timestampMs: 5,
  }]);
  await letters.put([letter({ subject: "3" })]);
  assertEquals(letters.list().map(({ subject }) => subject), ["3", "1"]);
  letters.close();
});

Deno.test({
  name: "openEmbeddedDeadLetters() reads the file of an earlier version, whose letters are of no task",
  ignore: !mayWrite,
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "weir_dlq_" });
    const path = `${directory}/dlq.db`;
    const database = new DatabaseSync(path);
    database.exec(`
      CREATE TABLE letters (id INTEGER PRIMARY KEY AUTOINCREMENT, identity TEXT NOT NULL UNIQUE, topology TEXT NOT NULL,
        stage TEXT NOT NULL, reason TEXT NOT NULL, operator TEXT NOT NULL, error TEXT NOT NULL, topic TEXT,
        partition INTEGER, "offset" INTEGER, key TEXT, record TEXT, timestamp_ms INTEGER NOT NULL);
      INSERT INTO letters VALUES (1, 'a', 'sales', 'callback', 'callback_threw', 'kinds', 'no kind', NULL, NULL, NULL,
        '17', NULL, 5);
      PRAGMA user_version = 1`);
    database.close();
    const letters = openEmbeddedDeadLetters({ path });
    const [old] = letters.list();
    assertEquals([old.error, old.key, old.task, old.epoch, old.resolvedMs], ["no kind", "17", null, 0, null]);
    await letters.put([letter(), letter({ task: "things-0", subject: "2" })]);
    await letters.resolve([{ kind: "gone", topology: "sales", why: "gone", tasks: ["orders-3"], timestampMs: 9 }]);
    assertEquals(states(letters), ["2 9 gone", "1 null null", "null 9 gone"]);
    letters.close();
    await Deno.remove(directory, { recursive: true });
  },
});

Deno.test("EmbeddedDeadLetters.put() rejects with ProductionError when the letters cannot be kept", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  letters.close();
  await assertRejects(() => letters.put([letter()]), ProductionError, "1 dead letters");
});
