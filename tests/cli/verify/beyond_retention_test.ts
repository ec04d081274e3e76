import { assertEquals } from "@std/assert";
import { BeyondRetention, horizonsOf } from "../../../src/cli/verify/beyond_retention.ts";
import { canonicalLine, type CanonicalRow, compareRows, expectRows } from "../../../src/cli/verify/compare.ts";
import { z } from "zod";
import { clickhouse, count, events, int8, topology, tumbling } from "../../../src/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const columns = { user_id: "Int64", window_start: "Int64", clicks: "UInt64" } as const;
const minutes = clickhouse("minutes", { columns, key: ["user_id", "window_start"] });

Deno.test("rows beyond the horizon are judged if they are known, and else left out and counted", async () => {
  const COLUMNS = { names: Object.keys(columns), key: [0, 1] };
  const row = (...values: readonly number[]): CanonicalRow => values.map(String);
  const beyond = new BeyondRetention(minutes.spec, 100);
  const comparison = await compareRows(COLUMNS, {
    expected: expectRows(COLUMNS, { rows: [row(1, 50, 3), row(1, 200, 1)] }),
    actual: {
      lines: (async function* () {
        yield [row(1, 50, 4), row(1, 100, 9), row(2, 20, 9), row(1, 101, 5)].map(canonicalLine);
      })(),
      parse: (line) => JSON.parse(line) as CanonicalRow,
      leavesOut: (row) => beyond.leavesOut(row),
    },
  });
  const { samples, ...counts } = comparison;
  assertEquals(counts, { rows: 2, missing: 1, extra: 1, different: 1 });
  assertEquals(samples.map(({ kind, key }) => `${kind} ${key}`), [
    "different user_id=1, window_start=50",
    "extra user_id=1, window_start=101",
    "missing user_id=1, window_start=200",
  ]);
  assertEquals(beyond.rows, 2);
});

Deno.test("a time is compared in the unit of its column", () => {
  for (const [type, at, before] of [["DateTime", 7, 6], ["DateTime64(3)", 6_501, 6_500], ["UInt64", 6.6e6, 6.5e6]]) {
    const beyond = new BeyondRetention({ columns: { ...columns, window_start: String(type) } }, 6_500_000);
    assertEquals([at, before].map((start) => beyond.leavesOut(["1", String(start), "1"])), [false, true], String(type));
  }
});

Deno.test("horizonsOf() finds sinks behind filters and mappings", () => {
  const kept = topology("kept", (builder) => {
    const table = builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }))
      .windowedBy(tumbling({ minutes: 1 }, { retention: { hours: 2 } })).aggregate("by_minute", { clicks: count() });
    table.filter(({ clicks }) => Number(clicks) > 1).mapValues((row) => row).to(minutes);
  });
  const folded = kept.nodes.find(({ op }) => op === "folded")!.id;
  assertEquals([...horizonsOf(kept, new Map([[folded, 5]]))], [["minutes", 5]]);
  assertEquals([...horizonsOf(kept, new Map())], []);
});
