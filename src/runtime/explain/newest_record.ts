import type { Clock } from "../../ports/clock.ts";
import type { Fetched, Log, LogRecord, Position } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";

/** Records of the first look, which doubles with every further one. */
const FIRST_RECORDS = 2_000;
/** How long that may take in all: some hundred thousand records. */
export const SEARCH_MS_MAX = 5_000;
const POLL_MS = 200;

/** Where a key's newest record may lie. */
export interface RecordQuestion extends Omit<Position, "offset"> {
  /** Everything from this offset on was not read yet. */
  readonly before: number;
  /** Whether a record is about the key. */
  readonly isWanted: (record: LogRecord) => boolean;
  /** By the clock's `elapsedMs`; absent: some seconds from now. */
  readonly deadlineMs?: number;
}

/** Where a record lies, and when it was written. */
export interface FoundRecord {
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
}

interface SearchPorts {
  readonly log: Pick<Log, "offsets" | "reader">;
  readonly clock: Clock;
}

/**
 * The newest record of a key, looked for from the end backwards: nobody keeps where each row's record lies. Null when
 * it is not found in time.
 */
export async function newestRecord(ports: SearchPorts, question: RecordQuestion): Promise<FoundRecord | null> {
  const found = await searchNewest(ports, question);
  return found === "none" ? null : found;
}

/** The same, and whether all that the partition has was looked through: `none`. */
export async function searchNewest(
  { log, clock }: SearchPorts,
  question: RecordQuestion,
): Promise<FoundRecord | "none" | null> {
  const { topic, partition, before, deadlineMs = clock.elapsedMs() + SEARCH_MS_MAX } = question;
  const inTime = () => clock.elapsedMs() < deadlineMs;
  const reader = log.reader();
  try {
    const start = (await log.offsets(topic)).start[partition] ?? before;
    let size = FIRST_RECORDS;
    for (let to = before; to > start && inTime(); size *= 2) {
      const from = Math.max(start, to - size);
      let found: FoundRecord | null = null;
      reader.seek(topic, partition, from);
      for (let at = from; at < to;) {
        if (!inTime()) return null;
        for (const part of await reader.poll(POLL_MS)) {
          if (part.outOfRange !== undefined || part.problem !== undefined) return null;
          found = lastWanted(part, { ...question, before: to }) ?? found;
          at = part.nextOffset;
          await clock.breathe();
        }
      }
      reader.stop(topic, partition);
      if (found !== null) return found;
      to = from;
      if (to <= start) return "none";
    }
    return before <= start ? "none" : null;
  } catch (error) {
    // Where the record lies is not known then; all else is.
    if (error instanceof ProductionError) return null;
    throw error;
  } finally {
    await reader.close();
  }
}

function lastWanted({ records }: Fetched, { before, isWanted }: RecordQuestion): FoundRecord | null {
  const record = records.findLast((one) => one.offset < before && isWanted(one));
  return record === undefined ? null : { offset: record.offset, timestampMs: record.timestampMs };
}
