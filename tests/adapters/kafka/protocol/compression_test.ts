import { assert, assertEquals, assertThrows } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { crc32c } from "../../../../src/adapters/kafka/protocol/crc32c.ts";
import { decodeRecordBatches } from "../../../../src/adapters/kafka/protocol/decoder.ts";
import { decompress } from "../../../../src/adapters/kafka/protocol/decompress.ts";
import { LimitError, ProductionError } from "../../../../src/record/errors.ts";
import { below, withSeed } from "./seeded.ts";

/** Fetched from a broker to which `data/WriteRecords.java` had written. */
const captured = {
  gzip: ["java_gzip.batches", 1],
  snappy: ["java_snappy.batches", 2],
  lz4: ["java_lz4.batches", 3],
  zstd: ["java_zstd.batches", 4],
  "lz4, compressed by the broker": ["broker_lz4.batches", 3],
} as const;

const RECORDS = 300;
const FIRST_MS = 1_700_000_000_000;
const BYTES_MAX = 2 ** 24;

for (const [name, [file, codec]] of Object.entries(captured)) {
  Deno.test(`decodeRecordBatches() reads what a Java producer wrote with ${name}`, () => {
    const bytes = read(file);
    assertEquals(bytes[22] & 7, codec);
    const { records, nextOffset } = decode(bytes, 0);
    assertEquals(nextOffset, RECORDS);
    assertEquals(records.length, RECORDS);
    for (const [index, { offset, timestampMs, key, value }] of records.entries()) {
      assertEquals([offset, timestampMs, text(key)], [index, FIRST_MS + index, `{"id":${index}}`]);
      assertEquals(text(value), expectedValue(index));
    }
    assertEquals(decode(bytes, 250).records.map(({ offset }) => offset)[0], 250);
  });
}

Deno.test("decodeRecordBatches() refuses damaged compressed data as one kind of error, and never hangs", () =>
  withSeed((random) => {
    for (const [file] of Object.values(captured)) {
      for (let round = 0; round < 60; round++) {
        const bytes = read(file);
        for (let flips = 1 + below(random, 4); flips > 0; flips--) {
          bytes[61 + below(random, bytes.length - 61)] = below(random, 256);
        }
        setCrc(bytes);
        try {
          for (const record of decode(bytes, 0).records) {
            assert(record.offset >= 0 && record.offset < RECORDS);
          }
        } catch (error) {
          assert(error instanceof ProductionError, String(error));
          assert(error.message.startsWith('Cannot read "t" partition 0 at offset 0 as a record batch'), error.message);
        }
      }
      const whole = read(file);
      for (const length of [61, 62, 70, 90, 200, whole.length - 40]) {
        const cut = whole.slice(0, length);
        new DataView(cut.buffer).setInt32(8, length - 12);
        setCrc(cut);
        assertThrows(() => decode(cut, 0), ProductionError, "compressed with");
      }
    }
  }));

Deno.test("decompress() refuses what is larger than allowed before it takes the memory", () => {
  const zeros = new Uint8Array(50_000_000);
  const bombs = new Map([
    [1, gzipSync(zeros)],
    [2, new Uint8Array([0x80, 0x80, 0x80, 0x80, 0x08, 0, 0])],
    [3, lz4Bomb(600)],
    [4, zstdCompressSync(zeros)],
  ]);
  for (const [codec, bytes] of bombs) {
    const before = Deno.memoryUsage().rss;
    assertThrows(() => decompress(bytes, { codec: codec, bytesMax: 1_000_000 }), LimitError, "1000000 bytes");
    assert(Deno.memoryUsage().rss - before < 40_000_000, `codec ${codec}`);
  }
  const bomb = batchOf(bombs.get(4)!, 4);
  assertThrows(() => decode(bomb, 0), ProductionError, "have its producer write smaller batches");
});

Deno.test("decompress() reads Snappy without a header, as other clients write it", () => {
  // 11 bytes: a literal of 5, then a copy of 6 at distance 5.
  const block = new Uint8Array([11, 4 << 2, 104, 101, 108, 108, 111, (6 - 1) << 2 | 2, 5, 0]);
  assertEquals(text(decompress(block, { codec: 2, bytesMax: 100 })), "hellohelloh");
  assertThrows(
    () => decompress(new Uint8Array([200, 1, 0, 104]), { codec: 2, bytesMax: 1_000 }),
    RangeError,
    "shorter than it says",
  );
});

Deno.test("decompress() reads LZ4 blocks that are stored, refer to earlier ones, have checksums", () => {
  const stored = [5, 0, 0, 0x80, ...bytesOf("hello"), 1, 2, 3, 4];
  // A literal of none and a match of 10 at distance 5 in the block before, then "!".
  const linked = [5, 0, 0, 0, 0x06, 5, 0, 0x10, 33, 1, 2, 3, 4];
  // With the content's size, checksums of blocks and of the content.
  const frame = [
    4,
    0x22,
    0x4d,
    0x18,
    0x5c,
    0x40,
    16,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    ...stored,
    ...linked,
    0,
    0,
    0,
    0,
    9,
    9,
    9,
    9,
  ];
  assertEquals(text(decompress(new Uint8Array(frame), { codec: 3, bytesMax: 100 })), "hellohellohello!");
  assertThrows(() => decompress(new Uint8Array(frame), { codec: 3, bytesMax: 15 }), LimitError);
  frame[29] = 99; // a distance to before the beginning
  assertThrows(() => decompress(new Uint8Array(frame), { codec: 3, bytesMax: 100 }), RangeError, "outside");
});

function read(file: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(`../data/${file}`, import.meta.url));
}

function decode(bytes: Uint8Array, position: number) {
  const limits = { decompressedBytesMax: BYTES_MAX, heldBytesMax: BYTES_MAX };
  return decodeRecordBatches(bytes, { position, aborted: [], checkCrcs: true, topic: "t", partition: 0, ...limits });
}

function setCrc(bytes: Uint8Array): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(17, crc32c(bytes, 21));
}

/** The header of a captured batch in front of other records. */
function batchOf(body: Uint8Array, codec: number): Uint8Array {
  const bytes = new Uint8Array([...read("java_gzip.batches").subarray(0, 61), ...body]);
  const view = new DataView(bytes.buffer);
  view.setInt32(8, bytes.length - 12);
  view.setInt16(21, codec);
  setCrc(bytes);
  return bytes;
}

/** A frame of so many blocks of 64 KiB, each a literal and a match of all the rest. */
function lz4Bomb(blocks: number): Uint8Array {
  const rest = 65_536 - 1 - 19;
  const block = [0x1f, 0, 1, 0, ...Array(Math.floor(rest / 255)).fill(255), rest % 255 - 5, 0x50, 1, 2, 3, 4, 5];
  const header = [4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0];
  const one = [block.length & 255, block.length >> 8, 0, 0, ...block];
  return new Uint8Array([...header, ...Array.from({ length: blocks }, () => one).flat(), 0, 0, 0, 0]);
}

/** As WriteRecords.java makes it. */
function expectedValue(index: number): string | null {
  if (index % 50 === 49) return null;
  const check = (BigInt(index) * 2_654_435_761n & 0xffffffffn).toString(16).padStart(8, "0");
  const words = "the same words again ".repeat(1 + index % 40);
  return `{"before":null,"after":{"id":${index},"name":"Müller 😀","check":"${check}","text":"${words}"},"op":"c"}`;
}

function text(bytes: unknown): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes as Uint8Array);
}

function bytesOf(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}
