import { assert, assertEquals } from "@std/assert";
import { openKafka } from "../../src/adapters/kafka/kafka_log.ts";
import type { Log } from "../../src/ports/log.ts";
import { killService, stackAddresses, stackUp, startService } from "./mod.ts";

const stackAllowed = Deno.env.get("WEIR_TEST_STACK") !== undefined;
const PARTITIONS = 3;
const KILLS = 3;
/** Beginning one after the other, as topologies of one process do. */
const READERS = 3;

const needed = stackAllowed ? "" : " (kills services of the stack: set WEIR_TEST_STACK=1)";

Deno.test({
  name: `openKafka() loses and reorders nothing while the broker is killed${needed}`,
  ignore: !stackAllowed,
  async fn() {
    await stackUp({ kafkaOnly: true });
    const states: string[] = [];
    const brokers = [stackAddresses().kafka];
    const log = openKafka({ brokers, clientId: "faults", onState: ({ state }) => states.push(state) });
    const topic = `faults-${crypto.randomUUID().slice(0, 8)}`;
    await log.createTopic({ name: topic, partitions: PARTITIONS, cleanup: "delete", retentionMs: -1 });
    const assigned: string[][] = [];
    const tasks = [0, 1, 2].map((partition) => ({ id: `t-${partition}`, partitions: [{ topic, partition }] }));
    const membership = await log.join({
      group: topic,
      tasks,
      onAssigned: (now) => assigned.push([...now].sort()),
      onFailed: (error) => assigned.push([error.message]),
    });
    const writing = new AbortController();
    const writers = Array.from({ length: PARTITIONS }, (_, partition) => write(log, { topic, partition, writing }));
    const reading = new AbortController();
    const readers = Array.from({ length: READERS }, () => read(log, { topic, signal: reading.signal }));
    for (let kill = 0; kill < KILLS; kill++) {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await killService("kafka");
      await startService("kafka");
      readers.push(read(log, { topic, signal: reading.signal }));
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    writing.abort();
    const written = await Promise.all(writers);
    const { end } = await log.offsets(topic);
    reading.abort(end);
    const found = await Promise.all(readers);
    for (const [partition, values] of found.flatMap((own) => [...own.entries()])) {
      assert(written[partition].length > 100, `only ${written[partition].length} appends were acknowledged`);
      // A batch whose acknowledgement was lost may be there twice; never out of order, never missing.
      const distinct = values.filter((value, index) => value !== values[index - 1]);
      assertEquals(distinct, written[partition].map((_, index) => index));
      for (const [value, offset] of written[partition].entries()) assertEquals(values[offset], value);
    }
    await membership.commit([{ topic, partition: 0, offset: end[0] }]);
    assertEquals(assigned.at(-1), ["t-0", "t-1", "t-2"]);
    assert(states.includes("disconnected") && states.at(-1) === "connected", `states were ${states}`);
    const appends = written.map((offsets) => offsets.length);
    console.log(`${KILLS} kills: appends ${appends}, records ${end}, joins ${assigned.length}, states ${states}`);
    await log.close();
  },
});

/** Appends 0, 1, 2, ... one after the other until told to stop; the offset of each. */
async function write(
  log: Log,
  { topic, partition, writing }: { topic: string; partition: number; writing: AbortController },
): Promise<number[]> {
  const offsets: number[] = [];
  while (!writing.signal.aborted) {
    const value = String(offsets.length);
    const [offset] = await log.append([{ topic, partition, records: [{ key: value, value }] }]);
    offsets.push(offset);
  }
  return offsets;
}

/** Reads everything from the start, until told the ends and past them; values by partition, in the order of the log. */
async function read(log: Log, { topic, signal }: { topic: string; signal: AbortSignal }): Promise<number[][]> {
  const reader = log.reader();
  const values: number[][] = Array.from({ length: PARTITIONS }, () => []);
  for (let partition = 0; partition < PARTITIONS; partition++) reader.seek(topic, partition, 0);
  const next = Array.from({ length: PARTITIONS }, () => 0);
  while (!signal.aborted || next.some((offset, partition) => offset < signal.reason[partition])) {
    for (const { partition, records, nextOffset } of await reader.poll(200)) {
      for (const { offset, value } of records) {
        assertEquals(offset, values[partition].length);
        values[partition].push(Number(new TextDecoder().decode(value as Uint8Array)));
      }
      next[partition] = nextOffset;
    }
  }
  await reader.close();
  return values;
}
