import { assert, assertEquals } from "@std/assert";
import { type EmbeddedLog, openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import type { LogRecord } from "../../../src/ports/log.ts";
import { pollUntil, readToEnd, textOf } from "../../ports/log_conformance_support.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";

const ROUNDS = 5;
const mayRun = (await Deno.permissions.query({ name: "run" })).state === "granted";

Deno.test({
  name: "openEmbeddedLog() has everything that was acknowledged when the process was killed, and offsets go on",
  ignore: !mayRun,
  async fn() {
    const seed = Math.floor(Math.random() * 1e9);
    console.log(`seed ${seed}`);
    const random = mulberry32(seed);
    const directory = await Deno.makeTempDir({ prefix: "weir_kill_" });
    const path = `${directory}/log.db`;
    const acknowledged: string[] = [];
    try {
      for (let round = 0; round < ROUNDS; round++) {
        acknowledged.push(...await writeAndKill(path, { round, lines: 20 + Math.floor(random() * 300) }));
        const log = openEmbeddedLog({ path });
        await checkEvents(log, acknowledged);
        await checkTable(log, acknowledged);
        await log.close();
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
    console.log(`${acknowledged.length} acknowledgements`);
  },
});

/**
 * Starts the writing process, kills it when it has printed about as many lines, and gives back what it had printed by
 * then.
 */
async function writeAndKill(path: string, { round, lines }: { round: number; lines: number }): Promise<string[]> {
  const script = new URL("./log_writing_process.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-check", "--quiet", "--allow-read", "--allow-write", script, path, String(round)],
    stdout: "piped",
  }).spawn();
  let text = "";
  let killed = false;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (!killed && text.split("\n").length > lines) {
      killed = true;
      child.kill("SIGKILL");
    }
  }
  assertEquals((await child.status).signal, "SIGKILL");
  // The last line may have been cut off by the kill.
  return text.split("\n").slice(0, -1);
}

/** Every partition is whole, and every acknowledged batch is where it was said to be. */
async function checkEvents(log: EmbeddedLog, acknowledged: readonly string[]): Promise<void> {
  const partitions = await readPartitions(log, "events");
  const { end } = await log.offsets("events");
  for (const [partition, records] of partitions.entries()) {
    assertEquals(records.map((record) => record.offset), Array.from({ length: end[partition] }, (_, offset) => offset));
  }
  for (const line of acknowledged) {
    const [topic, partition, base, count, prefix] = line.split(" ");
    if (topic !== "events") continue;
    for (let index = 0; index < Number(count); index++) {
      const value = textOf(partitions[Number(partition)][Number(base) + index].value)!;
      assert(value.startsWith(`${prefix}/${index}.`), `${line}: record ${index} is ${value.slice(0, 40)}`);
    }
  }
}

/**
 * The compacted topic knows, for every key, the newest acknowledged value or a newer one; values are versions that only
 * grow.
 */
async function checkTable(log: EmbeddedLog, acknowledged: readonly string[]): Promise<void> {
  const newest = new Map<string, number>();
  let previous = -1;
  for (const { key, value, offset } of await readToEnd(log, "table")) {
    const version = Number(textOf(value));
    assert(
      version > previous && version === offset,
      `version ${version} at offset ${offset} after version ${previous}`,
    );
    previous = version;
    newest.set(textOf(key)!, version);
  }
  for (const line of acknowledged) {
    const [topic, base, first] = line.split(" ");
    if (topic !== "table") continue;
    assertEquals(base, first);
    for (let version = Number(first); version < Number(first) + 20; version++) {
      const found = newest.get(`k${version % 50}`) ?? -1;
      assert(found >= version, `k${version % 50} is ${found}, but ${version} was acknowledged`);
    }
  }
}

async function readPartitions(log: EmbeddedLog, topic: string): Promise<LogRecord[][]> {
  const { end } = await log.offsets(topic);
  const partitions: LogRecord[][] = end.map(() => []);
  const missing = new Set(end.keys());
  const reader = log.reader();
  for (const [partition, offset] of end.entries()) {
    if (offset === 0) missing.delete(partition);
    else reader.seek(topic, partition, 0);
  }
  if (missing.size > 0) {
    await pollUntil(reader, "reading everything", (part) => {
      partitions[part.partition].push(...part.records);
      if (part.nextOffset === end[part.partition]) missing.delete(part.partition);
      return missing.size === 0;
    });
  }
  await reader.close();
  return partitions;
}
