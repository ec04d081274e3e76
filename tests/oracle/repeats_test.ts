import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, events, int8, topology } from "../../src/mod.ts";
import type { StreamAggregateNode } from "../../src/dsl/stream_nodes.ts";
import { groupedEvents, type OracleEvent } from "../../src/oracle/append_oracle.ts";

Deno.test("groupedEvents() has an event once that a topology has written again, if repeats are dropped", () => {
  const event = (offset: number, origin: string | null): OracleEvent => ({
    key: null,
    value: { user: 1 },
    metadata: {
      ...{ topic: "shop.told", partition: 0, offset, timestampUs: 0 },
      headers: origin === null ? {} : { "weir-origin": `shop.clicks@id/0/${origin}` },
    },
  });
  const read = () => [event(0, "4/0"), event(1, "4/1"), event(2, "4/0"), event(3, null), event(4, null)];
  const counted = (repeats: { readonly repeats?: "drop" }) => {
    const told = events("shop.told", { row: z.object({ user: int8() }), ...repeats });
    const app = topology("told", (builder) => {
      builder.stream(told).flatMapValues((value) => [value, value])
        .groupBy(({ user }) => ({ user })).aggregate("n", { n: count() })
        .to(clickhouse("n", { key: ["user"], columns: { user: "Int64", n: "UInt64" } }));
    });
    const aggregate = app.streams.find((node): node is StreamAggregateNode => node.op === "streamAggregate")!;
    return groupedEvents(app, aggregate, read)!.length;
  };
  assertEquals([counted({}), counted({ repeats: "drop" })], [10, 8]);
});
