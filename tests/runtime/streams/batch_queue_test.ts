import { assertEquals } from "@std/assert";
import type { StagePlan } from "../../../src/plan/physical.ts";
import type { LogRecord } from "../../../src/ports/log.ts";
import { BatchQueue } from "../../../src/runtime/streams/batch_queue.ts";
import type { StatefulOperator } from "../../../src/processor/stateful/stateful.ts";
import { KeyedElements } from "../../../src/state/keyed_elements.ts";
import { choicesOf } from "../../oracle/random.ts";

const SINK = { name: "out", table: { name: "out", columns: [], orderBy: [] } };

function recordsOf(offsets: readonly number[]): LogRecord[] {
  return offsets.map((offset) => ({ offset, timestampMs: offset, key: null, value: "" }));
}

/** A queue in which records of even offsets make a row each. */
function queueOf({ position = 0, doneTo = position, announcedTo = null, rowsMax = 100 }: {
  readonly position?: number;
  readonly doneTo?: number;
  readonly announcedTo?: number | null;
  readonly rowsMax?: number;
}): BatchQueue {
  return new BatchQueue({
    position,
    doneTo,
    announcedTo,
    rowsMax,
    factCharsMax: 1_000,
    evaluate: ({ records, nextOffset }, batch) => {
      for (const { offset } of records) {
        if (offset % 2 === 0) batch.add(SINK, { offset, line: new Uint8Array(1), digest: offset });
      }
      batch.to = nextOffset;
    },
  });
}

function nextOf(queue: BatchQueue): [number, number, number[]] | null {
  const batch = queue.next();
  return batch === null ? null : [batch.from, batch.to, batch.rows.get(SINK)!.map(({ offset }) => offset)];
}

Deno.test("BatchQueue gives what was read in batches that follow each other, and says where all is quiet", () => {
  const queue = queueOf({ position: 5 });
  assertEquals([queue.hasNext, queue.next(), queue.quietTo], [false, null, 5]);
  queue.take({ records: recordsOf([5, 7]), nextOffset: 9 });
  assertEquals([queue.hasNext, queue.next(), queue.quietTo, queue.position], [false, null, 9, 9]);
  queue.take({ records: recordsOf([9, 10]), nextOffset: 11 });
  queue.take({ records: recordsOf([12]), nextOffset: 13 });
  assertEquals([queue.hasNext, queue.quietTo], [true, 5]);
  assertEquals(nextOf(queue), [5, 13, [10, 12]]);
  assertEquals([queue.next(), queue.quietTo], [null, 13]);
});

Deno.test("BatchQueue keeps an announced range apart, whatever comes with it and however much it is", () => {
  const queue = queueOf({ position: 2, announcedTo: 7, rowsMax: 2 });
  queue.take({ records: recordsOf([2, 3, 4]), nextOffset: 5 });
  assertEquals([queue.recovers, queue.hasNext, queue.next(), queue.quietTo], [true, false, null, 2]);
  queue.take({ records: recordsOf([6, 8, 9]), nextOffset: 10 });
  assertEquals([queue.recovers, nextOf(queue), nextOf(queue), queue.quietTo], [
    false,
    [2, 7, [2, 4, 6]],
    [7, 10, [8]],
    10,
  ]);
});

Deno.test("BatchQueue ends an announced range in a gap, and one of which nothing is left", () => {
  const gap = queueOf({ position: 2, announcedTo: 7 });
  gap.take({ records: recordsOf([2, 20]), nextOffset: 21 });
  assertEquals([nextOf(gap), nextOf(gap)], [[2, 7, [2]], [7, 21, [20]]]);
  const empty = queueOf({ position: 2, announcedTo: 7 });
  empty.take({ records: [], nextOffset: 9 });
  assertEquals([empty.recovers, empty.hasNext, empty.quietTo], [false, false, 9]);
});

Deno.test("BatchQueue is full with two whole batches", () => {
  const queue = queueOf({ rowsMax: 2 });
  for (const offset of [0, 2, 4, 6]) queue.take({ records: recordsOf([offset]), nextOffset: offset + 1 });
  assertEquals([queue.full, queue.batches.length], [true, 3]);
  assertEquals([nextOf(queue), queue.full], [[0, 3, [0, 2]], false]);
});

Deno.test("BatchQueue gives every row once, in order, however it is read", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const choices = choicesOf(seed);
    const announcedTo = choices.chance(0.5) ? choices.int(30) : null;
    const queue = queueOf({ announcedTo, rowsMax: 1 + choices.int(4) });
    const expected: number[] = [];
    const given: number[] = [];
    let [at, to] = [0, 0];
    while (at < 40) {
      const offsets = Array.from({ length: 1 + choices.int(6) }, () => at += 1 + choices.int(2));
      expected.push(...offsets.filter((offset) => offset % 2 === 0));
      queue.take({ records: recordsOf(offsets), nextOffset: ++at });
      while (choices.chance(0.6) && queue.hasNext) {
        const batch = queue.next()!;
        assertEquals([batch.from >= to, batch.from >= queue.position], [true, false], `seed ${seed}`);
        if (announcedTo !== null && batch.from < announcedTo) assertEquals([batch.from, batch.to], [0, announcedTo]);
        to = batch.to;
        given.push(...batch.rows.get(SINK)!.map(({ offset }) => offset));
      }
    }
    for (let batch = queue.next(); batch !== null; batch = queue.next()) {
      given.push(...batch.rows.get(SINK)!.map(({ offset }) => offset));
    }
    assertEquals(given, expected, `seed ${seed}`);
    assertEquals(queue.quietTo, at, `seed ${seed}`);
  }
});

Deno.test("BatchQueue ends a batch at what was brought out before, and makes the announced one whole", () => {
  const queue = queueOf({ doneTo: 6, announcedTo: 10, rowsMax: 2 });
  queue.take({ records: recordsOf([0, 2, 4, 6]), nextOffset: 7 });
  assertEquals([queue.recovers, queue.hasNext], [true, true]);
  assertEquals(nextOf(queue), [0, 6, [0, 2, 4]]);
  assertEquals([queue.next(), queue.recovers], [null, true], "the announced range is not read to its end");
  queue.take({ records: recordsOf([8, 10]), nextOffset: 12 });
  assertEquals([nextOf(queue), nextOf(queue)], [[6, 10, [6, 8]], [10, 12, [10]]]);
});

Deno.test("BatchQueue ends a batch when it has much to keep, though all of it is of one key", () => {
  const elements = new KeyedElements();
  const queue = new BatchQueue({
    position: 0,
    doneTo: 0,
    announcedTo: null,
    rowsMax: 100,
    factCharsMax: 1_000,
    evaluate: ({ records, nextOffset }, batch) => {
      for (const { offset: start } of records) {
        const element = { start, end: start, seq: 0, timestampUs: start, state: "x".repeat(100), shown: false };
        elements.put({ key: 1, columns: { key: 1 } }, { element, dueUs: null });
      }
      batch.to = nextOffset;
      batch.facts.collect({ elements } as StatefulOperator, {
        from: 0,
        to: nextOffset,
        origins: {},
        saved: null,
        print: "",
        order: null,
      });
    },
  });
  for (let from = 0; from < 20; from += 5) {
    queue.take({ records: recordsOf([0, 1, 2, 3, 4].map((offset) => from + offset)), nextOffset: from + 5 });
  }
  assertEquals(queue.batches.map(({ from, to, outputs }) => [from, to, outputs]), [[0, 10, 1], [10, 20, 1], [
    20,
    20,
    0,
  ]]);
});

Deno.test("BatchQueue ends a batch behind 512 KiB of events, unless it has rows: inserts are better large", () => {
  const stage = { repartition: "repartition" } as StagePlan;
  const made = (what: "events" | "events and rows") => {
    const queue = new BatchQueue({
      ...{ position: 0, doneTo: 0, announcedTo: null, rowsMax: 1_000, factCharsMax: 1_000 },
      evaluate: ({ records, nextOffset }, batch) => {
        for (const { offset } of records) {
          batch.shuffled.add({ stage, partition: 0 }, "e".repeat(100_000));
          if (what === "events and rows") batch.add(SINK, { offset, line: new Uint8Array(1), digest: offset });
        }
        batch.to = nextOffset;
      },
    });
    for (let offset = 0; offset < 25; offset++) queue.take({ records: recordsOf([offset]), nextOffset: offset + 1 });
    const ends: number[] = [];
    for (let batch = queue.next(); batch !== null; batch = queue.next()) ends.push(batch.to);
    return ends;
  };
  assertEquals([made("events"), made("events and rows")], [[6, 12, 18, 24, 25], [25]]);
});
