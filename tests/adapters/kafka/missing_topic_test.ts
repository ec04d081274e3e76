import { assertEquals, assertRejects } from "@std/assert";
import { ChangedLimits } from "../../../src/adapters/kafka/changed_limits.ts";
import type { Cluster } from "../../../src/adapters/kafka/cluster.ts";
import { kafkaSettings } from "../../../src/adapters/kafka/protocol/options.ts";
import { Fetcher } from "../../../src/adapters/kafka/fetcher.ts";
import { KafkaReader } from "../../../src/adapters/kafka/kafka_reader.ts";
import { ProductionError } from "../../../src/record/errors.ts";

/** More than a topic that was never seen is waited for. */
const LONG_MS = 4_500;
/** On a machine that is busy otherwise the refusal comes later. */
const REFUSED_MS_MAX = 30_000;

/** A cluster whose only broker has just started: it knows of no topic. */
function knowingNothing({ seen }: { readonly seen: boolean }): Cluster {
  return {
    limits: new ChangedLimits(),
    settings: kafkaSettings({ brokers: ["127.0.0.1:1"], clientId: "test" }),
    openChannel: () => ({
      call: () => Promise.reject(),
      callAny: () => Promise.reject(),
      close: () => Promise.resolve(),
    }),
    refresh: () => Promise.resolve({ topics: new Map(), refused: new Map(), brokers: new Map(), controllerId: 1 }),
    known: () => undefined,
    seen: () => seen,
    persistently: (attempt) => attempt(),
    close: () => Promise.resolve(),
  };
}

Deno.test("KafkaReader waits for a topic that was there, and refuses one that never was", async () => {
  const readers = [true, false].map((seen) => new KafkaReader(new Fetcher(knowingNothing({ seen }))));
  for (const reader of readers) reader.seek("orders", 0, 0);
  const [there, never] = readers;
  await Promise.all([
    there.poll(LONG_MS).then((chunks) => assertEquals(chunks, [])),
    assertRejects(() => never.poll(REFUSED_MS_MAX), ProductionError, "no topic of that name exists"),
  ]);
  await Promise.all(readers.map((reader) => reader.close()));
});
