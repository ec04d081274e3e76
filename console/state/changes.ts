import type { InstanceState, LiveState, TaskState } from "../api/contract.ts";

/** Names that are told of one change. */
const NAMES_SHOWN = 4;

/** Something that happened between two messages, and that no instance can tell of itself. */
export interface Change {
  readonly at: number;
  /** `sales`; null for what is of a whole instance. */
  readonly topology: string | null;
  readonly sentence: string;
}

/**
 * What happened from one message to the next to instances as others see them: those that came or went, or cannot be
 * asked, and tasks of which nobody tells. All else instances tell themselves.
 */
export function changesBetween(before: LiveState, now: LiveState): Change[] {
  const { at } = now;
  if (now.status.startedAt !== before.status.startedAt) return [];
  return [
    ...instanceChanges(before.instances, now.instances).map((sentence) => ({ at, topology: null, sentence })),
    ...now.topologies.flatMap(({ name, tasks }) => {
      const last = before.topologies.find((topology) => topology.name === name)?.tasks ?? [];
      return goneTasks(last, tasks).map((sentence) => ({ at, topology: name, sentence }));
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

function goneTasks(before: readonly TaskState[], now: readonly TaskState[]): string[] {
  const kept = new Set(now.map(({ id }) => id));
  const gone = before.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
  return gone.length === 0 ? [] : [`${listed(gone)} are with no instance that tells of them.`];
}

function listed(ids: readonly string[]): string {
  const names = ids.slice(0, NAMES_SHOWN).join(", ");
  return ids.length > NAMES_SHOWN ? `${names} and ${ids.length - NAMES_SHOWN} other tasks` : names;
}
