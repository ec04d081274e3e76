import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  count,
  events,
  type Topology,
  topology,
  untilTimeLimit,
  untilWindowCloses,
} from "../../src/mod.ts";
import type { StreamAggregateNode } from "../../src/dsl/stream_nodes.ts";
import { streamAggregateRows } from "../../src/oracle/stream_aggregate_oracle.ts";
import { createTopologyTestDriver, type Explanation, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { type Choices, choicesOf } from "./random.ts";
import { partitionOfUser, type RandomWindows, windowsIn } from "./random_windows.ts";

/** `WEIR_ORACLE_SEEDS=from,count` runs others. */
const [from, histories] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,40").split(",").map(Number);

const SIZE_S = 6;
const clicks = events("shop.clicks", { row: z.object({ user: z.int(), n: z.int() }) });
const columns = { user: "Int64", window_start: "Int64", window_end: "Int64", events: "Int64" } as const;
const told = clickhouse("told", { key: ["user", "window_start"], columns });

interface Life extends RandomWindows {
  /** What holds rows back. */
  readonly by: "closed" | "limit" | "emit";
  readonly partitions: number;
}

function lifeOf(choices: Choices): Life {
  return {
    kind: choices.of(["tumbling", "sliding", "session"]),
    graceS: choices.int(5),
    by: choices.of(["closed", "limit", "emit"]),
    partitions: choices.of([1, 3]),
  };
}

function totalsOf(life: Life): Topology {
  return topology("totals", (builder) => {
    const windowed = builder.stream(clicks).groupBy(({ user }) => ({ user })).windowedBy(windowsIn(life, SIZE_S));
    if (life.by === "emit") {
      windowed.emit("close").aggregate("totals", { events: count() }).mapValues((row) => ({ ...row })).to(told);
      return;
    }
    const until = life.by === "closed" ? untilWindowCloses() : untilTimeLimit({ seconds: 2 });
    windowed.aggregate("totals", { events: count() }).suppress("held", until).mapValues((row) => ({ ...row })).to(told);
  });
}

interface Written {
  readonly user: number;
  readonly timestampUs: number;
}

/** One at a time, so that the order in the stage is that of the test. */
async function write(
  driver: TopologyTestDriver,
  { life, choices }: { readonly life: Life; readonly choices: Choices },
): Promise<Written[]> {
  const written: Written[] = [];
  for (let n = 0; n < 24; n++) {
    if (choices.chance(0.05)) await driver.restart();
    const [partition, user] = [choices.int(life.partitions), choices.int(3)];
    // They go on, with some from before.
    const second = 100 + n - (choices.chance(0.3) ? choices.int(10) : 0);
    driver.send(clicks, { key: `k${n}`, partition, timestampMs: second * 1_000, value: { user, n } });
    written.push({ user, timestampUs: second * 1_000_000 });
    await driver.settle();
  }
  return written;
}

/** All rows that the aggregate has, told or not. */
function rowsOf(written: readonly Written[], { node, life }: {
  readonly node: StreamAggregateNode;
  readonly life: Life;
}): Record<string, unknown>[] {
  const parts = Map.groupBy(written, ({ user }) => partitionOfUser(user, life.partitions));
  return [...parts.values()].flatMap((part) =>
    streamAggregateRows(
      { ...node, emit: "update" },
      part.map(({ user, timestampUs }) => ({ input: 0, columns: { user }, value: null, timestampUs })),
    )
  );
}

/** A row that is not told waits, and one that is told otherwise has a newer one that waits; nothing else does. */
function judge({ outcome, operator, sentence, notes }: Explanation, { row, shown, life }: {
  readonly row: Record<string, unknown>;
  readonly shown: Record<string, unknown> | undefined;
  readonly life: Life;
}): void {
  const by = life.by === "emit" ? "totals" : "held";
  const newer = notes.filter((note) => note.includes("waits:"));
  const until = (text: string) => assert(text.includes(`"${by}" tells it when stream time is`), text);
  if (shown === undefined) {
    assertEquals([outcome, operator, newer], ["waiting", by, []]);
    if (life.kind === "tumbling" && life.by !== "limit") {
      const closes = new Date(Number(row.window_end) / 1_000 + life.graceS * 1_000);
      assert(sentence.includes(`is ${closes.toISOString().replace("T", " ").slice(0, 19)} `), sentence);
    }
    return until(sentence);
  }
  assertEquals(outcome, "shown");
  const isTold = Number(shown.events) === Number(row.events) && Number(shown.window_end) === row.window_end;
  // A session that is gone and there again may wait as it was.
  if (!isTold) assertEquals(newer.length, 1);
  newer.forEach(until);
  if (life.by !== "limit") assertEquals(newer, []);
}

async function explainsHeld(seed: number, met: Map<string, number>): Promise<void> {
  const choices = choicesOf(seed);
  const life = lifeOf(choices);
  const app = totalsOf(life);
  await using driver = createTopologyTestDriver(app, { partitions: life.partitions });
  const written = await write(driver, { life, choices });
  const node = app.streams.find(({ op }) => op === "streamAggregate") as StreamAggregateNode;
  const all = driver.select(told);
  for (const row of rowsOf(written, { node, life })) {
    const shown = all.find((one) => Number(one.user) === row.user && Number(one.window_start) === row.window_start);
    const explained = await driver.explain(told, { user: row.user, window_start: row.window_start } as never);
    try {
      judge(explained, { row, shown, life });
      const isNewer = explained.notes.some((note) => note.includes("newer row waits"));
      const word = `${explained.outcome}${isNewer ? " newer" : ""}`;
      met.set(word, (met.get(word) ?? 0) + 1);
    } catch (error) {
      const said = JSON.stringify([life, row, shown, explained.sentence, explained.notes], null, 1);
      throw new Error(`seed ${seed}: ${error}\n${said}`, { cause: error });
    }
  }
}

Deno.test(`explain() tells until when rows are held back, in ${histories} random lives from ${from}`, async () => {
  const met = new Map<string, number>();
  for (let seed = from; seed < from + histories; seed++) await explainsHeld(seed, met);
  if (histories < 40) return;
  for (const outcome of ["shown", "waiting", "shown newer"]) assert(met.has(outcome), JSON.stringify([...met]));
});
