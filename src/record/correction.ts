import { digestOf } from "./digest.ts";

/** The topic that holds what records should have said that somebody could not read. It belongs to the sources. */
export const CORRECTIONS_TOPIC = "weir.corrections";

/** What a record of a table's topic should have said. Its key is the record's own. */
export interface Correction {
  readonly topic: string;
  /** Of the topic: one that was made again has other records at the same places. Null if the log does not tell. */
  readonly topicId: string | null;
  readonly partition: number;
  readonly offset: number;
  /** Of the record that is corrected. */
  readonly key: string | null;
  /** Of the record that is corrected, milliseconds since the epoch. */
  readonly timestampMs: number;
  /** Of the value that is corrected, as {@link printOf} gives it: another record may come to stand there. */
  readonly print: number;
  /** Columns in which its row differs from that of the record as it lies; null: it may differ in anything. */
  readonly changed: readonly string[] | null;
  /** Null: a tombstone. */
  readonly value: string | null;
}

/** Stands for a value that is corrected. */
export function printOf(value: string | Uint8Array | null): number {
  return digestOf(typeof value === "string" ? value : value === null ? "null" : decoder.decode(value));
}

const decoder = new TextDecoder();

/** A correction as a record of {@link CORRECTIONS_TOPIC}. */
export function encodeCorrection(correction: Correction): { readonly key: string; readonly value: string } {
  const { topic, topicId, partition, offset, key, timestampMs, print, changed, value } = correction;
  return {
    key: JSON.stringify([topic, topicId, partition, offset]),
    value: JSON.stringify({ key, timestampMs, print, changed, value }),
  };
}

/** What such a record says; null for what nobody has written with {@link encodeCorrection}. */
export function decodeCorrection(place: string, content: string): Correction | null {
  try {
    const [topic, topicId, partition, offset] = JSON.parse(place);
    const { key, timestampMs, print, changed = null, value } = JSON.parse(content);
    const texts = [topicId, key, value].every((text) => text === null || typeof text === "string");
    const numbers = [partition, offset, print].every(Number.isSafeInteger) && Number.isFinite(timestampMs);
    const columns = changed === null ||
      (Array.isArray(changed) && changed.every((column) => typeof column === "string"));
    return typeof topic === "string" && texts && numbers && columns
      ? { topic, topicId, partition, offset, key, timestampMs, print, changed, value }
      : null;
  } catch {
    return null;
  }
}
