import type { OutputPlan } from "../../plan/physical.ts";
import type { Log } from "../../ports/log.ts";
import { originIn } from "../../record/event_origin.ts";
import { ProductionError } from "../../record/errors.ts";
import { readHeaders } from "../../record/headers.ts";

const POLL_MS = 500;

/** What is looked for, and where. */
export interface ToldOptions {
  /** Names the topic that events come from, and its id. */
  readonly source: string;
  readonly partition: number;
  readonly log: Pick<Log, "offsets" | "reader">;
  readonly stopped: () => boolean;
  /** A topic is read from its beginning (why), or is read (null). */
  readonly onState: (problem: string | null) => void;
}

/**
 * The last record of a source's partition of which topics that are written exactly once have something: as its
 * transactions came one after the other, they have all of those before. Null: there is none. Reads the topics, which
 * takes long where they are long, and is done only where nobody knows the position. @throws ProductionError
 */
export async function lastTold(outputs: readonly OutputPlan[], options: ToldOptions): Promise<number | null> {
  const topics = outputs.filter(({ node: { sink } }) => sink.guarantee === "exactly_once").map(({ topic }) => topic);
  let last: number | null = null;
  for (const topic of topics) {
    options.onState(`Its position is not known: topic "${topic}" is read, to find what is there`);
    const found = await lastIn(topic, options);
    if (found !== null) last = Math.max(last ?? 0, found);
  }
  if (topics.length > 0) options.onState(null);
  return last;
}

async function lastIn(
  topic: string,
  { source, partition, log, stopped }: ToldOptions,
): Promise<number | null> {
  const { start, end } = await log.offsets(topic);
  const left = new Set(end.keys().filter((at) => end[at] > start[at]));
  if (left.size === 0) return null;
  const wanted = `${source}/${partition}`;
  let last: number | null = null;
  const reader = log.reader();
  try {
    for (const at of left) reader.seek(topic, at, start[at]);
    while (left.size > 0 && !stopped()) {
      for (const { partition: at, records, nextOffset, outOfRange, problem } of await reader.poll(POLL_MS)) {
        if (problem !== undefined) throw new ProductionError(problem, { retriable: true });
        for (const { headers } of records) {
          const origin = originIn(readHeaders(headers));
          if (origin?.source === wanted) last = Math.max(last ?? 0, origin.offset);
        }
        // Retention has taken what was at its start.
        const next = outOfRange?.startOffset ?? nextOffset;
        if (next >= end[at]) {
          left.delete(at);
          reader.stop(topic, at);
        } else if (outOfRange !== undefined) reader.seek(topic, at, next);
      }
    }
  } finally {
    await reader.close();
  }
  return last;
}
