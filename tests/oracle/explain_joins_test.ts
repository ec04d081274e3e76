import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, events, type Topology, topology } from "../../src/mod.ts";
import { computeStreamJoin } from "../../src/oracle/stream_join_oracle.ts";
import { createTopologyTestDriver, type Explanation, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { type Choices, choicesOf } from "./random.ts";
import { partitionOfUser } from "./random_windows.ts";

/** `WEIR_ORACLE_SEEDS=from,count` runs others. */
const [from, histories] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,60").split(",").map(Number);

const SECOND_US = 1_000_000;
const row = z.object({ user: z.int().nullable(), n: z.int() });
const sources = ["left", "right"].map((name) => events(`shop.${name}`, { row }));
const columns = { left_n: "Nullable(Int64)", right_n: "Nullable(Int64)" } as const;
const pairs = clickhouseAppend("pairs", { columns, orderBy: [] });

interface Life {
  readonly kind: "inner" | "left" | "outer";
  readonly beforeS: number;
  readonly afterS: number;
  readonly graceS: number;
  readonly partitions: number;
  /** Starts again on its way: what was decided before is not known any more. */
  readonly restarts: boolean;
}

function lifeOf(choices: Choices): Life {
  return {
    kind: choices.of(["inner", "left", "outer"]),
    ...{ beforeS: choices.int(6), afterS: choices.int(6), graceS: choices.int(4) },
    partitions: choices.of([1, 3]),
    restarts: choices.chance(0.3),
  };
}

function joinOf({ kind, beforeS, afterS, graceS }: Life): Topology {
  return topology("joined", (builder) => {
    const [left, right] = sources.map((source) => builder.stream(source));
    const of = ({ user }: { readonly user: number | null }) => user === null ? null : { user };
    const how = {
      on: [of, of] as [typeof of, typeof of],
      within: { before: { seconds: beforeS }, after: { seconds: afterS } },
      grace: { seconds: graceS },
    };
    const name = (value: { readonly n: number } | null | undefined) => value?.n ?? null;
    if (kind === "outer") {
      left.outerJoin({ left: "left", right: "right" }, right, how)
        .mapValues((both) => ({ left_n: name(both.left), right_n: name(both.right) })).to(pairs);
    } else if (kind === "left") {
      left.leftJoin("right", right, how).mapValues((both) => ({ left_n: both.n, right_n: name(both.right) })).to(pairs);
    } else {
      left.join("right", right, how).mapValues((both) => ({ left_n: both.n, right_n: both.right.n })).to(pairs);
    }
  });
}

/** An event as the test has written it. */
interface Written {
  readonly place: string;
  readonly input: 0 | 1;
  readonly user: number | null;
  readonly n: number;
  readonly timestampUs: number;
}

/** One at a time, so that the order in the stage is that of the test. */
async function write(
  driver: TopologyTestDriver,
  { life, choices }: { readonly life: Life; readonly choices: Choices },
): Promise<{ readonly written: Written[]; readonly restartedAt: number }> {
  const counts = new Map<string, number>();
  const written: Written[] = [];
  const restartedAt = life.restarts ? 5 + choices.int(15) : 0;
  for (let n = 0; n < 24; n++) {
    if (n === restartedAt && life.restarts) await driver.restart();
    const input = choices.int(2) as 0 | 1;
    const partition = choices.int(life.partitions);
    const user = choices.chance(0.1) ? null : choices.int(3);
    // They go on, with some from before.
    const second = 100 + n - (choices.chance(0.4) ? choices.int(16) : 0);
    const { topic } = sources[input].spec;
    driver.send(sources[input], { key: `k${n}`, partition, timestampMs: second * 1_000, value: { user, n } });
    const feed = `${topic}/${partition}`;
    const offset = counts.get(feed) ?? 0;
    counts.set(feed, offset + 1);
    written.push({ place: `${feed}/${offset}`, input, user, n, timestampUs: second * SECOND_US });
    await driver.settle();
    // Whoever has counted once goes on from there.
    if (choices.chance(0.1)) assert(waitingIn(driver) !== null);
  }
  return { written, restartedAt };
}

function waitingIn(driver: TopologyTestDriver): number | null {
  return driver.operators().find(({ op }) => op === "streamJoin")!.waiting;
}

/** What of one event is so, by comparing every event with every other one. */
interface Truth {
  readonly pairsKept: readonly string[];
  readonly pairs: readonly string[];
  readonly isToldAlone: boolean;
  /** It was neither kept nor joined. */
  readonly isDropped: boolean;
  /** Everything that it can have been joined with is still kept. */
  readonly isWhole: boolean;
  readonly isPreserved: boolean;
  readonly isBehindRestart: boolean;
}

/** All events of one partition of the stage, judged. */
function truths(
  written: readonly Written[],
  { life, restartedAt }: { readonly life: Life; readonly restartedAt: number },
): Map<Written, Truth> {
  const [beforeUs, afterUs, graceUs] = [life.beforeS, life.afterS, life.graceS].map((s) => s * SECOND_US);
  const events = written.map(({ input, user, n, timestampUs }) => ({
    ...{ input, key: user === null ? null : { user }, value: { user, n }, timestampUs },
  }));
  const spec = { kind: life.kind, beforeUs, afterUs, graceUs, columns: { left: "left", right: "right" } };
  const results = computeStreamJoin(events, spec).flat()
    .map(({ value }) => [value.left, value.right] as [{ n: number } | null, { n: number } | null]);
  const keptUs = beforeUs + afterUs + graceUs;
  const clockOf = (side: number, upTo = written.length) =>
    Math.max(
      ...written.slice(0, upTo).filter((one) => one.user !== null && one.input === side)
        .map(({ timestampUs }) => timestampUs),
    );
  const isFound = (side: number, us: number) => us > clockOf(side) - keptUs;
  return new Map(written.map((one, at) => {
    const other = 1 - one.input;
    const met = results.filter((sides) => sides[one.input]?.n === one.n && sides[other] !== null)
      .map((sides) => written.find(({ n }) => n === sides[other]!.n)!);
    const isOwnFound = isFound(one.input, one.timestampUs);
    const isPreserved = one.input === 0 ? life.kind !== "inner" : life.kind === "outer";
    const isExpired = one.timestampUs <= clockOf(one.input, at + 1) - keptUs;
    return [one, {
      pairs: met.map(({ place }) => place),
      pairsKept: met.filter(({ timestampUs }) => isOwnFound && isFound(other, timestampUs)).map(({ place }) => place),
      isToldAlone: results.some((sides) => sides[one.input]?.n === one.n && sides[other] === null),
      isDropped: one.user === null ? !isPreserved : isExpired && !isPreserved && met.length === 0,
      isWhole: isOwnFound && isFound(other, one.timestampUs - (one.input === 0 ? beforeUs : afterUs)),
      isPreserved,
      isBehindRestart: one.n >= restartedAt,
    }];
  }));
}

function isWaiting({ user }: Written, { isPreserved, pairs, isToldAlone }: Truth): boolean {
  return user !== null && isPreserved && pairs.length === 0 && !isToldAlone;
}

/** What is told of an event is so; and all is told that what is kept can tell. */
function judge({ outcome, steps, operator }: Explanation, { event, truth }: {
  readonly event: Written;
  readonly truth: Truth;
}): void {
  const step = steps.findLast(({ op }) => op === "streamJoin")!;
  if (event.user === null) return assertEquals(outcome, "null key");
  assertEquals(operator, step.operator);
  const partners = (step.partners ?? []).map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`);
  assertEquals(new Set(partners), new Set(truth.pairsKept));
  assert((step.partners ?? []).every(({ isSure }) => isSure));
  assertEquals(outcome === "matched", truth.pairsKept.length > 0);
  assertEquals(outcome === "waiting", isWaiting(event, truth));
  if (truth.isBehindRestart) assertEquals(outcome === "late", truth.isDropped);
  if (outcome === "late") assert(truth.isDropped);
  if (outcome === "no partner") assertEquals(truth.pairs, []);
  if (truth.isWhole) assert(outcome !== "not kept", "it is known");
  if (outcome === "not kept") assert(truth.pairsKept.length === 0 && !truth.isWhole);
}

async function explainsJoins(seed: number, met: Map<string, number>): Promise<void> {
  const choices = choicesOf(seed);
  const life = lifeOf(choices);
  await using driver = createTopologyTestDriver(joinOf(life), { partitions: life.partitions });
  const { written, restartedAt } = await write(driver, { life, choices });
  const parts = Map.groupBy(
    written,
    ({ user }, at) => user === null ? `alone ${at}` : partitionOfUser(user, life.partitions),
  );
  const all = [...parts.values()].map((part) => truths(part, { life, restartedAt }));
  assertEquals(waitingIn(driver), all.flatMap((one) => [...one]).filter((one) => isWaiting(...one)).length, `${seed}`);
  for (const part of all) {
    for (const [event, truth] of part) {
      const explained = await driver.explain("pairs", event.place);
      try {
        judge(explained, { event, truth });
        met.set(explained.outcome, (met.get(explained.outcome) ?? 0) + 1);
      } catch (error) {
        const told = JSON.stringify([life, event, truth, explained.sentence, explained.steps], null, 1);
        throw new Error(`seed ${seed}: ${error}\n${told}`, { cause: error });
      }
    }
  }
}

Deno.test(`explain() names the partners that the oracle joins, in ${histories} random joins from ${from}`, async () => {
  const met = new Map<string, number>();
  for (let seed = from; seed < from + histories; seed++) await explainsJoins(seed, met);
  if (histories < 60) return;
  for (const outcome of ["matched", "waiting", "no partner", "late", "null key", "not kept"]) {
    assert(met.has(outcome), JSON.stringify([...met]));
  }
});
