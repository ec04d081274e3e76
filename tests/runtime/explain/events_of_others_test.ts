import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, count, events, topology, tumbling } from "../../../src/mod.ts";
import { partAnswerText, partQuestion } from "../../../src/cli/explain/ask_parts.ts";
import { decodeWire, encodeWire } from "../../../src/record/wire.ts";
import type { AskOthers } from "../../../src/runtime/explain/asked_parts.ts";
import { explainerOf } from "../../../src/runtime/explain/explainer.ts";
import type { Explanation } from "../../../src/runtime/explain/explanation.ts";
import type { PartAnswer } from "../../../src/runtime/explain/part_answers.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { openStepLog, StepRun } from "../step_run.ts";

const TOPIC = "shop.clicks";
const PARTITIONS = 4;
const clicks = events(TOPIC, { row: z.object({ user: z.int() }) });
const shown = clickhouseAppend("shown", { columns: { user: "Int64" }, orderBy: ["user"] });
const perMinute = clickhouse("per_minute", {
  key: ["user", "window_start"],
  columns: { user: "Int64", window_start: "Int64", clicks: "Int64" },
});

const app = topology("clicks", (builder) => {
  const stream = builder.stream(clicks);
  stream.to(shown);
  stream.groupBy(({ user }) => ({ user })).windowedBy(tumbling({ minutes: 1 }))
    .aggregate("minutes", { clicks: count() })
    .mapValues(({ user, window_start, clicks }) => ({ user, window_start, clicks }))
    .to(perMinute);
});

interface Asked {
  readonly table: string;
  readonly key: string;
}

/** Asks one instance; the other one is asked as over the wire, or does not answer. */
async function explained(
  [asked, other]: readonly [StepRun, StepRun],
  { question, answers }: { readonly question: Asked; readonly answers: "answers" | "is silent" },
): Promise<Explanation> {
  const others: AskOthers = async (part) => {
    if (answers === "is silent") return { answers: [], unanswered: [{ instance: "other", problem: "no answer" }] };
    const answer = await explainerOf(other.runner)!.here(partQuestion(encodeWire(part)));
    return { answers: [decodeWire(partAnswerText(answer)) as PartAnswer], unanswered: [] };
  };
  return await explainerOf(asked.runner)!.explain({ ...question, after: null, limit: 100 }, { others });
}

Deno.test("explain() of events and their totals is the same whichever of two instances is asked", async () => {
  const { clock, log } = await openStepLog({});
  await log.createTopic({ name: TOPIC, partitions: PARTITIONS, cleanup: "delete", retentionMs: -1 });
  const warehouse = createMemoryWarehouse();
  const runs: StepRun[] = [];
  for (let run = 0; run < 2; run++) {
    runs.push(new StepRun(app, { clock, ports: { log, warehouse } }).start());
    await runs[run].settled();
  }
  for (let at = 0; at < 24; at++) {
    const records = [{ key: null, value: `{"user":${at % 3}}`, timestampMs: 1_000 + at }];
    await log.append([{ topic: TOPIC, partition: at % PARTITIONS, records }]);
  }
  for (const run of runs) await run.settled();
  for (const pair of [[runs[0], runs[1]], [runs[1], runs[0]]] as const) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const question = { table: "shown", key: `${partition}/0` };
      const { outcome, task } = await explained(pair, { question, answers: "answers" });
      assertEquals([outcome, task], ["shown", `stream.clicks-${partition}`]);
    }
    for (let user = 0; user < 3; user++) {
      const question = { table: "per_minute", key: `[${user},0]` };
      const { outcome, contributors } = await explained(pair, { question, answers: "answers" });
      assertEquals([outcome, contributors!.total, contributors!.proof], ["shown", 8, "equal"]);
    }
  }
  // Of what the other one has nothing is said that is not known.
  for (let user = 0; user < 3; user++) {
    const question = { table: "per_minute", key: `[${user},0]` };
    const { outcome, contributors } = await explained([runs[0], runs[1]], { question, answers: "is silent" });
    assertEquals(contributors!.total, 8);
    assertEquals(contributors!.proof, outcome === "undecided" ? "not compared" : "equal");
  }
  assert(runs.every(({ runner }) => runner.instance!.streams.size > 0), "both have tasks of streams");
  for (const run of runs) await run.stop();
  await log.close();
});

const pairs = clickhouseAppend("pairs", { columns: { user: "Int64" }, orderBy: ["user"] });

/** Clicks joined with themselves, and minutes that are told when they are over. */
const staged = topology("staged", (builder) => {
  const stream = builder.stream(clicks);
  const of = ({ user }: { readonly user: number }) => ({ user });
  stream.leftJoin("other", stream.filter(({ user }) => user !== 2), { on: [of, of], within: { seconds: 1 } })
    .mapValues(({ user }) => ({ user })).to(pairs);
  stream.groupBy(of).windowedBy(tumbling({ minutes: 1 })).emit("close").aggregate("minutes", { clicks: count() })
    .mapValues(({ user, window_start, clicks }) => ({ user, window_start, clicks })).to(perMinute);
});

Deno.test("explain() tells the same of stages whichever of two instances is asked", async () => {
  const { clock, log } = await openStepLog({});
  await log.createTopic({ name: TOPIC, partitions: PARTITIONS, cleanup: "delete", retentionMs: -1 });
  const warehouse = createMemoryWarehouse();
  const runs: StepRun[] = [];
  for (let run = 0; run < 2; run++) {
    runs.push(new StepRun(staged, { clock, ports: { log, warehouse } }).start());
    await runs[run].settled();
  }
  for (let at = 0; at < 8; at++) {
    const records = [{ key: null, value: `{"user":${at % 4}}`, timestampMs: 1_000 + at }];
    await log.append([{ topic: TOPIC, partition: at % PARTITIONS, records }]);
  }
  for (const run of [...runs, ...runs]) await run.settled();
  const [one, other] = runs;
  const outcomes = new Set<string>();
  const same = async (question: Asked) => {
    const [first, second] = [
      await explained([one, other], { question, answers: "answers" }),
      await explained([other, one], { question, answers: "answers" }),
    ];
    assertEquals([first.outcome, first.sentence, first.steps], [second.outcome, second.sentence, second.steps]);
    outcomes.add(first.outcome);
  };
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const offset of [0, 1]) await same({ table: "pairs", key: `${TOPIC}/${partition}/${offset}` });
    await same({ table: "per_minute", key: `[${partition},0]` });
  }
  assertEquals(outcomes, new Set(["matched", "waiting"]));
  for (const run of runs) await run.stop();
  await log.close();
});
