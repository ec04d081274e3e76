import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProductionError } from "../../src/record/errors.ts";
import type { NewRecord } from "../../src/ports/log.ts";
import { packHeaders, readHeaders } from "../../src/record/headers.ts";
import type { LogCase } from "./log_conformance_case.ts";
import { bytesOf, newCompactedTopic, newTopic, numbered, read, textOf, uniqueName } from "./log_conformance_support.ts";

/** Appending: acknowledgements, order, offsets, and what a record may hold. */
export const recordCases: readonly LogCase[] = [
  {
    name: "append() acknowledges with the offset at which each batch begins",
    async run({ log }) {
      const topic = await newTopic(log, "bases", 3);
      await log.append([{ topic, partition: 2, records: numbered("before", 3) }]);
      const batches = [
        { topic, partition: 2, records: numbered("a", 2) },
        { topic, partition: 0, records: numbered("b", 4) },
        { topic, partition: 2, records: numbered("c", 3) },
      ];
      const bases = await log.append(batches);
      assertEquals(bases.length, 3);
      for (const [index, batch] of batches.entries()) {
        const records = await read(log, topic, {
          partition: batch.partition,
          offset: bases[index],
          count: batch.records.length,
        });
        assertEquals(records[0].offset, bases[index]);
        assertEquals(
          records.slice(0, batch.records.length).map((record) => textOf(record.value)),
          batch.records.map((record) => record.value),
        );
      }
      assert(bases[2] >= bases[0] + 2, `batches of one partition overlap: ${bases}`);
    },
  },
  {
    name: "append() of nothing resolves with nothing",
    async run({ log }) {
      assertEquals(await log.append([]), []);
    },
  },
  {
    name: "append() called one after the other keeps the order, and offsets only grow",
    async run({ log }) {
      const topic = await newTopic(log, "order");
      const sent = numbered("v", 6_000);
      let end = 0;
      for (let at = 0; at < sent.length; at += 500) {
        const [base] = await log.append([{ topic, partition: 0, records: sent.slice(at, at + 500) }]);
        assert(base >= end, `base offset ${base} lies before ${end}`);
        end = base + 500;
      }
      const records = await read(log, topic, { count: sent.length });
      assertEquals(records.map((record) => textOf(record.value)), sent.map((record) => record.value));
      for (let index = 1; index < records.length; index++) assert(records[index].offset > records[index - 1].offset);
    },
  },
  {
    name: "append() called many times at once gives every record its own offset",
    async run({ log }) {
      const topic = await newTopic(log, "at-once", 2);
      const acknowledged = await Promise.all(Array.from({ length: 20 }, async (_, call) => {
        const [base] = await log.append([{ topic, partition: call % 2, records: numbered(`${call}:`, 10) }]);
        return { call, base };
      }));
      for (const partition of [0, 1]) {
        const records = await read(log, topic, { partition, count: 100 });
        assertEquals(records.length, 100);
        const values = new Map(records.map((record) => [record.offset, textOf(record.value)]));
        assertEquals(values.size, 100);
        for (const { call, base } of acknowledged.filter(({ call }) => call % 2 === partition)) {
          for (let index = 0; index < 10; index++) assertEquals(values.get(base + index), `${call}:${index}`);
        }
      }
    },
  },
  {
    name: "append() keeps text, bytes, empty values, keys that are null, and tombstones",
    async run({ log }) {
      const topic = await newTopic(log, "contents");
      const contents: NewRecord[] = [
        { key: '{"id":1}', value: '{"after":{"id":1}}' },
        { key: "ключ", value: "žluťoučký kůň 🐎 \u{10FFFF}" },
        { key: new Uint8Array([0, 255, 254, 128]), value: new Uint8Array([195, 40, 0, 1, 255]) },
        { key: new TextEncoder().encode("plain"), value: new TextEncoder().encode("text as bytes") },
        { key: "a\0b", value: "before\0after" },
        { key: new Uint8Array([0xef, 0xbb, 0xbf, 65]), value: "\uFEFFmarked" },
        { key: null, value: "without a key" },
        { key: "gone", value: null },
        { key: "", value: "" },
        { key: new Uint8Array(0), value: new Uint8Array(0) },
        { key: null, value: null },
      ];
      await log.append([{ topic, partition: 0, records: contents }]);
      const records = await read(log, topic, { count: contents.length });
      assertEquals(
        records.map((record) => [bytesOf(record.key), bytesOf(record.value)]),
        contents.map((record) => [bytesOf(record.key), bytesOf(record.value)]),
      );
    },
  },
  {
    name: "append() keeps headers as they are, of some records of a topic, and counts them as bytes of a record",
    async run({ log }) {
      const topic = uniqueName("headers");
      await log.createTopic({
        name: topic,
        partitions: 1,
        cleanup: "compact",
        retentionMs: -1,
        messageBytesMax: 5_000,
      });
      const some = { trace: "ä🐎", empty: "", without: null };
      const contents: NewRecord[] = [
        { key: "a", value: "plain" },
        { key: "b", value: "one", headers: packHeaders({ trace: "1" }) },
        { key: "c", value: null, headers: packHeaders(some) },
        { key: "d", value: "plain again" },
        ...Array.from({ length: 70 }, (_, at) => ({ key: `${at}`, value: "v", headers: packHeaders({ at: `${at}` }) })),
      ];
      await log.append([{ topic, partition: 0, records: contents.slice(0, 1) }]);
      assertEquals((await read(log, topic, { count: 1 }))[0].headers, undefined);
      await log.append([{ topic, partition: 0, records: contents.slice(1) }]);
      const records = await read(log, topic, { count: contents.length });
      assertEquals(records.map((record) => textOf(record.value)), contents.map(({ value }) => value));
      assertEquals(
        records.map(({ headers }) => headers === undefined ? null : [...headers]),
        contents.map(({ headers }) => headers === undefined ? null : [...headers]),
      );
      assertEquals(Object.entries(readHeaders(records[2].headers)), Object.entries(some));
      const large = [{ key: "e", value: "v", headers: packHeaders({ large: "h".repeat(6_000) }) }];
      const error = await assertRejects(() => log.append([{ topic, partition: 0, records: large }]), ProductionError);
      assertEquals([error.retriable, error.reason], [false, "too_large"]);
    },
  },
  {
    name: "append() takes a view of a larger buffer and is not disturbed by later changes of the buffer",
    async run({ log }) {
      const topic = await newTopic(log, "views");
      const buffer = new Uint8Array([1, 2, 200, 201, 202, 3]);
      await log.append([{ topic, partition: 0, records: [{ key: null, value: buffer.subarray(2, 5) }] }]);
      buffer.fill(9);
      const [record] = await read(log, topic, { count: 1 });
      assertEquals(bytesOf(record.value), [200, 201, 202]);
    },
  },
  {
    name: "append() keeps a record of a million bytes between small ones",
    async run({ log }) {
      const topic = await newTopic(log, "large");
      const large = "0123456789".repeat(100_000);
      const records = [{ key: "a", value: "small" }, { key: "b", value: large }, { key: "c", value: "small too" }];
      await log.append([{ topic, partition: 0, records }]);
      const found = await read(log, topic, { count: 3 });
      assertEquals(found.map((record) => textOf(record.key)), ["a", "b", "c"]);
      assert(textOf(found[1].value) === large, "the large value came back changed");
      assertEquals(textOf(found[2].value), "small too");
    },
  },
  {
    name: "append() keeps the timestamp given, and takes the clock's when none is given",
    async run({ log }) {
      const topic = await newTopic(log, "timestamps");
      const given = Date.UTC(2020, 1, 29, 12);
      const before = Date.now();
      await log.append([{
        topic,
        partition: 0,
        records: [{ key: null, value: "a", timestampMs: given }, { key: null, value: "b" }],
      }]);
      const [first, second] = await read(log, topic, { count: 2 });
      assertEquals(first.timestampMs, given);
      const difference = second.timestampMs - before;
      assert(Math.abs(difference) < 60_000, `the timestamp differs by ${difference} ms from this machine's clock`);
    },
  },
  {
    name: "append() refuses an unknown topic and a partition that a topic does not have",
    async run({ log }) {
      const topic = await newTopic(log, "two", 2);
      const records = numbered("v", 1);
      await assertRejects(() => log.append([{ topic: uniqueName("unknown"), partition: 0, records }]), ProductionError);
      await assertRejects(() => log.append([{ topic, partition: 2, records }]), ProductionError);
      assertEquals(await log.offsets(topic), { start: [0, 0], end: [0, 0] });
    },
  },
  {
    name: "append() refuses a record without a key in a compacted topic, for good",
    async run({ log }) {
      const topic = await newCompactedTopic(log, "keyless");
      const error = await assertRejects(
        () => log.append([{ topic, partition: 0, records: [{ key: null, value: "v" }] }]),
        ProductionError,
      );
      assertEquals(error.retriable, false);
    },
  },
  {
    name: "append() is durable once acknowledged: everything is there after opening again, and offsets go on",
    needs: ["reopen"],
    async run({ log, reopen }) {
      const topic = await newTopic(log, "reopened", 2);
      await log.append([
        { topic, partition: 1, records: numbered("v", 50) },
        { topic, partition: 0, records: [{ key: null, value: "h", headers: packHeaders({ trace: "1" }) }] },
      ]);
      const before = await log.offsets(topic);
      const { log: again } = await reopen!();
      assertEquals(await again.offsets(topic), before);
      const records = await read(again, topic, { partition: 1, count: 50 });
      assertEquals(records.map((record) => textOf(record.value)), numbered("v", 50).map((record) => record.value));
      assertEquals({ ...readHeaders((await read(again, topic, { count: 1 }))[0].headers) }, { trace: "1" });
      const [base] = await again.append([{ topic, partition: 1, records: numbered("w", 1) }]);
      assert(base >= before.end[1], `offset ${base} was given out although the end was ${before.end[1]}`);
    },
  },
];
