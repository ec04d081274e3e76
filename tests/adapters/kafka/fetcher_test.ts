import { setTimeout as quiet } from "node:timers/promises";
import { assert, assertEquals } from "@std/assert";
import { Fetcher } from "../../../src/adapters/kafka/fetcher.ts";
import { KafkaReader } from "../../../src/adapters/kafka/kafka_reader.ts";
import type { Fetched } from "../../../src/ports/log.ts";
import { FakeBroker, partitionOf } from "./fake_broker.ts";

const PARTITIONS = 30;
const READERS = 4;

Deno.test("Fetcher reads and decodes a partition once for all readers that begin at the same place", async () => {
  const broker = new FakeBroker([partitionOf({ batches: 20, records: 50, valueBytes: 500 })], { sessions: true });
  const bytes = broker.partitions[0].reduce((sum, batch) => sum + batch.bytes.length, 0);
  const fetcher = new Fetcher(broker.cluster({ fetchPartitionBytesMax: 100_000 }));
  const readers = Array.from({ length: READERS }, () => new KafkaReader(fetcher));
  const parts: Fetched[][] = readers.map(() => []);
  // The last one comes when the others are through.
  for (const late of [false, true]) {
    await Promise.all(readers.map(async (reader, index) => {
      if ((index === READERS - 1) !== late) return;
      reader.seek("t", 0, 0);
      parts[index] = await readTo(reader, 1_000);
    }));
  }
  for (const own of parts) assertEquals(offsetsOf(own), Array.from({ length: 1_000 }, (_, offset) => offset));
  assertEquals(broker.sentBytes, bytes);
  assert(parts.every(([first]) => first.records === parts[0][0].records), "the records are the same objects");
  await closeAll(fetcher, readers);
});

Deno.test("Fetcher lets a reader go on that takes nothing of what others read, from where it is", async () => {
  const broker = new FakeBroker([partitionOf({ batches: 40, records: 50, valueBytes: 1_000 })], { sessions: true });
  const readerBytesMax = 400_000;
  const fetcher = new Fetcher(broker.cluster({ fetchPartitionBytesMax: 100_000, readerBytesMax }));
  const [slow, quick] = [new KafkaReader(fetcher), new KafkaReader(fetcher)];
  for (const reader of [slow, quick]) reader.seek("t", 0, 0);
  assertEquals(offsetsOf(await readTo(quick, 2_000)).length, 2_000);
  assert(slow.budget.heldBytes < 1.5 * readerBytesMax, `${slow.budget.heldBytes} bytes wait for the slow reader`);
  assertEquals(offsetsOf(await readTo(slow, 2_000)), Array.from({ length: 2_000 }, (_, offset) => offset));
  await closeAll(fetcher, [slow, quick]);
});

Deno.test("Fetcher asks with one request for all that is read to its end, and names what has changed", async () => {
  const broker = new FakeBroker(Array.from({ length: PARTITIONS }, () => []), { sessions: true });
  for (let partition = 0; partition < PARTITIONS; partition++) broker.append(partition, 5);
  const fetcher = new Fetcher(broker.cluster({ fetchWaitMs: 50 }));
  const readers = Array.from({ length: READERS }, () => new KafkaReader(fetcher));
  for (const reader of readers) {
    for (let partition = 0; partition < PARTITIONS; partition++) reader.seek("t", partition, 0);
  }
  await Promise.all(readers.map((reader) => readTo(reader, 5 * PARTITIONS)));
  await quiet(300);
  broker.seen.length = 0;
  await Promise.all(readers.map((reader) => reader.poll(400)));
  // One that waits for 50 ms after the other.
  assert(broker.fetches >= 2 && broker.fetches <= 16, `${broker.fetches} requests in 400 ms`);
  assertEquals(broker.seen.filter(({ asked, forgotten }) => asked.length + forgotten.length > 0), []);

  broker.seen.length = 0;
  broker.append(7, 1);
  const parts = await Promise.all(readers.map((reader) => reader.poll(2_000)));
  assertEquals(parts.flat().map(({ partition, nextOffset }) => [partition, nextOffset]), readers.map(() => [7, 6]));
  await quiet(200);
  const named = broker.seen.flatMap((
    { asked, forgotten },
  ) => [...asked.map(({ partition }) => partition), ...forgotten]);
  assertEquals([...new Set(named)], [7]);
  await closeAll(fetcher, readers);
});

Deno.test("Fetcher loses nothing when the broker forgets the session, or keeps none", async () => {
  for (const sessions of [true, false]) {
    const broker = new FakeBroker([[], [], []], { sessions });
    const fetcher = new Fetcher(broker.cluster());
    const reader = new KafkaReader(fetcher);
    const offsets: number[][] = [[], [], []];
    for (const partition of [0, 1, 2]) reader.seek("t", partition, 0);
    for (let round = 1; round <= 20; round++) {
      broker.append(round % 3, 2);
      if (round % 5 === 0) broker.forgetSessions();
      for (let left = 2; left > 0;) {
        const parts = await reader.poll(2_000);
        assert(parts.length > 0, `round ${round}, sessions ${sessions}: nothing came`);
        for (const { partition, records } of parts) {
          offsets[partition].push(...records.map(({ offset }) => offset));
          left -= records.length;
        }
      }
    }
    assertEquals(offsets.map(({ length }) => length), [12, 14, 14]);
    for (const own of offsets) assertEquals(own, own.map((_, index) => index));
    await closeAll(fetcher, [reader]);
  }
});

Deno.test("Fetcher asks no more for what was stopped, sought or closed while the session waited", async () => {
  const broker = new FakeBroker([[], [], []], { sessions: true });
  for (const partition of [0, 1, 2]) broker.append(partition, 10);
  const fetcher = new Fetcher(broker.cluster({ fetchWaitMs: 50 }));
  const [reader, other] = [new KafkaReader(fetcher), new KafkaReader(fetcher)];
  for (const partition of [0, 1, 2]) reader.seek("t", partition, 10);
  other.seek("t", 2, 10);
  await quiet(150);
  reader.stop("t", 0);
  reader.seek("t", 1, 4);
  await other.close();
  for (const partition of [0, 1, 2]) broker.append(partition, 1);
  const parts: Fetched[] = [];
  const deadline = performance.now() + 500;
  while (performance.now() < deadline) parts.push(...await reader.poll(100));
  assertEquals(offsetsOf(parts.filter(({ partition }) => partition === 0)), []);
  assertEquals(offsetsOf(parts.filter(({ partition }) => partition === 1)), [4, 5, 6, 7, 8, 9, 10]);
  assertEquals(offsetsOf(parts.filter(({ partition }) => partition === 2)), [10]);
  // What it went on to ask for would be answered at once, again and again.
  broker.seen.length = 0;
  await reader.poll(250);
  assert(broker.fetches <= 25, `${broker.fetches} requests in 250 ms`);
  await closeAll(fetcher, [reader]);
});

Deno.test("Fetcher answers what is behind at once, however many partitions wait at their end", async () => {
  const broker = new FakeBroker(Array.from({ length: 12 }, () => []), { sessions: true });
  for (let partition = 0; partition < 12; partition++) broker.append(partition, 100);
  const fetcher = new Fetcher(broker.cluster({ fetchWaitMs: 5_000 }));
  const reader = new KafkaReader(fetcher);
  // Each comes while all requests before it wait for five seconds.
  const startMs = performance.now();
  for (let partition = 0; partition < 10; partition++) {
    reader.seek("t", partition, 100);
    await quiet(20);
  }
  reader.seek("t", 10, 0);
  reader.seek("t", 11, 50);
  assertEquals(offsetsOf(await readTo(reader, 150)).length, 150);
  const tookMs = performance.now() - startMs;
  assert(tookMs < 2_500, `${tookMs} ms`);
  await closeAll(fetcher, [reader]);
});

async function readTo(reader: KafkaReader, count: number): Promise<Fetched[]> {
  const parts: Fetched[] = [];
  const deadline = performance.now() + 20_000;
  for (let left = count; left > 0;) {
    assert(performance.now() < deadline, `${left} of ${count} records are missing`);
    for (const part of await reader.poll(500)) {
      parts.push(part);
      left -= part.records.length;
    }
  }
  return parts;
}

function offsetsOf(parts: readonly Fetched[]): number[] {
  return parts.flatMap(({ records }) => records.map(({ offset }) => offset));
}

async function closeAll(fetcher: Fetcher, readers: readonly KafkaReader[]): Promise<void> {
  await Promise.all(readers.map((reader) => reader.close()));
  await fetcher.close();
}
