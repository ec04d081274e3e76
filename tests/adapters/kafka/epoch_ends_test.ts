import { assertEquals, assertRejects } from "@std/assert";
import { epochEnds } from "../../../src/adapters/kafka/epoch_ends.ts";
import { WireReader, WireWriter } from "../../../src/adapters/kafka/protocol/wire.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { fakeCluster } from "./fake_cluster.ts";

/** Answers each epoch asked for with an end that tells partition and epoch; `errors` by partition. */
function open(errors: Readonly<Record<number, number>> = {}) {
  const cluster = fakeCluster((request) => {
    const reader = new WireReader(request);
    reader.skip(8);
    const topic = reader.string();
    // In reverse: a broker answers in any order.
    const asked = reader.array(() => [reader.int32(), reader.int32(), reader.int32()] as const).reverse();
    const writer = new WireWriter().int32(0).int32(1).string(topic);
    writer.array(
      asked,
      ([partition, , epoch]) =>
        writer.int16(errors[partition] ?? 0).int32(partition).int32(epoch).int64(100 * partition + epoch),
    );
    return writer.finish();
  }, { partitions: 5 });
  return { cluster, channel: cluster.openChannel() };
}

Deno.test("epochEnds() gives the ends in the order in which they were asked for", async () => {
  const epochs = [{ partition: 4, leaderEpoch: 7 }, { partition: 0, leaderEpoch: 2 }];
  assertEquals(await epochEnds(open(), { topic: "t", epochs }), [407, 2]);
  assertEquals(await epochEnds(open(), { topic: "t", epochs: [] }), []);
});

Deno.test("epochEnds() fails for now if another broker leads, and for good without a right", async () => {
  const epochs = [{ partition: 1, leaderEpoch: 7 }];
  for (const [code, retriable] of [[6, true], [29, false]] as const) {
    const error = await assertRejects(() => epochEnds(open({ 1: code }), { topic: "t", epochs }), ProductionError);
    assertEquals(error.retriable, retriable);
  }
});
