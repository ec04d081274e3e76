import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { uncompress } from "snappyjs";
import { LimitError } from "../../../record/errors.ts";
import { decompressLz4 } from "./lz4.ts";

/** What stands in a batch's attributes, by code. */
export const codecNames = ["none", "gzip", "snappy", "lz4", "zstd"] as const;

/** How Java's producers begin: `SnappyOutputStream` of snappy-java writes blocks of 32 KiB behind a header. */
const BLOCKS_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00];
const BLOCKS_HEADER_BYTES = 16;

/**
 * Records of a batch as they were before compression; those of codec 0 are not copied.
 * @throws LimitError if they are more than `bytesMax`
 * @throws Error if they are damaged or the codec is unknown
 */
export function decompress(body: Uint8Array, { codec, bytesMax }: { codec: number; bytesMax: number }): Uint8Array {
  switch (codec) {
    case 0:
      return body;
    case 1:
      return limited(bytesMax, () => gunzipSync(body, { maxOutputLength: bytesMax }));
    case 2:
      return decompressSnappy(body, bytesMax);
    case 3:
      return decompressLz4(body, bytesMax);
    case 4:
      return limited(bytesMax, () => zstdDecompressSync(body, { maxOutputLength: bytesMax }));
    default:
      throw new RangeError(`codec ${codec} is not known; known are ${codecNames.join(", ")}`);
  }
}

function decompressSnappy(body: Uint8Array, bytesMax: number): Uint8Array {
  // Other clients write one block and no header.
  if (!BLOCKS_MAGIC.every((byte, index) => body[index] === byte)) return snappyBlock(body, bytesMax);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const blocks: Uint8Array[] = [];
  let bytes = 0;
  for (let at = BLOCKS_HEADER_BYTES; at < body.length;) {
    const end = at + 4 + view.getInt32(at);
    if (end <= at + 4 || end > body.length) throw new RangeError("Cannot read a Snappy stream: a block is cut off");
    const block = snappyBlock(body.subarray(at + 4, end), bytesMax - bytes);
    blocks.push(block);
    bytes += block.length;
    at = end;
  }
  return blocks.length === 1 ? blocks[0] : concatenated(blocks, bytes);
}

function snappyBlock(block: Uint8Array, bytesMax: number): Uint8Array {
  const length = snappyLength(block);
  if (length > bytesMax) throw tooLong(bytesMax);
  // It would leave zeros where a block ends before its length. An element of three bytes stands for 64 at most.
  if (length > 22 * block.length) throw new RangeError("Cannot read a Snappy block: it is shorter than it says");
  return uncompress(block);
}

/** The varint at the beginning. */
function snappyLength(block: Uint8Array): number {
  let length = 0;
  for (let at = 0, scale = 1; at < Math.min(5, block.length); at++, scale *= 128) {
    length += (block[at] & 0x7f) * scale;
    if (block[at] < 0x80) return length;
  }
  throw new RangeError("Cannot read a Snappy block: it has no length");
}

function concatenated(blocks: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const block of blocks) {
    whole.set(block, at);
    at += block.length;
  }
  return whole;
}

/** node:zlib's own error for a limit that was reached becomes ours. */
function limited(bytesMax: number, work: () => Uint8Array): Uint8Array {
  try {
    return work();
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") throw tooLong(bytesMax);
    throw error;
  }
}

function tooLong(bytesMax: number): LimitError {
  return new LimitError("decompressedBytesMax", `it holds more than ${bytesMax} bytes once decompressed`);
}
