import { assertEquals } from "@std/assert";
import type { Fetched, Log, LogRecord } from "../../../src/ports/log.ts";
import { newestRecord } from "../../../src/runtime/explain/newest_record.ts";

const END = 1_000_000;
const PART = 500;

/** A partition of a million records, each of which is of the key that its offset gives. */
function hugeLog(keyOf: (offset: number) => string): { readonly log: Pick<Log, "offsets" | "reader">; read: number } {
  const counts = { read: 0 };
  const recordAt = (offset: number): LogRecord => ({ offset, timestampMs: offset, key: keyOf(offset), value: "" });
  return Object.assign(counts, {
    log: {
      offsets: () => Promise.resolve({ start: [0], end: [END] }),
      reader() {
        let at = 0;
        const part = (topic: string, partition: number): Fetched => {
          const records = Array.from({ length: Math.min(PART, END - at) }, (_, index) => recordAt(at + index));
          counts.read += records.length;
          const from = at;
          at += records.length;
          return { topic, partition, fromOffset: from, records, nextOffset: at, endOffset: END };
        };
        return {
          seek: (_topic: string, _partition: number, offset: number) => void (at = offset),
          ...{ stop() {}, pause() {}, resume() {}, close: () => Promise.resolve() },
          poll: () => Promise.resolve([part("topic", 0)]),
        };
      },
    } as Pick<Log, "offsets" | "reader">,
  });
}

/** A clock on which each breath takes so many milliseconds. */
function clockOf(breathMs: number) {
  let ms = 0;
  return {
    ...{ nowMs: () => ms, elapsedMs: () => ms, sleep: () => Promise.resolve() },
    breathe: () => Promise.resolve(void (ms += breathMs)),
  };
}

const question = {
  ...{ topic: "topic", partition: 0, before: END },
  isWanted: ({ key }: LogRecord) => key === "wanted",
};

Deno.test("newestRecord() finds a record as far back as there is time to look", async () => {
  for (const wanted of [END - 1, END - 150_000, END - 700_000, 0]) {
    const huge = hugeLog((offset) => offset === wanted || offset === wanted - 10 ? "wanted" : "other");
    const found = await newestRecord({ log: huge.log, clock: clockOf(0) }, question);
    assertEquals(found, { offset: wanted, timestampMs: wanted });
  }
});

Deno.test("newestRecord() lets others go on between parts, and gives up in time", async () => {
  const huge = hugeLog(() => "other");
  assertEquals(await newestRecord({ log: huge.log, clock: clockOf(10) }, question), null);
  // 5 s of 10 ms for each part, and the first looks are small.
  assertEquals(huge.read, 500 * PART);
});
