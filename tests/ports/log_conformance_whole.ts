import { assertEquals, assertRejects } from "@std/assert";
import type { Log } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { LogCase } from "./log_conformance_case.ts";
import { numbered, readToEnd, textOf, uniqueName } from "./log_conformance_support.ts";

const VALUE_LENGTH = 1_000;
/** More than Kafka's adapter puts into one batch otherwise, and than the embedded log into one transaction. */
const MANY = 2_500;

/** Batches that are stored whole or not at all. What a crash leaves of them is each adapter's to show. */
export const wholeCases: readonly LogCase[] = [
  {
    name: "append() takes a batch that is whole, of up to what a record may have, between others",
    async run({ log }) {
      const topic = await limitedTopic(log, MANY * (VALUE_LENGTH + 100));
      const records = valuesOf("whole", MANY);
      const appends = [
        log.append([{ topic, partition: 0, records: numbered("before", 3) }]),
        log.append([
          { topic, partition: 0, records, whole: true },
          { topic, partition: 0, records: numbered("behind", 2) },
        ]),
        log.append([{ topic, partition: 0, records: numbered("after", 3), whole: true }]),
      ];
      assertEquals(await Promise.all(appends), [[0], [3, 3 + MANY], [5 + MANY]]);
      const expected = [...numbered("before", 3), ...records, ...numbered("behind", 2), ...numbered("after", 3)];
      assertEquals(await stored(log, topic), expected.map(({ value }) => value));
    },
  },
  {
    name: "append() refuses a batch that is whole and larger than a record may be, and stores nothing of it",
    async run({ log }) {
      const topic = await limitedTopic(log, 50_000);
      await log.append([{ topic, partition: 0, records: valuesOf("whole", 45), whole: true }]);
      const [refused] = await Promise.all([
        assertRejects(
          () =>
            log.append([
              { topic, partition: 0, records: valuesOf("large", 60), whole: true },
              { topic, partition: 0, records: numbered("behind", 1) },
            ]),
          ProductionError,
        ),
        log.append([{ topic, partition: 0, records: numbered("other", 2) }]),
      ]);
      assertEquals([refused.reason, refused.retriable], ["too_large", false]);
      await log.append([{ topic, partition: 0, records: valuesOf("parts", 60) }]);
      const expected = [...valuesOf("whole", 45), ...numbered("other", 2), ...valuesOf("parts", 60)];
      assertEquals(await stored(log, topic), expected.map(({ value }) => value));
    },
  },
];

async function limitedTopic(log: Log, messageBytesMax: number): Promise<string> {
  const name = uniqueName("whole");
  await log.createTopic({ name, partitions: 1, cleanup: "delete", retentionMs: -1, messageBytesMax });
  return name;
}

function valuesOf(prefix: string, count: number): { key: null; value: string }[] {
  return numbered(prefix, count).map(({ value }) => ({ key: null, value: value.padEnd(VALUE_LENGTH, ".") }));
}

async function stored(log: Log, topic: string): Promise<(string | null)[]> {
  return (await readToEnd(log, topic)).map(({ value }) => textOf(value));
}
