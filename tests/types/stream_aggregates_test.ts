import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  clickhouseAppend,
  count,
  debezium,
  type Decimal,
  events,
  folding,
  hopping,
  int8,
  type KStream,
  type KTable,
  max,
  numeric,
  session,
  sliding,
  sum,
  tumbling,
  unlimited,
} from "../../src/mod.ts";
import type { TopologyBuilder } from "../../src/mod.ts";

const clicks = events("clicks", {
  row: z.object({ user_id: int8(), page: z.string(), weight: numeric(10, 2) }),
  key: z.object({ user_id: z.string() }),
});
const texts = events("texts", { text: true, nullValues: true });
const perPage = clickhouse("per_page", { key: ["page"], columns: { page: "String", clicks: "UInt64" } });
const appended = clickhouseAppend("appended", {
  columns: { page: "String", count: "UInt64" },
  orderBy: ["page"],
});
const users = debezium("users", { key: ["id"], row: z.object({ id: int8() }) });

/** What the compiler says of it is what is tested. */
function declared(declare: (builder: TopologyBuilder) => void): void {
  assertEquals(typeof declare, "function");
}

Deno.test("groupBy() of a stream sees values, and its columns are those of the result", () => {
  declared((builder) => {
    const all = builder.stream(clicks);
    const table = all.groupBy(({ page }) => ({ page })).aggregate("pages", {
      clicks: count(),
      weight: sum(({ weight }) => weight),
    });
    table.mapValues(({ page, clicks, weight }) => ({ page: page.length, clicks: clicks + 1, more: weight.toString() }));
    table.to(perPage);
    // @ts-expect-error -- no such column
    all.groupBy(({ colour }) => ({ colour }));
    // @ts-expect-error -- a group has columns
    all.groupBy(({ page }) => page);
    // @ts-expect-error -- no such column of the events
    all.groupBy(({ page }) => ({ page })).aggregate("a", { colour: max(({ colour }) => colour) });
    // @ts-expect-error -- no such column of the result
    table.mapValues(({ colour }) => ({ colour }));
    // @ts-expect-error -- a text is no number
    all.groupBy(({ page }) => ({ page })).aggregate("b", { page: sum(({ page }) => page) });
    // An event without a value is in no group.
    builder.stream(texts).groupBy((text) => ({ first: text.slice(0, 1) })).count("texts");
  });
});

Deno.test("groupByKey() takes columns of keys that are objects, and a name for others", () => {
  declared((builder) => {
    builder.stream(clicks).groupByKey().count("users").mapValues(({ user_id, count }) => ({
      both: user_id.length + count,
    }));
    const named = builder.stream(texts).groupByKey("name").count("names");
    named.mapValues(({ name, count }) => ({ name: name.length, count }));
    // @ts-expect-error -- a text has no columns
    builder.stream(texts).groupByKey();
  });
});

Deno.test("windowedBy() adds the window's columns, for every kind of windows", () => {
  declared((builder) => {
    const grouped = builder.stream(clicks).groupBy(({ page }) => ({ page }));
    const day = tumbling({ days: 1 }, { grace: { hours: 1 } });
    for (const windows of [day, hopping({ days: 1 }, { every: { hours: 1 } }), sliding({ minutes: 5 })]) {
      const table = grouped.windowedBy(windows).emit("close").aggregate("windows", { clicks: count() });
      table.mapValues(({ window_start, window_end, clicks }) => ({ length: window_end - window_start, clicks }));
      // @ts-expect-error -- no such column
      table.mapValues(({ window_middle }) => ({ window_middle }));
    }
    grouped.windowedBy(session({ minutes: 30 })).emit("close").count("sessions");
    grouped.windowedBy(tumbling({ days: 1 }, { retention: { days: 7 } })).count("kept");
    grouped.windowedBy(session({ minutes: 30 }, { retention: { days: 7 } })).count("kept_sessions");
    // @ts-expect-error -- a window that never closes is kept
    unlimited(0, { retention: { days: 7 } });
    grouped.windowedBy(unlimited()).emit("update").count("ever");
    // @ts-expect-error -- it never closes
    grouped.windowedBy(unlimited()).emit("close");
    // @ts-expect-error -- a hop needs to know how often
    hopping({ days: 1 });
    // @ts-expect-error -- no such time
    day.emit("sometimes");
    // @ts-expect-error -- a table has no windows
    grouped.count("table").windowedBy(day);
  });
});

Deno.test("folding() infers its state and its result, and sessions need merge", () => {
  declared((builder) => {
    const grouped = builder.stream(clicks).groupBy(({ page }) => ({ page }));
    const visits = grouped.aggregate("visits", {
      path: folding({
        empty: () => ({ pages: [] as readonly string[] }),
        add: (state, { page }) => page === "exit" ? null : { pages: [...state.pages, page] },
        result: ({ pages }) => pages.length,
      }),
      heaviest: folding({
        empty: (): Decimal | null => null,
        add: (heaviest, { weight }) => heaviest === null || weight.compare(heaviest) > 0 ? weight : heaviest,
      }),
    });
    visits.mapValues(({ path, heaviest }) => ({ path: path + 1, heaviest: heaviest?.toString() ?? "" }));
    // @ts-expect-error -- the result is a number
    visits.mapValues(({ path }) => ({ path: path.pages }));
    // @ts-expect-error -- the state is a number
    grouped.aggregate("a", { n: folding({ empty: () => 0, add: (state, { page }) => state + page }) });
    // @ts-expect-error -- no such column
    grouped.aggregate("b", { n: folding({ empty: () => 0, add: (state, { colour }) => state + colour }) });
    const added = { empty: () => 0, add: (state: number, click: { page: string }) => state + click.page.length };
    const merging = { ...added, merge: (a: number, b: number) => a + b };
    const sessions = grouped.windowedBy(session({ minutes: 30 }));
    sessions.aggregate("c", { n: folding(merging), clicks: count() }).mapValues(({ n }) => ({ n: n + 1 }));
    grouped.windowedBy(tumbling({ days: 1 })).aggregate("d", { n: folding(added) });
    // @ts-expect-error -- two sessions become one
    sessions.aggregate("e", { n: folding(added) });
    // @ts-expect-error -- a table's rows come and go
    builder.stream(clicks).groupByKey().count("f").groupBy(() => ({ all: 1 })).aggregate("g", { n: folding(merging) });
  });
});

Deno.test("reduce() of a stream makes rows of rows, with the columns of the group", () => {
  declared((builder) => {
    const all = builder.stream(clicks);
    const reduced = all.groupBy(({ page }) => ({ page })).reduce(
      "longest",
      (a, b) => a.weight.compare(b.weight) > 0 ? a : b,
    );
    reduced.mapValues(({ page, weight, user_id }) => ({ page, weight: weight.toString(), user_id }));
    all.groupBy(({ page }) => ({ page })).windowedBy(sliding({ minutes: 1 })).reduce("last", (_, b) => b)
      .mapValues(({ window_start, user_id }) => ({ window_start, user_id }));
    // @ts-expect-error -- texts are no rows
    builder.stream(texts).groupByKey("name").reduce("joined", (a, b) => a + b);
    // @ts-expect-error -- no whole row
    all.groupByKey().reduce("part", (a, b) => ({ page: a.page + b.page }));
  });
});

Deno.test("cogroup() takes streams of the same groups, and the same columns", () => {
  declared((builder) => {
    const all = builder.stream(clicks);
    const views = builder.stream(texts).groupBy((text) => ({ page: text }));
    const grouped = all.groupBy(({ page }) => ({ page }));
    const both = grouped.cogroup({ n: count(), size: sum(({ page }) => page.length) })
      .cogroup(views, { n: count(), size: sum((text) => text.length) });
    const table: KTable<{ page: string }, { page: string; n: number; size: number }> = both.aggregate("both");
    table.mapValues(({ n, size }) => ({ both: n + size }));
    both.windowedBy(session({ minutes: 1 })).emit("close").aggregate("sessions")
      .mapValues(({ window_end, n }) => ({ window_end, n }));
    const path = grouped.cogroup({ path: folding({ empty: () => "", add: (state, { page }) => state + page }) })
      .cogroup(views, { path: folding({ empty: () => "", add: (state, text) => state + text }) });
    path.windowedBy(tumbling({ days: 1 })).aggregate("paths");
    // @ts-expect-error -- two sessions become one
    path.windowedBy(session({ minutes: 1 }));
    // @ts-expect-error -- it never closes
    path.windowedBy(unlimited()).emit("close");
    // @ts-expect-error -- a column is missing
    grouped.cogroup({ n: count(), m: count() }).cogroup(views, { n: count() });
    // @ts-expect-error -- a column of another type
    grouped.cogroup({ n: count() }).cogroup(views, { n: max((text) => text) });
    // @ts-expect-error -- other groups
    grouped.cogroup({ n: count() }).cogroup(all.groupByKey(), { n: count() });
    // @ts-expect-error -- more columns of the group
    grouped.cogroup({ n: count() }).cogroup(all.groupBy(({ page, user_id }) => ({ page, user_id })), { n: count() });
  });
});

Deno.test("toStream() gives the rows of an aggregate, or null, by its group and window", () => {
  declared((builder) => {
    const pages = builder.stream(clicks).groupBy(({ page }) => ({ page }));
    const changes: KStream<{ page: string }, { page: string; count: number } | null> = builder.toStream(
      pages.count("pages"),
    );
    changes.flatMapValues((row) => row === null ? [] : [row]).to(appended);
    // @ts-expect-error -- a group that is gone has no row
    changes.mapValues((row) => row.count);
    // @ts-expect-error -- nor can it be added to a table
    changes.to(appended);
    // @ts-expect-error -- a group without windows begins nowhere
    changes.mapValues((_, { window_start }) => window_start);
    const minutes = builder.toStream(pages.windowedBy(session({ minutes: 1 })).count("sessions"));
    // Of a session that is gone the key alone tells where it ended.
    minutes.mapValues((row, { page, window_start, window_end }) => [row?.count ?? 0, page, window_end - window_start]);
    minutes.groupByKey().count("again").mapValues(({ page, window_end, count }) => ({ page, window_end, count }));
    // @ts-expect-error -- totals are no part of the key
    minutes.mapValues((_, { count }) => count);
    const rows = builder.toStream(builder.table(users), { name: "all", time: ({ id }) => Number(id) });
    rows.mapValues((row, { id }) => [row?.id ?? null, id]);
    // @ts-expect-error -- a row that is gone has no columns
    rows.mapValues(({ id }) => id);
    // @ts-expect-error -- a time is a number
    builder.toStream(builder.table(users), { name: "dated", time: () => "now" });
    // @ts-expect-error -- events are no table
    builder.toStream(builder.stream(clicks));
    // @ts-expect-error -- a global table is none, either
    builder.toStream(builder.globalTable(users));
  });
});

Deno.test("toTable() has the columns of keys and values, and needs a column for keys of one value", () => {
  declared((builder) => {
    const stream = builder.stream(clicks);
    const table = stream.toTable("newest");
    table.filter(({ user_id, weight }) => user_id.length > 0 && weight.isZero())
      // @ts-expect-error -- no such column
      .mapValues(({ colour }) => ({ colour }));
    // @ts-expect-error -- keys that are objects have their columns
    stream.toTable("newest2", "user_id");
    const byPage = stream.map((value, key) => [value.page, key === null ? null : value]).toTable("pages", "page");
    byPage.mapValues(({ page, weight }, key) => ({ page: page + key, weight }));
    // @ts-expect-error -- the column is to be named
    stream.selectKey(({ page }) => page).toTable("newest3");
    // @ts-expect-error -- texts are no rows
    builder.stream(texts).toTable("newest4", "key");
  });
});
