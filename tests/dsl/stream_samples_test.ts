import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  avg,
  count,
  debezium,
  events,
  float8,
  folding,
  int8,
  numeric,
  sum,
  type TopologyBuilder,
  tumbling,
  untilTimeLimit,
} from "../../src/mod.ts";
import { problemsOf, shownBy } from "./declared_wrong.ts";

const clicks = events("shop.clicks", {
  row: z.object({ page: z.string(), n: z.int(), weight: float8(), price: numeric(12, 2), user_id: int8() }),
});
const users = debezium("shop.users", { key: ["id"], row: z.object({ id: int8(), score: float8() }) });

const grouped = (builder: TopologyBuilder) => builder.stream(clicks).groupBy(({ page }) => ({ page }));
const minute = tumbling({ minutes: 1 });
const windowed = { page: "String", window_start: "Int64", window_end: "Int64", count: "UInt64" };

Deno.test("topology() refuses a sink whose key is not the key of the results of a stream", () => {
  const remedy = 'Write key: ["page", "window_start"]';
  const wrong = `Sink "shown" has the key (page), which is not the key of its table (page, window_start). ${remedy}`;
  const sink = shownBy(["page"], windowed);
  assertEquals(problemsOf((b) => grouped(b).windowedBy(minute).count("a").to(sink)), [wrong]);
  assertEquals(
    problemsOf((b) =>
      grouped(b).windowedBy(minute).count("a").suppress("s", untilTimeLimit({ minutes: 1 })).filter(() => true)
        .mapValues((row) => ({ ...row })).to(sink)
    ),
    [wrong],
  );
  const more = shownBy(["page", "count"], { page: "String", count: "UInt64" });
  assertEquals(problemsOf((b) => grouped(b).count("a").to(more)), [
    'Sink "shown" has the key (page, count), which is not the key of its table (page). Write key: ["page"]',
  ]);
});

Deno.test("topology() takes sinks with the key of the results of a stream", () => {
  const sink = shownBy(["page", "window_start"], windowed);
  const plain = shownBy(["page"], { page: "String", count: "UInt64" });
  const reduced = shownBy(["page"], { page: "String", n: "Int64" });
  const renamed = shownBy(["at", "name"], { name: "String", at: "Int64", count: "UInt64" });
  const declared: readonly ((builder: TopologyBuilder) => void)[] = [
    (b) => grouped(b).windowedBy(minute).count("a").to(sink),
    (b) => grouped(b).count("a").to(plain),
    (b) => grouped(b).reduce("a", (first, next) => ({ ...first, n: first.n + next.n })).to(reduced),
    (b) => grouped(b).windowedBy(minute).reduce("a", (first) => first).to(sink),
    (b) => b.stream(clicks).map(({ page }, key) => [page, { url: key }]).groupByKey("page").count("a").to(plain),
    (b) => b.stream(clicks).filter(() => false).flatMap(() => []).groupBy(() => ({ x: 1 })).count("a").to(plain),
    (b) => grouped(b).aggregate("a", { n: folding({ empty: () => 0, add: (n: number) => n + 1 }) }).to(reduced),
    (b) => grouped(b).aggregate("a", { n: sum(({ price }) => price), m: avg(({ n }) => n, 2) }).to(reduced),
  ];
  // A key is found by the names of its columns: renamed ones are refused, as of totals of tables.
  for (const [index, declare] of declared.entries()) assertEquals(problemsOf(declare), [], String(index));
  const names = problemsOf((b) =>
    grouped(b).windowedBy(minute).count("a").mapValues((row) => ({ ...row, name: row.page, at: row.window_start }))
      .to(renamed)
  );
  assertEquals(names.length, 1, names.join());
});

Deno.test("topology() refuses sum() and avg() of floats of a stream, and what joins and mappings make of them", () => {
  const sink = shownBy(["page"], { page: "String", total: "Float64" });
  const rest = "the order of events would matter. Declare the source's column as numeric(), or map it to an integer " +
    "or a Decimal";
  const declared: readonly [(builder: TopologyBuilder) => void, string][] = [
    [
      (b) => grouped(b).aggregate("a", { total: sum((click) => click.weight) }).to(sink),
      `Total "total" of aggregate "a" is sum() of a float, clicks.weight: ${rest}`,
    ],
    [
      (b) =>
        b.stream(clicks).leftJoin("user", b.globalTable(users), ({ user_id }) => user_id)
          .groupBy(({ page }) => ({ page })).aggregate("a", { total: avg(({ user }) => user!.score, 2) }).to(sink),
      `Total "total" of aggregate "a" is avg() of a float, users.score: ${rest}`,
    ],
    [
      (b) =>
        b.stream(users).mapValues(({ after }) => ({ half: after!.score / 2 })).groupBy(() => ({ page: "all" }))
          .aggregate("a", { total: sum((row) => row.half) }).to(sink),
      `Total "total" of aggregate "a" is sum() of a float: ${rest}`,
    ],
  ];
  for (const [declare, problem] of declared) assertEquals(problemsOf(declare), [problem]);
});

Deno.test("topology() refuses a column of a stream's group that is a total's, or its window's", () => {
  const why = "it is a column of the group, and of its window or its totals. Give one of them another name";
  const sink = shownBy(["page"], { page: "String" });
  assertEquals(problemsOf((b) => grouped(b).aggregate("a", { page: count() }).to(sink)), [
    `Aggregate "a" has "page" twice: ${why}`,
  ]);
  const starts = (b: TopologyBuilder) => b.stream(clicks).groupBy(({ page, n }) => ({ page, window_start: n }));
  assertEquals(problemsOf((b) => starts(b).windowedBy(minute).count("a").to(sink)), [
    `Aggregate "a" has "window_start" twice: ${why}`,
  ]);
  const both = shownBy(["page", "window_start"], windowed);
  assertEquals(problemsOf((b) => starts(b).count("a").to(both)), []);
});
