import type { Fetched } from "../../ports/log.ts";
import { type Backoff, createBackoff } from "./protocol/backoff.ts";

/** Where a reader is in one partition, and what it has fetched there. Begins a new life at every `seek`. */
export interface ReadPosition {
  readonly topic: string;
  readonly partition: number;
  /** Where the next fetch begins. */
  offset: number;
  /** Fetched and not delivered yet. */
  chunk: Fetched | null;
  paused: boolean;
  inFlight: boolean;
  /** Out of range, or refused: nothing is read until the next `seek`. */
  ended: boolean;
  bytesMax: number;
  /** No fetch before this time. */
  notBefore: number;
  readonly backoff: Backoff;
  /** Since when the topic is missing from the metadata. */
  unknownSince: number | null;
}

export function newReadPosition(
  start: Pick<ReadPosition, "topic" | "partition" | "offset" | "paused" | "bytesMax">,
): ReadPosition {
  return {
    ...start,
    chunk: null,
    inFlight: false,
    ended: false,
    notBefore: 0,
    backoff: createBackoff(),
    unknownSince: null,
  };
}
