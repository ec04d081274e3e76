import { assertEquals } from "@std/assert";
import { decodeEpochEnds, encodeEpochs } from "../../../../src/adapters/kafka/protocol/epoch_ends.ts";

/** Bytes in hex, as https://kafka.apache.org/protocol#The_Messages_OffsetForLeaderEpoch lays them out, version 3. */
function bytes(...fields: string[]): Uint8Array {
  const hex = fields.join("").replaceAll(" ", "");
  return Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
}

Deno.test("encodeEpochs() writes OffsetForLeaderEpoch as a reader that is no replica", () => {
  const request = encodeEpochs("ab", [{ partition: 3, leaderEpoch: 7 }, { partition: 258, leaderEpoch: 0 }]);
  assertEquals(
    request,
    bytes(
      ...["ff ff ff ff", "00 00 00 01", "00 02 61 62", "00 00 00 02"], // replica, topics, name, partitions
      ...["00 00 00 03", "ff ff ff ff", "00 00 00 07"], // partition, present leader's epoch, epoch asked for
      ...["00 00 01 02", "ff ff ff ff", "00 00 00 00"],
    ),
  );
});

Deno.test("decodeEpochEnds() reads where epochs end, that of an unknown one, and errors", () => {
  const answer = bytes(
    ...["00 00 00 05", "00 00 00 01", "00 02 61 62", "00 00 00 03"], // throttle time, topics, name, partitions
    ...["00 00", "00 00 00 03", "00 00 00 06", "00 00 00 01 00 00 00 02"], // error, partition, epoch, end
    ...["00 00", "00 00 01 02", "ff ff ff ff", "ff ff ff ff ff ff ff ff"],
    ...["00 06", "00 00 00 04", "ff ff ff ff", "ff ff ff ff ff ff ff ff"],
  );
  assertEquals(decodeEpochEnds(answer), [
    { errorCode: 0, partition: 3, endOffset: 2 ** 32 + 2 },
    { errorCode: 0, partition: 258, endOffset: -1 },
    { errorCode: 6, partition: 4, endOffset: -1 },
  ]);
});
