import { decodeRecordBatches } from "./protocol/decoder.ts";
import type { FetchedPartition } from "./protocol/fetch.ts";
import type { KafkaSettings } from "./protocol/options.ts";
import type { ReadBudget } from "./read_budget.ts";
import type { Chunk, ReadPosition } from "./read_position.ts";

/** The part of the budget that one partition's chunk may take, unless its first batch alone takes more. */
const CHUNK_SHARE = 0.25;

/** Decodes a broker's answer; null if it tells nothing new. @throws ProductionError if its first batch is unreadable */
export function readAnswer(
  position: ReadPosition,
  { batches, aborted, endOffset }: FetchedPartition,
  { settings, budget }: { settings: KafkaSettings; budget: ReadBudget },
): Chunk | null {
  const { topic, partition, offset } = position;
  const { checkCrcs, decompressedBytesMax, fetchPartitionBytesMax, readerBytesMax } = settings;
  const { records, nextOffset, bytesNeeded, heldBytes } = decodeRecordBatches(batches, {
    position: offset,
    aborted,
    checkCrcs,
    topic,
    partition,
    decompressedBytesMax,
    heldBytesMax: CHUNK_SHARE * readerBytesMax,
  });
  // A batch larger than asked for comes whole only to the first partition of a request: ask for as much as it needs,
  // until it is read.
  position.bytesMax = Math.max(fetchPartitionBytesMax, bytesNeeded);
  // Nothing to read is news to whoever was told of trouble: it is over.
  if (nextOffset === offset && (!position.troubled || batches.length > 0)) return null;
  position.troubled = false;
  position.troubleBackoff.reset();
  budget.learn(batches.length, heldBytes);
  const fetched = { topic, partition, records, nextOffset, endOffset: Math.max(endOffset, nextOffset) };
  return { fetched, bytes: heldBytes };
}
