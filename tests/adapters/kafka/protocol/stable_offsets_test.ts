import { assertEquals } from "@std/assert";
import { decodeStableOffsets, encodeStableOffsets } from "../../../../src/adapters/kafka/protocol/stable_offsets.ts";

/** Bytes in hex, as https://kafka.apache.org/protocol#The_Messages_OffsetFetch lays them out, version 7. */
function bytes(...fields: string[]): Uint8Array {
  const hex = fields.join("").replaceAll(" ", "");
  return Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
}

Deno.test("encodeStableOffsets() asks for what is stable", () => {
  const request = encodeStableOffsets("g", [{ topic: "ab", partitions: [3, 258] }, { topic: "c", partitions: [0] }]);
  assertEquals(
    request,
    bytes(
      ...["00", "02 67", "03"], // the header's tags, group, topics
      ...["03 61 62", "03", "00 00 00 03", "00 00 01 02", "00"],
      ...["02 63", "02", "00 00 00 00", "00"],
      ...["01", "00"], // only what is stable, tags
    ),
  );
});

Deno.test("decodeStableOffsets() reads offsets with their metadata, none, and errors", () => {
  const answer = bytes(
    ...["00", "00 00 00 05", "02", "03 61 62", "04"], // the header's tags, throttle time, topics, name, partitions
    ...["00 00 00 03", "00 00 00 01 00 00 00 02", "ff ff ff ff", "03 c3 bc", "00 00", "00"],
    ...["00 00 01 02", "ff ff ff ff ff ff ff ff", "ff ff ff ff", "01", "00 00", "00"],
    ...["00 00 00 04", "ff ff ff ff ff ff ff ff", "ff ff ff ff", "00", "00 58", "00"],
    ...["00", "00 00", "00"], // the topic's tags, error of all, tags
  );
  assertEquals(decodeStableOffsets(answer), {
    errorCodes: [0, 0, 88, 0],
    offsets: [
      { topic: "ab", partition: 3, offset: 2 ** 32 + 2, metadata: "ü" },
      { topic: "ab", partition: 258, offset: -1, metadata: "" },
      { topic: "ab", partition: 4, offset: -1, metadata: "" },
    ],
  });
});
