import { assertEquals } from "@std/assert";
import { type EmbeddedLog, openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { openSchemas } from "../../../src/adapters/schema_registry/schemas.ts";
import type { Fetched, Reader } from "../../../src/ports/log.ts";
import type { EncodedTopic } from "../../../src/ports/schemas.ts";
import { logConformance, type OpenedLog } from "../../ports/log_conformance.ts";
import { writer } from "./avro_writer.ts";
import { SmallRegistry } from "./small_registry.ts";

const TOPIC = "t";
const topic: EncodedTopic = { topic: TOPIC, key: null, value: "json", nullable: [], keyed: false };

/** A log of which one topic, that no case uses, is encoded. */
function opened(log: EmbeddedLog, registry: SmallRegistry): OpenedLog {
  return {
    log: openSchemas(registry.direct()).decoded(log, [topic]),
    async close() {
      await log.close();
      await registry[Symbol.asyncDispose]();
    },
    deleteTopic: (name) => log.deleteTopic(name),
    compact: async (name) => void await log.compact(name),
  };
}

logConformance(
  "decoded(openEmbeddedLog(:memory:))",
  { lacks: { reopen: "it lives as long as the object" } },
  () => Promise.resolve(opened(openEmbeddedLog({ path: ":memory:" }), new SmallRegistry())),
);

/** Two partitions of Avro records, of which the third of the first one has a schema that was never asked for. */
async function filled() {
  const registry = new SmallRegistry();
  const log = openEmbeddedLog({ path: ":memory:" });
  await log.createTopic({ name: TOPIC, partitions: 2, cleanup: "delete", retentionMs: -1 });
  const known = writer(registry, { subject: "a", schema: { type: "int" } });
  const other = writer(registry, { subject: "b", schema: { type: "string" } });
  const record = (value: Uint8Array) => ({ key: null, value });
  const records = [
    record(known.write(1)),
    record(known.write(2)),
    record(other.write("three")),
    record(known.write(4)),
  ];
  await log.append([{ topic: TOPIC, partition: 0, records }]);
  const more = Array.from({ length: 3 }, (_, index) => record(known.write(10 + index)));
  await log.append([{ topic: TOPIC, partition: 1, records: more }]);
  const reader = openSchemas(registry.direct()).decoded(log, [topic]).reader();
  const values: (string | null)[][] = [[], []];
  return { registry, log, reader, values };
}

/** Polls until `done`, and collects values by partition and what was told of problems. */
async function collect(
  reader: Reader,
  { values, done }: { readonly values: (string | null)[][]; readonly done: (part: Fetched) => boolean },
): Promise<Fetched> {
  for (let polls = 0; polls < 200; polls++) {
    for (const part of await reader.poll(50)) {
      for (const { value } of part.records) values[part.partition].push(value as string | null);
      if (done(part)) return part;
    }
  }
  throw new Error("it never came");
}

Deno.test("a reader stops before a record whose schema cannot be had, tells so, and goes on there", async () => {
  const { registry, log, reader, values } = await filled();
  reader.seek(TOPIC, 1, 0);
  await collect(reader, { values, done: ({ nextOffset }) => nextOffset === 3 });
  registry.mood = "down";
  reader.seek(TOPIC, 0, 0);
  const blocked = await collect(reader, { values, done: ({ problem }) => problem !== undefined });
  assertEquals([blocked.partition, blocked.fromOffset, blocked.nextOffset, blocked.records], [0, 2, 2, []]);
  assertEquals(values, [["1", "2"], ["10", "11", "12"]]);
  registry.mood = "well";
  await collect(reader, { values, done: ({ partition, nextOffset }) => partition === 0 && nextOffset === 4 });
  assertEquals(values, [["1", "2", '"three"', "4"], ["10", "11", "12"]]);
  await reader.close();
  await log.close();
  await registry[Symbol.asyncDispose]();
});

Deno.test("a seek forgets what a partition waits for, a stop ends it, and a pause keeps it", async () => {
  const { registry, log, reader, values } = await filled();
  registry.mood = "down";
  reader.seek(TOPIC, 0, 0);
  const blocked = await collect(reader, { values, done: ({ problem }) => problem !== undefined });
  assertEquals([blocked.nextOffset, blocked.problem], [0, "The registry is down"]);
  reader.pause(TOPIC, 0);
  registry.mood = "well";
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assertEquals((await reader.poll(100)).filter(({ problem }) => problem === undefined), []);
  assertEquals((await reader.poll(300)).map(({ records }) => records.length), []);
  reader.resume(TOPIC, 0);
  await collect(reader, { values, done: ({ nextOffset }) => nextOffset === 4 });
  assertEquals(values[0], ["1", "2", '"three"', "4"]);
  reader.seek(TOPIC, 0, 3);
  await collect(reader, { values, done: ({ nextOffset }) => nextOffset === 4 });
  assertEquals(values[0].at(-1), "4");
  reader.stop(TOPIC, 0);
  assertEquals(await reader.poll(50), []);
  await reader.close();
  await log.close();
  await registry[Symbol.asyncDispose]();
});
