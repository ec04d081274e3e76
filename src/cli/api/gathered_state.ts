import { addCounts, type RowCounts } from "../../runtime/stores/row_counts.ts";
import { askInstance } from "../store/ask_instance.ts";
import { type LocalState, localState, type NodeCounters, type WatchedTopology } from "./local_state.ts";
import type { Watched } from "./watched.ts";

/** An instance, as far as it can be asked. */
export interface InstanceState {
  readonly instance: string;
  /** The one that was asked. */
  readonly here: boolean;
  /** Why it has told nothing; null if it has. */
  readonly problem: string | null;
  readonly tasks: number;
  readonly uptimeMs: number | null;
  readonly memory: LocalState["memory"] | null;
}

/** How all instances of the topologies stand, as the one that is asked has found out. */
export interface GatheredState extends Omit<LocalState, "instance"> {
  readonly instances: readonly InstanceState[];
}

/** Longer nobody waits for another instance: the next state asks it again. */
const ANSWER_MS = 2_000;

type Answer =
  & { readonly instance: string }
  & (
    | { readonly state: LocalState }
    | { readonly problem: string }
  );

/** How this instance stands, and every other one that has said where it is. */
export async function gatheredState(watched: Watched): Promise<GatheredState> {
  const others = [...new Set(watched.runs.flatMap(({ runner }) => runner?.others() ?? []))].sort();
  const asked = Promise.all(others.map((instance) => ask(instance, watched.password)));
  const own = localState(watched);
  const { at, status, memory, instance } = own;
  const answers: Answer[] = [{ instance, state: own }, ...await asked];
  const states = answers.flatMap((answer) => "state" in answer ? [answer.state] : []);
  return {
    ...{ at, status, memory },
    topologies: own.topologies.map((topology) =>
      states.slice(1).reduce((sum, { topologies }) => together(sum, topologies), topology)
    ),
    instances: answers.map(instanceState),
  };
}

async function ask(instance: string, password: string | null): Promise<Answer> {
  try {
    const question = { path: "/api/state", parameters: { local: "true" }, password, answerMs: ANSWER_MS };
    const { status, text } = await askInstance(`http://${instance}`, question);
    if (status !== 200) return { instance, problem: `status ${status}: ${text.trim()}` };
    return { instance, state: JSON.parse(text) as LocalState };
  } catch (error) {
    return { instance, problem: (error as Error).message };
  }
}

function instanceState(answer: Answer, index: number): InstanceState {
  const { instance } = answer;
  const here = index === 0;
  if ("problem" in answer) {
    return { instance, here, problem: answer.problem, tasks: 0, uptimeMs: null, memory: null };
  }
  const { topologies, status, memory } = answer.state;
  const tasks = topologies.reduce((sum, topology) => sum + topology.tasks.length, 0);
  return { instance, here, problem: null, tasks, uptimeMs: status.uptimeMs, memory };
}

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
  return { ...here, counters, lag, tasks: [...here.tasks, ...there.tasks], problems };
}

function withoutRows({ rows: _, ...passed }: NodeCounters): RowCounts {
  return passed;
}
