import type { Bytes, Log, LogRecord } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { sourceOf } from "../../record/source_name.ts";

/** Which records of a partition are asked for: from an offset to below another one. */
export interface AskedRecords {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** Records of a partition, as the instance's log has them now. */
export interface PartitionRecords {
  /** Names the topic in append tables. */
  readonly source: string;
  readonly compacted: boolean;
  /** The oldest offset that is there. */
  readonly start: number;
  readonly records: readonly LogRecord[];
  /** All that there are before it were given; less than what was asked for if that is too much at once. */
  readonly next: number;
}

/** The same as a line of JSON can have it. */
export interface ToldRecords extends Omit<PartitionRecords, "records"> {
  readonly records: readonly ToldRecord[];
}

type ToldBytes = string | { readonly base64: string } | null;
type ToldRecord = readonly [offset: number, timestampMs: number, key: ToldBytes, value: ToldBytes, headers: ToldBytes];

/** Bytes of keys, values and headers of one answer; one record may have more. */
const BYTES_MAX = 2 * 1024 * 1024;
const POLL_MS = 200;
const POLLS_MAX = 50;

/** Reads records that are asked for. Null if there is no such topic. @throws ProductionError when it cannot be read */
export async function readRecords(log: Log, asked: AskedRecords): Promise<ToldRecords | null> {
  const { topic, partition } = asked;
  const description = (await log.topics([topic])).get(topic);
  if (description === undefined) return null;
  const start = (await log.offsets(topic)).start[partition];
  const source = sourceOf(topic, description);
  const known = { source, compacted: description.compacted, start };
  const from = Math.max(asked.from, start);
  if (from >= asked.to) return { ...known, records: [], next: asked.to };
  return { ...known, ...await between(log, { ...asked, from }) };
}

async function between(
  log: Log,
  { topic, partition, from, to }: AskedRecords,
): Promise<Pick<ToldRecords, "records" | "next">> {
  const records: ToldRecord[] = [];
  let bytes = 0;
  let next = from;
  const reader = log.reader();
  try {
    reader.seek(topic, partition, from);
    for (let polls = 0; next < to && polls < POLLS_MAX; polls++) {
      for (const part of await reader.poll(POLL_MS)) {
        const problem = part.problem ?? (part.outOfRange === undefined ? undefined : "its records are gone meanwhile");
        if (problem !== undefined) throw unreadable({ topic, partition }, problem);
        for (const record of part.records) {
          if (record.offset >= to || bytes > BYTES_MAX) {
            return { records, next: Math.min(record.offset, to) };
          }
          records.push(told(record));
          bytes += sizeOf(record);
        }
        next = Math.min(part.nextOffset, to);
      }
    }
    if (next === from) throw unreadable({ topic, partition }, `nothing came within ${POLLS_MAX * POLL_MS / 1_000} s`);
    return { records, next };
  } finally {
    await reader.close();
  }
}

function unreadable({ topic, partition }: Pick<AskedRecords, "topic" | "partition">, reason: string): ProductionError {
  const message = `Cannot read partition ${partition} of "${topic}" to compare it: current value is "${reason}"`;
  return new ProductionError(message, { retriable: true });
}

function sizeOf({ key, value, headers }: LogRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0) + (headers?.length ?? 0);
}

function told({ offset, timestampMs, key, value, headers }: LogRecord): ToldRecord {
  return [offset, timestampMs, toldBytes(key), toldBytes(value), toldBytes(headers ?? null)];
}

function toldBytes(bytes: Bytes | null): ToldBytes {
  return bytes === null || typeof bytes === "string" ? bytes : { base64: bytes.toBase64() };
}

/** What was told, as it was read. */
export function recordsIn({ records, ...rest }: ToldRecords): PartitionRecords {
  return {
    ...rest,
    records: records.map(([offset, timestampMs, key, value, headers]) => ({
      ...{ offset, timestampMs, key: bytesIn(key), value: bytesIn(value) },
      ...headers === null ? {} : { headers: bytesIn(headers) as Uint8Array },
    })),
  };
}

function bytesIn(told: ToldBytes): Bytes | null {
  return told === null || typeof told === "string" ? told : Uint8Array.fromBase64(told.base64);
}
