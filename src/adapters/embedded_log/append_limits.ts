import { Buffer } from "node:buffer";
import type { Bytes, NewRecord } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { sizeOf } from "./stored_bytes.ts";

/** What a batch, and each record in it, takes in Kafka beside keys and values, so that a topic takes the same here. */
const BATCH_OVERHEAD_BYTES = 61;
const RECORD_OVERHEAD_BYTES = 23;

/** A compacted topic takes no record without a key. */
export function keyless(topic: string): ProductionError {
  const message =
    `Cannot append to "${topic}" as a compacted topic: current value is a record without a key. Give each a key`;
  return new ProductionError(message, { retriable: false });
}

/** The topic takes less. */
export function tooLarge(
  what: string,
  { topic, bytes, max }: { readonly topic: string; readonly bytes: number; readonly max: number },
): ProductionError {
  const message = `Cannot append to "${topic}" as ${what} at most ${max} bytes: current value is ${bytes}. ` +
    "Send less in one";
  return new ProductionError(message, { retriable: false, reason: "too_large" });
}

/** The record's bytes in UTF-8 if they are more than `max`, otherwise null. A character has at most three of a unit. */
export function bytesAbove(max: number, record: NewRecord): number | null {
  const { key, value, headers } = record;
  if (
    3 * (sizeOf(key) + sizeOf(value)) + (headers?.length ?? 0) + RECORD_OVERHEAD_BYTES + BATCH_OVERHEAD_BYTES <= max
  ) return null;
  const bytes = bytesTogether([record]);
  return bytes > max ? bytes : null;
}

/** What a batch of these takes. */
export function bytesTogether(records: readonly NewRecord[]): number {
  return records.reduce(
    (sum, { key, value, headers }) =>
      sum + byteLength(key) + byteLength(value) + (headers?.length ?? 0) + RECORD_OVERHEAD_BYTES,
    BATCH_OVERHEAD_BYTES,
  );
}

function byteLength(bytes: Bytes | null): number {
  return bytes === null ? 0 : typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.length;
}
