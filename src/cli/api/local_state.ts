import { joinProblems } from "../../runtime/stores/join_problems.ts";
import { type OperatorCounts, operatorCounts } from "../../runtime/stores/operator_counts.ts";
import type { Instance } from "../../runtime/runner.ts";
import type { ShownRun } from "../start/shown_run.ts";
import type { TopologyStatus } from "../start/status.ts";
import type { LocalState, NodeCounters, WatchedTopology } from "./live_state.ts";
import type { Watched } from "./watched.ts";

/** How this instance stands. */
export function localState(
  watched: Pick<Watched, "runs" | "status" | "events" | "instance" | "lettersIn">,
): LocalState {
  const { heapUsed, external, rss } = Deno.memoryUsage();
  const [instance, status] = [watched.instance(), watched.status()];
  return {
    ...{ at: Date.now(), instance, status, lettersIn: watched.lettersIn },
    topologies: watched.runs.map((run) =>
      topologyState(run, { instance, told: status.topologies.find(({ name }) => name === run.name) })
    ),
    events: watched.events(),
    memory: { heapBytes: heapUsed, externalBytes: external, rssBytes: rss },
  };
}

function topologyState(
  run: ShownRun,
  { instance, told }: { readonly instance: string; readonly told: TopologyStatus | undefined },
): WatchedTopology {
  const { name, state, runner } = run;
  const inside = runner?.instance ?? null;
  const tasks = runner?.status().tasks ?? [];
  return {
    name,
    state,
    changesPerSecond: told?.changesPerSecond ?? 0,
    rowsPerSecond: told?.rowsPerSecond ?? 0,
    secondsLeft: told?.secondsLeft ?? null,
    deadLetters: runner?.deadLetters.openLetters ?? 0,
    counters: inside === null ? {} : Object.fromEntries(operatorCounts(inside).map(counters)),
    everywhere: inside === null ? [] : everywhere(inside),
    lag: inside === null ? {} : lagByTopic(inside),
    tasks: tasks.map(({ id, state, lagRecords }) => ({ id, state, lag: lagRecords, instance })),
    problems: run.problems(),
    joinProblems: Object.fromEntries(
      Object.entries(joinProblems(runner?.problems.list() ?? [])).map(([node, problem]) => [node, [problem]]),
    ),
  };
}

function counters({ node, passed, rows, waiting }: OperatorCounts): [string, NodeCounters] {
  return [node, { ...passed, ...waiting === null ? {} : { waiting }, rows }];
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
