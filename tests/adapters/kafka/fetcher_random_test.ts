import { assert, assertEquals } from "@std/assert";
import { Fetcher } from "../../../src/adapters/kafka/fetcher.ts";
import { KafkaReader } from "../../../src/adapters/kafka/kafka_reader.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { FakeBroker, partitionOf } from "./fake_broker.ts";

const SEEDS = 20;
const STEPS = 250;
const PARTITIONS = 5;
const READERS = 4;
/** Not the leader, a storage error: both may pass. */
const ERRORS = [6, 56];
/** Bytes fetched of a partition at a time: less than most batches have. */
const SMALL_FETCH = 300;

interface Reading {
  readonly reader: KafkaReader;
  /** Where the next part of a partition must begin; absent if it is not read. */
  readonly next: Map<number, number>;
  readonly paused: Set<number>;
}

Deno.test("Fetcher gives each reader what it sought, in order and without gaps, whatever the broker does", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await run(seed);
});

async function run(seed: number): Promise<void> {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const broker = new FakeBroker(
    Array.from({ length: PARTITIONS }, () => partitionOf({ batches: 6, records: 5, valueBytes: 40 })),
    { sessions: seed % 4 !== 0 },
  );
  const fetcher = new Fetcher(broker.cluster({
    readerBytesMax: 6_000,
    fetchPartitionBytesMax: seed % 3 === 0 ? SMALL_FETCH : 1_000,
  }));
  const begin = (): Reading => ({ reader: new KafkaReader(fetcher), next: new Map(), paused: new Set() });
  const readings = Array.from({ length: READERS }, begin);
  const what = (step: number | string) => `seed ${seed}, step ${step}`;

  for (let step = 0; step < STEPS; step++) {
    const at = below(READERS);
    const { reader, next, paused } = readings[at];
    const partition = below(PARTITIONS);
    const act = below(100);
    if (act < 20) broker.append(partition, 1 + below(8));
    else if (act < 45) {
      const offset = below(broker.endOf(partition) + 1);
      reader.seek("t", partition, offset);
      next.set(partition, offset);
    } else if (act < 50) {
      reader.stop("t", partition);
      next.delete(partition);
      paused.delete(partition);
    } else if (act < 55 && next.has(partition)) {
      reader.pause("t", partition);
      paused.add(partition);
    } else if (act < 62) {
      reader.resume("t", partition);
      paused.delete(partition);
    } else if (act < 66) broker.forgetSessions();
    else if (act < 69) broker.errors.set(partition, ERRORS[below(ERRORS.length)]);
    else if (act < 72) broker.errors.clear();
    else if (act < 74) broker.failures = 1 + below(3);
    else if (act < 76) {
      await reader.close();
      readings[at] = begin();
    } else await take(readings[at], { waitMs: below(4), what: what(step) });
  }

  broker.errors.clear();
  broker.failures = 0;
  for (const { reader, paused } of readings) for (const partition of paused) reader.resume("t", partition);
  const deadline = performance.now() + 20_000;
  for (const reading of readings) {
    reading.paused.clear();
    while ([...reading.next].some(([partition, offset]) => offset < broker.endOf(partition))) {
      assert(performance.now() < deadline, `${what("end")}: ${JSON.stringify([...reading.next])} does not go on`);
      await take(reading, { waitMs: 100, what: what("end") });
    }
    await reading.reader.close();
  }
  await fetcher.close();
}

async function take(reading: Reading, { waitMs, what }: { waitMs: number; what: string }): Promise<void> {
  const { reader, next, paused } = reading;
  for (const { partition, fromOffset, records, nextOffset, problem, outOfRange } of await reader.poll(waitMs)) {
    assertEquals([problem, outOfRange, paused.has(partition)], [undefined, undefined, false], what);
    assertEquals(fromOffset, next.get(partition), what);
    const offsets = Array.from({ length: nextOffset - fromOffset }, (_, index) => fromOffset + index);
    assertEquals(records.map(({ offset }) => offset), offsets, what);
    next.set(partition, nextOffset);
  }
}
