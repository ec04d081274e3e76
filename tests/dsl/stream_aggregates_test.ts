import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  avg,
  clickhouse,
  count,
  debezium,
  events,
  folding,
  hopping,
  type KStream,
  session,
  sum,
  topN,
  topology,
  type TopologyBuilder,
  TopologyError,
  tumbling,
  unlimited,
} from "../../src/mod.ts";

const clicks = events("clicks", { row: z.object({ page: z.string(), n: z.int() }) });
const sink = clickhouse("pages", { key: ["page"], columns: { page: "String", count: "UInt64" } });

type Clicks = KStream<string | null, { page: string; n: number }>;

/** The problems of a topology that has this beside what is right. */
function problems(declare: (all: Clicks) => void): readonly string[] {
  const error = assertThrows(() =>
    topology("wrong", (builder) => {
      const all = builder.stream(clicks);
      all.groupBy(({ page }) => ({ page })).count("right").to(sink);
      declare(all);
    }), TopologyError);
  return error.problems;
}

const grouped = (all: Clicks) => all.groupBy(({ page }) => ({ page }));

Deno.test("aggregates of streams: topology() tells what is wrong with each", () => {
  const day = tumbling({ days: 1 });
  const added = folding({ empty: () => 0, add: (state: number, { n }: { n: number }) => state + n });
  const cases: readonly [(all: Clicks) => void, string][] = [
    [(all) => grouped(all).count("right"), 'Two operators are named "right"'],
    [(all) => grouped(all).count("of pages"), "it names a topic"],
    [
      (all) => grouped(all).aggregate("top", { top: topN(0, { by: ({ n }) => n, value: ({ n }) => n }) }),
      'Total "top" of aggregate "top" is topN() of 0 values',
    ],
    [(all) => grouped(all).windowedBy(day).aggregate("w", { window_end: count() }), "has the name of a column of its"],
    [(all) => grouped(all).windowedBy(unlimited()).emit("close" as "update").count("u"), "which they never do"],
    [(all) => grouped(all).windowedBy(session({ days: 1 })).aggregate("s", { n: added as never }), "without merge"],
    [
      (all) => grouped(all).cogroup({ n: count() }).cogroup(grouped(all), { n: sum(({ n }) => n) }).aggregate("both"),
      "n: count, and n: sum",
    ],
    [
      (all) =>
        grouped(all).cogroup({ n: avg(({ n }) => n, 2) }).cogroup(grouped(all), { n: avg(({ n }) => n, 3) })
          .aggregate("means"),
      "n: avg of scale 2, and n: avg of scale 3",
    ],
  ];
  for (const [declare, problem] of cases) {
    const found = problems(declare);
    assertEquals([found.length, found[0].includes(problem)], [1, true], `${problem}: ${found.join()}`);
  }
});

Deno.test("cogroup() refuses streams of two topologies", () => {
  topology("one", (builder) => {
    const one = grouped(builder.stream(clicks));
    one.count("right").to(sink);
    topology("two", (other) => {
      const two = grouped(other.stream(clicks));
      two.count("right").to(sink);
      const both = one.cogroup({ n: count() }).cogroup(two, { n: count() });
      assertThrows(() => both.aggregate("n"), TypeError, "over two topologies");
    });
  });
});

Deno.test("hopping() and others refuse windows of no size, gaps between them, and too many", () => {
  assertThrows(() => hopping({ hours: 1 }, { every: { hours: 2 } }), TypeError, "would be in none");
  assertThrows(() => tumbling({ hours: 0 }), TypeError, "give more than nothing");
  const [day, most] = [{ days: 1 }, { every: { milliseconds: 864 } }];
  assertThrows(() => hopping(day, { every: { milliseconds: 1 } }), TypeError, "would be in 86400000, and 100000 are");
  assertThrows(() => hopping({ ...day, milliseconds: 1 }, most), TypeError, "would be in 100001");
  assertEquals(hopping(day, most).spec.kind, "time");
  for (const start of [NaN, 1.5, Infinity, 2 ** 60]) assertThrows(() => unlimited(start), TypeError, "at " + start);
  assertEquals(hopping({ hours: 1 }, { every: { minutes: 1 }, grace: { seconds: 1 } }).spec, {
    kind: "time",
    sizeUs: 3_600_000_000,
    advanceUs: 60_000_000,
    graceUs: 1_000_000,
  });
});

const users = debezium("shop.users", { key: ["id"], row: z.object({ id: z.string() }) });

Deno.test("toStream() takes the results of an aggregate over a stream as they are, and other tables by a topic", () => {
  const { nodes, streams } = topology("changes", (builder) => {
    const counts = grouped(builder.stream(clicks)).count("counts");
    builder.toStream(counts).forEach(() => {});
    builder.toStream(counts.filter(() => true)).forEach(() => {});
    const all = builder.table(users);
    builder.toStream(all).forEach(() => {});
    builder.toStream(all).forEach(() => {});
    builder.toStream(all, { name: "dated", time: () => 1 }).forEach(() => {});
  });
  assertEquals(nodes.flatMap((node) => node.op === "sink" ? [node.name] : []), [
    "topic weir.changes.counts.changes",
    "topic weir.changes.users.changes",
    "topic weir.changes.dated.changes",
  ]);
  assertEquals(streams.filter(({ op }) => op === "tableChanges").map(({ name }) => name), [
    "counts-changes",
    "users-changes",
    "dated-changes",
  ]);
});

Deno.test("toStream() refuses global tables, options of an aggregate over a stream, and two of one name", () => {
  const wrong: readonly [string, (builder: TopologyBuilder) => void][] = [
    [
      'Cannot make a stream of global table "users"',
      (builder) => builder.toStream(builder.globalTable(users).filter(() => true) as never),
    ],
    [
      'Cannot give toStream() of "counts" a name: results of an aggregate over a stream',
      (builder) => builder.toStream(grouped(builder.stream(clicks)).count("counts"), { name: "other" }),
    ],
  ];
  for (const [message, declare] of wrong) assertThrows(() => topology("wrong", declare), TypeError, message);
  const two = () =>
    topology("two", (builder) => {
      const all = builder.table(users);
      builder.toStream(all).forEach(() => {});
      builder.toStream(all.filter(() => true)).forEach(() => {});
      builder.toStream(all, { name: "no name" }).forEach(() => {});
    });
  const { problems } = assertThrows(two, TopologyError);
  assertEquals(problems.map((problem) => problem.slice(0, 60)), [
    'Two operators are named "users-changes". Give one of the str',
    'Cannot use "no name" as the name of a stream of changes: it ',
  ]);
});

Deno.test("a topology that only makes a stream of a table writes nothing", () => {
  assertThrows(
    () => topology("nothing", (builder) => void builder.toStream(builder.table(users))),
    TopologyError,
    "It writes nothing",
  );
});
