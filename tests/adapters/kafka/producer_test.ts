import { assertEquals, assertRejects } from "@std/assert";
import type { Cluster } from "../../../src/adapters/kafka/cluster.ts";
import { Producer } from "../../../src/adapters/kafka/producer.ts";
import { decodeRecordBatches } from "../../../src/adapters/kafka/protocol/decoder.ts";
import { WireReader, WireWriter } from "../../../src/adapters/kafka/protocol/wire.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { fakeCluster } from "./fake_cluster.ts";

const MESSAGE_TOO_LARGE = 10;

/** A cluster whose only broker stores the values of one partition, in batches of at most `bytesMax`. */
function storing(stored: string[], bytesMax: number): Cluster {
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
    const tooLarge = batch.length > bytesMax;
    if (!tooLarge) {
      const { records } = decodeRecordBatches(batch, { position: 0, aborted: [], checkCrcs: true, ...limits });
      for (const { value } of records) stored.push(new TextDecoder().decode(value as Uint8Array));
    }
    const writer = new WireWriter().int32(1).string("t").int32(1).int32(0);
    return writer.int16(tooLarge ? MESSAGE_TOO_LARGE : 0).int64(tooLarge ? -1 : base).int64(-1).int64(0).int32(0)
      .string(null).int32(0).finish();
  };
  return fakeCluster(answer);
}

function records(values: readonly string[]) {
  return [{ topic: "t", partition: 0, records: values.map((value) => ({ key: null, value })) }];
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

Deno.test("Producer sends no request that brokers would end without a word", async () => {
  const stored: string[] = [];
  const producer = new Producer(storing(stored, Infinity));
  const { reason, retriable } = await assertRejects(
    () => producer.append(records(["v".repeat(100_000_001)])),
    ProductionError,
    "100000000 bytes",
  );
  assertEquals([reason, retriable], ["too_large", false]);
  assertEquals([await producer.append(records(["small"])), stored], [[0], ["small"]]);
  await producer.close();
});
