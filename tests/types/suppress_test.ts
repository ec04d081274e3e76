import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  count,
  events,
  int8,
  session,
  tumbling,
  untilTimeLimit,
  untilWindowCloses,
} from "../../src/mod.ts";
import type { TopologyBuilder } from "../../src/mod.ts";

const clicks = events("clicks", { row: z.object({ user_id: int8() }) });
const perMinute = clickhouse("per_minute", {
  key: ["user_id", "window_start"],
  columns: { user_id: "Int64", window_start: "Int64", clicks: "UInt64" },
});

/** What the compiler says of it is what is tested. */
function declared(declare: (builder: TopologyBuilder) => void): void {
  assertEquals(typeof declare, "function");
}

Deno.test("suppress() gives a table of the same keys and rows", () => {
  declared((builder) => {
    const grouped = builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));
    const minutes = grouped.windowedBy(tumbling({ minutes: 1 })).aggregate("minutes", { clicks: count() });
    const closed = minutes.suppress("closed", untilWindowCloses({ idle: { minutes: 5 } }));
    closed.to(perMinute);
    closed.join("now", minutes).mapValues(({ clicks, now }) => ({ more: now.clicks - clicks }));
    builder.toStream(closed).mapValues((row, { user_id, window_end }) => [row?.clicks ?? 0, window_end + 1, user_id]);
    closed.suppress("later", untilTimeLimit({ minutes: 1 })).mapValues(({ clicks }) => ({ clicks }));
    // @ts-expect-error -- no such column
    closed.mapValues(({ colour }) => ({ colour }));
    // @ts-expect-error -- a window's row may be gone
    builder.toStream(closed).mapValues((row) => row.clicks);
  });
});

Deno.test("suppress() until windows close takes tables of windows alone", () => {
  declared((builder) => {
    const grouped = builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));
    const totals = grouped.count("totals");
    totals.suppress("late", untilTimeLimit({ minutes: 1 })).mapValues(({ count }) => ({ count }));
    grouped.windowedBy(session({ minutes: 1 })).count("sessions").suppress("visits", untilWindowCloses());
    // @ts-expect-error -- it has no windows
    totals.suppress("closed", untilWindowCloses());
    // @ts-expect-error -- a stream is no table
    builder.stream(clicks).suppress("closed", untilTimeLimit({ minutes: 1 }));
    // @ts-expect-error -- what changes wait for is missing
    totals.suppress("closed");
  });
});

Deno.test("untilTimeLimit() and untilWindowCloses() say what happens beyond a bound, and nothing else", () => {
  untilTimeLimit({ minutes: 1 }, { maxRecords: 10, whenFull: "emit" });
  untilTimeLimit({ minutes: 1 }, { maxBytes: 10, whenFull: "stop", idle: { hours: 1 } });
  untilWindowCloses({ maxRecords: 10, maxBytes: 10, whenFull: "stop" });
  // @ts-expect-error -- what happens when it is full?
  untilTimeLimit({ minutes: 1 }, { maxRecords: 10 });
  // @ts-expect-error -- it is never full
  untilTimeLimit({ minutes: 1 }, { whenFull: "emit" });
  // @ts-expect-error -- no row is final before its window closes
  untilWindowCloses({ maxRecords: 10, whenFull: "emit" });
  // @ts-expect-error -- no duration
  assertThrows(() => untilTimeLimit(60_000), TypeError);
});
