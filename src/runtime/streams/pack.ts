import type { LogRecord } from "../../ports/log.ts";
import type { ShuffledEvent } from "../../processor/stream_program.ts";
import { DeserializationError } from "../../record/errors.ts";
import { keyOfColumns } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { decodeWire, encodeWire } from "../../record/wire.ts";

/** The source of packs by which an owner lets time pass. */
export const CLOCK = "clock";

/** The value of a record after which time is `toUs`, as if an event of that time had come. */
export function tickOf(toUs: number): string {
  return packOf(CLOCK, { partition: 0, events: [`[0,0,0,${toUs},null,null]`] });
}

/** Where the record stands of which an event was made, and which of those of that record it is. */
export interface Origin {
  readonly offset: number;
  readonly index: number;
}

/** An event as a stage reads it. `input`: which of the stage's inputs it is for. */
export type PackedEvent = ShuffledEvent & Origin & { readonly input: number };

/** A record of a repartition topic: events of one partition of a source, in its order. */
export interface Pack {
  /** The source's topic, with its id where the log has ids. */
  readonly source: string;
  readonly partition: number;
  readonly events: readonly PackedEvent[];
}

/** An event's part of a pack. @throws TypeError for a value that no other task can be told */
export function packedEvent(
  { offset, index }: Origin,
  { input, columns, value, timestampUs }: Pick<PackedEvent, "input" | "columns" | "value" | "timestampUs">,
): string {
  return `[${offset},${index},${input},${timestampUs},${encodeWire(columns)},${encodeWire(value)}]`;
}

/** The value of a pack's record. `events`: what {@link packedEvent} gave. */
export function packOf(
  source: string,
  { partition, events }: { partition: number; events: readonly string[] },
): string {
  return `[${JSON.stringify(source)},${partition},[${events.join()}]]`;
}

const decoder = new TextDecoder();

/** Reads the value of a pack's record. @throws DeserializationError for one that no stage can have written */
export function readPack(topic: string, { value }: Pick<LogRecord, "value">): Pack {
  try {
    const text = typeof value === "string" ? value : decoder.decode(value!);
    const [source, partition, events] = decodeWire(text) as [string, number, RawEvent[]];
    return { source, partition, events: events.map(eventOf) };
  } catch (cause) {
    throw new DeserializationError("not_json", `Cannot read a record of repartition topic "${topic}": ${cause}`, {
      cause,
    });
  }
}

type RawEvent = readonly [number, number, number, number, Row | null, unknown];

function eventOf([offset, index, input, timestampUs, columns, value]: RawEvent): PackedEvent {
  const common = { offset, index, input, timestampUs, value };
  return columns === null ? { ...common, columns, key: null } : { ...common, columns, key: keyOfColumns(columns) };
}
