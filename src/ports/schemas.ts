import type { Bytes, Log } from "./log.ts";

/** A topic whose records a producer has written through a schema registry, and how they are wanted. */
export interface EncodedTopic {
  readonly topic: string;
  /**
   * How keys are given on, if they are written through it, too: as JSON with its schema beside it (`{"schema":...,
   * "payload":...}`), as JSON alone, or as the text that a key of one text is; null: they are not, and stay as they
   * are.
   */
  readonly key: "with_schema" | "json" | "text" | null;
  /** How values are given on; `bytes`: as they are. */
  readonly value: "with_schema" | "json" | "bytes";
  /** Columns of rows that may be null: of them null must not look like 0. */
  readonly nullable: readonly string[];
  /**
   * Its records are of rows by key, so that of one key all must lie in one partition. Then one schema of keys alone is
   * read, where there are several partitions.
   */
  readonly keyed: boolean;
}

/** A log whose readers give records of encoded topics as JSON. */
export interface DecodedLog extends Log {
  /**
   * Looks up what must be known before anything is read: which schema keys are written with. Asks again for what was
   * not there at the last call.
   * @throws ProductionError, retriable, when the registry cannot be asked, or a topic has no schema yet
   * @throws ConfigError when there is no registry, it refuses, or a key may lie in several partitions
   */
  prepare(): Promise<void>;
  /** The bytes of the key that JsonConverter would write as this text, as the topic's producer writes it. */
  keyBytes(topic: string, text: string): Bytes;
}

/** Where schemas of records are found. */
export interface Schemas {
  /**
   * The log, whose readers give JSON for what the registry's schemas describe. A record whose schema cannot be had at
   * the moment is waited for: its partition has a `problem` until then. One that no schema is for, or that is not of
   * its schema's form, is given on as {@link unreadable}. All else is given on as it is.
   */
  decoded(log: Log, topics: readonly EncodedTopic[]): DecodedLog;
}

/** Begins with byte 0, as no JSON does. */
const UNREADABLE = "\u0000unreadable:";

/** Stands for a key or value that cannot be read: why, and its bytes. */
export function unreadable(reason: string, bytes: Uint8Array): string {
  return UNREADABLE + JSON.stringify({ reason, bytes: bytes.toBase64() });
}
