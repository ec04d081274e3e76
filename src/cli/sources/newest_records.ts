import type { Bytes, Log, LogRecord } from "../../ports/log.ts";

/** A partition that says nothing for so long is left as it is. */
const SILENT_MS = 15_000;
const POLL_MS = 500;

/** A record, and where it stands. */
export interface PlacedRecord {
  readonly partition: number;
  readonly record: LogRecord;
}

/**
 * The newest records of a topic: of each partition its last ones, as many of all as are asked for, or a few more.
 * Partitions of which nothing comes are left out.
 * @throws ProductionError
 */
export async function newestRecords(
  log: Log,
  { topic, most }: { topic: string; most: number },
): Promise<PlacedRecord[]> {
  const { start, end } = await log.offsets(topic);
  const each = Math.ceil(most / Math.max(1, end.filter((offset, partition) => offset > start[partition]).length));
  const open = new Set(end.keys().filter((partition) => end[partition] > start[partition]));
  const reader = log.reader();
  const found: PlacedRecord[] = [];
  try {
    for (const partition of open) reader.seek(topic, partition, Math.max(start[partition], end[partition] - each));
    let heardMs = performance.now();
    while (open.size > 0 && performance.now() - heardMs < SILENT_MS) {
      for (const { partition, records, nextOffset } of await reader.poll(POLL_MS)) {
        heardMs = performance.now();
        for (const record of records) {
          if (record.offset < end[partition]) found.push({ partition, record: copied(record) });
        }
        if (nextOffset < end[partition]) continue;
        open.delete(partition);
        reader.stop(topic, partition);
      }
    }
  } finally {
    await reader.close();
  }
  return found;
}

/** What is read may be a view of a buffer that is used again. */
function copied(record: LogRecord): LogRecord {
  return { ...record, key: kept(record.key), value: kept(record.value) };
}

function kept(bytes: Bytes | null): Bytes | null {
  return bytes === null || typeof bytes === "string" ? bytes : bytes.slice();
}
