import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, events, int8, topology, tumbling, untilTimeLimit, untilWindowCloses } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import { describeMermaid } from "../../src/plan/describe_mermaid.ts";
import { describeText } from "../../src/plan/describe_text.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const shown = (name: string) => clickhouse(name, { key: ["user_id"], columns: { user_id: "Int64", count: "UInt64" } });

const waiting = topology("waiting", (builder) => {
  const byUser = builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));
  const bounds = { maxRecords: 1_000, maxBytes: 1_000_000, whenFull: "emit" } as const;
  byUser.count("counts").suppress("lately", untilTimeLimit({ minutes: 5 }, bounds)).to(shown("lately"));
  const minutes = byUser.windowedBy(tumbling({ minutes: 1 })).count("minutes");
  const until = untilWindowCloses({ maxRecords: 10, whenFull: "stop", idle: { hours: 1 } });
  minutes.suppress("closed", until).groupBy(({ user_id }) => ({ user_id })).count("windows").to(shown("windows"));
});

Deno.test("describe() tells what changes wait for, how many may, and what happens then", () => {
  const description = describe(compile(waiting), waiting);
  assertEquals(description.stages.map(({ does }) => does), [
    "count = count",
    "changes wait for 5 min, at most 1000 rows and 1000000 bytes in a partition, then the oldest are told",
    "count = count, in windows of 1 min",
    "changes wait until their windows close, or until 1 h pass without one, at most 10 rows in a partition, then it " +
    "stops",
  ]);
  assertEquals(
    compile(waiting).tables.map(({ name }) => name),
    ["lately", "closed"],
    "nobody reads the others as tables",
  );
  assertStringIncludes(describeText(description), `stage.lately of counts\n      ${description.stages[1].does}`);
});

Deno.test("describeMermaid() leads changes that wait from their aggregate to their table", () => {
  const lines = describeMermaid(describe(compile(waiting), waiting)).split("\n").map((line) => line.trim());
  for (
    const line of [
      'ev2_2["lately<br/>suppress"]',
      "ev0_0 -- by group --> ev1_1",
      "ev1_1 -- by group --> ev2_2",
      "ev2_2 --> op1",
      "ev3_3 -- by group --> ev4_4",
      "ev4_4 --> op4",
    ]
  ) assertEquals(lines.includes(line), true, line);
});
