import type { RecordMetadata } from "../dsl/events.ts";
import type { OutputNode } from "../dsl/stream_nodes.ts";
import { eventJson } from "../record/event_json.ts";
import { ORIGIN_HEADER } from "../record/event_origin.ts";
import type { RecordHeaders } from "../record/headers.ts";
import { shownValue } from "./shown_value.ts";

/** An event as a record of another topic, but for where it comes from. */
export interface OutputRecord {
  readonly key: string | Uint8Array | null;
  readonly value: string | Uint8Array | null;
  readonly timestampMs: number;
  readonly headers: RecordHeaders;
}

/** What a record takes, about: UTF-16 units of texts. */
export function recordLength({ key, value, headers }: OutputRecord): number {
  let length = (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) length += name.length + (headers[name]?.length ?? 0);
  return length;
}

/** What a record takes beside its key, its value and the headers that it is given: where it comes from, its frame. */
const RECORD_BYTES = 600;

const encoder = new TextEncoder();

/** Whether a topic that takes so many bytes at once does not take it. */
export function isTooLarge(record: OutputRecord, bytesMax: number): boolean {
  if (recordLength(record) * 3 + RECORD_BYTES <= bytesMax) return false;
  const { key, value, headers } = record;
  const bytes = [key, value, ...Object.entries(headers).flat()].reduce((sum: number, part) => {
    return sum + (typeof part === "string" ? encoder.encode(part).length : part?.length ?? 0);
  }, RECORD_BYTES);
  return bytes > bytesMax;
}

/** Makes what writes a stream's events. @throws TypeError (what it makes) for an event that cannot be written so */
export function outputRecords(
  { sink, headers }: OutputNode,
): (value: unknown, key: unknown, metadata: RecordMetadata) => OutputRecord {
  const { columns } = sink;
  const writeValue = columns === null ? writer(sink.value) : (value: unknown) => rowJson(value, columns);
  const writeKey = writer(sink.key);
  return (value, key, metadata) => {
    const timestampMs = Math.floor(metadata.timestampUs / 1_000);
    if (timestampMs < 0) {
      throw new TypeError(`Cannot write an event of ${timestampMs} ms: a record's time is not negative`);
    }
    return {
      key: key === null ? null : writeKey(key),
      value: value === null ? null : writeValue(value),
      timestampMs,
      headers: headers === null ? {} : checkedHeaders(headers(value, key, metadata)),
    };
  };
}

function writer(form: "text" | "json" | "bytes"): (value: unknown) => string | Uint8Array {
  return (value) => {
    if (form === "json") return eventJson(value);
    if (form === "text" && typeof value === "string") return wellFormed(value);
    if (form === "bytes" && value instanceof Uint8Array) return value;
    throw new TypeError(`Cannot write ${shown(value)} as ${form}: map it, or declare the topic with another form`);
  };
}

/** UTF-8 has no bytes for half of a character: another text would arrive, and two keys could become one. */
function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  throw new TypeError(
    `Cannot write ${JSON.stringify(text.slice(0, 60))} as text: half of a character (a lone surrogate) would become ` +
      "U+FFFD. Repair it with toWellFormed(), or write JSON",
  );
}

/** A row as JSON: these columns, in this order. @throws TypeError for what is no row, or has no JSON */
export function rowJson(value: unknown, columns: readonly string[]): string {
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new TypeError(`Cannot write ${shown(value)} as a row: map it to an object with mapValues()`);
  }
  const row = value as Readonly<Record<string, unknown>>;
  return eventJson(Object.fromEntries(columns.map((name) => [name, Object.hasOwn(row, name) ? row[name] : undefined])));
}

function checkedHeaders(given: RecordHeaders): RecordHeaders {
  for (const [name, value] of Object.entries(given)) {
    if (value !== null && value !== undefined && typeof value !== "string") {
      throw new TypeError(`Cannot write header "${name}": current value is ${shown(value)}. Make it a text, or null`);
    }
    wellFormed(name);
    if (typeof value === "string") wellFormed(value);
  }
  if (!Object.hasOwn(given, ORIGIN_HEADER)) return given;
  throw new TypeError(`Cannot write a header "${ORIGIN_HEADER}" of one's own: it tells where an event comes from`);
}

function shown(value: unknown): string {
  return typeof value === "object" ? shownValue(value) : `${typeof value} ${shownValue(value)}`;
}
