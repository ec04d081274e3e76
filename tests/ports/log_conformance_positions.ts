import { assertEquals } from "@std/assert";
import type { Fetched, Reader } from "../../src/ports/log.ts";
import type { LogCase } from "./log_conformance_case.ts";
import { newTopic, numbered, pollUntil, read, textOf } from "./log_conformance_support.ts";

/** Long enough for a reader to deliver what it should not deliver. */
const QUIET_MS = 500;

/** Where reading starts, stops and goes on. */
export const positionCases: readonly LogCase[] = [
  {
    name: "Reader.seek() starts at any offset",
    async run({ log }) {
      const topic = await newTopic(log, "seek");
      await log.append([{ topic, partition: 0, records: numbered("v", 1_000) }]);
      for (const offset of [0, 1, 499, 999]) {
        const records = await read(log, topic, { offset, count: 1_000 - offset });
        assertEquals(
          records.map((record) => record.offset),
          Array.from({ length: 1_000 - offset }, (_, i) => offset + i),
        );
        assertEquals(textOf(records[0].value), `v${offset}`);
      }
    },
  },
  {
    name: "Reader.seek() to the end waits for the next record",
    async run({ log }) {
      const topic = await newTopic(log, "tail");
      await log.append([{ topic, partition: 0, records: numbered("v", 5) }]);
      const reader = log.reader();
      reader.seek(topic, 0, (await log.offsets(topic)).end[0]);
      assertEquals(contents(await reader.poll(QUIET_MS)), []);
      await log.append([{ topic, partition: 0, records: numbered("next", 1) }]);
      await pollUntil(reader, "the next record", (part) => {
        assertEquals(part.outOfRange, undefined);
        assertEquals(part.records.map((record) => textOf(record.value)), ["next0"]);
        return true;
      });
      await reader.close();
    },
  },
  {
    name: "Reader.seek() after the end is out of range: reported once, then nothing until the next seek",
    async run({ log }) {
      const topic = await newTopic(log, "after-end", 2);
      await log.append([{ topic, partition: 0, records: numbered("v", 5) }]);
      await outOfRange({ topic, reader: log.reader(), sought: 1_000, expected: { startOffset: 0, endOffset: 5 } });
    },
  },
  {
    name: "Reader.seek() before the start is out of range: reported once, then nothing until the next seek",
    async run({ log }) {
      const topic = await newTopic(log, "before-start", 2);
      await log.append([{ topic, partition: 0, records: numbered("v", 10) }]);
      await log.truncateBefore(topic, { partition: 0, offset: 4 });
      await outOfRange({ topic, reader: log.reader(), sought: 3, expected: { startOffset: 4, endOffset: 10 } });
    },
  },
  {
    name: "Reader.seek() throws away what was fetched ahead",
    async run({ log }) {
      const topic = await newTopic(log, "again");
      const records = numbered("v", 4_000).map((record) => ({ ...record, value: record.value.padEnd(500, ".") }));
      for (let at = 0; at < records.length; at += 500) {
        await log.append([{ topic, partition: 0, records: records.slice(at, at + 500) }]);
      }
      const reader = log.reader();
      reader.seek(topic, 0, 0);
      await pollUntil(reader, "the first records", (part) => part.records.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (const offset of [3_500, 10]) {
        reader.seek(topic, 0, offset);
        const found: number[] = [];
        await pollUntil(reader, `100 records from ${offset}`, (part) => {
          found.push(...part.records.map((record) => record.offset));
          return found.length >= 100;
        });
        assertEquals(found, Array.from({ length: found.length }, (_, index) => offset + index));
      }
      await reader.close();
    },
  },
  {
    name: "Reader.stop() ends the delivery of one partition and leaves the others",
    async run({ log }) {
      const topic = await newTopic(log, "stopped", 2);
      await log.append([0, 1].map((partition) => ({ topic, partition, records: numbered(`${partition}:`, 2) })));
      const reader = log.reader();
      reader.seek(topic, 0, 0);
      reader.seek(topic, 1, 0);
      await pollUntil(reader, "partition 0", (part) => part.partition === 0 && part.records.length > 0);
      reader.stop(topic, 0);
      await log.append([0, 1].map((partition) => ({ topic, partition, records: numbered(`late${partition}:`, 1) })));
      await pollUntil(reader, "partition 1", (part) => {
        assertEquals(part.partition, 1);
        return part.nextOffset >= 3;
      });
      assertEquals(contents(await reader.poll(QUIET_MS)), []);
      reader.seek(topic, 0, 1);
      await pollUntil(reader, "partition 0 again", (part) => {
        assertEquals([part.partition, part.records[0].offset], [0, 1]);
        return true;
      });
      await reader.close();
    },
  },
  {
    name: "Reader.pause() delivers nothing, and resume() goes on where it was",
    async run({ log }) {
      const topic = await newTopic(log, "paused", 2);
      await log.append([0, 1].map((partition) => ({ topic, partition, records: numbered(`${partition}:`, 3) })));
      const reader = log.reader();
      const offsets: number[] = [];
      const take = (part: Fetched): boolean => {
        if (part.partition === 0) offsets.push(...part.records.map((record) => record.offset));
        return offsets.length >= 6;
      };
      reader.seek(topic, 0, 0);
      await pollUntil(reader, "partition 0", (part) => {
        take(part);
        return offsets.length > 0;
      });
      reader.pause(topic, 0);
      const paused = [...offsets];
      await log.append([0, 1].map((partition) => ({ topic, partition, records: numbered(`late${partition}:`, 3) })));
      reader.seek(topic, 1, 0);
      await pollUntil(reader, "partition 1", (part) => {
        assertEquals(part.partition, 1);
        return part.nextOffset >= 6;
      });
      assertEquals(contents(await reader.poll(QUIET_MS)), []);
      assertEquals(offsets, paused);
      reader.resume(topic, 0);
      await pollUntil(reader, "partition 0 again", take);
      assertEquals(offsets, [0, 1, 2, 3, 4, 5]);
      await reader.close();
    },
  },
];

interface OutOfRangeCase {
  readonly topic: string;
  readonly reader: Reader;
  readonly sought: number;
  readonly expected: { readonly startOffset: number; readonly endOffset: number };
}

/** Partition 0 is sought out of range while partition 1, empty, is read as usual. */
async function outOfRange({ topic, reader, sought, expected }: OutOfRangeCase): Promise<void> {
  reader.seek(topic, 1, 0);
  reader.seek(topic, 0, sought);
  await pollUntil(reader, "the report", (part) => {
    if (part.partition === 1) return false;
    assertEquals(part.outOfRange, expected);
    assertEquals(part.records.length, 0);
    return true;
  });
  assertEquals(contents(await reader.poll(QUIET_MS)), []);
  reader.seek(topic, 0, expected.startOffset);
  await pollUntil(reader, "the first record", (part) => {
    assertEquals([part.outOfRange, part.records[0]?.offset], [undefined, expected.startOffset]);
    return true;
  });
  await reader.close();
}

/** What a poll delivered: records and reports, without parts that say only where a partition ends. */
function contents(parts: readonly Fetched[]): Fetched[] {
  return parts.filter((part) => part.records.length > 0 || part.outOfRange !== undefined);
}
