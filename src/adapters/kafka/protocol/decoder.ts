import type { LogRecord } from "../../../ports/log.ts";
import { LimitError, ProductionError } from "../../../record/errors.ts";
import { crc32c } from "./crc32c.ts";
import { codecNames, decompress } from "./decompress.ts";
import { WireReader } from "./wire.ts";

/**
 * Reads record batches (message format 2). By hand: kafkajs 2.2.4 checks no checksum, and its `decodeMessages` gives
 * back the records of a fetch without their batches, so that a reader stands still where compaction left batches
 * without records. It also makes BigInts and a decoder for each record: for the same 1,000 records of 350 bytes it
 * needs 15 times as long as this file without the checksum (1.5 to 0.1 us a record), and 1.5 times as long as this file
 * with it (`tests/adapters/kafka/protocol/codec_bench.ts`). https://kafka.apache.org/documentation/#recordbatch
 */

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface DecodeOptions {
  /** Records before this offset are left out: a batch may begin before the offset that was asked for. */
  readonly position: number;
  /** In the order of their first offsets, as the broker sends them. */
  readonly aborted: readonly AbortedTransaction[];
  readonly checkCrcs: boolean;
  /** For messages. */
  readonly topic: string;
  readonly partition: number;
  /** No batch may hold more once decompressed: a small one that holds gigabytes must not end the process. */
  readonly decompressedBytesMax: number;
  /** Once the records hold so much, later batches are left for another fetch. */
  readonly heldBytesMax: number;
}

export interface DecodedBatches {
  readonly records: LogRecord[];
  /** Offset after the last complete batch, whether it had records left or not; `position` if there was none. */
  readonly nextOffset: number;
  /** Epoch of the leader that wrote the last complete batch; null if there is none, or it names none. */
  readonly leaderEpoch: number | null;
  /** Size of the batch that did not fit, when not even one was complete; otherwise 0. */
  readonly bytesNeeded: number;
  /** Memory that `records` take, about: their bytes, decompressed, and what an object for each costs. */
  readonly heldBytes: number;
}

/** What a record takes beside its bytes: an object and two views. */
const RECORD_OVERHEAD_BYTES = 300;
/** What headers take beside their bytes: a view. */
const HEADERS_OVERHEAD_BYTES = 120;
const LOG_OVERHEAD = 12;
/** Of a batch, up to its records. */
const HEADER_BYTES = 61;
const CODEC = 0x07;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const LOG_APPEND_TIME = 0x08;

/**
 * Decodes the complete batches of a fetch, up to one that cannot be read if others lie before it. Keys, values
 * and headers are views of `bytes`, or of what was decompressed.
 * @throws ProductionError, never retriable, if the first batch cannot be read
 */
export function decodeRecordBatches(bytes: Uint8Array, options: DecodeOptions): DecodedBatches {
  const { position, aborted, heldBytesMax } = options;
  const records: LogRecord[] = [];
  const abortedNow = new Set<number>();
  let nextAborted = 0;
  let nextOffset = position;
  let heldBytes = 0;
  let leaderEpoch: number | null = null;
  let at = 0;
  for (; at + LOG_OVERHEAD <= bytes.length && heldBytes < heldBytesMax;) {
    const header = readHeader(bytes, at);
    if (at + header.bytes > bytes.length) break; // cut off by the size limit of the fetch
    const count = records.length;
    const lastOffset = header.baseOffset + header.lastOffsetDelta;
    try {
      checkBatch(bytes, at, { header, options });
      while (nextAborted < aborted.length && aborted[nextAborted].firstOffset <= lastOffset) {
        abortedNow.add(aborted[nextAborted++].producerId);
      }
      if (header.attributes & CONTROL) {
        // The marker that ends a transaction: what this producer writes afterwards is another one.
        abortedNow.delete(header.producerId);
      } else if (lastOffset >= position && !(header.attributes & TRANSACTIONAL && abortedNow.has(header.producerId))) {
        heldBytes += decodeRecords(records, bytes.subarray(at + HEADER_BYTES, at + header.bytes), { header, options });
      }
    } catch (error) {
      records.length = count;
      // What lies before it is delivered; the next fetch begins with it.
      if (nextOffset > position) break;
      throw unreadable(header, error, options);
    }
    // From the batch, not from its records: compaction and transactions leave batches without any.
    nextOffset = Math.max(nextOffset, lastOffset + 1);
    leaderEpoch = header.leaderEpoch < 0 ? null : header.leaderEpoch;
    at += header.bytes;
  }
  const bytesNeeded = at === 0 && bytes.length >= LOG_OVERHEAD ? lengthNeeded(bytes, options) : 0;
  return { records, nextOffset, leaderEpoch, bytesNeeded, heldBytes };
}

interface BatchHeader {
  readonly baseOffset: number;
  /** Of the whole batch with its header. */
  readonly bytes: number;
  readonly leaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly recordCount: number;
}

/** The header as far as it is there; a batch that is cut off may lack the end of it. */
function readHeader(bytes: Uint8Array, at: number): BatchHeader {
  const reader = new WireReader(bytes, at);
  const baseOffset = reader.int64();
  const size = LOG_OVERHEAD + reader.int32();
  if (reader.remaining < 49) {
    return { ...emptyHeader, baseOffset, bytes: Math.max(size, bytes.length - at + 1) };
  }
  const leaderEpoch = reader.int32();
  const magic = reader.int8();
  const crc = reader.uint32();
  const attributes = reader.int16();
  const lastOffsetDelta = reader.int32();
  const firstTimestamp = reader.int64();
  const maxTimestamp = reader.int64();
  const producerId = reader.int64();
  reader.skip(6);
  const recordCount = reader.int32();
  return {
    baseOffset,
    bytes: size,
    leaderEpoch,
    magic,
    crc,
    attributes,
    lastOffsetDelta,
    firstTimestamp,
    maxTimestamp,
    producerId,
    recordCount,
  };
}

const emptyHeader = {
  leaderEpoch: -1,
  magic: 2,
  crc: 0,
  attributes: 0,
  lastOffsetDelta: 0,
  firstTimestamp: 0,
  maxTimestamp: 0,
  producerId: -1,
  recordCount: 0,
};

/** Not covered by the checksum: a damaged one must not lead to a fetch of everything. */
function lengthNeeded(bytes: Uint8Array, options: DecodeOptions): number {
  const length = LOG_OVERHEAD + new WireReader(bytes, 8).int32();
  if (length <= options.decompressedBytesMax) return length;
  throw unreadable(readHeader(bytes, 0), new RangeError(`it says that it has ${length} bytes`), options);
}

/** Appends the batch's records, and tells how much memory they take. @throws RangeError if they are damaged */
function decodeRecords(
  into: LogRecord[],
  body: Uint8Array,
  { header, options }: { header: BatchHeader; options: DecodeOptions },
): number {
  const bytes = decompress(body, { codec: header.attributes & CODEC, bytesMax: options.decompressedBytesMax });
  const reader = new WireReader(bytes);
  const { baseOffset, lastOffsetDelta, firstTimestamp, maxTimestamp, recordCount } = header;
  const appendTime = (header.attributes & LOG_APPEND_TIME) !== 0;
  const before = into.length;
  let previous = -1;
  let withHeaders = 0;
  for (let count = 0; count < recordCount; count++) {
    const length = reader.varint();
    const end = reader.position + length;
    if (!(length > 0 && end <= bytes.length)) throw damaged(count, recordCount);
    reader.skip(1);
    const timestampDelta = reader.varlong();
    const offsetDelta = reader.varint();
    if (offsetDelta <= previous || offsetDelta > lastOffsetDelta) throw damaged(count, recordCount);
    previous = offsetDelta;
    const offset = baseOffset + offsetDelta;
    if (offset >= options.position) {
      const key = view(reader, reader.varint());
      const value = view(reader, reader.varint());
      if (reader.position > end) throw damaged(count, recordCount);
      const timestampMs = appendTime ? maxTimestamp : firstTimestamp + timestampDelta;
      // What is left begins with the number of headers, zero of nearly every record. Who asks for them reads them.
      if (reader.position < end && bytes[reader.position] !== 0) {
        into.push({ offset, timestampMs, key, value, headers: view(reader, end - reader.position)! });
        withHeaders++;
      } else into.push({ offset, timestampMs, key, value });
    }
    reader.position = end;
  }
  if (reader.position !== bytes.length) throw damaged(recordCount, recordCount);
  return bytes.length + RECORD_OVERHEAD_BYTES * (into.length - before) + HEADERS_OVERHEAD_BYTES * withHeaders;
}

function damaged(index: number, count: number): RangeError {
  return new RangeError(`its records do not have the lengths that they say, from number ${index} of ${count} on`);
}

function view(reader: WireReader, length: number): Uint8Array | null {
  if (length < 0) return null;
  const { bytes, position } = reader;
  reader.position = position + length;
  return new Uint8Array(bytes.buffer, bytes.byteOffset + position, length);
}

/** @throws RangeError for a batch that must not be read */
function checkBatch(
  bytes: Uint8Array,
  at: number,
  { header, options }: { header: BatchHeader; options: DecodeOptions },
): void {
  const { magic, bytes: size, crc } = header;
  if (magic !== 2) {
    throw new RangeError(`its message format is ${magic}, and only format 2 (Kafka 0.11 and later) is supported`);
  }
  if (size < HEADER_BYTES) throw new RangeError(`it has ${size} bytes, which is less than its header`);
  if (options.checkCrcs && crc32c(bytes, at + 21, at + size) !== crc) {
    throw new RangeError("its checksum is wrong; the data were damaged on disk or on the way");
  }
}

/** Says where the batch is, and what to do: Weir never passes over records on its own. */
function unreadable({ baseOffset, attributes, magic }: BatchHeader, cause: unknown, options: DecodeOptions) {
  const codec = magic === 2 ? attributes & CODEC : 0;
  const how = codec === 0 ? "" : ` (compressed with ${codecNames[codec] ?? `codec ${codec}`})`;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const remedy = cause instanceof LimitError
    ? "have its producer write smaller batches (batch.size)"
    : "let another replica lead the partition";
  const message = `Cannot read "${options.topic}" partition ${options.partition} at offset ${baseOffset} as a record ` +
    `batch${how}: ${reason}. Nothing is skipped: reading waits there and tries again. If it stays so, ${remedy}, or ` +
    "delete the topic and have its table sent again (snapshot)";
  return new ProductionError(message, { retriable: false, cause });
}
