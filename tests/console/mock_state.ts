import type { Counters, LiveState, PlannedTopology, RowCounts, TaskState } from "../../console/api/contract.ts";
import type { OperatorDescription } from "../../src/plan/description.ts";
import type { TopologyStatus } from "../../src/cli/start/status.ts";
import { type Standing, standingOf } from "./mock_standing.ts";

/** Partitions of each table. */
const PARTITIONS = 6;
const HERE = "127.0.0.1:8686";

/** How an instance stands whose work goes on evenly: everything follows from the time since its start. */
export function stateAt(
  atMs: number,
  { standing, planned }: { readonly standing: Standing; readonly planned: readonly PlannedTopology[] },
): LiveState {
  const uptimeMs = atMs - standing.startedMs;
  const topologies = planned.map((topology, index) => {
    const perSecond = standingOf(standing).changesPerSecond / (index + 1);
    return {
      name: topology.name,
      counters: countersOf(topology, { rows: perSecond * uptimeMs / 1000, standing }),
      everywhere: topology.nodes.filter(({ kind }) => kind === "global").map(({ id }) => id),
      lag: lagOf(topology, standing),
      tasks: tasksOf(topology, standing),
      joinProblems: joinProblemsOf(topology, standing),
    };
  });
  const statuses = topologies.map((topology, index) =>
    statusOf(topology.name, { ...topology, ...{ index, uptimeMs, standing } })
  );
  return {
    at: atMs,
    status: {
      mode: "embedded",
      uptimeMs,
      startedAt: standing.startedMs,
      data: ".data",
      addresses: { console: "http://127.0.0.1:8686/", metrics: "http://127.0.0.1:8686" },
      demo: !standing.hasDemo ? null : {
        seed: 1,
        ratePerSecond: 500,
        changesWritten: Math.round(uptimeMs / 2),
        paused: false,
        snapshot: standing.snapshot,
      },
      topologies: statuses,
      proof: standing.proof,
      continuous: standing.continuous,
      ending: null,
    },
    topologies: topologies.map((topology, index) => {
      const { state, changesPerSecond, rowsPerSecond, secondsLeft, problems } = statuses[index];
      const elsewhere = index === 0 ? standing.others.reduce((sum, one) => sum + one.deadLetters, 0) : 0;
      const deadLetters = statuses[index].deadLetters + elsewhere;
      return { ...topology, state, changesPerSecond, rowsPerSecond, secondsLeft, deadLetters, problems };
    }),
    memory: {
      heapBytes: 212e6 + 30e6 * Math.sin(atMs / 9_000),
      externalBytes: 64e6 + 4e6 * Math.sin(atMs / 5_000),
      rssBytes: 498e6 + 34e6 * Math.sin(atMs / 9_000),
    },
    events: standing.events,
    instances: [
      {
        instance: HERE,
        here: true,
        problem: null,
        tasks: 42,
        deadLetters: standing.openLetters(),
        uptimeMs,
        memory: null,
      },
      ...standing.others,
    ],
  };
}

function joinProblemsOf({ nodes }: PlannedTopology, { unmatched }: Standing): Record<string, string[]> {
  const { problem = null, join } = unmatched ?? {};
  return Object.fromEntries(
    nodes.flatMap(({ id, label }) => label === join && problem !== null ? [[id, [problem]]] : []),
  );
}

function statusOf(name: string, { tasks, lag, index, uptimeMs, standing }: {
  readonly tasks: readonly TaskState[];
  readonly lag: Readonly<Record<string, number>>;
  readonly index: number;
  readonly uptimeMs: number;
  readonly standing: Standing;
}): TopologyStatus {
  const rate = Math.round(standingOf(standing).changesPerSecond / (index + 1) + 12 * Math.sin(uptimeMs / 3_000));
  const running = tasks.filter(({ state }) => state === "running").length;
  const all = running === tasks.length;
  return {
    name,
    state: all ? "running" : "starting",
    tasksRunning: running,
    tasks: tasks.length,
    standbys: 0,
    changes: Math.round(rate * uptimeMs / 1000),
    changesPerSecond: rate,
    rows: Math.round(rate * 1.7 * uptimeMs / 1000),
    rowsPerSecond: Math.round(rate * 1.7),
    lag: Object.values(lag).reduce((sum, records) => sum + records, 0),
    secondsLeft: all ? null : 14,
    deadLetters: index === 0 ? standing.openLetters() : 0,
    started: all ? [{ sink: name, kept: 76_120, written: 341, deleted: 12 }] : null,
    problems: index === 0 ? standing.problems : [],
  };
}

/** Joins lose every twentieth row, filters every tenth. */
function countersOf({ nodes, edges, description }: PlannedTopology, { rows, standing }: {
  readonly rows: number;
  readonly standing: Standing;
}): Record<string, Counters> {
  const counters: Record<string, Counters> = {};
  const visit = (id: string): number => {
    if (counters[id] !== undefined) return counters[id].out;
    const inputs = edges.filter(({ to }) => to === id).map(({ from }) => visit(from));
    const taken = Math.round(inputs.length === 0 ? rows / 2 : inputs[0]);
    const label = nodes.find((node) => node.id === id)!.label;
    const operator = description.operators.find(({ name }) => name === label);
    const passed = passedOf({ taken, label, operator, standing });
    counters[id] = { ...passed, rows: operator === undefined ? null : { ...passed, in: passed.in * 3 } };
    return passed.out;
  };
  for (const { id } of nodes) visit(id);
  return counters;
}

function passedOf({ taken, label, operator, standing }: {
  readonly taken: number;
  readonly label: string;
  readonly operator: OperatorDescription | undefined;
  readonly standing: Standing;
}): RowCounts {
  if (operator?.partner !== undefined) {
    const lost = standing.unmatched?.join === label ? taken : Math.round(taken / 20);
    return { in: taken, out: taken - lost, joined: taken - lost, withoutPartner: lost, nullKeys: 3, waiting: 2 };
  }
  const filtered = Math.round(taken / 10);
  if (operator?.op === "filter") return { in: taken, out: taken - filtered, filtered };
  return { in: taken, out: taken, ...(label === "products" ? { errors: 2 } : {}) };
}

function lagOf({ description }: PlannedTopology, { lag }: Standing): Record<string, number> {
  const topics = [...description.sources, ...description.streams].map(({ topic }) => topic);
  return Object.fromEntries(topics.map((topic) => [topic, lag[topic] ?? 0]));
}

function tasksOf({ description }: PlannedTopology, standing: Standing): TaskState[] {
  const tables = [
    ...description.tasks.map(({ table }) => table),
    ...[...description.streams, ...description.stages].map(({ name }) => name),
  ];
  return tables.flatMap((table) =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({
      id: `${table}-${partition}`,
      state: standing.loading && partition > 3 ? "restoring" : "running",
      lag: 0,
      instance: standing.others[partition % 2 === 1 ? 0 : -1]?.instance ?? HERE,
    }))
  );
}
