import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  clickhouseAppend,
  count,
  countDistinct,
  debezium,
  events,
  int8,
  type KTable,
  max,
  type Sink,
  sum,
  topology,
  type TopologyBuilder,
  tumbling,
} from "../../src/mod.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";

const STEPS = 8;
const CHANGES = 15;
const PAGES = ["a", "b", "c", "é", "d e"];
const OWNERS = ["ann", "bob", "cy"];
const WINDOW_MS = 10_000;

const row = z.object({ user_id: int8(), page: z.string(), n: z.int() });
const clicks = events("site.clicks", { row });
const views = events("site.views", { row });
const pages = debezium("site.public.pages", { key: ["page"], row: z.object({ page: z.string(), owner: z.string() }) });

/** An event as it was sent, or a row of a result. */
type Values = Readonly<Record<string, string | number | null>>;
interface Sent {
  readonly user_id: number;
  readonly page: string;
  readonly n: number;
  readonly ms: number;
}
type Owners = ReadonlyMap<string, string>;
interface World {
  readonly clicks: Sent[];
  readonly views: Sent[];
  readonly owners: Map<string, string>;
}

const counts = clickhouse("counts", { key: ["page"], columns: { page: "String", count: "UInt64" } });
const owned = clickhouse("owned", {
  key: ["page"],
  columns: { page: "String", count: "UInt64", owner: "Nullable(String)" },
});
const listed = clickhouse("listed", {
  key: ["page"],
  columns: { page: "String", owner: "String", count: "Nullable(UInt64)" },
});
const both = clickhouse("both", {
  key: ["page"],
  columns: { page: "String", clicks: "Nullable(UInt64)", views: "Nullable(UInt64)" },
});
const perOwner = clickhouse("per_owner", {
  key: ["owner"],
  columns: { owner: "String", clicks: "Int64", most: "UInt64" },
});
const together = clickhouse("together", {
  key: ["page"],
  columns: { page: "String", events: "UInt64", rest: "Int64", users: "UInt64" },
});
const times = clickhouse("times", {
  key: ["window_start"],
  columns: { window_start: "Int64", clicks: "Int64", pages: "UInt64" },
});
const heights = clickhouse("heights", { key: ["height"], columns: { height: "Int64", pages: "UInt64" } });
const changes = clickhouseAppend("changes", {
  columns: { page: "String", count: "UInt64", owner: "Nullable(String)" },
  orderBy: ["page"],
});

type Counts = KTable<{ readonly page: string }, { readonly page: string; readonly count: number }>;

/** The results of an aggregate as any table: to a sink, on either side of joins, and added up again. */
function declareTables(builder: TopologyBuilder, clicked: Counts): void {
  const info = builder.table(pages);
  clicked.to(counts);
  clicked.leftJoin("info", info, ({ page }) => page)
    .mapValues(({ page, count, info }) => ({ page, count, owner: info?.owner ?? null })).to(owned);
  info.leftJoin("clicked", clicked).mapValues((page) => ({ ...page, count: page.clicked?.count ?? null })).to(listed);
  const viewed = builder.stream(views).groupBy(({ page }) => ({ page })).count("viewed");
  clicked.outerJoin({ left: "clicks", right: "views" }, viewed)
    .mapValues(({ clicks, views }, page) => ({ page, clicks: clicks?.count ?? null, views: views?.count ?? null }))
    .to(both);
  clicked.join("page_of", info).groupBy(({ page_of }) => ({ owner: page_of.owner }))
    .aggregate("per_owner", { clicks: sum(({ count }) => count), most: max(({ count }) => count) }).to(perOwner);
}

const declared = topology("totals-of-events", (builder) => {
  const byPage = builder.stream(clicks).groupBy(({ page }) => ({ page }));
  const clicked = byPage.count("clicked");
  declareTables(builder, clicked);
  byPage.cogroup({ events: count(), rest: sum(({ n }) => n), users: countDistinct(({ user_id }) => user_id) })
    .cogroup(builder.stream(views).groupBy(({ page }) => ({ page })), {
      events: count(),
      rest: sum(({ n }) => -n),
      users: countDistinct(({ user_id }) => user_id),
    }).aggregate("together").to(together);
  byPage.windowedBy(tumbling({ milliseconds: WINDOW_MS }, { grace: { days: 1 } })).count("windows")
    .groupBy(({ window_start }) => ({ window_start }))
    .aggregate("times", { clicks: sum(({ count }) => count), pages: count() }).to(times);
  const growth = builder.toStream(clicked).flatMapValues((row) => row === null ? [] : [row]);
  growth.groupBy(({ count }) => ({ height: count })).aggregate("heights", { pages: count() }).to(heights);
  growth.leftJoin("row", builder.table(pages), ({ page }) => page)
    .mapValues(({ page, count, row }) => ({ page, count, owner: row?.owner ?? null })).to(changes);
});

function numbered(rows: readonly Sent[]): { page: string; count: number }[] {
  return [...Map.groupBy(rows, ({ page }) => page)].map(([page, { length }]) => ({ page, count: length }));
}

/** What each table must show, from scratch. */
function expected({ clicks, views, owners }: World): [Sink<never>, Values[]][] {
  const clicked = numbered(clicks);
  const countOf = new Map(clicked.map(({ page, count }) => [page, count]));
  const viewsOf = new Map(numbered(views).map(({ page, count }) => [page, count]));
  const seen = [...new Set([...countOf.keys(), ...viewsOf.keys()])];
  const ofPage = (page: string) => [...clicks, ...views].filter((one) => one.page === page);
  const rest = (page: string) => ofPage(page).reduce((sum, one) => sum + (clicks.includes(one) ? one.n : -one.n), 0);
  return [
    [counts, clicked],
    [owned, clicked.map((row) => ({ ...row, owner: owners.get(row.page) ?? null }))],
    [listed, [...owners].map(([page, owner]) => ({ page, owner, count: countOf.get(page) ?? null }))],
    [both, seen.map((page) => ({ page, clicks: countOf.get(page) ?? null, views: viewsOf.get(page) ?? null }))],
    [perOwner, ownersOf(clicked, owners)],
    [
      together,
      seen.map((page) => ({
        page,
        events: ofPage(page).length,
        rest: rest(page),
        users: new Set(ofPage(page).map(({ user_id }) => user_id)).size,
      })),
    ],
    [times, timesOf(clicks)],
    [
      heights,
      Array.from({ length: Math.max(0, ...countOf.values()) }, (_, index) => ({
        height: index + 1,
        pages: clicked.filter(({ count }) => count > index).length,
      })),
    ],
  ];
}

function ownersOf(clicked: readonly { page: string; count: number }[], owners: Owners): Values[] {
  const known = clicked.filter(({ page }) => owners.has(page));
  return [...Map.groupBy(known, ({ page }) => owners.get(page)!)].map(([owner, rows]) => ({
    owner,
    clicks: rows.reduce((sum, { count }) => sum + count, 0),
    most: Math.max(...rows.map(({ count }) => count)),
  }));
}

function timesOf(clicks: readonly Sent[]): Values[] {
  return [...Map.groupBy(clicks, ({ ms }) => Math.floor(ms / WINDOW_MS))].map(([window, rows]) => ({
    window_start: window * WINDOW_MS * 1_000,
    clicks: rows.length,
    pages: new Set(rows.map(({ page }) => page)).size,
  }));
}

function check(driver: TopologyTestDriver, world: World): void {
  for (const [sink, rows] of expected(world)) {
    const texts = (all: readonly object[]) =>
      all.map((one) => JSON.stringify(Object.entries(one).sort(([a], [b]) => a < b ? -1 : 1))).sort();
    assertEquals(texts(driver.select(sink)), texts(rows), sink.spec.name);
  }
  const grown = numbered(world.clicks).flatMap(({ page, count }) =>
    Array.from({ length: count }, (_, index) => `${page} ${index + 1}`)
  );
  assertEquals(driver.appended(changes).map(({ page, count }) => `${page} ${count}`).sort(), grown.sort());
  assertEquals([driver.deadLetters(), driver.problems()], [[], []]);
}

/** Changes the world at random. */
function change(driver: TopologyTestDriver, world: World, random: () => number): void {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)];
  const page = pick(PAGES);
  if (random() < 0.7) {
    const [source, sent] = random() < 0.7 ? [clicks, world.clicks] as const : [views, world.views] as const;
    const event = { user_id: pick([1, 2, 3]), page, n: Math.floor(random() * 10) };
    const ms = 1_000_000 + Math.floor(random() * 60_000);
    sent.push({ ...event, ms });
    driver.send(source, { key: pick([null, "k", "l", "m"]), value: event, timestampMs: ms });
  } else if (world.owners.has(page) && random() < 0.5) {
    world.owners.delete(page);
    driver.delete(pages, page);
  } else {
    const owner = pick(OWNERS);
    if (world.owners.has(page)) driver.update(pages, { page, owner });
    else driver.insert(pages, { page, owner });
    world.owners.set(page, owner);
  }
}

for (const seed of [1, 2]) {
  Deno.test(`totals of events are tables and streams like others, over restarts: seed ${seed}`, async () => {
    const random = mulberry32(seed);
    const world: World = { clicks: [], views: [], owners: new Map() };
    await using driver = createTopologyTestDriver(declared, { partitions: { clicks: 1 + seed, views: 2, pages: 4 } });
    for (let step = 0; step < STEPS; step++) {
      for (let index = 0; index < CHANGES; index++) change(driver, world, random);
      if (random() < 0.4) await driver.restart();
      else await driver.settle();
      check(driver, world);
    }
  });
}
