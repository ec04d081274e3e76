import { assert, assertEquals } from "@std/assert";
import { type EmbeddedLog, openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import type { Reader } from "../../../src/ports/log.ts";

const INBOX = { name: "inbox", partitions: 2, cleanup: "delete", retentionMs: 60_000, transient: true } as const;

async function withLog(action: (log: EmbeddedLog, path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "weir_log_" });
  const path = `${directory}/log.db`;
  const log = openEmbeddedLog({ path });
  try {
    await log.createTopic(INBOX);
    await action(log, path);
  } finally {
    await log.close();
    await Deno.remove(directory, { recursive: true });
  }
}

async function append(log: EmbeddedLog, ...values: string[]): Promise<number> {
  const [base] = await log.append([
    { topic: "inbox", partition: 1, records: values.map((value) => ({ key: null, value })) },
  ]);
  return base;
}

async function valuesOf(reader: Reader): Promise<unknown[]> {
  return (await reader.poll(0)).flatMap((part) => part.records.map((record) => record.value));
}

Deno.test("a transient topic is read in order, like any other", () =>
  withLog(async (log) => {
    await append(log, "a", "b");
    const reader = log.reader();
    reader.seek("inbox", 1, 1);
    assertEquals(await valuesOf(reader), ["b"]);
    assertEquals(await append(log, "c"), 2);
    assertEquals(await valuesOf(reader), ["c"]);
  }));

Deno.test("a transient topic keeps what nobody or not everybody has read", () =>
  withLog(async (log) => {
    await append(log, "a", "b", "c");
    assertEquals((await log.offsets("inbox")).start, [0, 0]);
    const [ahead, behind] = [log.reader(), log.reader()];
    ahead.seek("inbox", 1, 0);
    behind.seek("inbox", 1, 1);
    assertEquals(await valuesOf(ahead), ["a", "b", "c"]);
    assertEquals((await log.offsets("inbox")).start, [0, 1]);
    assertEquals(await valuesOf(behind), ["b", "c"]);
    assertEquals((await log.offsets("inbox")).start, [0, 3]);
  }));

Deno.test("a transient topic says that what was read and forgotten is out of range", () =>
  withLog(async (log) => {
    await append(log, "a", "b");
    const reader = log.reader();
    reader.seek("inbox", 1, 0);
    await reader.poll(0);
    reader.seek("inbox", 1, 1);
    const [part] = await reader.poll(0);
    assertEquals(part.outOfRange, { startOffset: 2, endOffset: 2 });
  }));

Deno.test("a transient topic gives no offset out twice, and begins empty, when the log is opened again", () =>
  withLog(async (log, path) => {
    await log.createTopic({ name: "kept", partitions: 1, cleanup: "compact", retentionMs: -1 });
    let last = 0;
    for (let time = 0; time < 3; time++) {
      const [kept, base] = await log.append([
        { topic: "kept", partition: 0, records: [{ key: "k", value: String(time) }] },
        { topic: "inbox", partition: 1, records: [{ key: null, value: "lost" }, { key: null, value: "lost too" }] },
      ]);
      assertEquals(kept, time);
      assert(base >= last, `${base} was given out before ${last}`);
      last = base + 2;
      await log.close();
      log = openEmbeddedLog({ path });
      const { start, end } = await log.offsets("inbox");
      assertEquals(start, end);
      assert(end[1] >= last);
      assertEquals((await log.offsets("kept")).end, [time + 1]);
    }
    await log.close();
  }));

Deno.test("a transient topic forgets by time what nobody reads", async () => {
  let nowMs = 1_000_000;
  const log = openEmbeddedLog({
    path: ":memory:",
    clock: {
      nowMs: () => nowMs,
      elapsedMs: () => nowMs,
      breathe: () => Promise.resolve(),
      sleep: () => Promise.resolve(),
    },
  });
  await log.createTopic(INBOX);
  await append(log, "old", "old");
  nowMs += 59_000;
  await append(log, "young");
  nowMs += 2_000;
  assertEquals(await log.retain("inbox"), 2);
  const reader = log.reader();
  reader.seek("inbox", 1, 2);
  assertEquals(await valuesOf(reader), ["young"]);
  await log.close();
});
