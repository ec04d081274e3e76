import { Buffer } from "node:buffer";
import { LimitError, ProcessorError } from "./errors.ts";
import { type Key, keyText } from "./key.ts";
import type { Row } from "./row.ts";
import { encodeWire } from "./wire.ts";

/** Bytes of UTF-8 that one UTF-16 unit takes at most. */
const UNIT_BYTES_MAX = 3;
/** Bytes that one unit takes at most once it is escaped in JSON. */
const ESCAPED_BYTES_MAX = 6;
/** What is in a record beside its messages: names of task and join, numbers, brackets. */
const ENVELOPE_BYTES = 4_096;

/** Left for a short key. */
const KEY_BYTES = 64;

/** Bytes that all messages of one record may have. `messageBytesMax`: of the whole record. */
export function contentBytesMax(messageBytesMax: number): number {
  return Math.max(0, messageBytesMax - ENVELOPE_BYTES);
}

/** UTF-16 units that messages may have of which it is not known how many bytes they are. */
export function contentLengthMax(messageBytesMax: number): number {
  return Math.floor(contentBytesMax(messageBytesMax) / UNIT_BYTES_MAX);
}

/**
 * Checks that a text or key, once it is JSON, may be sent to another task.
 * @throws LimitError naming the setting
 */
export function checkTextBytes(text: string, bytesMax: number): void {
  if (text.length * ESCAPED_BYTES_MAX > bytesMax) checkMessageBytes(JSON.stringify(text), bytesMax);
}

/**
 * Checks that JSON may be sent to another task. Nearly all is so short that its bytes need not be counted.
 * @throws LimitError naming the setting
 */
export function checkMessageBytes(text: string, bytesMax: number): void {
  if (text.length * UNIT_BYTES_MAX <= bytesMax) return;
  const bytes = Buffer.byteLength(text);
  if (bytes <= bytesMax) return;
  throw new LimitError(
    "messageBytesMax",
    `Cannot send it to another task as at most ${bytesMax} bytes: current value is ${bytes} bytes. Leave large ` +
      "columns out with pick() or mapValues(), or raise WEIR_MESSAGE_BYTES_MAX, and max.message.bytes of the inbox " +
      "topics with it",
  );
}

/** A row for another task. */
export interface SentRow {
  readonly operator: string;
  readonly key: Key;
  readonly bytesMax: number;
  /** The row's values, in an order that is said elsewhere: these are sent instead of the row. */
  readonly values?: readonly unknown[];
}

/**
 * A row as JSON text for another task.
 * @throws ProcessorError naming the column that cannot be sent, or is the largest, and what to do
 */
export function encodeRow(row: Row, from: SentRow): string {
  try {
    const wire = encodeWire(from.values ?? row);
    checkMessageBytes(wire, from.bytesMax - keyBytes(from.key));
    return wire;
  } catch (cause) {
    throw refused(row, { ...from, cause });
  }
}

/** The key goes with the row. Few keys are so long that their bytes need be counted. */
function keyBytes(key: Key): number {
  if (typeof key === "number") return KEY_BYTES;
  return key.length * ESCAPED_BYTES_MAX <= KEY_BYTES ? KEY_BYTES : Buffer.byteLength(JSON.stringify(key));
}

function refused(row: Row, from: { operator: string; key: Key; cause: unknown }): ProcessorError {
  const { operator, key, cause } = from;
  const tooLarge = cause instanceof LimitError;
  const column = tooLarge ? largestColumn(row) : columnWithout(row);
  const why = `column "${column}": ${(cause as Error).message}`;
  return new ProcessorError(operator, keyText(key), {
    cause: tooLarge ? new LimitError(cause.limit, why) : new TypeError(why, { cause }),
    reason: tooLarge ? "too_large" : "not_sendable",
    row,
  });
}

function largestColumn(row: Row): string {
  const sizes = Object.entries(row).map(([name, value]) => [name, encodeWire({ value }).length] as const);
  return sizes.reduce((a, b) => b[1] > a[1] ? b : a)[0];
}

/** The first column that has no form for other tasks. */
function columnWithout(row: Row): string | undefined {
  return Object.keys(row).find((name) => {
    try {
      encodeWire({ value: row[name] });
      return false;
    } catch {
      return true;
    }
  });
}
