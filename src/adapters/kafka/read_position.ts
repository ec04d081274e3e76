import type { Fetched } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import type { Cluster } from "./cluster.ts";
import type { ReadPortion } from "../local/recent_portions.ts";
import { type Backoff, createBackoff } from "./protocol/backoff.ts";
import { ErrorCode, errorName } from "./protocol/errors.ts";
import type { ClusterMetadata } from "./protocol/metadata.ts";
import type { FetchLeave, ReadBudget } from "./read_budget.ts";
import { mayAppear, unknownTopic } from "./topics.ts";

/** Waits before what could not be read is tried again. */
const TROUBLE = { firstMs: 1_000, lastMs: 30_000 };

/** What a fetch brought of one partition, decoded once for all readers that wait for it. */
export interface Portion extends ReadPortion {
  readonly endOffset: number;
  /** So many offsets are behind that end, and wait for a transaction to end. */
  readonly heldBack: number;
  /** Epoch of the leader that wrote its last batch; null if that is not known. */
  readonly leaderEpoch: number | null;
  /** To ask for, so that the first batch comes whole; 0 if it did. */
  readonly bytesNeeded: number;
  readonly fetchedBytes: number;
}

/** What of it one reader is given, and the memory it takes. */
export interface Chunk {
  readonly fetched: Omit<Fetched, "fromOffset">;
  readonly bytes: number;
}

/** Fetched and not delivered yet. */
interface HeldChunk extends Chunk {
  /** Where its fetch began. */
  readonly offset: number;
}

/** A reader, as the fetcher sees it. */
export interface FetchTarget {
  readonly budget: ReadBudget;
  /** Room for one more fetch; null while there is none. */
  leave(): FetchLeave | null;
  receive(position: ReadPosition, portion: Portion): void;
  /** The partition cannot be read now, and is tried again. */
  tellTrouble(position: ReadPosition, error: ProductionError): void;
  /** The position lies outside of the log. */
  tellRange(position: ReadPosition, range: { readonly startOffset: number; readonly endOffset: number }): void;
  /** Nothing can be read; or, with a position, that one never. */
  fail(error: ProductionError, position?: ReadPosition): void;
}

/** A request that positions are part of. */
interface Request {
  /** Nobody waits for this position any more. */
  forget(position: ReadPosition): void;
}

/** Where a reader is in one partition, and what it has fetched there. Begins a new life at every `seek`. */
export interface ReadPosition {
  /** As of {@link nameOf}. */
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  /** Where the next fetch begins. */
  offset: number;
  chunk: HeldChunk | null;
  paused: boolean;
  /** Whose position it is. */
  readonly reader: FetchTarget;
  /** Not sought again, stopped or closed since. */
  live: boolean;
  /** The request that asks for it now. */
  asked: Request | null;
  /** Where the partition ends, as known; infinite before the first answer. */
  endOffset: number;
  /** Out of range, or not there: nothing is read until the next `seek`. */
  ended: boolean;
  bytesMax: number;
  /** No fetch before this time. */
  notBefore: number;
  readonly backoff: Backoff;
  /** The caller was told that the partition cannot be read. */
  troubled: boolean;
  /** Everything was read that is committed, and more is there; null if not. */
  blocked: { readonly sinceMs: number; readonly heldBack: number } | null;
  /** When the caller was told so last; null: it was not. */
  blockedToldMs: number | null;
  /** For what is not likely to pass soon. */
  readonly troubleBackoff: Backoff;
  /** Since when the topic is missing from the metadata. */
  unknownSince: number | null;
}

export function newReadPosition(
  start: Pick<ReadPosition, "topic" | "partition" | "offset" | "paused" | "reader" | "troubled" | "bytesMax">,
): ReadPosition {
  return {
    ...start,
    name: nameOf(start.topic, start.partition),
    chunk: null,
    live: true,
    asked: null,
    endOffset: Infinity,
    ended: false,
    notBefore: 0,
    backoff: createBackoff(),
    blocked: null,
    blockedToldMs: null,
    troubleBackoff: createBackoff(TROUBLE.firstMs, TROUBLE.lastMs),
    unknownSince: null,
  };
}

/** Whether it should be fetched, and is not. */
export function isWanted({ live, paused, ended, asked, chunk }: ReadPosition): boolean {
  return live && !paused && !ended && asked === null && chunk === null;
}

/** Whether everything was read that is known to be there. */
export function isAtEnd({ offset, endOffset }: ReadPosition): boolean {
  return offset >= endOffset;
}

/** Keeps what was fetched until it is delivered; the next fetch begins behind it. */
export function holdChunk(position: ReadPosition, { chunk, budget }: { chunk: Chunk; budget: ReadBudget }): void {
  position.chunk = { ...chunk, offset: position.offset };
  position.offset = chunk.fetched.nextOffset;
  budget.hold(chunk.bytes);
}

/** What was fetched, which is the caller's from now on. */
export function takeChunk(position: ReadPosition, budget: ReadBudget): Fetched | null {
  const { chunk } = position;
  if (chunk === null) return null;
  position.chunk = null;
  budget.release(chunk.bytes);
  return { ...chunk.fetched, fromOffset: chunk.offset };
}

/** Throws records away that must not be delivered now; they are fetched again. False if there are none. */
export function dropChunk(position: ReadPosition, budget: ReadBudget): boolean {
  if (position.chunk === null || position.chunk.bytes === 0) return false;
  position.offset = position.chunk.offset;
  takeChunk(position, budget);
  return true;
}

/**
 * Lets a position know what the newest metadata say of its partition. Returns why it cannot be read, if so; `final` if
 * waiting does not help.
 */
export function learnLeader(
  position: ReadPosition,
  { cluster, metadata: { topics, refused } }: { cluster: Cluster; metadata: ClusterMetadata },
): { readonly error: ProductionError; readonly final: boolean } | null {
  const { topic, partition } = position;
  const now = performance.now();
  const code = refused.get(topic);
  if (code !== undefined) return { error: refusal(position, code), final: code === ErrorCode.invalidTopic };
  const leaders = topics.get(topic)?.leaders;
  if (leaders === undefined) {
    position.unknownSince ??= now;
    position.notBefore = now + position.backoff.nextMs();
    const missingMs = now - position.unknownSince;
    return mayAppear(cluster, { topic, missingMs }) ? null : { error: unknownTopic(topic), final: true };
  }
  if (leaders.length <= partition) {
    const message = `Cannot read "${topic}" partition ${partition}: the topic has ${leaders.length} partitions`;
    return { error: new ProductionError(message, { retriable: false }), final: true };
  }
  position.unknownSince = null;
  if (leaders[partition] < 0) position.notBefore = now + position.backoff.nextMs();
  return null;
}

/** What waiting does not help against is told to whoever reads; lost connections are tried again for ever. */
export function failAll(positions: readonly ReadPosition[], error: ProductionError): void {
  if (error.retriable) return;
  for (const reader of new Set(positions.map((position) => position.reader))) reader.fail(error);
}

/** The broker's answer as an error. */
export function refusal({ topic, partition, offset }: ReadPosition, code: number): ProductionError {
  const remedy = code === ErrorCode.topicAuthorizationFailed ? "; allow this user to read the topic" : "";
  const message = `Cannot read "${topic}" partition ${partition} at offset ${offset}: the broker answers ${
    errorName(code)
  }${remedy}`;
  return new ProductionError(message, { retriable: false });
}

/** Names a partition. */
export function nameOf(topic: string, partition: number): string {
  return `${topic}\0${partition}`;
}
