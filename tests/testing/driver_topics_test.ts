import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { z } from "zod";
import { events, int8, topic, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";

const orders = events("shop.orders", { row: z.object({ id: int8() }) });
const copies = topic("shop.copies", { partitions: 1 });
const COPIED = topology("copied", (builder) => void builder.stream(orders).to(copies));

Deno.test("TopologyTestDriver.outputTopic() reads on, each reader for itself, also behind a restart", async () => {
  await using driver = createTopologyTestDriver(COPIED, { partitions: 1 });
  const [read, other] = [driver.outputTopic(copies), driver.outputTopic(copies)];
  assertEquals([await read.isEmpty(), await read.getQueueSize()], [true, 0], "there is no topic yet");
  for (const id of [1, 2, 3]) driver.send(orders, { key: `k${id}`, value: { id }, timestampMs: id });
  await driver.settle();
  assertEquals([await read.isEmpty(), await read.getQueueSize()], [false, 3]);
  const { key, value, timestampMs } = await read.readRecord();
  assertEquals([key, value, timestampMs], ["k1", { id: 1 }, 1]);
  assertEquals(await read.readValue(), { id: 2 });
  driver.send(orders, { value: { id: 4 } });
  await driver.restart();
  assertEquals((await read.readRecordsToList()).map(({ offset }) => offset), [2, 3]);
  assertEquals(await read.readRecordsToList(), []);
  await assertRejects(() => read.readRecord(), RangeError, 'topic "shop.copies": there is none');
  assertEquals((await other.readValuesToList()).map((value) => (value as { id: number }).id), [1, 2, 3, 4]);
  assertEquals((await driver.output(copies)).length, 4, "nothing is taken out");
});

Deno.test("TopologyTestDriver.inputTopic() gives events times that go on, but those that have one", async () => {
  await using driver = createTopologyTestDriver(COPIED, { partitions: 1 });
  const timed = driver.inputTopic(orders, { startMs: 1_000, autoAdvance: { seconds: 1 } });
  timed.pipeRecordList([1, 2].map((id) => ({ value: { id } })));
  timed.pipeInput({ value: { id: 3 }, timestampMs: 77 });
  timed.advanceTime({ minutes: 1 });
  timed.pipeInput({ key: "four", value: { id: 4 } });
  const still = driver.inputTopic(orders);
  still.pipeRecordList([5, 6].map((id) => ({ value: { id } })));
  await driver.settle();
  const records = await driver.outputTopic(copies).readRecordsToList();
  const { nowMs } = driver;
  assertEquals(records.map(({ timestampMs }) => timestampMs).slice(0, 4), [1_000, 2_000, 77, 63_000]);
  assertEquals(records.slice(4).map(({ timestampMs }) => nowMs - timestampMs < 60_000), [true, true]);
  assertEquals(records[4].timestampMs, records[5].timestampMs);
  assertEquals(records[3].key, "four");
  assertThrows(
    () => driver.inputTopic(orders, { autoAdvance: { milliseconds: 0.5 } }),
    TypeError,
    "whole milliseconds",
  );
});
