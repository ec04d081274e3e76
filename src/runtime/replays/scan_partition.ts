import type { Bytes, Log, LogRecord } from "../../ports/log.ts";
import { partitionRecords } from "../../ports/partition_records.ts";

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
  const range = { topic, partition, from: Math.max(from, start[partition] ?? 0), to };
  for await (const records of partitionRecords(log, range)) records.forEach((record) => take(record));
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
