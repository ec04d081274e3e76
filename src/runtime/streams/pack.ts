import type { LogRecord } from "../../ports/log.ts";
import type { ShuffledEvent } from "../../processor/stream_program.ts";
import { DeserializationError } from "../../record/errors.ts";
import { NO_HEADERS, type RecordHeaders } from "../../record/headers.ts";
import type { EventOrigin } from "../../record/event_origin.ts";
import { keyOfColumns } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { decodeWire, encodeWire } from "../../record/wire.ts";
import type { TextBytes } from "./text_bytes.ts";

/** The source of packs by which an owner lets time pass. */
export const CLOCK = "clock";

/** The source of packs by which an owner says how far the wall clock is. No topic is named so. */
export const WALL_CLOCK = "#wall clock";

/** The source of packs that hold no events, but tell how far sources are read. No topic is named so. */
const MARKS = "#marks";

/** The value of a record after which time is `toUs`, as if an event of that time had come. */
export function tickOf(toUs: number): string {
  return timePack(CLOCK, toUs);
}

/** The value of a record that says that the wall clock has come to `nowUs`. */
export function wallClockOf(nowUs: number): string {
  return timePack(WALL_CLOCK, nowUs);
}

function timePack(source: string, us: number): string {
  return `[${JSON.stringify(source)},0,[[0,0,0,${us},null,null]]]`;
}

/** Where the record stands of which an event was made, and which of those of that record it is. */
export interface Origin {
  readonly offset: number;
  readonly index: number;
}

/** An event as a stage reads it. `input`: which of the stage's inputs it is for. */
export type PackedEvent = ShuffledEvent & Origin & {
  readonly input: number;
  /** Where the record says that it comes from, if repeats of that are dropped; null otherwise. */
  readonly via: EventOrigin | null;
};

/** A record of a repartition topic: events of one partition of a source, in its order. */
export interface Pack {
  /** The source's topic, with its id where the log has ids. */
  readonly source: string;
  readonly partition: number;
  readonly events: readonly PackedEvent[];
  /** Set if it tells how far sources are read; then it has no events. */
  readonly marks?: Marks;
}

/** What one instance tells of the sources that it reads. Whatever is told twice, or late, tells nothing new. */
export interface Marks {
  /** A name that no other instance has, nor this one after a start; empty: it tells nothing. */
  readonly issuer: string;
  /** How old the instance is. Milliseconds: no clock that instances have in common is needed. */
  readonly ageMs: number;
  /** All topics that are read for the stage, and in how many partitions these are. */
  readonly topics: readonly (readonly [topic: string, partitions: number])[];
  readonly claims: readonly Claim[];
  /** A task of the stage has begun under this name; absent: none has. */
  readonly begins?: string;
}

/** What is told of one partition of a source. */
export interface Claim {
  /** Which of the topics. */
  readonly topic: number;
  readonly partition: number;
  /**
   * All that the partition had when the instance was so old is in the repartition topic, before this record.
   * Milliseconds; -1: nothing is known.
   */
  readonly completeMs: number;
  /** The newest time of its events that are there. Microseconds since the epoch; null: there are none. */
  readonly clockUs: number | null;
}

/** The value of a record that tells how far sources are read. */
export function marksOf({ issuer, ageMs, topics, claims }: Marks): string {
  const told = claims.map(({ topic, partition, completeMs, clockUs }) => [topic, partition, completeMs, clockUs]);
  return JSON.stringify([MARKS, 0, [issuer, ageMs, topics, told]]);
}

/** The value of a record that tells nothing: whoever reads it gives more of the events that were held back. */
export const NUDGE: string = marksOf({ issuer: "", ageMs: 0, topics: [], claims: [] });

/** The value of a record by which a task says that it has begun, under a name that no other start has. */
export function beginOf(name: string): string {
  return JSON.stringify([MARKS, 0, ["", 0, [], [], name]]);
}

/** An event's part of a pack. @throws TypeError for a value that no other task can be told */
export function packedEvent(
  { offset, index }: Origin,
  { input, columns, value, timestampUs, headers, via = null }:
    & Pick<PackedEvent, "input" | "columns" | "value" | "timestampUs" | "headers">
    & Partial<Pick<PackedEvent, "via">>,
): string {
  // In an array it would be null.
  if (value === undefined) return encodeWire(value);
  const told = headers === NO_HEADERS ? [] : Object.entries(headers).flat();
  const event: unknown[] = [offset, index, input, timestampUs, columns, value];
  if (told.length > 0 || via !== null) event.push(told);
  if (via !== null) event.push([via.source, via.offset, via.index]);
  return encodeWire(event);
}

const encoder = new TextEncoder();
const PACK_END = encoder.encode("]]");

/** The value of a pack's record. `events`: what {@link packedEvent} gave, those from one to before another one. */
export function packOf(
  source: string,
  { partition, events, from = 0, to = events.count }: {
    readonly partition: number;
    readonly events: TextBytes;
    readonly from?: number;
    readonly to?: number;
  },
): Uint8Array {
  const before = encoder.encode(`[${JSON.stringify(source)},${partition},[`);
  return events.between(from, to, { before, after: PACK_END });
}

const decoder = new TextDecoder();

/** Reads the value of a pack's record. @throws DeserializationError for one that no stage can have written */
export function readPack(topic: string, { value }: Pick<LogRecord, "value">): Pack {
  try {
    const text = typeof value === "string" ? value : decoder.decode(value!);
    const [source, partition, content] = decodeWire(text) as [string, number, RawEvent[] | RawMarks];
    if (source === MARKS) return { source, partition, events: [], marks: readMarks(content as RawMarks) };
    return { source, partition, events: (content as RawEvent[]).map(eventOf) };
  } catch (cause) {
    throw new DeserializationError("not_json", `Cannot read a record of repartition topic "${topic}": ${cause}`, {
      cause,
    });
  }
}

type RawMarks = readonly [
  string,
  number,
  Marks["topics"],
  readonly (readonly [number, number, number, number | null])[],
  string?,
];

function readMarks([issuer, ageMs, topics, told, begins]: RawMarks): Marks {
  const claims = told.map(([topic, partition, completeMs, clockUs]) => ({ topic, partition, completeMs, clockUs }));
  return { issuer, ageMs, topics, claims, ...begins === undefined ? {} : { begins } };
}

type RawEvent = readonly [
  ...[offset: number, index: number, input: number, timestampUs: number, columns: Row | null, value: unknown],
  // Names and values in turn; absent where there are none, and nothing follows.
  headers?: readonly (string | null)[],
  via?: readonly [string, number, number],
];

function eventOf([offset, index, input, timestampUs, columns, value, told, came]: RawEvent): PackedEvent {
  const headers = told === undefined || told.length === 0 ? NO_HEADERS : headersOf(told);
  const via = came === undefined ? null : { source: came[0], offset: came[1], index: came[2] };
  return columns === null
    ? { offset, index, input, timestampUs, value, columns, key: null, headers, via }
    : { offset, index, input, timestampUs, value, columns, key: keyOfColumns(columns), headers, via };
}

function headersOf(told: readonly (string | null)[]): RecordHeaders {
  const headers: Record<string, string | null> = Object.create(null);
  for (let at = 0; at < told.length; at += 2) headers[told[at]!] = told[at + 1];
  return headers;
}
