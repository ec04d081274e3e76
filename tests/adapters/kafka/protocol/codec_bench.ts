/**
 * The record-batch codec against kafkajs' own, on the same records in one run: `deno run -A
 * tests/adapters/kafka/protocol/codec_bench.ts`. Rounds take turns, so that whatever else the machine does falls on
 * both; only the ratios say something.
 */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import Decoder from "kafkajs/src/protocol/decoder.js";
import kafkaJsRecord from "kafkajs/src/protocol/recordBatch/record/v0/index.js";
import kafkaJsDecode from "kafkajs/src/protocol/recordBatch/v0/decoder.js";
import kafkaJsBatch from "kafkajs/src/protocol/recordBatch/v0/index.js";
import { decodeRecordBatches } from "../../../../src/adapters/kafka/protocol/decoder.ts";
import { encodeRecordBatch } from "../../../../src/adapters/kafka/protocol/encoder.ts";
import type { NewRecord } from "../../../../src/ports/log.ts";
import { mulberry32 } from "../../../../src/record/mulberry32.ts";

const RECORDS = 1_000;
const BATCHES = 10;
const ROUNDS = 21;
const NOW_MS = 1_795_342_530_123;

/**
 * Buffers, since kafkajs turns other bytes into text. Keys and values as an inbox or a changelog has them: a short key,
 * and a value of 40 to 600 bytes.
 */
function someRecords(): NewRecord[] {
  const next = mulberry32(4711);
  return Array.from({ length: RECORDS }, (_, index) => ({
    partition: 0,
    key: Buffer.from(`[${1_000_000 + index}]`),
    value: Buffer.from(JSON.stringify({ id: index, note: "x".repeat(20 + Math.floor(next() * 560)) })),
    timestampMs: NOW_MS + index,
  }));
}

function ours(records: readonly NewRecord[]): Uint8Array {
  const stamp = { producerId: 1, epoch: 0, baseSequence: 0 };
  return encodeRecordBatch(records, { stamp, compression: "none", nowMs: NOW_MS });
}

/** As kafkajs' producer makes a batch of its messages. */
async function theirs(records: readonly NewRecord[]): Promise<Buffer> {
  const encoded = records.map(({ key, value, timestampMs }, offsetDelta) =>
    kafkaJsRecord({
      offsetDelta,
      timestampDelta: timestampMs! - NOW_MS,
      key: key as Buffer,
      value: value as Buffer,
    })
  );
  const batch = await kafkaJsBatch.RecordBatch({
    compression: 0,
    records: encoded,
    firstTimestamp: NOW_MS,
    maxTimestamp: NOW_MS + RECORDS - 1,
    producerId: 1,
    producerEpoch: 0,
    firstSequence: 0,
    lastOffsetDelta: records.length - 1,
  });
  return batch.buffer;
}

function decodeOurs(bytes: Uint8Array, { checkCrcs }: { checkCrcs: boolean }): number {
  const limits = { decompressedBytesMax: 2 ** 28, heldBytesMax: 2 ** 28 };
  const options = { position: 0, aborted: [], checkCrcs, topic: "bench", partition: 0, ...limits };
  return decodeRecordBatches(bytes, options).records.length;
}

async function decodeTheirs(bytes: Uint8Array): Promise<number> {
  return (await kafkaJsDecode(new Decoder(bytes as Buffer))).records.length;
}

/** Microseconds a record, over some batches. */
async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  for (let batch = 0; batch < BATCHES; batch++) await run();
  return (performance.now() - start) * 1_000 / (BATCHES * RECORDS);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

async function compare(name: string, own: () => unknown, other: () => unknown): Promise<void> {
  const times: [own: number, other: number][] = [];
  for (let round = -3; round < ROUNDS; round++) {
    const pair: [number, number] = [await timed(own), await timed(other)];
    if (round >= 0) times.push(pair); // the first rounds only warm up
  }
  const [mine, their] = [median(times.map((pair) => pair[0])), median(times.map((pair) => pair[1]))];
  const ratio = median(times.map((pair) => pair[1] / pair[0]));
  console.log(
    `${name.padEnd(32)} own ${mine.toFixed(3)} us, kafkajs ${their.toFixed(3)} us: ${ratio.toFixed(1)} times`,
  );
}

const records = someRecords();
const bytes = Buffer.from(ours(records));
assert(bytes.subarray(61).equals((await theirs(records)).subarray(61)), "both write the same records");
assertEquals([decodeOurs(bytes, { checkCrcs: true }), await decodeTheirs(bytes)], [RECORDS, RECORDS]);
console.log(
  `medians of ${ROUNDS} rounds, a record; ${RECORDS} records of ${Math.round(bytes.length / RECORDS)} bytes a batch`,
);
await compare("encode", () => ours(records), () => theirs(records));
await compare("decode, checksum checked", () => decodeOurs(bytes, { checkCrcs: true }), () => decodeTheirs(bytes));
await compare("decode, checksum not checked", () => decodeOurs(bytes, { checkCrcs: false }), () => decodeTheirs(bytes));
