import type { Bytes, Log, LogRecord } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";

const POLL_MS = 200;

/**
 * Gives `take` every record of a partition from `from` to where it ends now, in order. What is kept of one must be
 * copied: {@link copyOf}. Resolves to that end.
 * @throws ProductionError when it cannot be read
 */
export async function scanPartition(
  log: Log,
  { topic, partition, from }: { readonly topic: string; readonly partition: number; readonly from: number },
  take: (record: LogRecord) => void,
): Promise<number> {
  const { start, end } = await log.offsets(topic);
  const to = end[partition] ?? 0;
  let position = Math.max(from, start[partition] ?? 0);
  if (position >= to) return to;
  const reader = log.reader();
  try {
    reader.seek(topic, partition, position);
    while (position < to) {
      for (const { records, nextOffset, problem, outOfRange } of await reader.poll(POLL_MS)) {
        if (problem !== undefined) throw new ProductionError(problem, { retriable: false });
        if (outOfRange !== undefined) {
          const message = `Records of "${topic}" were deleted while they were read: try again`;
          throw new ProductionError(message, { retriable: true });
        }
        for (const record of records) if (record.offset < to) take(record);
        position = nextOffset;
      }
    }
  } finally {
    await reader.close();
  }
  return to;
}

/** A record to be kept: what a reader gives may be a view of all that was fetched with it. */
export function copyOf({ key, value, headers, written, ...record }: LogRecord): LogRecord {
  const own = sliced(written ?? null);
  const copied = { ...record, key: sliced(key), value: sliced(value), ...own === null ? {} : { written: own } };
  return headers === undefined ? copied : { ...copied, headers: headers.slice() };
}

function sliced(bytes: Bytes | null): Bytes | null {
  return bytes === null || typeof bytes === "string" ? bytes : bytes.slice();
}
