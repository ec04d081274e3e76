import { assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import type { Guarantee } from "../../../src/dsl/topic_sink.ts";
import type { OutputPlan } from "../../../src/plan/physical.ts";
import { packHeaders } from "../../../src/record/headers.ts";
import { lastTold } from "../../../src/runtime/streams/told_records.ts";

const outputTo = (topic: string, guarantee: Guarantee) => ({ topic, node: { sink: { guarantee } } }) as OutputPlan;

Deno.test("lastTold() finds the last record of a partition in all topics that are written exactly once", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  for (const name of ["once", "other", "empty", "repeated"]) {
    await log.createTopic({ name, partitions: 2, cleanup: "delete", retentionMs: -1 });
  }
  const from = (place: string, offset: number) => ({
    key: null,
    value: "x",
    headers: packHeaders({ "weir-origin": `${place}/${offset}/0` }),
  });
  const plain = { key: null, value: "of somebody else" };
  await log.append([
    { topic: "once", partition: 0, records: [from("clicks@a/1", 4), from("clicks@a/1", 9), plain] },
    { topic: "once", partition: 1, records: [from("clicks@a/0", 70), from("clicks@b/1", 80), from("clicks@a/1", 7)] },
    { topic: "other", partition: 1, records: [from("clicks@a/1", 12), from("clicks@a/11", 90)] },
    { topic: "repeated", partition: 0, records: [from("clicks@a/1", 99)] },
  ]);
  const told: (string | null)[] = [];
  const find = (source: string, partition: number) =>
    lastTold(
      [
        ...["once", "other", "empty"].map((topic) => outputTo(topic, "exactly_once")),
        outputTo("repeated", "at_least_once"),
      ],
      { source, partition, log, stopped: () => false, onState: (problem) => told.push(problem) },
    );
  assertEquals(await find("clicks@a", 1), 12);
  assertEquals(await find("clicks@a", 0), 70);
  assertEquals(await find("clicks@c", 0), null);
  assertEquals([told[0]?.includes('topic "once" is read'), told.at(-1)], [true, null]);
  assertEquals(
    await lastTold([outputTo("repeated", "at_least_once")], {
      ...{ source: "clicks@a", partition: 1, log, stopped: () => false },
      onState: (problem) => told.push(problem),
    }),
    null,
  );
  await log.close();
});

Deno.test("lastTold() ends where retention takes all records that it was to read", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  await log.createTopic({ name: "once", partitions: 1, cleanup: "delete", retentionMs: -1 });
  const headers = packHeaders({ "weir-origin": "clicks@a/1/4/0" });
  await log.append([{ topic: "once", partition: 0, records: [{ key: null, value: "x", headers }] }]);
  const offsets = async (topic: string) => {
    const known = await log.offsets(topic);
    await log.truncateBefore(topic, { partition: 0, offset: known.end[0] });
    return known;
  };
  const found = await lastTold([outputTo("once", "exactly_once")], {
    ...{ source: "clicks@a", partition: 1, log: { ...log, offsets }, stopped: () => false },
    onState: () => {},
  });
  assertEquals(found, null);
  await log.close();
});
