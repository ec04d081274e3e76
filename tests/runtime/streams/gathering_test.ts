import { assertEquals } from "@std/assert";
import type { AppendPlan } from "../../../src/plan/physical.ts";
import { Gathering } from "../../../src/runtime/streams/gathering.ts";
import { StreamBatch } from "../../../src/runtime/streams/stream_batch.ts";
import type { FlowTask } from "../../../src/runtime/streams/stream_task.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";

const SINK = { name: "sink" } as AppendPlan;

function task(sources: "behind" | "read" | "no stage"): FlowTask {
  const order = { waits: sources === "behind", held: 0, waitsFor: null, isReady: false };
  return { take: () => {}, ...sources === "no stage" ? {} : { order } };
}

Deno.test("Gathering lets what a stage keeps wait two seconds while sources are behind, each batch anew", () => {
  const clock = createManualClock(0);
  const gathering = new Gathering(clock);
  const behind = task("behind");
  const first = { batches: [new StreamBatch(0)] };
  assertEquals(gathering.waitMs({ queue: first, task: behind }), 2_000);
  clock.advance(500);
  assertEquals(gathering.waitMs({ queue: first, task: behind }), 1_500);
  clock.advance(5_000);
  assertEquals(gathering.waitMs({ queue: first, task: behind }), 0);
  assertEquals(gathering.waitMs({ queue: { batches: [new StreamBatch(9)] }, task: behind }), 2_000);
});

Deno.test("Gathering lets nothing wait when sources are read, of a stream, that is full, or that has rows", () => {
  const gathering = new Gathering(createManualClock(0));
  const batches = [new StreamBatch(0)];
  const withRows = new StreamBatch(0);
  withRows.add(SINK, { offset: 0, line: new Uint8Array(1), digest: 1 });
  const cases = [
    { queue: { batches }, task: task("read") },
    { queue: { batches }, task: task("no stage") },
    { queue: { batches: [new StreamBatch(0), new StreamBatch(5)] }, task: task("behind") },
    { queue: { batches: [withRows] }, task: task("behind") },
  ];
  assertEquals(cases.map((one) => gathering.waitMs(one)), [0, 0, 0, 0]);
});
