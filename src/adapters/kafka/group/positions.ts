import type { GroupTask, Position } from "../../../ports/log.ts";

/** Names of the partitions of the tasks with these ids. */
export function partitionsOf(tasks: readonly GroupTask[], ids: readonly string[]): Set<string> {
  const chosen = new Set(ids);
  return new Set(
    tasks.filter(({ id }) => chosen.has(id))
      .flatMap(({ partitions }) => partitions.map(({ topic, partition }) => nameOf(topic, partition))),
  );
}

/** Positions as the protocol groups them. */
export function byTopic<T>(
  positions: readonly Position[],
  map: (position: Position) => T,
): { topic: string; partitions: T[] }[] {
  return [...Map.groupBy(positions, ({ topic }) => topic)].map(([topic, parts]) => ({
    topic,
    partitions: parts.map(map),
  }));
}

/** One text for a partition of a topic. */
export function nameOf(topic: string, partition: number): string {
  return `${topic}\0${partition}`;
}
