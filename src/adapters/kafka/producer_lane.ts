import type { AppendBatch, NewRecord } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { type Backoff, createBackoff } from "./protocol/backoff.ts";
import { ErrorCode, errorName, isRetriableCode } from "./protocol/errors.ts";
import { encodeRecordBatch, recordBytes } from "./protocol/encoder.ts";
import type { KafkaSettings } from "./protocol/options.ts";

/**
 * Identity under which the broker drops what it has already stored. Replaced when the broker does not know it any more.
 */
export interface Session {
  readonly producerId: number;
  readonly epoch: number;
  readonly nextSequence: Map<Lane, number>;
}

/** Records of one append to one partition, or the part of them that fits into one batch, which brokers store whole. */
export interface LaneEntry {
  readonly records: readonly NewRecord[];
  readonly bytes: number;
  /** Never to be divided. */
  readonly whole: boolean;
  /** Shared by all that one append has for a partition: what follows a part that is refused is refused, too. */
  readonly call: symbol;
  readonly giveUpAt: number;
  /** Not to be merged: a batch in which it was, with others, has been refused. */
  alone: boolean;
  resolve(baseOffset: number): void;
  reject(error: ProductionError): void;
}

/** The batch under way, or to be tried again with the same bytes. */
export interface SentBatch {
  readonly entries: readonly LaneEntry[];
  readonly bytes: Uint8Array;
  readonly session: Session;
  /** An attempt failed in a way that does not tell whether the batch is stored. */
  outcomeUnknown: boolean;
}

/** One partition. At most one batch of it is under way, so that order cannot change. */
export interface Lane {
  readonly topic: string;
  readonly partition: number;
  readonly waiting: LaneEntry[];
  sent: SentBatch | null;
  inFlight: boolean;
  /** No attempt before this time. */
  notBefore: number;
  readonly backoff: Backoff;
  /** Since when the topic is missing from the metadata. */
  unknownSince: number | null;
}

export function newLane(topic: string, partition: number): Lane {
  return {
    topic,
    partition,
    waiting: [],
    sent: null,
    inFlight: false,
    notBefore: 0,
    backoff: createBackoff(),
    unknownSince: null,
  };
}

/**
 * Queues records behind what waits already, in parts of at most `bytesMax` (in one if they are to be whole); resolves
 * with the offset of the first record.
 */
export function enqueue(
  lane: Lane,
  { records, whole }: Pick<AppendBatch, "records" | "whole">,
  { bytesMax, ...shared }: { readonly bytesMax: number } & Pick<LaneEntry, "call" | "giveUpAt">,
): Promise<number> {
  const parts = cut(records, whole === true ? Infinity : bytesMax).map((part) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    lane.waiting.push({ ...part, ...shared, whole: whole === true, alone: false, resolve, reject });
    return promise;
  });
  return Promise.all(parts).then(([first]) => first);
}

/** Makes the lane's batch, unless one is to be tried again under the same session, and tells its size. */
export function prepareBatch(
  lane: Lane,
  session: Session,
  { batchBytesMax, compression }: Pick<KafkaSettings, "batchBytesMax" | "compression">,
): number {
  if (lane.sent?.session !== session) {
    const entries = lane.sent?.entries ?? takeBatch(lane, batchBytesMax);
    const baseSequence = session.nextSequence.get(lane) ?? 0;
    const { producerId, epoch } = session;
    const records = entries.length === 1 ? entries[0].records : entries.flatMap((entry) => entry.records);
    const stamp = { producerId, epoch, baseSequence };
    const bytes = encodeRecordBatch(records, { stamp, compression, nowMs: Date.now() });
    lane.sent = { entries, bytes, session, outcomeUnknown: false };
  }
  return lane.sent!.bytes.length;
}

/** Takes as many waiting entries as one batch may hold, and at least one. */
function takeBatch({ waiting }: Lane, bytesMax: number): LaneEntry[] {
  let count = 1;
  let bytes = waiting[0].bytes;
  while (!waiting[0].alone && count < waiting.length && bytes + waiting[count].bytes <= bytesMax) {
    bytes += waiting[count++].bytes;
  }
  return waiting.splice(0, count);
}

/**
 * Ends the batch under way for good. Were several appends in it, each is tried once more by itself, because only one of
 * them need be to blame. Of one that was too large, the records are tried in ever smaller parts: a topic may take less
 * than a batch, and then no record is to blame, unless they are to be stored whole. Otherwise the append is rejected
 * with all that is left of it.
 */
export function refuseBatch(lane: Lane, error: ProductionError): void {
  const entries = lane.sent?.entries ?? [];
  lane.sent = null;
  if (entries.length > 1) {
    for (const entry of entries) entry.alone = true;
    lane.waiting.unshift(...entries);
    return;
  }
  const [entry] = entries;
  if (error.reason === "too_large" && entry !== undefined && !entry.whole && entry.records.length > 1) {
    lane.waiting.unshift(...halves(entry));
    return;
  }
  const calls = new Set(entries.map((entry) => entry.call));
  const rest = lane.waiting.filter((entry) => calls.has(entry.call));
  lane.waiting.splice(0, lane.waiting.length, ...lane.waiting.filter((entry) => !calls.has(entry.call)));
  for (const entry of [...entries, ...rest]) entry.reject(error);
}

/** The second half is stored after the first, and only then is the whole. */
function halves(entry: LaneEntry): LaneEntry[] {
  const { records } = entry;
  const middle = records.length >> 1;
  let first = -1;
  const part = (some: readonly NewRecord[], resolve: (base: number) => void): LaneEntry => ({
    ...entry,
    records: some,
    bytes: some.reduce((sum, record) => sum + recordBytes(record), 0),
    alone: true,
    resolve,
  });
  return [
    part(records.slice(0, middle), (base) => first = base),
    part(records.slice(middle), () => entry.resolve(first)),
  ];
}

/** Rejects everything. */
export function rejectLane(lane: Lane, error: ProductionError): void {
  const entries = [...lane.sent?.entries ?? [], ...lane.waiting.splice(0)];
  lane.sent = null;
  lane.unknownSince = null;
  for (const entry of entries) entry.reject(error);
}

/** In parts of at most `bytesMax`, and of at least one record. */
export function cut(
  records: readonly NewRecord[],
  bytesMax: number,
): { records: readonly NewRecord[]; bytes: number }[] {
  const parts: { records: readonly NewRecord[]; bytes: number }[] = [];
  let from = 0;
  let bytes = 0;
  for (let index = 0; index < records.length; index++) {
    const size = recordBytes(records[index]);
    if (index > from && bytes + size > bytesMax) {
      parts.push({ records: records.slice(from, index), bytes });
      from = index;
      bytes = 0;
    }
    bytes += size;
  }
  parts.push({ records: from === 0 ? records : records.slice(from), bytes });
  return parts;
}

export function unknownPartition(
  { topic, partition }: Pick<Lane, "topic" | "partition">,
  partitions: number,
): ProductionError {
  const message = `Cannot append to "${topic}" partition ${partition}: the topic has ${partitions} partitions`;
  return new ProductionError(message, { retriable: false });
}

const remedies: Readonly<Record<number, string>> = {
  [ErrorCode.messageTooLarge]:
    "raise the topic's max.message.bytes, or write smaller records (or fewer that are whole together)",
  [ErrorCode.recordListTooLarge]: "raise the topic's segment.bytes, or write smaller records",
  [ErrorCode.invalidRecord]: "a compacted topic takes no record without a key",
  [ErrorCode.topicAuthorizationFailed]: "allow this user to write the topic",
  [ErrorCode.clusterAuthorizationFailed]: "allow this user IdempotentWrite on the cluster",
};

/** The broker's answer to a batch as an error. */
export function refusal(
  { topic, partition }: Pick<Lane, "topic" | "partition">,
  { errorCode: code, message }: { readonly errorCode: number; readonly message: string | null },
): ProductionError {
  const remedy = remedies[code] === undefined ? "" : `; ${remedies[code]}`;
  const text = `Cannot append to "${topic}" partition ${partition}: the broker answers ${errorName(code)}`;
  const large = code === ErrorCode.messageTooLarge || code === ErrorCode.recordListTooLarge;
  return new ProductionError(`${text}${message === null ? "" : `: ${message}`}${remedy}`, {
    retriable: isRetriableCode(code),
    ...(large && { reason: "too_large" as const }),
  });
}

/** No broker takes a request of this size. */
export function tooLarge({ topic, partition }: Lane, { bytes, bytesMax }: { bytes: number; bytesMax: number }) {
  const message =
    `Cannot append to "${topic}" partition ${partition} as a record, or a batch that is whole, of at most ` +
    `${bytesMax} bytes: current value is ${bytes}. Write smaller records, or fewer that are whole together`;
  return new ProductionError(message, { retriable: false, reason: "too_large" });
}
