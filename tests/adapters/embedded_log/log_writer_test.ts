import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { ConfigError, ProductionError } from "../../../src/record/errors.ts";
import { newTopic, numbered, read, textOf } from "../../ports/log_conformance_support.ts";
import { manualClock } from "./manual_clock.ts";

const mayWrite = (await Deno.permissions.query({ name: "write" })).state === "granted";

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "weir_log_" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("LogWriter.append() spreads a long append over several turns and keeps it together", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { appendSliceRecords: 10 } });
  const topic = await newTopic(log, "slices", 2);
  const long = { topic, partition: 0, records: numbered("long", 95) };
  const [bases, others] = await Promise.all([
    log.append([long, { topic, partition: 1, records: [] }, { ...long, records: numbered("more", 12) }]),
    log.append([{ topic, partition: 0, records: numbered("other", 3) }]),
  ]);
  assertEquals([bases, others], [[0, 0, 95], [107]]);
  const values = (await read(log, topic, { count: 110 })).map((record) => textOf(record.value));
  const expected = [...numbered("long", 95), ...numbered("more", 12), ...numbered("other", 3)];
  assertEquals(values, expected.map((record) => record.value));
  await log.close();
});

Deno.test("LogWriter.append() stops a slice at its bytes", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { appendSliceBytes: 1_000 } });
  const topic = await newTopic(log, "bytes");
  let seen = 0;
  const reader = log.reader();
  reader.seek(topic, 0, 0);
  const appended = log.append([{ topic, partition: 0, records: numbered("x".repeat(600), 6) }]);
  const ends: number[] = [];
  while (seen < 6) {
    for (const part of await reader.poll(5_000)) {
      ends.push(part.endOffset);
      seen = part.nextOffset;
    }
  }
  assertEquals(await appended, [0]);
  assert(ends.every((end) => end % 2 === 0), `two records fill a slice, but the ends were ${ends}`);
  await log.close();
});

Deno.test("LogWriter.append() writes a batch that is whole in one transaction", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { appendSliceRecords: 10, appendSliceBytes: 500 } });
  const topic = await newTopic(log, "whole");
  const reader = log.reader();
  reader.seek(topic, 0, 0);
  const append = (records: number) => log.append([{ topic, partition: 0, records: numbered("v", records) }]);
  const whole = () => log.append([{ topic, partition: 0, records: numbered("w", 95), whole: true }]);
  const appended = Promise.all([append(25), whole(), append(13), whole(), append(12)]);
  const ends = new Set<number>();
  for (let seen = 0; seen < 240;) {
    for (const part of await reader.poll(5_000)) {
      ends.add(part.endOffset);
      seen = part.nextOffset;
    }
  }
  assertEquals(await appended, [[0], [25], [120], [133], [228]]);
  const within = [...ends].filter((end) => end > 25 && end < 120 || end > 133 && end < 228);
  assertEquals([ends.size > 3, within], [true, []], `the ends were ${[...ends]}`);
  await log.close();
});

Deno.test("LogWriter.append() refuses a whole batch that is too large, and takes its records otherwise", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { recordBytesMax: 200 } });
  const topic = await newTopic(log, "whole-too-large");
  const records = ["é".repeat(30), "é".repeat(20)].map((value) => ({ key: "k", value }));
  const whole = () => log.append([{ topic, partition: 0, records, whole: true }]);
  const error = await assertRejects(whole, ProductionError, "current value is 209");
  assertEquals([error.retriable, error.reason, (await log.offsets(topic)).end], [false, "too_large", [0]]);
  assertEquals(await log.append([{ topic, partition: 0, records }]), [0]);
  await log.close();
});

Deno.test("LogWriter.append() takes the time from its clock", async () => {
  const log = openEmbeddedLog({ path: ":memory:", clock: manualClock(1_234) });
  const topic = await newTopic(log, "time");
  await log.append([{ topic, partition: 0, records: numbered("v", 1) }]);
  assertEquals((await read(log, topic, { count: 1 }))[0].timestampMs, 1_234);
  await log.close();
});

Deno.test("LogWriter.append() refuses more than its queue holds, and goes on when there is room", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { appendQueueRecordsMax: 10 } });
  const topic = await newTopic(log, "queue");
  const batch = (count: number) => [{ topic, partition: 0, records: numbered("v", count) }];
  const first = log.append(batch(8));
  const error = await assertRejects(() => log.append(batch(3)), ProductionError, "8 waiting");
  assertEquals(error.retriable, true);
  assertEquals(await first, [0]);
  assertEquals(await log.append(batch(3)), [8]);
  assertEquals(await log.append(batch(20)), [11]);
  await log.close();
});

Deno.test("LogWriter.append() has room again when what waited behind a half written append was refused", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { appendQueueRecordsMax: 5_000, appendSliceRecords: 2 } });
  const [topic, gone] = [await newTopic(log, "half-written"), await newTopic(log, "gone")];
  const first = log.append([{ topic, partition: 0, records: numbered("v", 4_000) }]);
  const refused = assertRejects(() => log.append([{ topic: gone, partition: 0, records: numbered("v", 2) }]));
  while ((await log.offsets(topic)).end[0] < 2) await new Promise((resolve) => setTimeout(resolve, 0));
  await log.deleteTopic(gone);
  await refused;
  assertEquals(await first, [0]);
  assertEquals(await log.append([{ topic, partition: 0, records: numbered("v", 5_001) }]), [4_000]);
  await log.close();
});

Deno.test("LogWriter.append() refuses a record that is too large", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { recordBytesMax: 200 } });
  const topic = await newTopic(log, "too-large");
  const records = [{ key: "k", value: "é".repeat(60) }];
  const error = await assertRejects(() => log.append([{ topic, partition: 0, records }]), ProductionError, "205");
  assertEquals([error.retriable, error.reason], [false, "too_large"]);
  await log.close();
});

Deno.test("LogWriter.append() refuses what waits for a topic that is deleted, and writes the rest", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const deleted = await newTopic(log, "deleted");
  const kept = await newTopic(log, "kept");
  const refused = assertRejects(
    () => log.append([{ topic: deleted, partition: 0, records: numbered("v", 1) }]),
    ProductionError,
  );
  const written = log.append([{ topic: kept, partition: 0, records: numbered("v", 1) }]);
  await log.deleteTopic(deleted);
  await log.createTopic({ name: deleted, partitions: 1, cleanup: "delete", retentionMs: -1 });
  await refused;
  assertEquals(await written, [0]);
  assertEquals((await log.offsets(deleted)).end, [0]);
  await log.close();
});

Deno.test("EmbeddedLog.close() writes what was asked for before, and refuses everything after", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { appendSliceRecords: 1 } });
  const topic = await newTopic(log, "closed");
  const appended = log.append([{ topic, partition: 0, records: numbered("v", 5) }]);
  await log.close();
  assertEquals(await appended, [0]);
  await assertRejects(() => log.append([]), ProductionError, "closed");
  await assertRejects(() => log.offsets(topic), ProductionError, "closed");
  await log.close();
});

Deno.test("EmbeddedLog.createTopic() refuses what Kafka would refuse", async (t) => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const good = { name: "topic", partitions: 1, cleanup: "delete", retentionMs: -1 } as const;
  const cases = [
    { ...good, name: "" },
    { ...good, name: "a topic" },
    { ...good, name: ".." },
    { ...good, name: "x".repeat(250) },
    { ...good, partitions: 0 },
    { ...good, partitions: 1.5 },
    { ...good, retentionMs: -2 },
  ];
  for (const topic of cases) {
    await t.step(JSON.stringify(topic).slice(0, 80), async () => {
      const error = await assertRejects(() => log.createTopic(topic), ProductionError);
      assertEquals(error.retriable, false);
    });
  }
  await log.close();
});

Deno.test({
  name: "openEmbeddedLog() refuses a file that is open elsewhere, is no log, or comes from a newer version",
  ignore: !mayWrite,
  fn: () =>
    withDirectory(async (directory) => {
      const open = (name: string) => openEmbeddedLog({ path: `${directory}/${name}` });
      const log = open("log.db");
      await assertRejects(async () => await open("log.db").close(), ConfigError, "in use");
      await log.close();
      await open("log.db").close();
      await Deno.writeTextFile(`${directory}/text`, "this is no database ".repeat(1_000));
      await assertRejects(async () => await open("text").close(), ConfigError, "as a database");
      await assertRejects(async () => await open("missing/log.db").close(), ConfigError, "as a database");
      const newer = new DatabaseSync(`${directory}/newer.db`);
      newer.exec("PRAGMA user_version = 99");
      newer.close();
      await assertRejects(async () => await open("newer.db").close(), ConfigError, "version 99");
    }),
});

Deno.test({
  name:
    "openEmbeddedLog() gives no offset out twice after retention has emptied a partition and the log was opened again",
  ignore: !mayWrite,
  fn: () =>
    withDirectory(async (directory) => {
      const clock = manualClock();
      const open = () => openEmbeddedLog({ path: `${directory}/log.db`, clock });
      const log = open();
      await log.createTopic({ name: "inbox", partitions: 2, cleanup: "delete", retentionMs: 1_000 });
      await log.append([{ topic: "inbox", partition: 1, records: numbered("v", 9) }]);
      const membership = await log.join({ group: "g", tasks: [], onAssigned: () => {}, onFailed: () => {} });
      await membership.commit([{ topic: "inbox", partition: 1, offset: 9 }]);
      clock.advance(2_000);
      assertEquals(await log.retain("inbox"), 9);
      const description = (await log.topics(["inbox"])).get("inbox");
      await log.close();
      const again = open();
      assertEquals((await again.topics(["inbox"])).get("inbox"), description);
      assertEquals(await again.offsets("inbox"), { start: [0, 9], end: [0, 9] });
      assertEquals(await again.committed("g"), [{ topic: "inbox", partition: 1, offset: 9 }]);
      assertEquals(await again.append([{ topic: "inbox", partition: 1, records: numbered("v", 1) }]), [9]);
      await again.deleteTopic("inbox");
      assertEquals(await again.committed("g"), []);
      await again.close();
      const last = open();
      assertEquals((await last.topics(["inbox"])).size, 0);
      await last.close();
    }),
});
