import { assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import type { Log } from "../../../src/ports/log.ts";

const TOPIC = "things";

async function append(log: Log, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: "v" }));
  await log.append([{ topic: TOPIC, partition: 0, records }]);
}

/** Under which leader the partition is read to its end. */
async function leaderOf(log: Log): Promise<number> {
  const reader = log.reader();
  reader.seek(TOPIC, 0, 0);
  const [part] = await reader.poll(0);
  await reader.close();
  return part.leaderEpoch!;
}

async function endOf(log: Log, leaderEpoch: number): Promise<number> {
  return (await log.epochEnds(TOPIC, [{ partition: 0, leaderEpoch }]))[0];
}

async function withFiles(run: (path: string, copy: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "weir_log_" });
  try {
    await run(`${directory}/log.db`, `${directory}/copy.db`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function copyFiles(from: string, to: string): Promise<void> {
  await Deno.copyFile(from, to);
  await Deno.remove(`${to}-wal`).catch(() => {});
  await Deno.copyFile(`${from}-wal`, `${to}-wal`).catch(() => {});
}

Deno.test("a log whose file was restored from a copy tells that records were lost, though others came", () =>
  withFiles(async (path, copy) => {
    let log = openEmbeddedLog({ path });
    await log.createTopic({ name: TOPIC, partitions: 1, cleanup: "compact", retentionMs: -1 });
    await append(log, 5);
    const first = await leaderOf(log);
    await log.close();
    log = openEmbeddedLog({ path });
    assertEquals(await leaderOf(log), first, "nothing was written since");
    await append(log, 2);
    const second = await leaderOf(log);
    await copyFiles(path, copy);
    await append(log, 4);
    assertEquals([await endOf(log, first), await endOf(log, second)], [5, 11]);
    await log.close();
    log = openEmbeddedLog({ path });
    await append(log, 1);
    const third = await leaderOf(log);
    await log.close();

    await copyFiles(copy, path);
    log = openEmbeddedLog({ path });
    assertEquals((await log.offsets(TOPIC)).end, [7]);
    await append(log, 30);
    // Of the opening under which the copy was made, of the one that it knows nothing of, and of all before.
    assertEquals([await endOf(log, second), await endOf(log, third), await endOf(log, first)], [7, -1, 5]);
    assertEquals(await endOf(log, await leaderOf(log)), 37);
    await log.close();
  }));

Deno.test("a file of an earlier version, which noted no openings, tells none before it is written to", () =>
  withFiles(async (path) => {
    let log = openEmbeddedLog({ path });
    await log.createTopic({ name: TOPIC, partitions: 1, cleanup: "compact", retentionMs: -1 });
    await append(log, 3);
    await log.close();
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(path);
    database.exec("DROP TABLE openings");
    database.close();
    log = openEmbeddedLog({ path });
    assertEquals(await leaderOf(log), undefined);
    await append(log, 2);
    assertEquals(await endOf(log, await leaderOf(log)), 5);
    await log.deleteTopic(TOPIC);
    await log.createTopic({ name: TOPIC, partitions: 1, cleanup: "compact", retentionMs: -1 });
    await append(log, 1);
    assertEquals(await endOf(log, await leaderOf(log)), 1);
    await log.close();
  }));
