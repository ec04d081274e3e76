import { assert, assertEquals } from "@std/assert";
import { type EmbeddedLog, openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import type { NewRecord } from "../../../src/ports/log.ts";
import { numbered, readToEnd, textOf } from "../../ports/log_conformance_support.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { type ManualClock, manualClock } from "./manual_clock.ts";

const HOUR_MS = 3_600_000;

interface Opened {
  readonly log: EmbeddedLog;
  readonly clock: ManualClock;
}

async function withLog(cleanup: "compact" | "delete", run: (opened: Opened) => Promise<void>): Promise<void> {
  const clock = manualClock();
  const limits = {
    maintenanceSliceRecords: 7,
    compactionKeysMax: 5,
    deleteRetentionMs: HOUR_MS,
    compactionDirtyRecordsMin: 10,
  };
  const log = openEmbeddedLog({ path: ":memory:", clock, limits });
  await log.createTopic({ name: "topic", partitions: 1, cleanup, retentionMs: HOUR_MS });
  try {
    await run({ log, clock });
  } finally {
    await log.close();
  }
}

async function append(log: EmbeddedLog, records: NewRecord[]): Promise<void> {
  await log.append([{ topic: "topic", partition: 0, records }]);
}

/** Lets what runs in the background take `turns` turns of the event loop. */
async function turns(clock: ManualClock, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await clock.breathe();
}

Deno.test("EmbeddedLog.retain() deletes what is older than the topic keeps it, and moves the start", () =>
  withLog("delete", async ({ log, clock }) => {
    await append(log, numbered("old", 25));
    clock.advance(HOUR_MS / 2);
    await append(log, numbered("young", 5));
    assertEquals(await log.retain("topic"), 0);
    clock.advance(HOUR_MS / 2 + 1);
    assertEquals(await log.retain("topic"), 25);
    assertEquals(await log.offsets("topic"), { start: [25], end: [30] });
    assertEquals(
      (await readToEnd(log, "topic", 25)).map((record) => textOf(record.value)),
      numbered("young", 5).map((record) => record.value),
    );
    clock.advance(HOUR_MS);
    assertEquals(await log.retain("topic"), 5);
    assertEquals(await log.offsets("topic"), { start: [30], end: [30] });
    await append(log, numbered("next", 1));
    assertEquals((await readToEnd(log, "topic", 30)).map((record) => record.offset), [30]);
  }));

Deno.test("EmbeddedLog.retain() keeps everything when the topic is kept for ever", async () => {
  const clock = manualClock();
  const log = openEmbeddedLog({ path: ":memory:", clock });
  await log.createTopic({ name: "topic", partitions: 1, cleanup: "delete", retentionMs: -1 });
  await append(log, numbered("v", 3));
  clock.advance(1_000 * HOUR_MS);
  assertEquals(await log.retain("topic"), 0);
  assertEquals((await readToEnd(log, "topic")).length, 3);
  await log.close();
});

Deno.test("EmbeddedLog.compact() keeps a tombstone for deleteRetentionMs after a pass first met it", () =>
  withLog("compact", async ({ log, clock }) => {
    await append(log, [{ key: "a", value: "1" }, { key: "b", value: "1" }, { key: "a", value: null }]);
    clock.advance(10 * HOUR_MS);
    assertEquals(await log.compact("topic"), 1);
    assertEquals((await readToEnd(log, "topic")).map((record) => [record.offset, record.value]), [[1, "1"], [2, null]]);
    clock.advance(HOUR_MS - 1);
    assertEquals(await log.compact("topic"), 0);
    clock.advance(1);
    assertEquals(await log.compact("topic"), 1);
    // The gap is now at the partition's end: a reader passes it all the same.
    assertEquals((await readToEnd(log, "topic")).map((record) => record.offset), [1]);
    assertEquals(await readToEnd(log, "topic", 2), []);
    assertEquals(await log.offsets("topic"), { start: [0], end: [3] });
  }));

Deno.test("EmbeddedLog.compact() takes keys of the same bytes for the same, as text or as bytes", () =>
  withLog("compact", async ({ log }) => {
    const bytes = new TextEncoder().encode("a");
    const binary = (last: number) => new Uint8Array([255, 0, last]);
    await append(log, [
      { key: "a", value: "1" },
      { key: binary(1), value: "2" },
      { key: bytes, value: "3" },
      { key: binary(2), value: "4" },
      { key: binary(1), value: "5" },
      { key: "a\0", value: "6" },
    ]);
    assertEquals(await log.compact("topic"), 2);
    assertEquals((await readToEnd(log, "topic")).map((record) => record.value), ["3", "4", "5", "6"]);
  }));

Deno.test("EmbeddedLog.maintain() deletes and compacts in the background until it is stopped", () =>
  withLog("compact", async ({ log, clock }) => {
    await log.createTopic({ name: "inbox", partitions: 2, cleanup: "delete", retentionMs: HOUR_MS });
    await log.append([0, 1].map((partition) => ({ topic: "inbox", partition, records: numbered("v", 30) })));
    await append(log, Array.from({ length: 40 }, (_, index) => ({ key: `${index % 2}`, value: `${index}` })));
    const maintenance = log.maintain({ intervalMs: 1_000 });
    await turns(clock, 50);
    assertEquals((await readToEnd(log, "topic")).length, 40);
    clock.advance(HOUR_MS + 1);
    await turns(clock, 200);
    assertEquals((await readToEnd(log, "topic")).map((record) => textOf(record.value)), ["38", "39"]);
    assertEquals(await log.offsets("inbox"), { start: [30, 30], end: [30, 30] });
    await maintenance.stop();
    await log.append([{ topic: "inbox", partition: 0, records: numbered("v", 3) }]);
    clock.advance(2 * HOUR_MS);
    await turns(clock, 50);
    assertEquals((await log.offsets("inbox")).start, [30, 30]);
  }));

Deno.test("EmbeddedLog.maintain() does not put compaction off for the sake of many tombstones", () =>
  withLog("compact", async ({ log, clock }) => {
    const keys = Array.from({ length: 100 }, (_, key) => ({ key: `gone ${key}` }));
    await append(log, keys.map(({ key }) => ({ key, value: "v" })));
    await append(log, keys.map(({ key }) => ({ key, value: null })));
    await append(log, Array.from({ length: 10 }, (_, key) => ({ key: `${key}`, value: "first" })));
    await log.compact("topic");
    assertEquals((await readToEnd(log, "topic")).length, 110);
    await append(log, Array.from({ length: 30 }, (_, index) => ({ key: `${index % 10}`, value: `${index}` })));
    const maintenance = log.maintain({ intervalMs: 1_000 });
    clock.advance(1_001);
    await turns(clock, 200);
    const values = (await readToEnd(log, "topic")).filter(({ value }) => value !== null).map(({ value }) => value);
    assertEquals(values.map(textOf), Array.from({ length: 10 }, (_, key) => String(key + 20)));
    await maintenance.stop();
  }));

Deno.test("EmbeddedLog.maintain() lets a compaction end early when the log is closed", () =>
  withLog("compact", async ({ log, clock }) => {
    await append(log, Array.from({ length: 5_000 }, (_, index) => ({ key: `${index % 100}`, value: "v" })));
    log.maintain({ intervalMs: 1 });
    clock.advance(1);
    await turns(clock, 5);
    await log.close();
  }));

Deno.test("EmbeddedLog.compact() keeps what the newest records say, for readers from the start and followers", () =>
  withLog("compact", async ({ log, clock }) => {
    const seed = Math.floor(Math.random() * 1e9);
    console.log(`seed ${seed}`);
    const random = mulberry32(seed);
    const expected = new Map<string, string>();
    const follower = { position: 0, state: new Map<string, string>() };
    const apply = (state: Map<string, string>, { key, value }: { key: string; value: string | null }) =>
      void (value === null ? state.delete(key) : state.set(key, value));
    const follow = async () => {
      for (const { key, value } of await readToEnd(log, "topic", follower.position)) {
        apply(follower.state, { key: textOf(key)!, value: textOf(value) });
      }
      follower.position = (await log.offsets("topic")).end[0];
    };
    for (let step = 0; step < 150; step++) {
      const records = Array.from({ length: Math.floor(random() * 20) }, (_, index) => ({
        key: `k${Math.floor(random() * 25)}`,
        value: random() < 0.3 ? null : `${step}.${index}`,
      }));
      await append(log, records);
      for (const { key, value } of records) apply(expected, { key, value });
      if (random() < 0.5) await log.compact("topic");
      // A follower that lags by less than the tombstones' time misses nothing.
      await follow();
      clock.advance(Math.floor(random() * HOUR_MS));
      const fromStart = new Map<string, string>();
      for (const { key, value } of await readToEnd(log, "topic")) {
        apply(fromStart, { key: textOf(key)!, value: textOf(value) });
      }
      assertEquals(new Map([...fromStart].sort()), new Map([...expected].sort()), `from the start, step ${step}`);
      assertEquals(new Map([...follower.state].sort()), new Map([...expected].sort()), `follower, step ${step}`);
    }
    await log.compact("topic");
    clock.advance(2 * HOUR_MS);
    await log.compact("topic");
    const left = await readToEnd(log, "topic");
    assert(left.every((record) => record.value !== null), "a tombstone outlived its time");
    assertEquals(left.length, expected.size);
  }));
