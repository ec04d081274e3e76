import { type OperatorCounts, operatorCounts } from "../../runtime/stores/operator_counts.ts";
import type { RowCounts } from "../../runtime/stores/row_counts.ts";
import type { Instance } from "../../runtime/runner.ts";
import type { ShownRun } from "../start/shown_run.ts";
import type { Status } from "../start/status.ts";
import type { Watched } from "./watched.ts";

/** What became of the rows at an operator: of all that passed, and of those that are there now. */
export interface NodeCounters extends RowCounts {
  /** Null for operators of streams. */
  readonly rows: RowCounts | null;
}

/** One task and who has it. */
export interface TaskState {
  readonly id: string;
  readonly state: string;
  readonly lag: number;
  readonly instance: string;
}

/** How a topology stands on one instance, or on all of them. */
export interface WatchedTopology {
  readonly name: string;
  readonly state: string;
  /** By node of the graph. */
  readonly counters: Readonly<Record<string, NodeCounters>>;
  /** Nodes whose rows every instance has. */
  readonly everywhere: readonly string[];
  /** Records not read yet, by topic. */
  readonly lag: Readonly<Record<string, number>>;
  readonly tasks: readonly TaskState[];
  readonly problems: readonly string[];
}

/** How one instance stands. */
export interface LocalState {
  readonly at: number;
  readonly instance: string;
  readonly status: Status;
  readonly topologies: readonly WatchedTopology[];
  readonly memory: { readonly heapBytes: number; readonly externalBytes: number; readonly rssBytes: number };
}

/** How this instance stands. */
export function localState({ runs, status, instance }: Pick<Watched, "runs" | "status" | "instance">): LocalState {
  const { heapUsed, external, rss } = Deno.memoryUsage();
  return {
    at: Date.now(),
    instance: instance(),
    status: status(),
    topologies: runs.map((run) => topologyState(run, instance())),
    memory: { heapBytes: heapUsed, externalBytes: external, rssBytes: rss },
  };
}

function topologyState(run: ShownRun, instance: string): WatchedTopology {
  const { name, state, runner } = run;
  const inside = runner?.instance ?? null;
  const tasks = runner?.status().tasks ?? [];
  return {
    name,
    state,
    counters: inside === null ? {} : Object.fromEntries(operatorCounts(inside).map(counters)),
    everywhere: inside === null ? [] : everywhere(inside),
    lag: inside === null ? {} : lagByTopic(inside),
    tasks: tasks.map(({ id, state, lagRecords }) => ({ id, state, lag: lagRecords, instance })),
    problems: run.problems(),
  };
}

function counters({ node, passed, rows }: OperatorCounts): [string, NodeCounters] {
  return [node, { ...passed, rows }];
}

function everywhere({ topics: { plan } }: Instance): string[] {
  return plan.registers.flatMap((place, id) => place?.global ? [`op${id}`] : []);
}

function lagByTopic({ hosts, streams, globals }: Instance): Record<string, number> {
  const lag: Record<string, number> = {};
  const add = (topic: string, records: number) => lag[topic] = (lag[topic] ?? 0) + Math.max(0, records);
  for (const host of hosts.values()) {
    host.topics.forEach((topic, member) => add(topic, (host.ends[member] ?? 0) - (host.positions[member] ?? 0)));
  }
  for (const { topic, position, end } of streams.values()) add(topic, end - position);
  for (const [topic, ends] of globals.knownEnds) add(topic, globals.behind(new Map([[topic, ends]])));
  return lag;
}
