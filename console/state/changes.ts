import type { InstanceState, LiveState, LiveTopology, TaskState } from "../api/contract.ts";

/** Names that are told of one change. */
const NAMES_SHOWN = 4;

/** Something that happened between two messages. */
export interface Change {
  readonly at: number;
  /** `sales`; null for what is of the whole instance. */
  readonly topology: string | null;
  readonly sentence: string;
}

/**
 * What happened from one message to the next: starts of the process, instances that came or went, tasks that moved or
 * no longer run, and problems, which say why. What lies before the first message nobody has told.
 */
export function changesBetween(before: LiveState, now: LiveState): Change[] {
  const { at } = now;
  if (now.status.startedAt !== before.status.startedAt) {
    const seconds = Math.round(now.status.uptimeMs / 1000);
    return [{ at, topology: null, sentence: `The process has begun anew, ${seconds} s ago.` }];
  }
  return [
    ...instanceChanges(before.instances, now.instances).map((sentence) => ({ at, topology: null, sentence })),
    ...now.topologies.flatMap((topology) => {
      const last = before.topologies.find(({ name }) => name === topology.name);
      if (last === undefined) return [];
      return topologyChanges(last, topology).map((sentence) => ({ at, topology: topology.name, sentence }));
    }),
  ];
}

function instanceChanges(before: readonly InstanceState[], now: readonly InstanceState[]): string[] {
  const last = new Map(before.map((instance) => [instance.instance, instance]));
  const names = now.map(({ instance }) => instance);
  return [
    ...names.filter((name) => !last.has(name)).map((name) => `Instance ${name} has come.`),
    ...[...last.keys()].filter((name) => !names.includes(name)).map((name) => `Instance ${name} has gone.`),
    ...now.flatMap(({ instance, problem }) =>
      problem !== null && last.get(instance)?.problem === null
        ? [`Instance ${instance} cannot be asked: ${problem}`]
        : []
    ),
  ];
}

function topologyChanges(before: LiveTopology, now: LiveTopology): string[] {
  const last = new Map(before.tasks.map((task) => [task.id, task]));
  const moved = grouped(now.tasks, (task) => {
    const from = last.get(task.id)?.instance;
    return from === undefined || from === task.instance ? null : `moved from ${from} to ${task.instance}`;
  });
  const stopped = grouped(now.tasks, (task) => {
    const from = last.get(task.id);
    const stays = from?.instance === task.instance;
    return stays && from.state === "running" && task.state !== "running"
      ? `no longer run, but are ${task.state}`
      : null;
  });
  const kept = new Set(now.tasks.map(({ id }) => id));
  const gone = grouped(before.tasks, ({ id }) => kept.has(id) ? null : "are with no instance that tells of them");
  return [
    ...before.state === now.state ? [] : [`It is ${now.state}, and was ${before.state}.`],
    ...[...moved, ...stopped, ...gone].map(([what, ids]) => `${listed(ids)} ${what}.`),
    ...now.problems.filter((problem) => !before.problems.includes(problem)).map((problem) => `Problem: ${problem}`),
    ...before.problems.filter((problem) => !now.problems.includes(problem)).map((problem) => `Over: ${problem}`),
  ];
}

/** Ids of tasks by what happened to them; null is nothing. */
function grouped(tasks: readonly TaskState[], what: (task: TaskState) => string | null): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const task of tasks) {
    const name = what(task);
    if (name !== null) groups.set(name, [...groups.get(name) ?? [], task.id]);
  }
  return groups;
}

function listed(ids: readonly string[]): string {
  const names = ids.slice(0, NAMES_SHOWN).join(", ");
  return ids.length > NAMES_SHOWN ? `${names} and ${ids.length - NAMES_SHOWN} other tasks` : names;
}
