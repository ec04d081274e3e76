import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProductionError } from "../../src/record/errors.ts";
import type { LogCase } from "./log_conformance_case.ts";
import {
  newCompactedTopic,
  newTopic,
  numbered,
  patiently,
  pollUntil,
  readToEnd,
  textOf,
  uniqueName,
} from "./log_conformance_support.ts";
import { positionCases } from "./log_conformance_positions.ts";

/** Reading: waiting, waking, several partitions, several readers, gaps. */
export const readerCases: readonly LogCase[] = [
  ...positionCases,
  {
    name: "Reader.poll() resolves with nothing after about waitMs",
    async run({ log }) {
      const topic = await newTopic(log, "quiet");
      const reader = log.reader();
      reader.seek(topic, 0, 0);
      await reader.poll(300);
      const start = performance.now();
      assertEquals((await reader.poll(700)).flatMap((part) => [...part.records]), []);
      const waitedMs = performance.now() - start;
      assert(waitedMs > 500 && waitedMs < 5_000, `waited ${waitedMs} ms`);
      await reader.close();
    },
  },
  {
    name: "Reader.poll() wakes when a record is appended",
    async run({ log }) {
      const topic = await newTopic(log, "waking", 2);
      const reader = log.reader();
      reader.seek(topic, 1, 0);
      reader.seek(topic, 0, 0);
      await reader.poll(200);
      const start = performance.now();
      const waiting = reader.poll(20_000);
      await log.append([{ topic, partition: 1, records: numbered("v", 1) }]);
      const parts = (await waiting).filter((part) => part.records.length > 0);
      const waitedMs = performance.now() - start;
      assertEquals(parts.map((part) => [part.partition, textOf(part.records[0].value)]), [[1, "v0"]]);
      assert(waitedMs < 5_000, `woke after ${waitedMs} ms`);
      await reader.close();
    },
  },
  {
    name: "Reader.poll() wakes when a readable partition is sought or resumed",
    async run({ log }) {
      const topic = await newTopic(log, "sought", 2);
      await log.append([0, 1].map((partition) => ({ topic, partition, records: numbered(`${partition}:`, 1) })));
      const reader = log.reader();
      reader.seek(topic, 0, 0);
      reader.pause(topic, 0);
      for (const wake of [() => reader.seek(topic, 1, 0), () => reader.resume(topic, 0)]) {
        const start = performance.now();
        const waiting = reader.poll(20_000);
        setTimeout(wake, 50);
        assertEquals((await waiting).flatMap((part) => [...part.records]).length, 1);
        const waitedMs = performance.now() - start;
        assert(waitedMs < 5_000, `woke after ${waitedMs} ms`);
      }
      await reader.close();
    },
  },
  {
    name: "Reader.poll() gives several partitions at once and lets none of them starve",
    async run({ log }) {
      const partitions = 4;
      const count = 3_000;
      const topic = await newTopic(log, "several", partitions);
      for (let partition = 0; partition < partitions; partition++) {
        await log.append([{ topic, partition, records: numbered(`${partition}:`, count) }]);
      }
      const reader = log.reader();
      for (let partition = 0; partition < partitions; partition++) reader.seek(topic, partition, 0);
      const values: string[][] = Array.from({ length: partitions }, () => []);
      let together = 0;
      const deadline = Date.now() + 30_000;
      while (values.some((found) => found.length < count)) {
        assert(Date.now() < deadline, `read ${values.map((found) => found.length)} of ${count}`);
        const parts = (await reader.poll(500)).filter((part) => part.records.length > 0);
        together = Math.max(together, new Set(parts.map((part) => part.partition)).size);
        for (const part of parts) values[part.partition].push(...part.records.map((record) => textOf(record.value)!));
      }
      for (let partition = 0; partition < partitions; partition++) {
        assertEquals(values[partition], numbered(`${partition}:`, count).map((record) => record.value));
      }
      assert(together > 1, "no poll gave more than one partition");
      await reader.close();
    },
  },
  {
    name: "Reader.poll() reads partitions of several topics",
    async run({ log }) {
      const topics = [await newTopic(log, "first"), await newTopic(log, "second")];
      const reader = log.reader();
      const waiting = new Set(topics);
      for (const topic of topics) {
        await log.append([{ topic, partition: 0, records: numbered(topic, 1) }]);
        reader.seek(topic, 0, 0);
      }
      await pollUntil(reader, "reading both topics", (part) => {
        for (const record of part.records) assertEquals(textOf(record.value), `${part.topic}0`);
        waiting.delete(part.topic);
        return waiting.size === 0;
      });
      await reader.close();
    },
  },
  {
    name: "reader() gives readers that do not disturb each other",
    async run({ log }) {
      const topic = await newTopic(log, "readers");
      await log.append([{ topic, partition: 0, records: numbered("v", 10) }]);
      const readers = [log.reader(), log.reader()];
      const offsets: number[][] = [[], []];
      readers[0].seek(topic, 0, 0);
      readers[1].seek(topic, 0, 6);
      await Promise.all(readers.map((reader, index) =>
        pollUntil(reader, "reading", (part) => {
          offsets[index].push(...part.records.map((record) => record.offset));
          return part.nextOffset >= 10;
        })
      ));
      assertEquals(offsets, [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [6, 7, 8, 9]]);
      await readers[0].close();
      await log.append([{ topic, partition: 0, records: numbered("w", 1) }]);
      await pollUntil(readers[1], "reading after the other reader's end", (part) => part.records.length > 0);
      await readers[1].close();
    },
  },
  {
    name: "Reader.poll() tells the end of the partition, and reaches it",
    async run({ log }) {
      const topic = await newTopic(log, "ends");
      await log.append([{ topic, partition: 0, records: numbered("v", 2_500) }]);
      const end = (await log.offsets(topic)).end[0];
      const reader = log.reader();
      reader.seek(topic, 0, 100);
      let next = 100;
      await pollUntil(reader, "reaching the end", (part) => {
        assert(part.nextOffset >= next, `nextOffset went back from ${next} to ${part.nextOffset}`);
        assertEquals(part.fromOffset, next);
        next = part.nextOffset;
        assertEquals(part.endOffset, end);
        return next === end;
      });
      await reader.close();
    },
  },
  {
    name: "Reader.poll() tells where a read began, past gaps, after another seek and beyond the end, too",
    async run({ log }) {
      const topic = await newTopic(log, "begins");
      await log.append([{ topic, partition: 0, records: numbered("v", 20) }]);
      const reader = log.reader();
      for (const offset of [3, 11, 0, 500]) {
        reader.seek(topic, 0, offset);
        let first: number | null = null;
        await pollUntil(reader, `reading from ${offset}`, (part) => {
          first ??= part.fromOffset;
          return part.outOfRange !== undefined || part.nextOffset === 20;
        });
        assertEquals(first, offset);
      }
      await reader.close();
    },
  },
  {
    name: "Reader.poll() passes the gaps that compaction leaves",
    needs: ["compact"],
    async run({ log, compact }) {
      const topic = await newCompactedTopic(log, "compacted");
      const records = Array.from({ length: 900 }, (_, index) => ({ key: `k${index % 3}`, value: `v${index}` }));
      await log.append([{ topic, partition: 0, records }]);
      await log.append([{ topic, partition: 0, records: [{ key: "k1", value: null }] }]);
      const before = await log.offsets(topic);
      await compact!(topic);
      assertEquals((await log.offsets(topic)).end, before.end);
      const left = await readToEnd(log, topic);
      assert(left.length < 901, "compaction has removed nothing");
      const newest = new Map(left.map((record) => [textOf(record.key), textOf(record.value)]));
      assertEquals(newest, new Map([["k0", "v897"], ["k1", null], ["k2", "v899"]]));
      for (const offset of [1, 450, 890]) {
        const found = await readToEnd(log, topic, offset);
        assert(found.length >= 3 && found.every((record) => record.offset >= offset));
      }
      await log.append([{ topic, partition: 0, records: [{ key: "k0", value: "after" }] }]);
      assertEquals((await readToEnd(log, topic)).map((record) => textOf(record.value)).at(-1), "after");
    },
  },
  {
    name: "Reader.poll() refuses an unknown topic",
    async run({ log }) {
      const reader = log.reader();
      reader.seek(uniqueName("unknown"), 0, 0);
      await assertRejects(() => pollUntil(reader, "refusing", () => false), ProductionError);
      await reader.close();
    },
  },
  {
    name: "Reader.close() ends a poll that waits",
    async run({ log }) {
      const topic = await newTopic(log, "closing");
      const reader = log.reader();
      reader.seek(topic, 0, 0);
      const waiting = reader.poll(25_000).then(() => "ended", () => "ended");
      const start = performance.now();
      await patiently(reader.close(), "closing");
      assertEquals(await patiently(waiting, "the end of the poll"), "ended");
      assert(performance.now() - start < 10_000, "closing waited for the poll");
    },
  },
];
