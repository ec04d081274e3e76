import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { LogRecord } from "../../../ports/log.ts";
import { ProductionError } from "../../../record/errors.ts";
import { crc32c } from "./crc32c.ts";
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
}

export interface DecodedBatches {
  readonly records: LogRecord[];
  /** Offset after the last complete batch, whether it had records left or not; `position` if there was none. */
  readonly nextOffset: number;
  /** Size of the batch that did not fit, when not even one was complete; otherwise 0. */
  readonly bytesNeeded: number;
}

const LOG_OVERHEAD = 12;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const LOG_APPEND_TIME = 0x08;
const compressionNames = ["none", "gzip", "snappy", "lz4", "zstd"];

/**
 * Decodes the complete batches of a fetch. Keys and values are views of `bytes`.
 * @throws ProductionError, never retriable
 */
export function decodeRecordBatches(bytes: Uint8Array, options: DecodeOptions): DecodedBatches {
  const { position, aborted, checkCrcs } = options;
  const records: LogRecord[] = [];
  const abortedNow = new Set<number>();
  let nextAborted = 0;
  let nextOffset = position;
  let at = 0;
  for (; at + LOG_OVERHEAD <= bytes.length;) {
    const header = readHeader(bytes, at);
    if (at + header.bytes > bytes.length) break; // cut off by the size limit of the fetch
    refuseOldFormat(header, options);
    if (checkCrcs && crc32c(bytes, at + 21, at + header.bytes) !== header.crc) {
      throw refusal(header.baseOffset, "its checksum is wrong; the data were damaged on disk or on the way", options);
    }
    const lastOffset = header.baseOffset + header.lastOffsetDelta;
    while (nextAborted < aborted.length && aborted[nextAborted].firstOffset <= lastOffset) {
      abortedNow.add(aborted[nextAborted++].producerId);
    }
    if (header.attributes & CONTROL) {
      // The marker that ends a transaction: what this producer writes afterwards is another one.
      abortedNow.delete(header.producerId);
    } else if (lastOffset >= position && !(header.attributes & TRANSACTIONAL && abortedNow.has(header.producerId))) {
      decodeRecords(records, bytes.subarray(at + 61, at + header.bytes), { header, options });
    }
    // From the batch, not from its records: compaction and transactions leave batches without any.
    nextOffset = Math.max(nextOffset, lastOffset + 1);
    at += header.bytes;
  }
  const bytesNeeded = at === 0 && bytes.length >= LOG_OVERHEAD ? readLength(bytes) : 0;
  return { records, nextOffset, bytesNeeded };
}

interface BatchHeader {
  readonly baseOffset: number;
  /** Of the whole batch with its header. */
  readonly bytes: number;
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
  reader.skip(4);
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
  magic: 2,
  crc: 0,
  attributes: 0,
  lastOffsetDelta: 0,
  firstTimestamp: 0,
  maxTimestamp: 0,
  producerId: -1,
  recordCount: 0,
};

function readLength(bytes: Uint8Array): number {
  return LOG_OVERHEAD + new WireReader(bytes, 8).int32();
}

function decodeRecords(
  into: LogRecord[],
  body: Uint8Array,
  { header, options }: { header: BatchHeader; options: DecodeOptions },
): void {
  const bytes = decompress(body, header, options);
  const reader = new WireReader(bytes);
  const { baseOffset, firstTimestamp, maxTimestamp, recordCount } = header;
  const appendTime = (header.attributes & LOG_APPEND_TIME) !== 0;
  for (let count = 0; count < recordCount; count++) {
    const length = reader.varint();
    const end = reader.position + length;
    reader.skip(1);
    const timestampDelta = reader.varlong();
    const offset = baseOffset + reader.varint();
    if (offset >= options.position) {
      const key = view(reader, reader.varint());
      const value = view(reader, reader.varint());
      into.push({ offset, timestampMs: appendTime ? maxTimestamp : firstTimestamp + timestampDelta, key, value });
    }
    reader.position = end; // past the headers, which the port has no word for
  }
}

function view(reader: WireReader, length: number): Uint8Array | null {
  if (length < 0) return null;
  const { bytes, position } = reader;
  reader.position = position + length;
  return new Uint8Array(bytes.buffer, bytes.byteOffset + position, length);
}

function decompress(body: Uint8Array, header: BatchHeader, options: DecodeOptions): Uint8Array {
  const codec = header.attributes & 0x07;
  switch (codec) {
    case 0:
      return body;
    case 1:
      return gunzipSync(body);
    case 4:
      return zstdDecompressSync(body);
    default: {
      const name = compressionNames[codec] ?? `codec ${codec}`;
      throw refusal(
        header.baseOffset,
        `it is compressed with ${name}, which is not supported; set compression.type=gzip, zstd or none at its ` +
          "producer (for Debezium: producer.override.compression.type) and write the topic anew",
        options,
      );
    }
  }
}

function refuseOldFormat(header: BatchHeader, options: DecodeOptions): void {
  if (header.magic === 2) return;
  const reason = `its message format is ${header.magic}, and only format 2 (Kafka 0.11 and later) is supported`;
  throw refusal(header.baseOffset, reason, options);
}

function refusal(offset: number, reason: string, options: DecodeOptions): ProductionError {
  return new ProductionError(`Cannot read "${options.topic}" at offset ${offset} as a record batch: ${reason}`, {
    retriable: false,
  });
}
