import { assertEquals, assertRejects } from "@std/assert";
import type { Log } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { LogCase } from "./log_conformance_case.ts";
import { newTopic, numbered, read, textOf, uniqueName } from "./log_conformance_support.ts";

/** How large records may be. */
export const sizeCases: readonly LogCase[] = [
  {
    name: "append() refuses a record above the topic's limit as too large, and no other",
    async run({ log }) {
      const topic = await limitedTopic(log, 200_000);
      await refused(log, { topic, value: "v".repeat(201_000) });
      // 300,000 bytes of UTF-8 in 100,000 units.
      await refused(log, { topic, value: "語".repeat(100_000) });
      const large = "語".repeat(66_000);
      await log.append([{ topic, partition: 0, records: [{ key: null, value: large }] }]);
      const [record] = await read(log, topic, { count: 1 });
      assertEquals(textOf(record.value), large);
    },
  },
  {
    name: "append() takes together more than a record may have",
    async run({ log }) {
      const topic = await limitedTopic(log, 50_000);
      const values = Array.from({ length: 60 }, (_, index) => `${index}:`.padEnd(index === 40 ? 45_000 : 9_000, "v"));
      const [base] = await log.append([
        { topic, partition: 0, records: values.map((value) => ({ key: null, value })) },
      ]);
      const records = await read(log, topic, { count: 60, offset: base });
      assertEquals(records.map(({ value }) => textOf(value)), values);
      await Promise.all([
        log.append([{ topic, partition: 0, records: numbered("a", 200) }]),
        refused(log, { topic, value: "v".repeat(50_000) }),
        log.append([{ topic, partition: 0, records: numbered("b", 200) }]),
      ]);
      assertEquals((await read(log, topic, { count: 460 })).length, 460);
    },
  },
  {
    name: "append() and Reader.poll() take large records between small ones",
    async run({ log }) {
      const topic = await limitedTopic(log, 16 * 1024 * 1024);
      const lengths = [10, 1_600_000, 20, 30, 9_000_000, 40, 1_600_000];
      for (const length of lengths) {
        await log.append([{ topic, partition: 0, records: [{ key: "k", value: "v".repeat(length) }] }]);
      }
      const records = await read(log, topic, { count: lengths.length });
      assertEquals(records.map(({ value }) => textOf(value)!.length), lengths);
    },
  },
  {
    name: "alterTopic() changes limits, and leaves everything else as it is",
    async run({ log }) {
      const topic = uniqueName("altered");
      const limits = { retentionMs: 3_600_000, messageBytesMax: 100_000 };
      await log.createTopic({ name: topic, partitions: 2, cleanup: "delete", ...limits });
      const before = (await log.topics([topic])).get(topic)!;
      assertEquals([before.retentionMs, before.messageBytesMax], [3_600_000, 100_000]);
      await refused(log, { topic, value: "v".repeat(150_000) });
      await log.alterTopic(topic, { retentionMs: 7_200_000, messageBytesMax: 300_000 });
      await until(async () => (await log.topics([topic])).get(topic)!.messageBytesMax === 300_000);
      assertEquals((await log.topics([topic])).get(topic), {
        ...before,
        retentionMs: 7_200_000,
        messageBytesMax: 300_000,
      });
      await log.append([{ topic, partition: 0, records: [{ key: null, value: "v".repeat(150_000) }] }]);
      await assertRejects(() => log.alterTopic(uniqueName("unknown"), limits), ProductionError);
    },
  },
  {
    name: "createTopic() and alterTopic() last",
    needs: ["reopen"],
    async run({ log, reopen }) {
      const created = await limitedTopic(log, 150_000);
      const altered = await newTopic(log, "altered");
      await log.alterTopic(altered, { retentionMs: 5_000_000, messageBytesMax: 160_000 });
      const { log: again } = await reopen!();
      await until(async () => (await again.topics([altered])).get(altered)!.messageBytesMax === 160_000);
      assertEquals((await again.topics([created])).get(created)!.messageBytesMax, 150_000);
      await refused(again, { topic: created, value: "v".repeat(150_000) });
    },
  },
];

async function limitedTopic(log: Log, messageBytesMax: number): Promise<string> {
  const name = uniqueName("sizes");
  await log.createTopic({ name, partitions: 1, cleanup: "delete", retentionMs: -1, messageBytesMax });
  return name;
}

async function refused(log: Log, { topic, value }: { topic: string; value: string }): Promise<void> {
  const error = await assertRejects(
    () => log.append([{ topic, partition: 0, records: [{ key: null, value }] }]),
    ProductionError,
  );
  assertEquals([error.reason, error.retriable], ["too_large", false]);
}

/** Brokers learn of new settings one after the other. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!await condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
}
