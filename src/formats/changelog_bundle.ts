import { DeserializationError } from "../record/errors.ts";
import { type Key, keyOfColumns } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { decodeWire, encodeWire } from "../record/wire.ts";
import { type MessageBytes, textOf } from "./message_text.ts";

const END_OF_TIMES = "]".charCodeAt(0);
const VALUE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * What a bundle says of all its elements. A bundle is a record of a stage's changelog that holds the elements of many
 * keys, where all of them go by time: as facts they would be a record each, and one more each when they are gone.
 */
export interface BundleSummary {
  /** All events of its keys below this offset are in it. */
  readonly to: number;
  /** By clock of the operator: from when on none of the elements is there. -Infinity: it has none by this clock. */
  readonly goneFromUs: readonly number[];
}

/** An element that is of one time, and no result. */
export interface BundledElement {
  /** Microseconds since the epoch. */
  readonly start: number;
  readonly seq: number;
  /** A wire value. */
  readonly state: unknown;
}

/** What a bundle has of one key: all that changed of it with the events of a batch. */
export interface BundledKey {
  readonly key: Key;
  /** Those of which the key is made. */
  readonly columns: Row;
  readonly elements: readonly BundledElement[];
}

/** The key of a bundle's record: of all bundles one owner writes, the position and the part tell it apart. */
export function bundleKey(
  { owner, to, part }: { readonly owner: string; readonly to: number; readonly part: number },
): string {
  return JSON.stringify([owner, to, part]);
}

/** An element's part of a bundle. @throws TypeError for a state that is no wire value */
export function bundledElement({ start, seq, state }: BundledElement): string {
  return encodeWire([start, seq, state]);
}

/** A key's part of a bundle. `elements`: what {@link bundledElement} gave. */
export function bundledKey(columns: Row, elements: readonly string[]): string {
  return `[${encodeWire(columns)},${elements.join()}]`;
}

/** The value of a bundle's record. `keys`: what {@link bundledKey} gave. */
export function bundleValue({ to, goneFromUs }: BundleSummary, keys: readonly string[]): string {
  const times = goneFromUs.map((us) => us === -Infinity ? null : us);
  return `[${to},${JSON.stringify(times)},${keys.join()}]`;
}

/** Reads what a bundle says of all its elements, and nothing more of it. @throws SyntaxError */
export function readSummary(value: MessageBytes): BundleSummary {
  const text = textOf(start(value), "a bundle", VALUE_BYTES_MAX);
  const [to, times] = JSON.parse(`${text}]`) as [number, (number | null)[]];
  return { to, goneFromUs: times.map((us) => us ?? -Infinity) };
}

/** To the end of the times. */
function start(value: MessageBytes): MessageBytes {
  return typeof value === "string"
    ? value.slice(0, value.indexOf("]") + 1)
    : value.subarray(0, value.indexOf(END_OF_TIMES) + 1);
}

/** Reads what a bundle has of its keys. @throws DeserializationError for one that no stage can have written */
export function readBundle(topic: string, value: MessageBytes): BundledKey[] {
  return readingOf(topic, () => {
    const [, , ...keys] = decodeWire(textOf(value, "a bundle", VALUE_BYTES_MAX)) as [number, unknown, ...RawKey[]];
    return keys.map(([columns, ...elements]) => ({
      key: keyOfColumns(columns),
      columns,
      elements: elements.map(([start, seq, state]) => ({ start, seq, state })),
    }));
  });
}

/** Runs a reader of a changelog's record. @throws DeserializationError for whatever it throws */
export function readingOf<T>(topic: string, reader: () => T): T {
  try {
    return reader();
  } catch (cause) {
    throw new DeserializationError("not_json", `Cannot read a record of changelog "${topic}": ${cause}`, { cause });
  }
}

type RawKey = readonly [columns: Row, ...elements: (readonly [start: number, seq: number, state: unknown])[]];
