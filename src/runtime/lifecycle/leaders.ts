import type { Fetched, Log, Position } from "../../ports/log.ts";

/** All records below the offset were read, under that leader. */
export interface Crossing extends Position {
  readonly leaderEpoch: number;
}

/** Where the next record of a partition is read, and under which leader what lies before it was. */
interface ReadPlace {
  /** Where the partition began. */
  readonly start: number;
  readonly position: number;
  /** Null where the log does not tell, and before anything was read. */
  readonly leaderEpoch: number | null;
}

/** The place at which another leader is met, of which it is not known whether it had all records before; else null. */
export function crossingAt(place: ReadPlace, { topic, partition, leaderEpoch }: Fetched): Crossing | null {
  const { start, position, leaderEpoch: before } = place;
  if (leaderEpoch === undefined || before === null || leaderEpoch === before || position <= start) return null;
  return { topic, partition, offset: position, leaderEpoch: before };
}

/** The first of these places before which the log has other records than were read; null if there is none. */
export async function firstExchanged(
  crossings: readonly Crossing[],
  log: Pick<Log, "epochEnds">,
): Promise<Crossing | null> {
  for (const crossing of crossings) {
    const [end] = await log.epochEnds(crossing.topic, [crossing]);
    if (end < crossing.offset) return crossing;
  }
  return null;
}

/** Why what was read of a partition of these topics is of no use; null if its records are still those of the log. */
export async function whyExchanged(
  read: readonly (ReadPlace & { readonly topic: string })[],
  { log, partition, crossings = [] }: {
    readonly log: Pick<Log, "epochEnds">;
    readonly partition: number;
    readonly crossings?: readonly Crossing[];
  },
): Promise<string | null> {
  const last = read.flatMap(({ topic, start, position: offset, leaderEpoch }) =>
    leaderEpoch === null || offset <= start ? [] : [{ topic, partition, offset, leaderEpoch }]
  );
  const exchanged = await firstExchanged([...crossings, ...last], log);
  return exchanged === null ? null : `records of "${exchanged.topic}" before its position are others now`;
}
