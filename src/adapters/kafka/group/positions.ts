import type { Position } from "../../../ports/log.ts";

/** Positions as the protocol groups them. */
export function byTopic<P extends Pick<Position, "topic">, T>(
  positions: readonly P[],
  map: (position: P) => T,
): { topic: string; partitions: T[] }[] {
  return [...Map.groupBy(positions, ({ topic }) => topic)].map(([topic, parts]) => ({
    topic,
    partitions: parts.map(map),
  }));
}

/**
 * Metadata of an offset that is committed for monitoring alone. Without it is what people commit (`--reset-offsets`),
 * which counts as progress.
 */
export const MONITORED = "monitoring";

/** One text for a partition of a topic. */
export function nameOf(topic: string, partition: number): string {
  return `${topic}\0${partition}`;
}
