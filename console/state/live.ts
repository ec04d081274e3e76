import { signal } from "@preact/signals";
import { ask } from "../api/ask.ts";
import type { LiveState, LiveTopology, Plan, PlannedTopology } from "../api/contract.ts";
import { listen } from "../api/event_stream.ts";
import { password } from "../api/password.ts";
import { AskProblem } from "../api/problem.ts";
import { shown } from "../parts/text.ts";
import { type Change, changesBetween } from "./changes.ts";
import { History } from "./history.ts";
import { type Rate, Rates } from "./rates.ts";

/** The plan, once it is known; it changes with a start of the process only. */
export const plan = signal<Plan | null>(null);
export const planProblem = signal<AskProblem | null>(null);

/** How everything stood when it was last told; null before the first time. */
export const live = signal<LiveState | null>(null);
/** Why nothing is told at present; null while it is. `undefined` before the first try has ended. */
export const liveProblem = signal<AskProblem | null | undefined>(undefined);
/** By topology and node. */
export const rates = signal<ReadonlyMap<string, ReadonlyMap<string, Rate>>>(new Map());
/** What this page has seen of instances since it was opened, the newest first. */
export const changes = signal<readonly Change[]>([]);

/** Grows with each message; the arrays of a chart stay the same ones. */
export const tick = signal(0);
export const history = new History();

const RATES = new Rates();
const CHANGES_MAX = 200;
/** Between two tries to read the plan. */
const PLAN_RETRY_MS = 3_000;

/** Keeps everything above as it is, until `signal` is aborted. */
export function follow(signal: AbortSignal): void {
  followPlan(signal);
  listen({ path: "/api/state", name: "state", signal }, {
    beats: true,
    onData: (data) => take(data as LiveState),
    onProblem: (problem) => {
      if (problem !== null && liveProblem.value === null) history.break(Date.now());
      liveProblem.value = problem;
      // Whoever answers again may be another version with other topologies.
      if (problem === null && live.value !== null) readPlan(signal);
    },
  });
}

function take(state: LiveState): void {
  const before = live.value;
  const news = before === null ? [] : changesBetween(before, state);
  if (news.length > 0) changes.value = [...news.reverse(), ...changes.value].slice(0, CHANGES_MAX);
  history.take(state);
  rates.value = RATES.take(state);
  live.value = state;
  tick.value++;
}

async function followPlan(signal: AbortSignal): Promise<void> {
  while (!signal.aborted && plan.value === null) {
    await readPlan(signal);
    if (plan.value === null) await new Promise((resolve) => setTimeout(resolve, PLAN_RETRY_MS));
  }
}

async function readPlan(signal: AbortSignal): Promise<void> {
  try {
    const read = await ask<Plan>("/api/plan", { signal });
    // Whoever draws it draws it once: an equal one must not look like another.
    if (JSON.stringify(read) !== JSON.stringify(plan.value)) plan.value = read;
    planProblem.value = null;
  } catch (error) {
    if (!signal.aborted && error instanceof AskProblem) planProblem.value = error;
  }
}

// With the right password the plan can be read at once.
password.subscribe(() => {
  if (planProblem.peek()?.kind === "password") readPlan(new AbortController().signal);
});

/** A topology of the plan by its name; without a name the first; undefined if there is none. */
export function plannedTopology(name: string | undefined): PlannedTopology | undefined {
  const topologies = plan.value?.topologies ?? [];
  return name === undefined ? topologies[0] : topologies.find((topology) => topology.name === name);
}

/** An instance as it is told: where it is, unless it is the one that is asked. */
export function instanceName(instance: string): string {
  const here = live.value?.instances.find((one) => one.here)?.instance;
  return instance === here ? "this one" : shown(instance, 80);
}

/** How a topology stands now; undefined if that is not known. */
export function liveTopology(name: string): LiveTopology | undefined {
  return live.value?.topologies.find((topology) => topology.name === name);
}
