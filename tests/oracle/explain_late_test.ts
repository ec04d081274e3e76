import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, count, events, type Topology, topology } from "../../src/mod.ts";
import type { StreamAggregateNode } from "../../src/dsl/stream_nodes.ts";
import { StreamFold } from "../../src/oracle/stream_fold.ts";
import { type Windowed, windowsOf } from "../../src/oracle/stream_windows.ts";
import { createTopologyTestDriver, type Explanation, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { type Choices, choicesOf } from "./random.ts";
import { partitionOfUser, type RandomWindows, windowsIn } from "./random_windows.ts";

/** `WEIR_ORACLE_SEEDS=from,count` runs others. */
const [from, histories] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,60").split(",").map(Number);

const SIZE_S = 6;
const SECOND_US = 1_000_000;
const clicks = events("shop.clicks", { row: z.object({ user: z.int(), n: z.int() }) });
const told = clickhouseAppend("told", { columns: { events: "Int64" }, orderBy: [] });

interface Life extends RandomWindows {
  readonly emit: "update" | "close";
  readonly partitions: number;
  /** Starts again on its way: what was decided before is not known any more. */
  readonly restarts: boolean;
}

function lifeOf(choices: Choices): Life {
  return {
    kind: choices.of(["tumbling", "hopping", "sliding", "session"]),
    graceS: choices.int(5),
    emit: choices.of(["update", "close"]),
    partitions: choices.of([1, 3]),
    restarts: choices.chance(0.3),
  };
}

function totalsOf(life: Life): Topology {
  return topology("totals", (builder) => {
    const windowed = builder.stream(clicks).groupBy(({ user }) => ({ user })).windowedBy(windowsIn(life, SIZE_S));
    const totals = (life.emit === "close" ? windowed.emit("close") : windowed).aggregate("totals", { events: count() });
    builder.toStream(totals).flatMapValues((row) => row === null ? [] : [{ events: row.events }]).to(told);
  });
}

/** An event as the test has written it. */
interface Written {
  readonly place: string;
  readonly user: number;
  readonly timestampUs: number;
  readonly isBehindRestart: boolean;
}

/** One at a time, so that the order in the stage is that of the test. */
async function write(
  driver: TopologyTestDriver,
  { life, choices }: { readonly life: Life; readonly choices: Choices },
): Promise<Written[]> {
  const counts = [0, 0, 0];
  const written: Written[] = [];
  const restartAt = life.restarts ? 5 + choices.int(15) : -1;
  for (let n = 0; n < 24; n++) {
    if (n === restartAt) await driver.restart();
    const [partition, user] = [choices.int(life.partitions), choices.int(3)];
    // They go on, with some from before.
    const second = 100 + n - (choices.chance(0.4) ? choices.int(16) : 0);
    driver.send(clicks, { key: `k${n}`, partition, timestampMs: second * 1_000, value: { user, n } });
    const place = `${clicks.spec.topic}/${partition}/${counts[partition]++}`;
    written.push({ place, user, timestampUs: second * SECOND_US, isBehindRestart: n >= restartAt });
    await driver.settle();
  }
  return written;
}

interface Judged {
  readonly event: Written;
  /** The windows that have it at the end, as the oracle makes them. */
  readonly windows: readonly Windowed[];
  readonly isLate: boolean;
  /** At the end. */
  readonly streamTimeUs: number;
}

/** All events of one partition of the stage, judged. */
function judged(written: readonly Written[], node: StreamAggregateNode): Judged[] {
  let streamTimeUs = -Infinity;
  const timed = written.map((event) => {
    streamTimeUs = Math.max(streamTimeUs, event.timestampUs);
    const { user, timestampUs } = event;
    return { written: event, streamTimeUs, event: { input: 0, columns: { user }, value: null, timestampUs } };
  });
  const windows = [...Map.groupBy(timed, ({ event }) => event.columns.user).values()].flatMap((group) =>
    windowsOf(node.window, { events: group, fold: new StreamFold(node) })
  );
  return timed.map(({ written: event, event: grouped, streamTimeUs: thenUs }) => {
    const having = windows.filter(({ content }) => content.events.some((one) => one === grouped));
    const { window } = node;
    // One that is in no sliding window is kept for those that begin later, until none can any more.
    const isLate = window?.kind === "sliding"
      ? thenUs - event.timestampUs > window.sizeUs + window.graceUs
      : having.length === 0;
    return { event, streamTimeUs, windows: having, isLate };
  });
}

/** What is told of an event is so; and all is told that can be known. */
function judge({ outcome, steps }: Explanation, { judged: { event, windows, isLate, streamTimeUs }, life }: {
  readonly judged: Judged;
  readonly life: Life;
}): void {
  const { sentence } = steps.findLast(({ op }) => op === "streamAggregate")!;
  const isOpen = windows.some(({ closesAtUs }) => closesAtUs > streamTimeUs);
  if (event.isBehindRestart) {
    assertEquals(outcome === "late", isLate);
    assert(outcome !== "not kept");
  }
  if (outcome === "late") assert(isLate && /stream time was .* takes events until/.test(sentence), sentence);
  if (isLate) assertEquals(windows, []);
  if (outcome === "taken" || outcome === "waiting") assert(!isLate);
  if (outcome === "waiting") assert(life.emit === "close" && isOpen);
  // Of a session it is known by its own time alone.
  if (isOpen && life.kind !== "session") assert(outcome !== "not kept" && outcome !== "late");
  const isOneWindow = life.kind === "tumbling" || life.kind === "session";
  if (isOneWindow && outcome !== "late" && outcome !== "not kept" && isOpen) {
    const [{ start, end }] = windows;
    const seconds = (us: number) => new Date(us / 1_000).toISOString().replace("T", " ").slice(0, 19);
    assert(sentence.includes(`the window from ${seconds(start)} to ${seconds(end)}`), sentence);
  }
}

async function explainsLate(seed: number, met: Map<string, number>): Promise<void> {
  const choices = choicesOf(seed);
  const life = lifeOf(choices);
  const app = totalsOf(life);
  await using driver = createTopologyTestDriver(app, { partitions: life.partitions });
  const written = await write(driver, { life, choices });
  const node = app.streams.find(({ op }) => op === "streamAggregate") as StreamAggregateNode;
  const parts = Map.groupBy(written, ({ user }) => partitionOfUser(user, life.partitions));
  for (const one of [...parts.values()].flatMap((part) => judged(part, node))) {
    const explained = await driver.explain("told", one.event.place);
    try {
      judge(explained, { judged: one, life });
      met.set(explained.outcome, (met.get(explained.outcome) ?? 0) + 1);
    } catch (error) {
      const said = JSON.stringify([life, one, explained.sentence], null, 1);
      throw new Error(`seed ${seed}: ${error}\n${said}`, { cause: error });
    }
  }
}

Deno.test(`explain() tells "late" of what the oracle drops, in ${histories} random windows from ${from}`, async () => {
  const met = new Map<string, number>();
  for (let seed = from; seed < from + histories; seed++) await explainsLate(seed, met);
  if (histories < 60) return;
  for (const outcome of ["taken", "waiting", "late", "not kept"]) assert(met.has(outcome), JSON.stringify([...met]));
});
