import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Log } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { LogCase } from "./log_conformance_case.ts";
import {
  newCompactedTopic,
  newTopic,
  numbered,
  read,
  readToEnd,
  textOf,
  uniqueName,
} from "./log_conformance_support.ts";

/** Records deleted from the start of a partition. */
export const truncationCases: readonly LogCase[] = [
  {
    name: "truncateBefore() moves the start of its partition, and the end stays",
    async run({ log }) {
      const topic = await newTopic(log, "truncated", 2);
      const [base, other] = await log.append([0, 1].map((partition) => ({
        topic,
        partition,
        records: numbered("v", 10),
      })));
      const { end } = await log.offsets(topic);
      await log.truncateBefore(topic, { partition: 0, offset: base + 7 });
      assertEquals(await log.offsets(topic), { start: [base + 7, other], end });
      const records = await read(log, topic, { offset: base + 7, count: 3 });
      assertEquals(records.map((record) => textOf(record.value)), ["v7", "v8", "v9"]);
    },
  },
  {
    name: "truncateBefore() leaves a start that is there or further as it is",
    async run({ log }) {
      const topic = await newTopic(log, "truncated-before");
      const [base] = await log.append([{ topic, partition: 0, records: numbered("v", 10) }]);
      for (const offset of [base + 6, base + 6, base + 2, 0]) await log.truncateBefore(topic, { partition: 0, offset });
      assertEquals((await log.offsets(topic)).start, [base + 6]);
      assertEquals(await valuesOf(log, topic), ["v6", "v7", "v8", "v9"]);
    },
  },
  {
    name: "truncateBefore() never goes beyond the end",
    async run({ log }) {
      const topic = await newTopic(log, "truncated-all");
      await log.truncateBefore(topic, { partition: 0, offset: 3 });
      assertEquals(await log.offsets(topic), { start: [0], end: [0] });
      await log.append([{ topic, partition: 0, records: numbered("v", 10) }]);
      const { end: [end] } = await log.offsets(topic);
      await log.truncateBefore(topic, { partition: 0, offset: end + 1_000 });
      assertEquals(await log.offsets(topic), { start: [end], end: [end] });
      await log.append([{ topic, partition: 0, records: numbered("w", 2) }]);
      assertEquals(await valuesOf(log, topic), ["w0", "w1"]);
    },
  },
  {
    name: "truncateBefore() leaves the offsets that were given out: append() never gives one of them again",
    async run({ log }) {
      const topic = await newTopic(log, "emptied");
      await log.append([{ topic, partition: 0, records: numbered("v", 10) }]);
      const end = (await log.offsets(topic)).end[0];
      await log.truncateBefore(topic, { partition: 0, offset: end });
      const [base] = await log.append([{ topic, partition: 0, records: numbered("w", 1) }]);
      assert(base >= end, `offset ${base} was given out although the end was ${end}`);
    },
  },
  {
    name: "truncateBefore() lasts",
    needs: ["reopen"],
    async run({ log, reopen }) {
      const topic = await newTopic(log, "truncated-kept");
      const [base] = await log.append([{ topic, partition: 0, records: numbered("v", 10) }]);
      await log.truncateBefore(topic, { partition: 0, offset: base + 8 });
      const { log: again } = await reopen!();
      assertEquals((await again.offsets(topic)).start, [base + 8]);
      assertEquals((await read(again, topic, { offset: base + 8, count: 2 })).map(({ value }) => textOf(value)), [
        "v8",
        "v9",
      ]);
    },
  },
  {
    name: "truncateBefore() refuses a topic that is compacted, and one or a partition that is unknown",
    async run({ log }) {
      const topic = await newTopic(log, "known", 2);
      const compacted = await newCompactedTopic(log, "compacted");
      await log.append([{ topic: compacted, partition: 0, records: [{ key: "k", value: "v" }] }]);
      for (const [name, partition] of [[compacted, 0], [topic, 2], [topic, -1], [uniqueName("unknown"), 0]] as const) {
        const truncating = () => log.truncateBefore(name, { partition, offset: 1 });
        assertEquals((await assertRejects(truncating, ProductionError)).retriable, false);
      }
      assertEquals((await log.offsets(compacted)).start, [0]);
    },
  },
];

async function valuesOf(log: Log, topic: string): Promise<(string | null)[]> {
  const { start: [start] } = await log.offsets(topic);
  return (await readToEnd(log, topic, start)).map(({ value }) => textOf(value));
}
