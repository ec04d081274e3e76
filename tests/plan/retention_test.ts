import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  clickhouseAppend,
  count,
  events,
  hopping,
  int8,
  type KTable,
  session,
  sliding,
  topic,
  topology,
  type TopologyBuilder,
  tumbling,
  untilWindowCloses,
  type WindowColumns,
  type WindowKey,
} from "../../src/mod.ts";
import { describe } from "../../src/plan/describe.ts";
import { compile } from "../../src/plan/compile.ts";
import { TopologyError } from "../../src/record/errors.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const minutes = clickhouse("minutes", {
  columns: { user_id: "Int64", window_start: "Int64", clicks: "UInt64" },
  key: ["user_id", "window_start"],
});
const changes = clickhouseAppend("changes", { columns: { clicks: "UInt64" }, orderBy: ["clicks"] });

type Minutes = KTable<
  { user_id: number | bigint } & WindowKey,
  { user_id: number | bigint; clicks: number } & WindowColumns
>;

/** The problems of a topology in which a table of windows that go by age is used so. */
function problemsOf(use: (table: Minutes, builder: TopologyBuilder) => void): string[] {
  const used = () =>
    compile(topology("aged", (builder) => {
      const day = tumbling({ minutes: 1 }, { retention: { days: 1 } });
      const grouped = builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));
      const table = grouped.windowedBy(day).aggregate("by_minute", { clicks: count() }) as unknown as Minutes;
      use(table, builder);
    }));
  try {
    used();
    return [];
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    return [...error.problems];
  }
}

Deno.test("windows that go by age may be filtered, mapped, shown, and told as a stream", () => {
  assertEquals(
    problemsOf((table, builder) => {
      table.to(minutes as never);
      table.filter(({ clicks }) => clicks > 1).mapValues((row) => row).filterNot(({ clicks }) => clicks > 9)
        .to(clickhouse("often", { columns: minutes.spec.columns, key: ["user_id", "window_start"] }) as never);
      builder.toStream(table as never).mapValues((row: unknown) => row as never).to(changes as never);
    }),
    [],
  );
});

for (
  const [what, use, problem] of [
    ["groupBy", (table) => {
      table.groupBy(({ user_id }) => ({ user_id })).aggregate("totals", { n: count() })
        .to(clickhouse("totals", { columns: { user_id: "Int64", n: "UInt64" }, key: ["user_id"] }) as never);
    }, 'Cannot use "totals" behind "by_minute", whose windows go by age: a total cannot be made again'],
    ["selectKey", (table) => {
      table.selectKey("other", ({ user_id, window_start }) => ({ user_id, window_start })).to(minutes as never);
    }, "which rows have one key cannot be told"],
    ["expireAfter", (table) => {
      table.expireAfter("window_start", { days: 1 }).to(minutes as never);
    }, "a row that is gone cannot expire"],
    ["a topic", (table) => {
      table.to(topic("shop.minutes", { compacted: true } as never) as never);
    }, "Write toStream() to the topic"],
    ["suppress", (table) => {
      table.suppress("closed", untilWindowCloses()).to(minutes as never);
    }, 'Tell each window once with emit("close")'],
    ["nothing that shows them", (table, builder) => {
      builder.toStream(table as never).to(changes as never);
    }, "nothing shows them in ClickHouse"],
  ] as [string, Parameters<typeof problemsOf>[0], string][]
) {
  Deno.test(`windows that go by age are refused with ${what}, which could not be exact`, () => {
    assertStringIncludes(problemsOf(use).join("\n"), problem);
  });
}

Deno.test("a retention is at least the size of windows and their grace", () => {
  const minute = { minutes: 1 };
  assertThrows(
    () => tumbling(minute, { grace: { seconds: 30 }, retention: { seconds: 89 } }),
    TypeError,
    "take events for 90000000 us",
  );
  assertEquals(tumbling(minute, { grace: { seconds: 30 }, retention: { seconds: 90 } }).spec.retentionUs, 90e6);
  assertThrows(() => hopping(minute, { every: { seconds: 10 }, retention: { seconds: 59 } }), TypeError);
  assertEquals(hopping(minute, { every: { seconds: 10 }, retention: minute }).spec.retentionUs, 60e6);
  for (const [make, what] of [[sliding, "size"], [session, "gap"]] as const) {
    const grace = { seconds: 30 };
    assertThrows(
      () => make(minute, { grace, retention: { seconds: 89 } }),
      TypeError,
      `us, their ${what} and the grace`,
    );
    assertEquals(make(minute, { grace, retention: { seconds: 90 } }).spec.retentionUs, 90e6);
  }
});

Deno.test("describe() says how long windows are kept", () => {
  const kept = topology("kept", (builder) => {
    builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }))
      .windowedBy(tumbling({ minutes: 1 }, { retention: { hours: 2 } })).aggregate("by_minute", { clicks: count() })
      .to(minutes);
  });
  assertStringIncludes(JSON.stringify(describe(compile(kept), kept)), "windows of 1 min, kept for 2 h");
});
