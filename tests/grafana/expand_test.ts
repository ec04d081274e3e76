import { assertEquals, assertThrows } from "@std/assert";
import { expandSql, intervalOf, type QueryContext } from "../../tools/dashboards/expand.ts";

const context: QueryContext = {
  fromMs: Date.UTC(2026, 0, 1, 12),
  toMs: Date.UTC(2026, 0, 2, 12, 0, 0, 900),
  intervalMs: 300_000,
  variables: {
    category: { value: "all", options: ["toys", 'screens of 24"'] },
    seller: { value: ["7", "9"], options: ["7", "8", "9"] },
    country: { value: ["Côte d'Ivoire"], options: [] },
  },
};

Deno.test("expandSql() expands as the plugin does", async (t) => {
  const cases: [text: string, expanded: string][] = [
    ["$__timeFilter(placed_at)", "placed_at >= toDateTime(1767268800) AND placed_at <= toDateTime(1767355200)"],
    ["$__dateFilter(day)", "day >= toDate('2026-01-01') AND day <= toDate('2026-01-02')"],
    ["$__timeInterval(t.hour)", "toStartOfInterval(toDateTime(t.hour), INTERVAL 300 second)"],
    ["[$__fromTime, $__toTime]", "[toDateTime(1767268800), toDateTime(1767355200)]"],
    ["a / $__interval_s", "a / 300"],
    ["$__conditionalAll(category IN (${category:sqlstring}), $category)", "1=1"],
    ["$__conditionalAll(f(a, 'b') IN (${seller:csv}), $seller)", "f(a, 'b') IN (7,9)"],
    [
      "$__conditionalAll(a IN (${seller:csv}), $seller) AND " +
      "$__conditionalAll(b IN (${category:sqlstring}), ${category})",
      "a IN (7,9) AND 1=1",
    ],
    ["c IN (${country:sqlstring})", "c IN ('Côte d''Ivoire')"],
    ["c IN (${category:sqlstring})", `c IN ('toys','screens of 24\\"')`],
  ];
  for (const [text, expanded] of cases) await t.step(text, () => assertEquals(expandSql(text, context), expanded));
});

Deno.test("expandSql() refuses what Grafana would send on unchanged, or unquoted", async (t) => {
  const cases = [
    "$__timefilter(a)",
    "$__timeFilter(a, b)",
    "${nothing:csv}",
    "$nothing",
    "$__conditionalAll(a, $nothing)",
    "c IN ($country)",
    "c IN (${country:raw})",
    "$__timeFilter(a",
  ];
  for (const text of cases) await t.step(text, () => void assertThrows(() => expandSql(text, context), TypeError));
});

Deno.test("intervalOf() rounds as Grafana does and keeps the panel's least interval", () => {
  const range = (days: number) => ({ fromMs: 0, toMs: days * 86_400_000 });
  assertEquals(intervalOf({ maxDataPoints: 150 }, range(7)), 3_600_000);
  assertEquals(intervalOf({ maxDataPoints: 150 }, range(30)), 21_600_000);
  assertEquals(intervalOf({ maxDataPoints: 75, interval: "5m" }, range(1 / 24)), 300_000);
  assertEquals(intervalOf({ interval: "1d" }, range(2)), 86_400_000);
});
