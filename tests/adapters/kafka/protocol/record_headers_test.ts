import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import Decoder from "kafkajs/src/protocol/decoder.js";
import kafkaJsDecode from "kafkajs/src/protocol/recordBatch/v0/decoder.js";
import { decodeRecordBatches } from "../../../../src/adapters/kafka/protocol/decoder.ts";
import { encodeRecordBatch, recordBytes } from "../../../../src/adapters/kafka/protocol/encoder.ts";
import { packHeaders, readHeaders } from "../../../../src/record/headers.ts";

const OPTIONS = {
  ...{ position: 0, aborted: [], checkCrcs: true, topic: "t", partition: 3 },
  ...{ decompressedBytesMax: 2 ** 24, heldBytesMax: 2 ** 24 },
};

interface KafkaJsRecord {
  readonly headers: Readonly<Record<string, Uint8Array | null>>;
}

Deno.test("encodeRecordBatch() writes headers that kafkajs reads, and none of records without", async () => {
  const headers = { trace: "ä", "": "x".repeat(300), empty: "" };
  const records = [
    { key: "a", value: null, headers: packHeaders(headers) },
    { key: null, value: "b" },
    { key: "c", value: "c", headers: packHeaders({ without: null }) },
  ];
  const bytes = encodeRecordBatch(records, {
    stamp: { producerId: 1, epoch: 0, baseSequence: 0 },
    compression: "none",
    nowMs: 1_000,
  });
  const { records: read } = await kafkaJsDecode(new Decoder(Buffer.from(bytes)));
  const texts = read.map((record: KafkaJsRecord) =>
    Object.entries(record.headers).map(([name, value]) => [name, value && new TextDecoder().decode(value)])
  );
  assertEquals(texts, [Object.entries(headers), [], [["without", null]]]);
  const { records: decoded } = decodeRecordBatches(bytes, OPTIONS);
  assertEquals(decoded.map((record) => "headers" in record), [true, false, true]);
  assertEquals(Object.entries(readHeaders(decoded[0].headers)), Object.entries(headers));
  for (const record of records) {
    const alone = encodeRecordBatch([record], {
      stamp: { producerId: 1, epoch: 0, baseSequence: 0 },
      compression: "none",
      nowMs: 0,
    });
    assert(alone.length - 61 <= recordBytes(record));
  }
});
