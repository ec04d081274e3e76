import { addCounts, type RowCounts } from "../../runtime/stores/row_counts.ts";
import { askOthers, type Told, type Unanswered } from "../instances/ask_others.ts";
import { togetherProved } from "../proof/together.ts";
import type { TopologyState } from "../start/status.ts";
import type { GatheredState, InstanceState, LocalState, NodeCounters, WatchedTopology } from "./live_state.ts";
import { localState } from "./local_state.ts";
import type { Watched } from "./watched.ts";

/** Longer nobody waits for another instance: the next state asks it again. */
export const ANSWER_MS = 2_000;
/** Events that are told of all instances: a state is told every second. */
const EVENTS_MAX = 100;

type Answer = Told<LocalState> | Unanswered;

/** How this instance stands, and every other one that has said where it is. */
export async function gatheredState(watched: Watched): Promise<GatheredState> {
  const asked = askOthers(othersOf(watched), {
    ...{ path: "/api/state", parameters: { local: "true" }, password: watched.password, answerMs: ANSWER_MS },
    read: (text) => whole(JSON.parse(text)),
  });
  const own = localState(watched);
  const { at, status, memory, instance } = own;
  const told = await asked;
  const answers: Answer[] = [{ instance, answer: own }, ...told];
  const continuous = togetherProved(
    { instance, answer: status.continuous },
    told.map((one) => "answer" in one ? { instance: one.instance, answer: one.answer.status.continuous } : one),
  );
  const states = answers.flatMap((answer) => "answer" in answer ? [answer.answer] : []);
  return {
    ...{ at, status: { ...status, continuous }, memory },
    topologies: own.topologies.map((topology) => ({
      ...inOrder(states.slice(1).reduce((sum, { topologies }) => together(sum, topologies), topology)),
      deadLetters: lettersOf(topology.name, states),
    })),
    events: states.flatMap(({ instance, events }) => events.map((event) => ({ instance, ...event })))
      .toSorted((a, b) => b.at - a.at).slice(0, EVENTS_MAX),
    instances: answers.map(instanceState),
  };
}

/** What an instance of an earlier version does not tell of its topologies. */
const UNTOLD = { changesPerSecond: 0, rowsPerSecond: 0, secondsLeft: null, deadLetters: 0, joinProblems: {} };

function whole(told: Omit<LocalState, "lettersIn" | "events"> & Partial<LocalState>): LocalState {
  const topologies = told.topologies.map((topology) => ({ ...UNTOLD, ...topology }));
  return { lettersIn: told.instance, events: [], ...told, topologies };
}

/** Where the other instances are that have said it. */
export function othersOf({ runs }: Pick<Watched, "runs">): readonly string[] {
  return [...new Set(runs.flatMap(({ runner }) => runner?.others() ?? []))].sort();
}

function instanceState(answer: Answer, index: number): InstanceState {
  const { instance } = answer;
  const here = index === 0;
  if ("problem" in answer) {
    return { instance, here, problem: answer.problem, ...{ tasks: 0, deadLetters: 0, uptimeMs: null, memory: null } };
  }
  const { topologies, status, memory } = answer.answer;
  const tasks = topologies.reduce((sum, topology) => sum + topology.tasks.length, 0);
  const deadLetters = topologies.reduce((sum, topology) => sum + topology.deadLetters, 0);
  return { instance, here, problem: null, tasks, deadLetters, uptimeMs: status.uptimeMs, memory };
}

/** Open letters of a topology, each counted once: of several who keep the same ones, whoever has looked last. */
function lettersOf(topology: string, states: readonly LocalState[]): number {
  const places = new Map<string, number>();
  for (const { topologies, lettersIn } of states) {
    const { deadLetters = 0 } = topologies.find(({ name }) => name === topology) ?? {};
    places.set(lettersIn, Math.max(deadLetters, places.get(lettersIn) ?? 0));
  }
  return places.values().reduce((sum, letters) => sum + letters, 0);
}

/** States of a topology by what they ask for, the most first. */
const STATES: readonly TopologyState[] = ["failed", "waiting", "degraded", "starting", "running", "ended"];

/** The topology here and on another instance, which may not have it. */
function together(here: WatchedTopology, others: readonly WatchedTopology[]): WatchedTopology {
  const there = others.find(({ name }) => name === here.name);
  if (there === undefined) return here;
  const counters: Record<string, NodeCounters> = { ...here.counters };
  for (const [node, { rows, ...passed }] of Object.entries(there.counters)) {
    const own = counters[node];
    counters[node] = own === undefined ? { ...passed, rows } : {
      ...addCounts(withoutRows(own), passed),
      rows: own.rows === null || rows === null
        ? own.rows ?? rows
        // Each instance has them all.
        : here.everywhere.includes(node)
        ? own.rows.in >= rows.in ? own.rows : rows
        : addCounts(own.rows, rows),
    };
  }
  const lag: Record<string, number> = { ...here.lag };
  for (const [topic, records] of Object.entries(there.lag)) lag[topic] = (lag[topic] ?? 0) + records;
  const problems = [...new Set([...here.problems, ...there.problems])];
  const joinProblems = Object.fromEntries(
    [...new Set([here, there].flatMap((one) => Object.keys(one.joinProblems)))].sort().map((node) => [
      node,
      [...new Set([here, there].flatMap((one) => one.joinProblems[node] ?? []))].sort(),
    ]),
  );
  return {
    ...here,
    state: STATES.find((state) => state === here.state || state === there.state) ?? here.state,
    changesPerSecond: here.changesPerSecond + there.changesPerSecond,
    rowsPerSecond: here.rowsPerSecond + there.rowsPerSecond,
    secondsLeft: longest(here.secondsLeft, there.secondsLeft),
    ...{ counters, lag, tasks: [...here.tasks, ...there.tasks], problems, joinProblems },
  };
}

function longest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? a ?? b : Math.max(a, b);
}

/** Whoever is asked tells the same. */
function inOrder(topology: WatchedTopology): WatchedTopology {
  const byText = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });
  return {
    ...topology,
    lag: Object.fromEntries(Object.entries(topology.lag).toSorted(([a], [b]) => byText(a, b))),
    tasks: topology.tasks.toSorted((a, b) => byText(a.id, b.id)),
    problems: topology.problems.toSorted(),
  };
}

function withoutRows({ rows: _, ...passed }: NodeCounters): RowCounts {
  return passed;
}
