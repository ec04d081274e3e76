import { assertEquals, assertRejects } from "@std/assert";
import type { Cluster } from "../../../src/adapters/kafka/cluster.ts";
import { Producer } from "../../../src/adapters/kafka/producer.ts";
import { TransactionProducer } from "../../../src/adapters/kafka/transaction_producer.ts";
import { decodeRecordBatches } from "../../../src/adapters/kafka/protocol/decoder.ts";
import { WireReader, WireWriter } from "../../../src/adapters/kafka/protocol/wire.ts";
import type { AppendBatch } from "../../../src/ports/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { fakeCluster } from "./fake_cluster.ts";

const MESSAGE_TOO_LARGE = 10;

/**
 * A cluster whose only broker stores the values of one partition, in batches of at most `limit` bytes. `sizes`: of how
 * many records each batch stored was.
 */
function storing(
  stored: string[],
  limit: number | { readonly bytesMax: number },
  { sizes = [] }: { readonly sizes?: number[] } = {},
): Cluster {
  const answer = (request: Uint8Array): Uint8Array => {
    const reader = new WireReader(request);
    reader.string();
    reader.skip(6);
    reader.skip(4);
    reader.string();
    reader.skip(8);
    const batch = reader.bytes.slice(reader.position + 4);
    const limits = { decompressedBytesMax: 2 ** 30, heldBytesMax: 2 ** 30, partition: 0, topic: "t" };
    const base = stored.length;
    const tooLarge = batch.length > (typeof limit === "number" ? limit : limit.bytesMax);
    if (!tooLarge) {
      const { records } = decodeRecordBatches(batch, { position: 0, aborted: [], checkCrcs: true, ...limits });
      sizes.push(records.length);
      for (const { value } of records) stored.push(new TextDecoder().decode(value as Uint8Array));
    }
    const writer = new WireWriter().int32(1).string("t").int32(1).int32(0);
    return writer.int16(tooLarge ? MESSAGE_TOO_LARGE : 0).int64(tooLarge ? -1 : base).int64(-1).int64(0).int32(0)
      .string(null).int32(0).finish();
  };
  return fakeCluster(answer);
}

function records(values: readonly string[]): [AppendBatch] {
  return [{ topic: "t", partition: 0, records: values.map((value) => ({ key: null, value })) }];
}

function whole(values: readonly string[]): [AppendBatch] {
  return [{ ...records(values)[0], whole: true }];
}

Deno.test("Producer cuts a batch that a topic does not take until it fits, and keeps order and offsets", async () => {
  const stored: string[] = [];
  const producer = new Producer(storing(stored, 3_000));
  const values = Array.from({ length: 100 }, (_, index) => `${index}:${"v".repeat(index % 7 === 0 ? 2_500 : 300)}`);
  assertEquals(await Promise.all([producer.append(records(values)), producer.append(records(["last"]))]), [[0], [100]]);
  assertEquals(stored, [...values, "last"]);
  await producer.close();
});

Deno.test("Producer refuses a record that a topic does not take, and what the append has behind it", async () => {
  const stored: string[] = [];
  const producer = new Producer(storing(stored, 3_000));
  const refused = assertRejects(
    () => producer.append(records(["a", "b", "v".repeat(3_000), "c", "d"])),
    ProductionError,
    "max.message.bytes",
  );
  const other = producer.append(records(["other"]));
  const { reason, retriable } = await refused;
  assertEquals([reason, retriable], ["too_large", false]);
  assertEquals([await other, stored.at(-1)], [[stored.length - 1], "other"]);
  assertEquals(stored.slice(0, -1), ["a", "b"].slice(0, stored.length - 1));
  await producer.close();
});

Deno.test("Producer sends again what a topic does not take whose limits were just raised", async () => {
  const stored: string[] = [];
  const limit = { bytesMax: 3_000 };
  const cluster = storing(stored, limit);
  const producer = new Producer(cluster);
  const value = "v".repeat(3_000);
  await assertRejects(() => producer.append(records([value])), ProductionError, "max.message.bytes");
  cluster.limits.changed("t");
  setTimeout(() => limit.bytesMax = 4_000, 200);
  assertEquals([await producer.append(records([value])), stored], [[0], [value]]);
  await producer.close();
});

Deno.test("TransactionProducer leaves it to the next epoch if a topic's limits were just raised", async () => {
  const cluster = storing([], 3_000);
  const producer = new TransactionProducer(cluster);
  const writer = { transactionalId: "t", producerId: 1, epoch: 0 };
  const refused = async () => {
    const batches = records(["v".repeat(3_000)]);
    const { reason, retriable } = await assertRejects(() => producer.append(writer, batches), ProductionError);
    return { reason, retriable };
  };
  assertEquals(await refused(), { reason: "too_large", retriable: false });
  cluster.limits.changed("t");
  assertEquals(await refused(), { reason: undefined, retriable: true });
  await producer.close();
});

Deno.test("Producer stores nothing of an append behind a batch that is too large, in its partition", async () => {
  const stored: string[] = [];
  const producer = new Producer(storing(stored, 3_000));
  const append = [...records(["a"]), ...records(["v".repeat(3_000)]), ...records(["behind"])];
  const [refused, other] = await Promise.allSettled([producer.append(append), producer.append(records(["other"]))]);
  assertEquals([refused.status, other.status, stored], ["rejected", "fulfilled", ["a", "other"]]);
  await producer.close();
});

Deno.test("Producer makes one batch of what is to be whole, whatever waits with it", async () => {
  const [stored, sizes]: [string[], number[]] = [[], []];
  const producer = new Producer(storing(stored, 2_000_000, { sizes }));
  const many = (name: string) => Array.from({ length: 150 }, (_, index) => `${name}${index}`.padEnd(10_000, "v"));
  const offsets = await Promise.all([
    producer.append(records(["first"])),
    producer.append(whole(many("whole"))),
    producer.append(whole(["small", "too"])),
    producer.append(records(many("parts"))),
  ]);
  assertEquals(offsets, [[0], [1], [151], [153]]);
  assertEquals(stored, ["first", ...many("whole"), "small", "too", ...many("parts")]);
  const ends = sizes.map((_, index) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size, 0));
  assertEquals(ends.filter((end) => end > 1 && end < 151 || end === 152), []);
  assertEquals(ends.some((end) => end > 153 && end < 303), true);
  await producer.close();
});

Deno.test("Producer stores no part of a batch that is to be whole and that the topic does not take", async () => {
  const stored: string[] = [];
  const producer = new Producer(storing(stored, 3_000));
  const values = Array.from({ length: 20 }, (_, index) => `${index}:${"v".repeat(300)}`);
  const refused = assertRejects(
    () => producer.append([...whole(values), ...records(["behind"])]),
    ProductionError,
    "max.message.bytes",
  );
  const others = [producer.append(whole(["a", "b"])), producer.append(records(values))];
  const { reason, retriable } = await refused;
  assertEquals([reason, retriable], ["too_large", false]);
  await Promise.all(others);
  assertEquals(stored, ["a", "b", ...values]);
  await producer.close();
});

Deno.test("Producer sends no request that brokers would end without a word", async () => {
  const stored: string[] = [];
  const producer = new Producer(storing(stored, Infinity));
  const { reason, retriable } = await assertRejects(
    () => producer.append(records(["v".repeat(100_000_001)])),
    ProductionError,
    "100000000 bytes",
  );
  assertEquals([reason, retriable], ["too_large", false]);
  const half = "v".repeat(50_000_000);
  const refused = await assertRejects(() => producer.append(whole([half, half])), ProductionError, "fewer");
  assertEquals([refused.reason, refused.retriable], ["too_large", false]);
  assertEquals([await producer.append(records(["small"])), stored], [[0], ["small"]]);
  await producer.close();
});
