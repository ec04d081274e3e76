import { assertEquals } from "@std/assert";
import kafkaJsCrc32C from "kafkajs/src/protocol/recordBatch/crc32C/index.js";
import { Buffer } from "node:buffer";
import { crc32c } from "../../../../src/adapters/kafka/protocol/crc32c.ts";
import { below, withSeed } from "./seeded.ts";

Deno.test("crc32c() gives the published check values", () => {
  assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa); // RFC 3720, B.4
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assertEquals(crc32c(new Uint8Array(0)), 0);
});

Deno.test("crc32c() agrees with kafkajs on any length and part of a buffer", () =>
  withSeed((random) => {
    for (let round = 0; round < 100; round++) {
      const bytes = Buffer.from(Array.from({ length: below(random, 200) }, () => below(random, 256)));
      const start = below(random, bytes.length + 1);
      const end = start + below(random, bytes.length - start + 1);
      assertEquals(crc32c(bytes, start, end), kafkaJsCrc32C(bytes.subarray(start, end)) >>> 0);
    }
  }));

Deno.test("crc32c() agrees with kafkajs on long texts, which are taken in parts", () =>
  withSeed((random) => {
    const bytes = Buffer.from(Array.from({ length: 10_000 }, () => below(random, 256)));
    const lengths = [3_071, 3_072, 3_073, 3_079, 3_080, 6_143, 6_144, 6_145, 9_216, 9_990];
    for (const length of lengths) {
      const start = below(random, 10);
      const end = start + length;
      assertEquals(crc32c(bytes, start, end), kafkaJsCrc32C(bytes.subarray(start, end)) >>> 0);
    }
  }));
