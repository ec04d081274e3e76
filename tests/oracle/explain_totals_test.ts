import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, events, max, sum, type Topology, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type Explanation, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { type Choices, choicesOf } from "./random.ts";
import { type RandomWindows, windowsIn } from "./random_windows.ts";

/** `WEIR_ORACLE_SEEDS=from,count` runs others. */
const [from, histories] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,60").split(",").map(Number);

/** Events of a page: so few that there are several. */
const PAGE = 3;
const SIZE_S = 10;
const US = 1_000_000;

const sources = ["left", "right"].map((name) =>
  events(`shop.${name}`, { row: z.object({ user: z.int(), amount: z.int() }) })
);
const columns = {
  user: "Int64",
  window_start: "Int64",
  window_end: "Int64",
  events: "Int64",
  amount: "Int64",
  most: "Int64",
} as const;
const totals = clickhouse("totals", { key: ["user", "window_start"], columns });
const perUser = clickhouse("totals", { key: ["user"], columns });

type Kind = "none" | RandomWindows["kind"];

/** What a seed decides. */
interface Life {
  readonly kind: Kind;
  /** Seconds that events may be late; beyond their times: none is late. */
  readonly graceS: number;
  readonly sources: number;
  readonly partitions: number;
  readonly least: number;
}

function lifeOf(choices: Choices): Life {
  return {
    kind: choices.of(["none", "tumbling", "hopping", "sliding", "session"]),
    graceS: choices.of([1_000, 0, 5]),
    sources: 1 + choices.int(2),
    partitions: choices.of([1, 3]),
    least: choices.int(4),
  };
}

function totalsOf(life: Life): Topology {
  return topology("totals", (builder) => {
    const [first, ...others] = sources.slice(0, life.sources).map((source) => builder.stream(source));
    const grouped = others.reduce((all, one) => all.merge(one), first)
      .filter(({ amount }) => amount >= life.least)
      .mapValues(({ user, amount }) => ({ user, amount: amount * 2 }))
      .groupBy(({ user }) => ({ user }));
    const aggregates = { events: count(), amount: sum(amountOf), most: max(amountOf) };
    const shown = (row: { user: number; events: number; amount: unknown; most: unknown }) => ({
      ...{ user: row.user, events: row.events, amount: Number(row.amount), most: Number(row.most) },
    });
    if (life.kind === "none") {
      grouped.aggregate("sums", aggregates)
        .mapValues((row) => ({ ...shown(row), window_start: 0, window_end: 0 }))
        .to(perUser);
      return;
    }
    grouped.windowedBy(windowsIn({ ...life, kind: life.kind }, SIZE_S)).aggregate("sums", aggregates)
      .mapValues((row) => ({ ...shown(row), window_start: row.window_start, window_end: row.window_end }))
      .to(totals);
  });
}

function amountOf({ amount }: { readonly amount: number }): number {
  return amount;
}

/** An event as the test has written it. */
interface Written {
  readonly place: string;
  readonly user: number;
  readonly amount: number;
  readonly timeUs: number;
}

/** Some at a time, so that events of one partition come when those of others are further. */
async function write(
  driver: TopologyTestDriver,
  { life, choices }: { readonly life: Life; readonly choices: Choices },
) {
  const counts = new Map<string, number>();
  const written: Written[] = [];
  for (let at = 0; at < 40; at++) {
    const source = sources[choices.int(life.sources)];
    const partition = choices.int(life.partitions);
    const [user, amount] = [choices.int(3), choices.int(10)];
    // They go on, with some from before.
    const second = 100 + at - (choices.chance(0.3) ? choices.int(20) : 0);
    driver.send(source, { key: `k${at}`, partition, timestampMs: second * 1_000, value: { user, amount } });
    const feed = `${source.spec.topic}/${partition}`;
    const offset = counts.get(feed) ?? 0;
    counts.set(feed, offset + 1);
    written.push({ place: `${feed}/${offset}`, user, amount, timeUs: second * US });
    if (choices.chance(0.2)) await driver.settle();
  }
  await driver.settle();
  return written;
}

/** All pages of a total. */
async function allPages(driver: TopologyTestDriver, key: string) {
  const first = await driver.explain("sums", key, { limit: PAGE });
  assertEquals(first.outcome, "present");
  const found = [...first.contributors!.rows];
  for (let next = first.contributors!.next; next !== null;) {
    const page = (await driver.explain("sums", key, { limit: PAGE, after: next })).contributors!;
    assert(page.rows.length > 0 && page.rows.length <= PAGE && page.next !== next);
    assertEquals([page.total, page.proof], [first.contributors!.total, first.contributors!.proof]);
    found.push(...page.rows);
    next = page.next;
  }
  return { first, found };
}

/** The events of a shown total as the test knows them, whether they came too late or not. */
function membersOf(row: Record<string, unknown>, { life, written }: { readonly life: Life; written: Written[] }) {
  const [start, end] = [Number(row.window_start), Number(row.window_end)];
  const isIn = (us: number) =>
    life.kind === "none" ||
    (us >= start && (life.kind === "tumbling" || life.kind === "hopping" ? us < end : us <= end));
  return written.filter(({ user, amount, timeUs }) => user === row.user && amount >= life.least && isIn(timeUs));
}

type Pages = Awaited<ReturnType<typeof allPages>>;

function judge(
  row: Record<string, unknown>,
  { pages: { first, found }, life, written }: {
    readonly pages: Pages;
    readonly life: Life;
    readonly written: Written[];
  },
): Explanation["contributors"] {
  const { contributors, notes } = first;
  const members = membersOf(row, { life, written });
  const told = found.map(({ event, partition }) => `${event!.topic}/${partition}/${event!.offset}`);
  assertEquals([told.length, new Set(told).size], [contributors!.total, told.length]);
  assert(told.every((place) => members.some((one) => one.place === place)), "only events of the window");
  const sumOf = (name: string) => found.reduce((all, { adds }) => all + Number(adds[name]), 0);
  const adds = [sumOf("events"), sumOf("amount"), Math.max(...found.map((one) => Number(one.adds.most)))];
  const isSum = JSON.stringify(adds) === JSON.stringify([row.events, row.amount, row.most].map(Number));
  // Never a wrong sum shown as right, nor a right one as wrong.
  assertEquals(contributors!.proof, isSum ? "equal" : "differs");
  assertEquals(notes.some((note) => note.includes("do NOT make up")), !isSum);
  const noneIsLate = life.kind === "none" || life.graceS === 1_000;
  if (noneIsLate) assertEquals(new Set(told), new Set(members.map(({ place }) => place)));
  // Of one partition of one source it is known what came too late.
  const isOrdered = life.sources === 1 && life.partitions === 1 && life.kind !== "session";
  if (noneIsLate || isOrdered) {
    assertEquals([contributors!.proof, found.some((one) => one.event!.isMaybeLate)], ["equal", false]);
  }
  return contributors;
}

async function explainsTotals(seed: number, met: Map<string, number>): Promise<void> {
  const choices = choicesOf(seed);
  const life = lifeOf(choices);
  await using driver = createTopologyTestDriver(totalsOf(life), { partitions: life.partitions });
  const written = await write(driver, { life, choices });
  for (const row of driver.select(totals)) {
    const key = life.kind === "none" ? String(row.user) : `[${row.user},${row.window_start}]`;
    const pages = await allPages(driver, key);
    try {
      const { proof } = judge(row, { pages, life, written })!;
      met.set(proof!, (met.get(proof!) ?? 0) + 1);
    } catch (error) {
      const told = JSON.stringify([life, row, pages.found, pages.first.notes]);
      throw new Error(`seed ${seed}, sums ${key}: ${error}\n${told}`, { cause: error });
    }
  }
}

Deno.test(`explain() pages the events of ${histories} random totals, and what they make, from ${from}`, async () => {
  const met = new Map<string, number>();
  for (let seed = from; seed < from + histories; seed++) await explainsTotals(seed, met);
  if (histories >= 60) assert(met.has("equal") && met.has("differs"), [...met].join());
});
