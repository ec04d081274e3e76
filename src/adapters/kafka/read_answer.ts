import { decodeRecordBatches } from "./protocol/decoder.ts";
import type { FetchedPartition } from "./protocol/fetch.ts";
import type { KafkaSettings } from "./protocol/options.ts";
import type { ReadBudget } from "./read_budget.ts";
import type { Chunk, Portion, ReadPosition } from "./read_position.ts";

/** The part of the budget that one partition's chunk may take, unless its first batch alone takes more. */
const CHUNK_SHARE = 0.25;

/** Decodes a broker's answer to a fetch from `offset` on. @throws ProductionError if its first batch is unreadable */
export function decodeAnswer(
  { topic, partition, batches, aborted, endOffset, heldBack }: FetchedPartition,
  { offset, settings }: { readonly offset: number; readonly settings: KafkaSettings },
): Portion {
  const { checkCrcs, decompressedBytesMax, readerBytesMax } = settings;
  const { records, nextOffset, leaderEpoch, bytesNeeded, heldBytes } = decodeRecordBatches(batches, {
    position: offset,
    aborted,
    checkCrcs,
    topic,
    partition,
    decompressedBytesMax,
    heldBytesMax: CHUNK_SHARE * readerBytesMax,
  });
  return {
    offset,
    records,
    nextOffset,
    leaderEpoch,
    endOffset: Math.max(endOffset, nextOffset),
    heldBack,
    bytesNeeded,
    fetchedBytes: batches.length,
    bytes: heldBytes,
  };
}

/** What a portion tells the reader of this position; null if it is nothing new. */
export function readPortion(
  position: ReadPosition,
  portion: Portion,
  { settings, budget }: { settings: KafkaSettings; budget: ReadBudget },
): Chunk | null {
  const { topic, partition, offset } = position;
  const { records, nextOffset, leaderEpoch, endOffset, heldBack, bytesNeeded, fetchedBytes, bytes } = portion;
  const moved = nextOffset > offset;
  // A session tells of a partition again only when something of it is new.
  const isBlocked = nextOffset >= endOffset && heldBack > 0;
  const sinceMs = moved ? null : position.blocked?.sinceMs ?? null;
  position.blocked = isBlocked ? { sinceMs: sinceMs ?? performance.now(), heldBack } : null;
  if (moved) position.blockedToldMs = null;
  // An end that nothing leads to (a transaction that is open) must not be asked for again and again without waiting.
  position.endOffset = nextOffset === offset && fetchedBytes === 0 ? offset : endOffset;
  // A batch larger than asked for comes whole only to the first partition of a request: ask for as much as it needs,
  // until it is read.
  position.bytesMax = Math.max(settings.fetchPartitionBytesMax, bytesNeeded);
  // Nothing to read is news to whoever was told of trouble: it is over.
  if (nextOffset === offset && (!position.troubled || fetchedBytes > 0)) return null;
  position.troubled = false;
  position.troubleBackoff.reset();
  budget.learn(fetchedBytes, bytes);
  const known = leaderEpoch === null ? {} : { leaderEpoch };
  return { fetched: { topic, partition, records, nextOffset, endOffset, ...known }, bytes };
}
