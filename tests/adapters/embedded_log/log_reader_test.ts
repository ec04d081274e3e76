import { assert, assertEquals, assertRejects } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { newCompactedTopic, newTopic, numbered } from "../../ports/log_conformance_support.ts";
import { manualClock } from "./manual_clock.ts";

Deno.test("LogReader.poll() returns no more records than its limits, and shares them evenly", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { pollRecordsMax: 100, pollPartitionRecordsMax: 60 } });
  const topic = await newTopic(log, "limits", 4);
  const counts = [300, 40, 300, 300];
  await log.append(counts.map((count, partition) => ({ topic, partition, records: numbered("v", count) })));
  const reader = log.reader();
  counts.forEach((_, partition) => reader.seek(topic, partition, 0));
  const sizes = async () => (await reader.poll(0)).map((part) => [part.partition, part.records.length]);
  assertEquals(await sizes(), [[0, 25], [1, 25], [2, 25], [3, 25]]);
  assertEquals(await sizes(), [[0, 25], [1, 15], [2, 25], [3, 25]]);
  reader.stop(topic, 2);
  reader.stop(topic, 3);
  assertEquals(await sizes(), [[0, 60]]);
  await log.close();
});

Deno.test("LogReader.poll() returns about as many bytes as its limit", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { pollBytesMax: 20_000 } });
  const topic = await newTopic(log, "bytes", 3);
  const records = Array.from({ length: 60 }, () => ({ key: null, value: "x".repeat(1_000) }));
  await log.append([0, 1, 2].map((partition) => ({ topic, partition, records })));
  const reader = log.reader();
  [0, 1, 2].forEach((partition) => reader.seek(topic, partition, 0));
  // The first read of a partition knows only how large its records are at most.
  for (let left = 3 * 60; left > 0;) {
    const count = (await reader.poll(0)).reduce((sum, part) => sum + part.records.length, 0);
    assert(count > 0 && count <= 40, `${count} records of 1,000 bytes`);
    left -= count;
  }
  const more = Array.from({ length: 60 }, () => ({ key: null, value: "y".repeat(1_000) }));
  await log.append([0, 1, 2].map((partition) => ({ topic, partition, records: more })));
  const known = await reader.poll(0);
  assertEquals(known.map((part) => part.partition).sort(), [0, 1, 2]);
  const bytes = known.flatMap((part) => [...part.records]).reduce((sum, { value }) => sum + value!.length, 0);
  assert(bytes > 10_000 && bytes <= 24_000, `${bytes} bytes`);
  await log.close();
});

Deno.test("LogReader.poll() with more partitions than records allowed serves those next that got nothing", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { pollRecordsMax: 2 } });
  const topic = await newTopic(log, "fair", 5);
  const counts = [0, 0, 0, 0, 0];
  await log.append(counts.map((_, partition) => ({ topic, partition, records: numbered("v", 100) })));
  const reader = log.reader();
  counts.forEach((_, partition) => reader.seek(topic, partition, 0));
  for (let poll = 0; poll < 10; poll++) {
    for (const part of await reader.poll(0)) counts[part.partition] += part.records.length;
  }
  assertEquals(counts, [4, 4, 4, 4, 4]);
  await log.close();
});

Deno.test("LogReader.poll() returns a record that is larger than its limit", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { pollBytesMax: 10, appendSliceBytes: 10 } });
  const topic = await newTopic(log, "large");
  await log.append([{
    topic,
    partition: 0,
    records: [1, 2, 3].map((n) => ({ key: null, value: `${n}`.repeat(1_000) })),
  }]);
  const reader = log.reader();
  reader.seek(topic, 0, 0);
  const offsets: number[] = [];
  while (offsets.length < 3) {
    for (const part of await reader.poll(0)) offsets.push(...part.records.map((record) => record.offset));
  }
  assertEquals(offsets, [0, 1, 2]);
  await log.close();
});

Deno.test("LogReader.poll() gives readers that follow each other the same records, within limits", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { pollRecordsMax: 100 } });
  const topic = await newTopic(log, "followed");
  await log.append([{ topic, partition: 0, records: numbered("v", 150) }]);
  const [first, second] = [log.reader(), log.reader()];
  for (const reader of [first, second]) reader.seek(topic, 0, 0);
  const read = [...await first.poll(0), ...await first.poll(0)].flatMap(({ records }) => [...records]);
  const parts = [];
  for (const from of [0, 30]) {
    second.seek(topic, 0, from);
    parts.push(...await second.poll(0));
  }
  assertEquals(parts.map(({ records, nextOffset }) => [records.length, nextOffset]), [[100, 100], [70, 100]]);
  for (const part of parts) assert(part.records.every((record) => read[record.offset] === record));
  await log.close();
});

Deno.test("LogReader.poll() gives nothing that was deleted since another reader read it", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const topic = await newCompactedTopic(log, "compacted");
  const records = Array.from({ length: 30 }, (_, index) => ({ key: `k${index % 3}`, value: `v${index}` }));
  await log.append([{ topic, partition: 0, records }]);
  const [first, second] = [log.reader(), log.reader()];
  for (const reader of [first, second]) reader.seek(topic, 0, 0);
  assertEquals((await first.poll(0))[0].records.length, 30);
  await log.compact(topic);
  assertEquals((await second.poll(0))[0].records.map(({ offset }) => offset), [27, 28, 29]);
  await log.close();
});

Deno.test("LogReader.poll() waits by its clock", async () => {
  const clock = manualClock();
  const log = openEmbeddedLog({ path: ":memory:", clock });
  const topic = await newTopic(log, "clock");
  const reader = log.reader();
  reader.seek(topic, 0, 0);
  let ended = false;
  const waiting = reader.poll(1_000).then((parts) => {
    ended = true;
    return parts;
  });
  for (const [ms, expected] of [[999, false], [1, true]] as const) {
    await clock.breathe();
    clock.advance(ms);
    await clock.breathe();
    await clock.breathe();
    assertEquals(ended, expected);
  }
  assertEquals(await waiting, []);
  await log.close();
});

Deno.test("LogReader.poll() lets other work take its turn between two polls that find something", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { pollRecordsMax: 1 } });
  const topic = await newTopic(log, "turns");
  await log.append([{ topic, partition: 0, records: numbered("v", 200) }]);
  const reader = log.reader();
  reader.seek(topic, 0, 0);
  let fired = false;
  setTimeout(() => fired = true, 0);
  const start = performance.now();
  for (let record = 0; record < 200 && !fired; record++) {
    assertEquals((await reader.poll(0)).length, 1);
    while (performance.now() - start < record / 10);
  }
  assert(fired, "the timer waited for all polls");
  await log.close();
});

Deno.test("LogReader.poll() refuses a second poll under way, and any after close()", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const reader = log.reader();
  const first = reader.poll(10_000);
  await assertRejects(() => reader.poll(0), TypeError);
  await log.close();
  assertEquals(await first, []);
  await assertRejects(() => reader.poll(0), ProductionError);
});

Deno.test("LogReader.pause() belongs to the partition until resume() or stop(), also across seek()", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const topic = await newTopic(log, "pause");
  await log.append([{ topic, partition: 0, records: numbered("v", 2) }]);
  const reader = log.reader();
  reader.seek(topic, 0, 0);
  reader.pause(topic, 0);
  reader.seek(topic, 0, 1);
  assertEquals(await reader.poll(0), []);
  reader.resume(topic, 0);
  assertEquals((await reader.poll(0))[0].records.map((record) => record.offset), [1]);
  reader.pause(topic, 0);
  reader.stop(topic, 0);
  reader.seek(topic, 0, 0);
  assertEquals((await reader.poll(0))[0].records.map((record) => record.offset), [0, 1]);
  await log.close();
});

Deno.test("LogReader.poll() brings no more bytes when records become long, over all partitions", async () => {
  const pollBytesMax = 1_000_000;
  const log = openEmbeddedLog({ path: ":memory:", limits: { pollBytesMax } });
  const partitions = 5;
  const topic = { name: "grown", partitions, cleanup: "delete", retentionMs: -1 } as const;
  await log.createTopic(topic);
  for (let partition = 0; partition < partitions; partition++) {
    for (const [count, length] of [[1_500, 200], [1_000, 20_000], [1_500, 200]]) {
      const records = Array.from({ length: count }, () => ({ key: null, value: "v".repeat(length) }));
      await log.append([{ topic: topic.name, partition, records }]);
    }
  }
  const reader = log.reader();
  for (let partition = 0; partition < partitions; partition++) reader.seek(topic.name, partition, 0);
  let records = 0;
  while (records < partitions * 4_000) {
    const polled = (await reader.poll(1_000)).flatMap((part) => [...part.records]);
    records += polled.length;
    const bytes = polled.reduce((sum, { value }) => sum + value!.length, 0);
    assert(polled.length > 0 && bytes < 1.5 * pollBytesMax, `${polled.length} records of ${bytes} bytes`);
  }
  await log.close();
});
