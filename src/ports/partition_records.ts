import { ProductionError } from "../record/errors.ts";
import type { Log, LogRecord } from "./log.ts";

const POLL_MS = 200;

/** A part of a partition. */
export interface PartitionRange {
  readonly topic: string;
  readonly partition: number;
  /** The first offset; it must not be before where the partition begins. */
  readonly from: number;
  /** The offset behind the last one; it must be there. */
  readonly to: number;
  /** Is asked before the log is; false: no more is wanted. */
  readonly goesOn?: () => boolean;
}

/**
 * Gives all records of a part of a partition, in order, as many at a time as come. What is kept of one must be copied.
 * @throws ProductionError when they cannot be read
 */
export async function* partitionRecords(
  log: Pick<Log, "reader">,
  { topic, partition, from, to, goesOn = () => true }: PartitionRange,
): AsyncGenerator<readonly LogRecord[], void> {
  if (from >= to) return;
  const reader = log.reader();
  try {
    reader.seek(topic, partition, from);
    for (let position = from; position < to && goesOn();) {
      for (const { records, nextOffset, problem, outOfRange } of await reader.poll(POLL_MS)) {
        if (problem !== undefined) throw new ProductionError(problem, { retriable: false });
        if (outOfRange !== undefined) {
          const message = `Records of "${topic}" were deleted while they were read: try again`;
          throw new ProductionError(message, { retriable: true });
        }
        yield records.filter(({ offset }) => offset < to);
        position = nextOffset;
      }
    }
  } finally {
    await reader.close();
  }
}
