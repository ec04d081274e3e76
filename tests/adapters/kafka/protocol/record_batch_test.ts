import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import Decoder from "kafkajs/src/protocol/decoder.js";
import kafkaJsDecode from "kafkajs/src/protocol/recordBatch/v0/decoder.js";
import kafkaJsBatch from "kafkajs/src/protocol/recordBatch/v0/index.js";
import kafkaJsRecord from "kafkajs/src/protocol/recordBatch/record/v0/index.js";
import { crc32c } from "../../../../src/adapters/kafka/protocol/crc32c.ts";
import { type AbortedTransaction, decodeRecordBatches } from "../../../../src/adapters/kafka/protocol/decoder.ts";
import { encodeRecordBatch, recordBytes } from "../../../../src/adapters/kafka/protocol/encoder.ts";
import type { Bytes, LogRecord, NewRecord } from "../../../../src/ports/log.ts";
import { readHeaders } from "../../../../src/record/headers.ts";
import { ProductionError } from "../../../../src/record/errors.ts";
import { below, type Random, withSeed } from "./seeded.ts";

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

Deno.test("encodeRecordBatch() and decodeRecordBatches() give back any records", () =>
  withSeed((random) => {
    for (const compression of ["none", "gzip", "zstd"] as const) {
      for (let round = 0; round < 10; round++) {
        const records = randomRecords(random);
        const bytes = encodeRecordBatch(records, { stamp: stamp(round), compression, nowMs: 1_000 });
        setBaseOffset(bytes, round * 1_000_000_007);
        const { records: decoded, nextOffset, bytesNeeded } = decode(bytes, round * 1_000_000_007);
        assertEquals(decoded.map(comparable), records.map((record, index) => expected(record, { index, round })));
        assertEquals([nextOffset, bytesNeeded], [round * 1_000_000_007 + records.length, 0]);
      }
    }
  }));

Deno.test("encodeRecordBatch() writes what kafkajs reads", () =>
  withSeed(async (random) => {
    for (const compression of ["none", "gzip"] as const) {
      const records = randomRecords(random);
      const bytes = encodeRecordBatch(records, { stamp: stamp(77), compression, nowMs: 5_000 });
      const batch = await kafkaJsDecode(new Decoder(Buffer.from(bytes)));
      assertEquals([batch.producerId, batch.producerEpoch, batch.firstSequence], ["4711", 3, 77]);
      assertEquals(batch.lastOffsetDelta, records.length - 1);
      for (const [index, { key, value, timestamp, offset }] of batch.records.entries()) {
        assertEquals([hex(key), hex(value)], [hex(records[index].key), hex(records[index].value)]);
        assertEquals([timestamp, offset], [String(records[index].timestampMs ?? 5_000), String(index)]);
      }
      const times = records.map((record) => record.timestampMs ?? 5_000);
      assertEquals(Number(batch.maxTimestamp), Math.max(...times));
    }
  }));

Deno.test("decodeRecordBatches() reads what kafkajs writes, headers included", async () => {
  for (const compression of [0, 1]) {
    const records = [0, 1, 2].map((offsetDelta) =>
      kafkaJsRecord({
        offsetDelta,
        timestampDelta: offsetDelta * 10,
        key: Buffer.from(`k${offsetDelta}`),
        value: offsetDelta === 1 ? null : Buffer.from(`v${offsetDelta}`),
        headers: { "__debezium.context.taskId": "0", other: ["a", "b"] },
      })
    );
    const batch = await kafkaJsBatch.RecordBatch({
      compression,
      records,
      firstOffset: 500,
      firstTimestamp: 1_795_342_530_123,
      maxTimestamp: 1_795_342_530_143,
      lastOffsetDelta: 2,
    });
    const { records: decoded } = decode(batch.buffer, 501);
    assertEquals(decoded.map(({ offset, timestampMs }) => [offset, timestampMs]), [
      [501, 1_795_342_530_133],
      [502, 1_795_342_530_143],
    ]);
    assertEquals(decoded.map(({ key, value }) => [text(key), text(value)]), [["k1", null], ["k2", "v2"]]);
    for (const { headers } of decoded) {
      assertEquals({ ...readHeaders(headers) }, { "__debezium.context.taskId": "0", other: "b" });
    }
  }
});

Deno.test("decodeRecordBatches() goes past batches whose records are gone", () => {
  const kept = batchAt(10, { count: 2 });
  const emptied = batchAt(12, { count: 5 });
  setHeader(emptied, { recordCount: 0 });
  const trimmed = emptied.subarray(0, 61);
  setLength(trimmed);
  const { records, nextOffset } = decode(concat(kept, trimmed), 10);
  assertEquals(records.map(({ offset }) => offset), [10, 11]);
  assertEquals(nextOffset, 17);
  assertEquals(decode(trimmed, 12).nextOffset, 17);
});

Deno.test("decodeRecordBatches() tells under which leader the last whole batch was written", () => {
  const led = (offset: number, epoch: number) => {
    const bytes = batchAt(offset, { count: 2 });
    new DataView(bytes.buffer, bytes.byteOffset).setInt32(12, epoch);
    return bytes;
  };
  const [first, second, third] = [led(0, 4), led(2, 2 ** 31 - 1), led(4, 9)];
  assertEquals(decode(first, 0).leaderEpoch, 4);
  assertEquals(decode(concat(first, second), 0).leaderEpoch, 2 ** 31 - 1);
  assertEquals(decode(concat(first, third.subarray(0, third.length - 1)), 0).leaderEpoch, 4, "the next is cut off");
  assertEquals([decode(first.subarray(0, 30), 0).leaderEpoch, decode(led(0, -1), 0).leaderEpoch], [null, null]);
});

Deno.test("decodeRecordBatches() stops before a batch that is cut off, and says how much a first one needs", () => {
  const first = batchAt(0, { count: 3 });
  const second = batchAt(3, { count: 3 });
  for (const cut of [1, 11, 12, 16, 40, 60, 61, second.length - 1]) {
    const { records, nextOffset, bytesNeeded } = decode(concat(first, second.subarray(0, cut)), 0);
    assertEquals([records.length, nextOffset, bytesNeeded], [3, 3, 0]);
  }
  for (const cut of [12, 16, 40, 60, 61, second.length - 1]) {
    const { records, nextOffset, bytesNeeded } = decode(second.subarray(0, cut), 3);
    assertEquals([records.length, nextOffset, bytesNeeded], [0, 3, second.length]);
  }
  assertEquals(decode(new Uint8Array(0), 3), {
    records: [],
    nextOffset: 3,
    leaderEpoch: null,
    bytesNeeded: 0,
    heldBytes: 0,
  });
});

Deno.test("decodeRecordBatches() leaves out aborted transactions and markers, and keeps the rest", () => {
  const aborted = batchAt(0, { count: 2, producerId: 1, attributes: TRANSACTIONAL });
  const committed = batchAt(2, { count: 2, producerId: 2, attributes: TRANSACTIONAL });
  const plain = batchAt(4, { count: 1, producerId: 1 });
  const abortMarker = batchAt(5, { count: 1, producerId: 1, attributes: TRANSACTIONAL | CONTROL });
  const commitMarker = batchAt(6, { count: 1, producerId: 2, attributes: TRANSACTIONAL | CONTROL });
  const later = batchAt(7, { count: 2, producerId: 1, attributes: TRANSACTIONAL });
  const bytes = concat(aborted, committed, plain, abortMarker, commitMarker, later);
  const { records, nextOffset } = decode(bytes, 0, [{ producerId: 1, firstOffset: 0 }]);
  assertEquals(records.map(({ offset }) => offset), [2, 3, 4, 7, 8]);
  assertEquals(nextOffset, 9);
  const twice = decode(bytes, 0, [{ producerId: 1, firstOffset: 0 }, { producerId: 1, firstOffset: 7 }]);
  assertEquals(twice.records.map(({ offset }) => offset), [2, 3, 4]);
  assertEquals(twice.nextOffset, 9);
});

Deno.test("decodeRecordBatches() refuses damaged data, unknown compression and old formats, and says where", () => {
  const damaged = batchAt(0, { count: 2 });
  damaged[damaged.length - 2] ^= 1;
  refused(damaged, "checksum");
  assertEquals(decodeRecordBatches(damaged, { ...options(0), checkCrcs: false }).records.length, 2);
  for (const [codec, name] of [[1, "gzip"], [2, "snappy"], [3, "lz4"], [4, "zstd"], [7, "codec 7"]] as const) {
    refused(
      batchAt(5, { count: 1, attributes: codec }),
      `"t" partition 3 at offset 5 as a record batch (compressed with ${name})`,
    );
  }
  const old = batchAt(0, { count: 1 });
  old[16] = 1;
  refused(old, "message format is 1");
});

Deno.test("decodeRecordBatches() gives the records before a batch that cannot be read", () => {
  const good = batchAt(0, { count: 3 });
  const bad = batchAt(3, { count: 3 });
  bad.fill(0xff, 61, 67);
  setHeader(bad, {});
  const { records, nextOffset } = decode(concat(good, bad, batchAt(6, { count: 1 })), 0);
  assertEquals([records.map(({ offset }) => offset), nextOffset], [[0, 1, 2], 3]);
  refused(concat(bad, batchAt(6, { count: 1 })), "at offset 3");
});

Deno.test("decodeRecordBatches() gives no record of a batch whose lengths or offsets do not fit", () => {
  const damages: ((bytes: Uint8Array) => void)[] = [
    (bytes) => bytes[61] = 0, // a record of no bytes
    (bytes) => bytes[61] += 2, // one byte longer than it is
    (bytes) => bytes[65] = 0x7e, // a key that is longer than its record
    (bytes) => bytes[64] = 2, // an offset that comes twice
    (bytes) => setHeader(bytes, { recordCount: 1 }), // bytes are left over
    (bytes) => setHeader(bytes, { recordCount: 5 }), // the batch ends before its last record
    (bytes) => new DataView(bytes.buffer, bytes.byteOffset).setInt32(23, 0), // offsets beyond the batch's last one
  ];
  for (const damage of damages) {
    const bytes = concat(batchAt(0, { count: 2 }));
    damage(bytes);
    setHeader(bytes, {});
    refused(bytes, 'Cannot read "t" partition 3 at offset 0');
  }
});

Deno.test("decodeRecordBatches() does not ask for a batch whose length is damaged", () => {
  const bytes = batchAt(0, { count: 2 });
  for (const length of [2 ** 31 - 1, 0, -12]) {
    new DataView(bytes.buffer, bytes.byteOffset).setInt32(8, length);
    refused(bytes, "bytes");
  }
});

Deno.test("decodeRecordBatches() leaves batches for later once the records hold enough", () => {
  const bytes = concat(batchAt(0, { count: 3 }), batchAt(3, { count: 3 }), batchAt(6, { count: 3 }));
  const { nextOffset, heldBytes } = decodeRecordBatches(bytes, { ...options(0), heldBytesMax: 1_000 });
  assertEquals(nextOffset, 6);
  assert(heldBytes >= 1_000 && heldBytes < 3_000, String(heldBytes));
});

Deno.test("recordBytes() is never less than what a record takes in a batch", () =>
  withSeed((random) => {
    for (const record of randomRecords(random)) {
      const bytes = encodeRecordBatch([record], { stamp: stamp(0), compression: "none", nowMs: 0 });
      assert(bytes.length - 61 <= recordBytes(record));
    }
  }));

function randomRecords(random: Random): NewRecord[] {
  return Array.from({ length: 1 + below(random, 40) }, () => ({
    key: randomBytes(random),
    value: randomBytes(random),
    ...(random() < 0.5 && { timestampMs: below(random, 2 ** 42) }),
  }));
}

function randomBytes(random: Random): Bytes | null {
  const kind = below(random, 5);
  const length = random() < 0.1 ? below(random, 40_000) : below(random, 150);
  if (kind === 0) return null;
  if (kind === 1) return Uint8Array.from({ length }, () => below(random, 256));
  return Array.from({ length }, () => ["a", "é", "語", "🐎"][below(random, 4)]).join("");
}

function stamp(baseSequence: number) {
  return { producerId: 4711, epoch: 3, baseSequence };
}

function options(position: number, aborted: readonly AbortedTransaction[] = []) {
  const limits = { decompressedBytesMax: 2 ** 24, heldBytesMax: 2 ** 24 };
  return { position, aborted, checkCrcs: true, topic: "t", partition: 3, ...limits };
}

function decode(bytes: Uint8Array, position: number, aborted?: readonly AbortedTransaction[]) {
  return decodeRecordBatches(bytes, options(position, aborted));
}

function refused(bytes: Uint8Array, reason: string): void {
  const error = assertThrows(() => decode(bytes, 0), ProductionError, reason);
  assertEquals(error.retriable, false);
}

interface BatchShape {
  readonly count: number;
  readonly producerId?: number;
  readonly attributes?: number;
}

function batchAt(offset: number, { count, producerId = -1, attributes = 0 }: BatchShape): Uint8Array {
  const records = Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: `v${index}` }));
  const stamp = { producerId, epoch: 0, baseSequence: 0 };
  const bytes = encodeRecordBatch(records, { stamp, compression: "none", nowMs: 0 });
  setBaseOffset(bytes, offset);
  setHeader(bytes, { attributes });
  return bytes;
}

function setBaseOffset(bytes: Uint8Array, offset: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setBigInt64(0, BigInt(offset));
}

function setHeader(
  bytes: Uint8Array,
  { attributes, recordCount }: { attributes?: number; recordCount?: number },
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (attributes !== undefined) view.setInt16(21, attributes);
  if (recordCount !== undefined) view.setInt32(57, recordCount);
  view.setUint32(17, crc32c(bytes, 21));
}

function setLength(bytes: Uint8Array): void {
  new DataView(bytes.buffer, bytes.byteOffset).setInt32(8, bytes.length - 12);
  setHeader(bytes, {});
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function hex(bytes: Bytes | null): string | null {
  return bytes === null ? null : Buffer.from(bytes as Uint8Array).toString("hex");
}

function text(bytes: Bytes | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes as Uint8Array);
}

function comparable({ offset, timestampMs, key, value }: LogRecord): unknown[] {
  return [offset, timestampMs, hex(key), hex(value)];
}

function expected(record: NewRecord, { index, round }: { index: number; round: number }): unknown[] {
  return [round * 1_000_000_007 + index, record.timestampMs ?? 1_000, hex(record.key), hex(record.value)];
}
