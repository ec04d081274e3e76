import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, events, int8, max, topology, type TopologyBuilder, tumbling } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import { Flow, type StreamContext } from "../../../src/runtime/streams/flow.ts";
import { readPack } from "../../../src/runtime/streams/pack.ts";
import { StreamBatch } from "../../../src/runtime/streams/stream_batch.ts";

const views = events("shop.views", { row: z.object({ user_id: int8(), page: z.string() }) });

function unreachable(): never {
  throw new TypeError("Nothing is looked up, skipped or refused here");
}

/** The events that a stage is given of one event. */
function shuffled(declare: (builder: TopologyBuilder) => void) {
  const { streams: [plan], stages } = compile(topology("t", declare));
  const context: StreamContext = {
    topology: "things",
    letters: { undecodable: unreachable, callback: unreachable } as unknown as StreamContext["letters"],
    stages,
    partitionsOf: () => 1,
    eventBytesMax: 1_000,
    find: unreachable,
    onRecords: unreachable,
    onSkipped: unreachable,
    onOvertaken: unreachable,
    onDropped: unreachable,
    outputOf: unreachable,
  };
  const flow = new Flow({ id: "views-0", plan }, context);
  const batch = new StreamBatch(7);
  const place = { topic: "shop.views", partition: 0, offset: 7 };
  flow.at(batch, place);
  flow.run({ value: { user_id: 3, page: "/" }, key: null, metadata: { ...place, timestampUs: 5, headers: {} } });
  const appended = batch.shuffled.batches({ source: "shop.views", partition: 0, bytes: 1_000 });
  return appended.flatMap(({ topic, records }) =>
    records.flatMap(({ value }) => readPack(topic, { value }).events.map((event) => [event.columns, event.value]))
  );
}

Deno.test("Flow tells a stage the values of its events only where it looks at them", () => {
  const counts = clickhouse("counts", {
    key: ["user_id", "window_start"],
    columns: { user_id: "Int64", window_start: "DateTime64(6)", count: "UInt64" },
  });
  const counted = shuffled((builder) =>
    // What no other task can be told is counted as well.
    builder.stream(views).mapValues((view) => ({ ...view, score: NaN })).groupBy(({ user_id }) => ({ user_id }))
      .windowedBy(tumbling({ minutes: 1 })).count("counts").to(counts)
  );
  assertEquals(counted, [[{ user_id: 3 }, null]]);
  const last = clickhouse("last", {
    key: ["user_id"],
    columns: { user_id: "Int64", views: "UInt64", last: "Nullable(String)" },
  });
  const compared = shuffled((builder) =>
    builder.stream(views).groupBy(({ user_id }) => ({ user_id }))
      .aggregate("last", { views: count(), last: max(({ page }) => page) }).to(last)
  );
  assertEquals(compared, [[{ user_id: 3 }, { user_id: 3, page: "/" }]]);
});
