import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Fetcher } from "../../../src/adapters/kafka/fetcher.ts";
import { KafkaReader } from "../../../src/adapters/kafka/kafka_reader.ts";
import { crc32c } from "../../../src/adapters/kafka/protocol/crc32c.ts";
import type { Fetched } from "../../../src/ports/log.ts";
import { FakeBroker, partitionOf } from "./fake_broker.ts";

Deno.test("KafkaReader tells of a batch that cannot be read, tries again, and reads the others on", async () => {
  for (const compression of ["none", "gzip", "zstd"] as const) {
    const good = partitionOf({ batches: 3, records: 2, valueBytes: 200 });
    const damaged = partitionOf({ batches: 3, records: 2, valueBytes: 200, compression });
    const right = damaged[1].bytes;
    damaged[1] = { ...damaged[1], bytes: spoilt(right) };
    const broker = new FakeBroker([good, damaged]);
    const reader = new KafkaReader(new Fetcher(broker.cluster()));
    reader.seek("t", 0, 0);
    reader.seek("t", 1, 0);
    const seen = await pollFor(reader, (parts) => parts.some(({ problem }) => problem !== undefined));
    assertEquals(offsets(seen, 1), [0, 1]);
    const trouble = seen.find(({ problem }) => problem !== undefined)!;
    assertStringIncludes(trouble.problem!, 'Cannot read "t" partition 1 at offset 2 as a record batch');
    assertEquals([trouble.partition, trouble.records.length, trouble.nextOffset], [1, 0, 2]);
    good.push(...partitionOf({ batches: 1, records: 2, valueBytes: 10, from: 6 }));
    seen.push(...await pollFor(reader, (parts) => parts.some(({ nextOffset }) => nextOffset === 8)));
    assertEquals(offsets(seen, 0), [0, 1, 2, 3, 4, 5, 6, 7]);
    damaged[1] = { ...damaged[1], bytes: right };
    const healed = await pollFor(reader, (parts) => parts.some(({ nextOffset }) => nextOffset === 6));
    assertEquals(offsets(healed, 1), [2, 3, 4, 5]);
    assert(healed.at(-1)!.problem === undefined);
    await reader.close();
  }
});

Deno.test("KafkaReader tells of a refusal by the broker, and that it is over", async () => {
  const broker = new FakeBroker([partitionOf({ batches: 1, records: 1, valueBytes: 1 })]);
  broker.errors.set(0, 29);
  const reader = new KafkaReader(new Fetcher(broker.cluster()));
  reader.seek("t", 0, 1);
  const [{ problem }] = await pollFor(reader, (parts) => parts.length > 0);
  assertStringIncludes(problem!, "topicAuthorizationFailed (29); allow this user to read the topic");
  broker.errors.clear();
  const [over] = await pollFor(reader, (parts) => parts.length > 0);
  assertEquals([over.problem, over.nextOffset, over.endOffset], [undefined, 1, 1]);
  await reader.close();
});

Deno.test("KafkaReader tells now and then of a transaction that is open for long, and that it is over", async () => {
  for (const sessions of [true, false]) {
    const broker = new FakeBroker([partitionOf({ batches: 1, records: 2, valueBytes: 1 })], { sessions });
    broker.heldBack.set(0, 3);
    const reader = new KafkaReader(new Fetcher(broker.cluster({ openTransactionMs: 60 })));
    reader.seek("t", 0, 0);
    const seen = await pollFor(reader, (parts) => parts.filter(({ problem }) => problem !== undefined).length === 2);
    assertEquals(offsets(seen, 0), [0, 1]);
    const [{ problem, nextOffset, endOffset }] = seen.slice(-1);
    assertStringIncludes(problem!, 'Cannot read "t" partition 0 behind offset 2: a transaction there is open for');
    assertStringIncludes(problem!, "holds back 3 offsets");
    assertEquals([nextOffset, endOffset], [2, 2]);
    broker.heldBack.clear();
    broker.append(0, 1);
    const after = await pollFor(reader, (parts) => offsets(parts, 0).length > 0);
    assertEquals([offsets(after, 0), after.at(-1)!.problem], [[2], undefined]);
    await reader.close();
  }
});

Deno.test("KafkaReader tells of no transaction that is open for a moment, or behind what was read", async () => {
  const broker = new FakeBroker([partitionOf({ batches: 1, records: 1, valueBytes: 1 })], { sessions: true });
  broker.heldBack.set(0, 3);
  const reader = new KafkaReader(new Fetcher(broker.cluster({ openTransactionMs: 200 })));
  reader.seek("t", 0, 0);
  const seen: Fetched[] = [];
  for (let transactions = 0; transactions < 5; transactions++) {
    seen.push(...await pollFor(reader, (parts) => parts.length > 0));
    await new Promise((resolve) => setTimeout(resolve, 80));
    broker.append(0, 1);
  }
  assertEquals(seen.filter(({ problem }) => problem !== undefined), []);
  await reader.close();
});

Deno.test("KafkaReader holds no more memory for many partitions and long records than its budget", async () => {
  const readerBytesMax = 4_000_000;
  for (
    const { valueBytes, compression } of [{ valueBytes: 200 }, { valueBytes: 10_000 }, {
      valueBytes: 10_000,
      compression: "zstd" as const,
    }]
  ) {
    const records = Math.ceil(500_000 / valueBytes);
    const partitions = Array.from(
      { length: 40 },
      () => partitionOf({ batches: 4, records, valueBytes, ...(compression && { compression }) }),
    );
    const broker = new FakeBroker(partitions);
    const reader = new KafkaReader(new Fetcher(broker.cluster({ readerBytesMax })));
    partitions.forEach((_, partition) => reader.seek("t", partition, 0));
    let left = 40 * 4 * records;
    let largest = 0;
    while (left > 0) {
      // Long enough for everything that the reader would fetch ahead.
      await new Promise((resolve) => setTimeout(resolve, 20));
      const parts = await reader.poll(5_000);
      assert(parts.length > 0, `${left} records are missing`);
      const polled = parts.flatMap((part) => [...part.records]);
      largest = Math.max(largest, polled.reduce((sum, { value }) => sum + (value as Uint8Array).length, 0));
      left -= polled.length;
    }
    assertEquals(left, 0);
    // The budget, and one chunk that was decoded when it was nearly used up.
    assert(largest <= 1.5 * readerBytesMax, `${valueBytes} ${compression}: ${largest} bytes at once`);
    await reader.close();
  }
});

Deno.test("KafkaReader reads on while paused partitions hold its whole budget, which lose nothing", async () => {
  const partitions = Array.from({ length: 10 }, () => partitionOf({ batches: 1, records: 100, valueBytes: 9_000 }));
  partitions.push(partitionOf({ batches: 8, records: 100, valueBytes: 9_000 }));
  const reader = new KafkaReader(new Fetcher(new FakeBroker(partitions).cluster({ readerBytesMax: 4_000_000 })));
  for (let partition = 0; partition < 10; partition++) reader.seek("t", partition, 0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (let partition = 0; partition < 10; partition++) reader.pause("t", partition);
  reader.seek("t", 10, 0);
  const read = await pollFor(reader, (parts) => parts.some(({ nextOffset }) => nextOffset === 800));
  assertEquals(offsets(read, 10).length, 800);
  for (let partition = 0; partition < 10; partition++) reader.resume("t", partition);
  const later: Fetched[] = [];
  while (later.flatMap(({ records }) => [...records]).length < 1_000) later.push(...await reader.poll(5_000));
  for (let partition = 0; partition < 10; partition++) {
    assertEquals(offsets(later, partition), Array.from({ length: 100 }, (_, index) => index));
  }
  await reader.close();
});

Deno.test("KafkaReader reads batches larger than any fetch, wherever they lie", async () => {
  const large = () => partitionOf({ batches: 2, records: 1, valueBytes: 9_000_000 });
  const small = () => partitionOf({ batches: 20, records: 50, valueBytes: 300 });
  const broker = new FakeBroker([small(), large(), small(), large()]);
  const reader = new KafkaReader(new Fetcher(broker.cluster()));
  for (let partition = 0; partition < 4; partition++) reader.seek("t", partition, 0);
  const counts = [0, 0, 0, 0];
  const deadline = performance.now() + 20_000;
  while (counts.join() !== "1000,2,1000,2") {
    assert(performance.now() < deadline, counts.join());
    for (const { partition, records } of await reader.poll(1_000)) counts[partition] += records.length;
  }
  await reader.close();
});

Deno.test("KafkaReader keeps nothing of a poll that ends by its time", async () => {
  const reader = new KafkaReader(new Fetcher(new FakeBroker([[]]).cluster()));
  const polls = async (count: number) => {
    for (let left = count; left > 0; left--) await reader.poll(0.01);
  };
  await polls(300);
  const before = heapUsed();
  await polls(1_000);
  const kept = (heapUsed() - before) / 1_000;
  assert(kept < 100, `${kept} bytes are kept for each poll`);
  await reader.close();
});

function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let round = 0; round < 3; round++) gc();
  return Deno.memoryUsage().heapUsed;
}

async function pollFor(reader: KafkaReader, done: (parts: readonly Fetched[]) => boolean): Promise<Fetched[]> {
  const seen: Fetched[] = [];
  const deadline = performance.now() + 20_000;
  while (!done(seen)) {
    assert(performance.now() < deadline, "it did not come");
    seen.push(...await reader.poll(500));
  }
  return seen;
}

function offsets(parts: readonly Fetched[], partition: number): number[] {
  return parts.filter((part) => part.partition === partition).flatMap(({ records }) => records.map((r) => r.offset));
}

/** Nonsense with the right checksum: what a producer writes that is out of its mind. */
function spoilt(batch: Uint8Array): Uint8Array {
  const bytes = batch.slice().fill(0xff, 61, 67);
  new DataView(bytes.buffer).setUint32(17, crc32c(bytes, 21));
  return bytes;
}
