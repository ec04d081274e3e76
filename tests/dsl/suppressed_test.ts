import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  debezium,
  events,
  int8,
  type KTable,
  topology,
  type TopologyBuilder,
  TopologyError,
  tumbling,
  unlimited,
  untilTimeLimit,
  untilWindowCloses,
  type WindowKey,
} from "../../src/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const users = debezium("shop.users", { key: ["id"], row: z.object({ id: int8() }) });
const sink = clickhouse("shown", { key: ["user_id"], columns: { user_id: "Int64" } });

const byMinute = clickhouse("by_minute", {
  key: ["user_id", "window_start"],
  columns: { user_id: "Int64", window_start: "Int64" },
});

const grouped = (builder: TopologyBuilder) => builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));

/** The problems of a topology that shows a table, and whatever else it declares. */
function problemsOf(declare: (builder: TopologyBuilder) => void): readonly string[] {
  const declared = () =>
    topology("shop", (builder) => {
      grouped(builder).count("shown").to(sink);
      declare(builder);
    });
  return assertThrows(declared, TopologyError).problems;
}

Deno.test("suppress() is an operator behind an aggregate, and a table of its own", () => {
  const { streams, nodes } = topology("shop", (builder) => {
    const windows = tumbling({ minutes: 1 }, { idle: { minutes: 10 } });
    const minutes = grouped(builder).windowedBy(windows).count("minutes");
    const until = untilTimeLimit({ minutes: 5 }, { maxRecords: 100, whenFull: "emit" });
    const late = minutes.suppress("late", until);
    late.to(byMinute);
    late.suppress("later", untilTimeLimit({ hours: 1 }, { idle: { hours: 2 } })).filter(() => true);
  });
  const found = streams.flatMap((node) => node.op === "suppress" ? [node] : []);
  assertEquals(found.map(({ name, inputs, of: { window } }) => [name, inputs, window?.kind]), [
    ["late", [1], "time"],
    ["later", [2], "time"],
  ]);
  const until = (limitUs: number) => ({ kind: "limit", limitUs } as const);
  assertEquals(found.map(({ spec }) => spec), [
    { until: until(300e6), recordsMax: 100, bytesMax: null, whenFull: "emit", idleUs: 600e6 },
    { until: until(3_600e6), recordsMax: null, bytesMax: null, whenFull: "stop", idleUs: 7_200e6 },
  ]);
  assertEquals(nodes.filter(({ op }) => op === "folded").map(({ name }) => name), ["minutes", "late", "later"]);
});

Deno.test("suppress() refuses what waits for ever, or for nothing", () => {
  const until = untilWindowCloses();
  const problems = problemsOf((builder) => {
    const all = grouped(builder);
    all.windowedBy(unlimited()).count("whole").suppress("a", until);
    all.windowedBy(tumbling({ minutes: 1 })).emit("close").count("once").suppress("b", until);
    const closed = all.windowedBy(tumbling({ minutes: 1 })).count("minutes").suppress("c", until);
    closed.suppress("d", until);
    // Groups may have any columns.
    const odd = builder.stream(clicks).groupBy(({ user_id }) => ({ window_start: user_id })).count("odd");
    (odd as unknown as KTable<WindowKey, { readonly count: number }>).suppress("e", until);
  });
  assertEquals(problems.length, 4);
  assertStringIncludes(problems[0], 'Table "a" waits until windows of "whole" close, which they never do');
  assertStringIncludes(problems[1], 'Take the rows of "once" as they are');
  assertStringIncludes(problems[2], 'Take the rows of "c" as they are');
  assertStringIncludes(problems[3], 'Table "e" waits until windows of "odd" close, which has none');
});

Deno.test("suppress() refuses names of topics that there cannot be, and two of one name", () => {
  const problems = problemsOf((builder) => {
    const counts = grouped(builder).count("counts");
    counts.suppress("counts", untilTimeLimit({ minutes: 1 }));
    counts.suppress("two words", untilTimeLimit({ minutes: 1 }));
  });
  assertEquals(problems.length, 2);
  assertStringIncludes(problems[0], 'Two operators are named "counts"');
  assertStringIncludes(problems[1], 'Cannot use "two words" as an operator\'s name');
});

Deno.test("suppress() takes results of aggregates over streams alone", () => {
  const until = untilTimeLimit({ minutes: 1 });
  topology("shop", (builder) => {
    const counts = grouped(builder).count("counts");
    counts.to(sink);
    const error = assertThrows(() => builder.table(users).suppress("a", until), TypeError);
    assertStringIncludes(error.message, 'Cannot suppress changes of "users"');
    assertThrows(() => counts.filter(() => true).suppress("b", until), TypeError, "before filter()");
  });
});

Deno.test("untilTimeLimit() and untilWindowCloses() refuse what is no bound", () => {
  assertThrows(() => untilTimeLimit({ minutes: 1 }, { maxRecords: 0, whenFull: "emit" }), TypeError, "0 rows");
  assertThrows(() => untilWindowCloses({ maxBytes: 1.5, whenFull: "stop" }), TypeError, "1.5 bytes");
  assertThrows(() => untilWindowCloses({ idle: { seconds: 0 } }), TypeError, "more than nothing");
  assertThrows(() => untilTimeLimit({}), TypeError, "as a duration");
});
