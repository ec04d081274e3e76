import { assert, assertEquals } from "@std/assert";
import type { Log, Reader } from "../../src/ports/log.ts";
import type { LogCase } from "./log_conformance_case.ts";
import { newTopic, numbered, pollUntil, textOf } from "./log_conformance_support.ts";

const RECORDS = 3_000;
/** Of text, so that they are several times what a reader may hold. */
const RECORD_LENGTH = 60_000;

/** Several readers of the same partitions: what an adapter shares between them must not show. */
export const sharedCases: readonly LogCase[] = [
  {
    name: "reader() gives several readers of a partition all of it, wherever and whenever each begins",
    async run({ log }) {
      const topic = await newTopic(log, "together", 2);
      await append(log, { topic, prefix: "first" });
      const begins = [0, 0, 0, 1_234, RECORDS - 1, RECORDS];
      const readers = begins.map(() => log.reader());
      const read = readers.map((reader, index) => readOn(reader, { topic, from: begins[index], to: 2 * RECORDS }));
      await append(log, { topic, prefix: "second" });
      const late = log.reader();
      read.push(readOn(late, { topic, from: 0, to: 2 * RECORDS }));
      const all = numbered("first", RECORDS).concat(numbered("second", RECORDS)).map(({ value }) => value);
      for (const [index, values] of (await Promise.all(read)).entries()) {
        const own = all.slice(begins[index] ?? 0);
        assertEquals(values, [own, own]);
      }
      for (const reader of [...readers, late]) await reader.close();
    },
  },
  {
    name: "Reader.seek(), stop(), pause() and close() of one reader do not disturb another of the same partition",
    async run({ log }) {
      const topic = await newTopic(log, "undisturbed", 2);
      await append(log, { topic, prefix: "v" });
      const [restless, steady] = [log.reader(), log.reader()];
      const reading = readOn(steady, { topic, from: 0, to: RECORDS });
      for (let round = 0; round < 30; round++) {
        for (const partition of [0, 1]) restless.seek(topic, partition, (round * 100) % RECORDS);
        restless[round % 3 === 0 ? "pause" : "resume"](topic, round % 2);
        await restless.poll(round % 4);
        if (round % 5 === 0) restless.stop(topic, 0);
      }
      await restless.close();
      const all = numbered("v", RECORDS).map(({ value }) => value);
      assertEquals(await reading, [all, all]);
      await steady.close();
    },
  },
  {
    name: "a reader that takes nothing holds no other back, and misses nothing",
    async run({ log }) {
      const topic = await newTopic(log, "slow");
      const values = Array.from({ length: 1_500 }, (_, index) => `${index} `.padEnd(RECORD_LENGTH, "x"));
      for (let first = 0; first < values.length; first += 100) {
        const records = values.slice(first, first + 100).map((value) => ({ key: null, value }));
        await log.append([{ topic, partition: 0, records }]);
      }
      const [slow, quick] = [log.reader(), log.reader()];
      for (const reader of [slow, quick]) {
        reader.seek(topic, 0, 0);
        await reader.poll(5_000);
        reader.seek(topic, 0, 0);
      }
      for (const reader of [quick, slow]) {
        let next = 0;
        await pollUntil(reader, `reading ${values.length} large records`, ({ records }) => {
          for (const { value } of records) assertEquals(textOf(value), values[next++]);
          return next === values.length;
        });
        await reader.close();
      }
    },
  },
  {
    name: "reader() gives nothing of a topic that was deleted to who reads the one made in its place",
    needs: ["topic_id", "delete_topic"],
    async run({ log, deleteTopic }) {
      const topic = await newTopic(log, "replaced");
      await log.append([{ topic, partition: 0, records: numbered("old", 100) }]);
      const old = [log.reader(), log.reader()];
      for (const reader of old) {
        reader.seek(topic, 0, 0);
        await pollUntil(reader, "reading the old topic", ({ nextOffset }) => nextOffset === 100);
      }
      for (const reader of old) reader.stop(topic, 0);
      await deleteTopic!(topic);
      await log.createTopic({ name: topic, partitions: 1, cleanup: "delete", retentionMs: -1 });
      await log.append([{ topic, partition: 0, records: numbered("new", 100) }]);
      assertEquals((await log.offsets(topic)).end, [100]);
      for (const reader of [...old, log.reader()]) {
        reader.seek(topic, 0, 0);
        await pollUntil(reader, "reading the new topic", ({ records, nextOffset }) => {
          for (const { value } of records) assert(textOf(value)!.startsWith("new"), `got ${textOf(value)}`);
          return nextOffset === 100;
        });
        await reader.close();
      }
    },
  },
];

async function append(
  log: Log,
  { topic, prefix }: { readonly topic: string; readonly prefix: string },
): Promise<void> {
  for (let first = 0; first < RECORDS; first += 500) {
    const records = numbered(prefix, RECORDS).slice(first, first + 500);
    await log.append([0, 1].map((partition) => ({ topic, partition, records })));
  }
}

/** Values of both partitions of the topic, in the order in which they came. */
async function readOn(
  reader: Reader,
  { topic, from, to }: { readonly topic: string; readonly from: number; readonly to: number },
): Promise<(string | null)[][]> {
  const values: (string | null)[][] = [[], []];
  const next = [from, from];
  for (const partition of [0, 1]) reader.seek(topic, partition, from);
  await pollUntil(reader, `reading from ${from} to ${to}`, ({ partition, fromOffset, records, nextOffset }) => {
    assertEquals(fromOffset, next[partition]);
    next[partition] = nextOffset;
    values[partition].push(...records.map(({ value }) => textOf(value)));
    return next.every((offset) => offset >= to);
  });
  return values;
}
