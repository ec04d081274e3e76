import type { LogRecord } from "../../ports/log.ts";
import { counted } from "../numbers.ts";
import { ProductionError } from "../../record/errors.ts";
import type { ProofPace } from "./proof_pace.ts";
import type { ProvenStreams } from "./proven_streams.ts";
import type { ToldTopic } from "./told_topics.ts";

/** Records that are asked for at once. */
const PORTION = 2_000;

/** Records that are read before others have their turn. */
const AT_ONCE = 20_000;

/** There are more records than are read at once: what they make is compared when all of them are read. */
export class NotYetRead extends Error {
  override readonly name = "NotYetRead";

  constructor(records: number) {
    super(`${counted(records, "record")} of its topics ${records === 1 ? "is" : "are"} still to be read`);
  }
}

/** @throws NotYetRead if so many were read that others have their turn, and `left` returns that there are more */
export function giveWay(read: number, left: () => number): void {
  if (read < AT_ONCE) return;
  const records = left();
  if (records > 0) throw new NotYetRead(records);
}

/** Whom records are asked for, and how fast. */
export interface Following {
  readonly topology: string;
  readonly streams: ProvenStreams;
  readonly pace: Pick<ProofPace, "rowsMax" | "breathe">;
}

/** Records of a partition that were read, and where the next ones are. */
export interface ReadPortion {
  readonly records: readonly LogRecord[];
  /** The oldest offset that is there: records before it are gone. */
  readonly start: number;
  readonly next: number;
}

/**
 * Reads the records that come next, at most so many at a time.
 * @throws ProductionError if they cannot be read, or the topic is gone
 */
export async function nextPortion(
  { topology, streams, pace }: Following,
  { topic, partition, from, end }: {
    readonly topic: string;
    readonly partition: number;
    readonly from: number;
    readonly end: number;
  },
): Promise<ReadPortion> {
  const found = await streams.records(topology, { topic, partition, from, to: Math.min(end, from + PORTION) });
  if (found === null) {
    const message = `Cannot read "${topic}" to compare what it holds: it is not there any more`;
    throw new ProductionError(message, { retriable: true });
  }
  await pace.breathe(found.records.length);
  return found;
}

/** All partitions of a topic, read on and on from their oldest record. */
export class FollowedTopic {
  readonly #following: Following;
  readonly #positions: number[] = [];

  constructor(following: Following) {
    this.#following = following;
  }

  /**
   * Reads on to where the topic ended when that was told. Resolves to how many records that were.
   * @throws ProductionError as {@link nextPortion}, NotYetRead, and what `take` throws
   */
  async follow(
    { topic, end }: Pick<ToldTopic, "topic" | "end">,
    take: (records: readonly LogRecord[], partition: number) => void,
  ): Promise<number> {
    let read = 0;
    for (const [partition, to] of end.entries()) {
      for (let from = this.#positions[partition] ?? 0; from < to; from = this.#positions[partition]) {
        const { records, next } = await nextPortion(this.#following, { topic, partition, from, end: to });
        take(records, partition);
        this.#positions[partition] = next;
        giveWay(read += records.length, () => this.#left(end));
      }
    }
    return read;
  }

  #left(end: readonly number[]): number {
    return end.reduce((sum, to, partition) => sum + Math.max(0, to - (this.#positions[partition] ?? 0)), 0);
  }
}
