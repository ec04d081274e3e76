import { assertEquals } from "@std/assert";
import { encodeRecordBatch } from "../../../../src/adapters/kafka/protocol/encoder.ts";
import type { ProtocolRequest } from "../../../../src/adapters/kafka/protocol/kafkajs_internals.ts";
import {
  addOffsetsRequest,
  addPartitionsRequest,
  commitRequest,
  initProducerIdRequest,
  offsetCommitRequest,
} from "../../../../src/adapters/kafka/protocol/transactions.ts";

const writer = { transactionalId: "ab", producerId: 2 ** 32 + 7, epoch: 3 };
/** Id, producer's id and its epoch, as most requests begin. */
const IDENTITY = ["00 02 61 62", "00 00 00 01 00 00 00 07", "00 03"];

/** Bytes in hex, as https://kafka.apache.org/protocol lays them out. */
function bytes(...fields: string[]): Uint8Array {
  const hex = fields.join("").replaceAll(" ", "");
  return Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
}

async function sent(request: ProtocolRequest<unknown>): Promise<Uint8Array> {
  const { buf, offset } = await request.request.encode() as { buf: Uint8Array; offset: number };
  return new Uint8Array(buf.subarray(0, offset));
}

Deno.test("initProducerIdRequest() asks for the next epoch of an id", async () => {
  const request = initProducerIdRequest("ab", 258);
  assertEquals([request.request.apiKey, request.request.apiVersion], [22, 1]);
  assertEquals(await sent(request), bytes("00 02 61 62", "00 00 01 02"));
  const answer = bytes("00 00 00 05", "00 33", "00 00 00 01 00 00 00 07", "00 03");
  assertEquals(await request.response.decode(answer), { errorCode: 51, producerId: 2 ** 32 + 7, epoch: 3 });
});

Deno.test("addPartitionsRequest() names partitions by topic, and gives all codes", async () => {
  const request = addPartitionsRequest(writer, [{ topic: "x", partitions: [1, 2] }, { topic: "y", partitions: [0] }]);
  assertEquals([request.request.apiKey, request.request.apiVersion], [24, 1]);
  assertEquals(
    await sent(request),
    bytes(
      ...IDENTITY,
      "00 00 00 02",
      ...["00 01 78", "00 00 00 02", "00 00 00 01", "00 00 00 02"],
      ...["00 01 79", "00 00 00 01", "00 00 00 00"],
    ),
  );
  const answer = bytes(
    ...["00 00 00 00", "00 00 00 02"],
    ...["00 01 78", "00 00 00 02", "00 00 00 01 00 37", "00 00 00 02 00 1d"],
    ...["00 01 79", "00 00 00 01", "00 00 00 00 00 37"],
  );
  assertEquals(await request.response.decode(answer), { errorCodes: [55, 29, 55] });
});

Deno.test("addOffsetsRequest() and commitRequest() name the writer", async () => {
  const offsets = addOffsetsRequest(writer, "g");
  assertEquals([offsets.request.apiKey, offsets.request.apiVersion], [25, 1]);
  assertEquals(await sent(offsets), bytes(...IDENTITY, "00 01 67"));
  const commit = commitRequest(writer);
  assertEquals([commit.request.apiKey, commit.request.apiVersion], [26, 1]);
  assertEquals(await sent(commit), bytes(...IDENTITY, "01"));
  assertEquals(await commit.response.decode(bytes("00 00 00 00", "00 2f")), { errorCode: 47 });
});

Deno.test("offsetCommitRequest() commits as a member of a generation, with the metadata", async () => {
  const position = { group: "g", memberId: "m", generation: 5, topic: "x", partition: 1, offset: 9, metadata: "ü" };
  const request = offsetCommitRequest(writer, position);
  assertEquals([request.request.apiKey, request.request.apiVersion], [28, 3]);
  assertEquals(
    await sent(request),
    bytes(
      ...["00", "03 61 62", "02 67", "00 00 00 01 00 00 00 07", "00 03"], // the header's tags, ids, epoch
      ...["00 00 00 05", "02 6d", "00"], // generation, member, no instance
      ...["02", "02 78", "02", "00 00 00 01", "00 00 00 00 00 00 00 09", "ff ff ff ff", "03 c3 bc", "00"],
      ...["00", "00"],
    ),
  );
  const answer = bytes("00", "00 00 00 00", "02", "02 78", "02", "00 00 00 01", "00 16", "00", "00", "00");
  assertEquals(await request.response.decode(answer), { errorCode: 22 });
});

Deno.test("encodeRecordBatch() marks the records of a transaction, beside how they are compressed", () => {
  for (const [compression, codec] of [["none", 0], ["gzip", 1], ["zstd", 4]] as const) {
    const attributesOf = (more: { readonly transactional?: true }) => {
      const stamp = { producerId: 4711, epoch: 3, baseSequence: 0, ...more };
      const bytes = encodeRecordBatch([{ key: "a", value: "b" }], { stamp, compression, nowMs: 0 });
      return new DataView(bytes.buffer, bytes.byteOffset).getInt16(21);
    };
    assertEquals([attributesOf({}), attributesOf({ transactional: true })], [codec, codec | 0x10]);
  }
});
