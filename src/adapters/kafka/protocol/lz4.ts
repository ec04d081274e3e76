import { LimitError } from "../../../record/errors.ts";

/**
 * Reads LZ4 frames, as Kafka's producers and brokers write them. By hand, because no library that was tried refuses
 * damaged data without harm: lz4js (last changed in 2016) copies bytes from behind a block's end and from before the
 * output's beginning; one in WebAssembly (`@platformatic/wasm-utils`) loses the memory of the output at every refusal,
 * and after some hundred of them refuses everything; native ones bring a binary for each platform.
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md
 */

const MAGIC = 0x184d2204;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const DICTIONARY = 0x01;
/** Set in a block's size if the block is not compressed. */
const STORED = 0x80000000;
const MATCH_MIN = 4;
/** A compressed byte stands for so many at most. */
const RATIO_MAX = 255;
/** Shorter pieces are copied byte by byte, which is faster than a call. */
const COPY_LONG = 24;

/** What the header of a frame says. */
interface Frame {
  readonly blocksAt: number;
  readonly blockBytesMax: number;
  readonly checksumBytes: number;
}

/** Where a block lies in the frame, and where its output goes. */
interface Block {
  readonly at: number;
  readonly end: number;
  readonly to: number;
  readonly toMax: number;
}

/**
 * What one frame holds. The frame's own checksums are passed over: the record batch around it has one over every byte.
 * @throws RangeError if the frame is damaged
 * @throws LimitError if it holds more than `bytesMax`
 */
export function decompressLz4(source: Uint8Array, bytesMax: number): Uint8Array {
  const view = new DataView(source.buffer, source.byteOffset, source.length);
  const frame = readFrame(view);
  const bound = outputBound(view, frame);
  const out = new Uint8Array(Math.min(bound, bytesMax));
  let to = 0;
  for (let at = frame.blocksAt;;) {
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const end = at + word % STORED;
    const block = { at, end, to, toMax: Math.min(out.length, to + frame.blockBytesMax) };
    to = word >= STORED ? copyBlock(source, out, block) : readBlock(source, out, block);
    if (to < 0) {
      if (block.toMax === out.length && bound > bytesMax) throw tooLong(bytesMax);
      throw damaged("a block holds more than its frame allows");
    }
    at = end + frame.checksumBytes;
  }
  return 2 * to < out.length ? out.slice(0, to) : out.subarray(0, to);
}

/** `DataView` throws a RangeError of its own where the frame is cut off. */
function readFrame(view: DataView): Frame {
  if (view.getUint32(0, true) !== MAGIC) throw damaged("it does not begin as one");
  const flags = view.getUint8(4);
  const sizeCode = view.getUint8(5) >> 4 & 7;
  if (flags >> 6 !== 1 || (flags & DICTIONARY) !== 0 || sizeCode < 4) throw damaged(`its flags are ${flags}`);
  return {
    blocksAt: 7 + ((flags & CONTENT_SIZE) !== 0 ? 8 : 0),
    // 64 KiB, 256 KiB, 1 MiB or 4 MiB.
    blockBytesMax: 2 ** (8 + 2 * sizeCode),
    checksumBytes: (flags & BLOCK_CHECKSUM) !== 0 ? 4 : 0,
  };
}

/** Bytes that the blocks hold at most; close to what they hold, unless most of them are not full. */
function outputBound(view: DataView, { blocksAt, blockBytesMax, checksumBytes }: Frame): number {
  let bound = 0;
  for (let at = blocksAt;;) {
    const word = view.getUint32(at, true);
    if (word === 0) return bound;
    const bytes = word % STORED;
    bound += Math.min(blockBytesMax, word >= STORED ? bytes : RATIO_MAX * bytes);
    at += 4 + bytes + checksumBytes;
  }
}

/** Where the output ends; -1 if it has no room. */
function copyBlock(source: Uint8Array, out: Uint8Array, { at, end, to, toMax }: Block): number {
  if (to + end - at > toMax) return -1;
  out.set(source.subarray(at, end), to);
  return to + end - at;
}

/** Where the output ends; -1 if it has no room. Matches may lie in the blocks before. */
function readBlock(source: Uint8Array, out: Uint8Array, { at, end, to, toMax }: Block): number {
  for (;;) {
    if (at >= end) throw damaged("a block is cut off");
    const token = source[at++];
    let literals = token >> 4;
    if (literals === 15) {
      for (let more = 255; more === 255; literals += more) {
        if (at >= end) throw damaged("a block is cut off");
        more = source[at++];
      }
    }
    if (at + literals > end) throw damaged("a block is cut off");
    if (to + literals > toMax) return -1;
    if (literals > COPY_LONG) {
      out.set(source.subarray(at, at + literals), to);
      at += literals;
      to += literals;
    } else for (let left = literals; left > 0; left--) out[to++] = source[at++];
    // The last sequence of a block has no match.
    if (at === end) return to;
    if (at + 2 > end) throw damaged("a block is cut off");
    const distance = source[at] | source[at + 1] << 8;
    at += 2;
    if (distance === 0 || distance > to) throw damaged("a match lies outside what was read");
    let length = (token & 15) + MATCH_MIN;
    if (length === 15 + MATCH_MIN) {
      for (let more = 255; more === 255; length += more) {
        if (at >= end) throw damaged("a block is cut off");
        more = source[at++];
      }
    }
    if (to + length > toMax) return -1;
    if (length > COPY_LONG && length <= distance) {
      out.copyWithin(to, to - distance, to - distance + length);
      to += length;
    } else for (let left = length; left > 0; left--, to++) out[to] = out[to - distance];
  }
}

function damaged(how: string): RangeError {
  return new RangeError(`Cannot read an LZ4 frame: ${how}`);
}

function tooLong(bytesMax: number): LimitError {
  return new LimitError("decompressedBytesMax", `Cannot read an LZ4 frame as at most ${bytesMax} bytes: it holds more`);
}
