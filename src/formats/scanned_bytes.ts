import { Buffer, isAscii, isUtf8 } from "node:buffer";
import type { MessageBytes } from "./message_text.ts";

/** Messages above are read as text: copying them here would gain little. Bytes. */
const SCANNED_BYTES_MAX = 65_536;
const WORD_BYTES = 4;
/** A UTF-16 unit has at most three bytes. */
const SCANNED_UNITS_MAX = SCANNED_BYTES_MAX / 3;

const room = new ArrayBuffer(SCANNED_BYTES_MAX + WORD_BYTES);
/**
 * The message that is scanned, as UTF-8, and 0 after it. One place for all scanners: scanning never waits, and nothing
 * that it gives refers to these bytes. Messages come as views of other buffers, or as text; here the engine meets one
 * array that never moves. No JSON text has a byte 0, so whoever reads on byte by byte stops there at the latest.
 */
export const scratch: Buffer = Buffer.from(room);
/** The same bytes, for looks at several at once. */
export const view: DataView = new DataView(room);
/** Where the scanner is in {@link scratch}, and where the message ends. */
export const cursor: { at: number; end: number } = { at: 0, end: 0 };

const encoder = new TextEncoder();

/**
 * Makes `message` the one that is scanned, from its beginning. False for a message that is too long to be scanned,
 * or is no UTF-8.
 */
export function loadMessage(message: MessageBytes): boolean {
  let length: number;
  if (typeof message === "string") {
    if (message.length > SCANNED_UNITS_MAX) return false;
    length = encoder.encodeInto(message, scratch).written;
    // Half a surrogate pair has become U+FFFD.
    if (length !== message.length && !message.isWellFormed()) return false;
  } else {
    length = message.length;
    if (length > SCANNED_BYTES_MAX || (!isAscii(message) && !isUtf8(message))) return false;
    scratch.set(message);
  }
  scratch[length] = 0;
  cursor.at = 0;
  cursor.end = length;
  return true;
}

/** Bytes that may stand somewhere, as big-endian words: the last one may begin within the one before it. */
export interface Token {
  /** In bytes. */
  readonly length: number;
  readonly words: Int32Array;
}

/** Makes `text`, of at least four bytes, ready to be compared. */
export function token(text: string): Token {
  const bytes = encoder.encode(text);
  const seen = new DataView(bytes.buffer);
  const count = Math.ceil(bytes.length / WORD_BYTES);
  const words = Int32Array.from({ length: count }, (_, index) => seen.getInt32(wordAt(index, bytes.length)));
  return { length: bytes.length, words };
}

/** What stands before each value of an object with these names in this order: `{"id":`, then `,"name":`. */
export function keyTokens(names: readonly string[]): Token[] {
  return names.map((name, index) => token(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`));
}

/** Where word `index` of a token of `length` bytes begins. */
export function wordAt(index: number, length: number): number {
  return Math.min(index * WORD_BYTES, length - WORD_BYTES);
}

/** Moves behind `token`, if it stands here. */
export function take({ length, words }: Token): boolean {
  const from = cursor.at;
  const last = words.length - 1;
  for (let index = 0; index < last; index++) {
    if (view.getInt32(from + index * WORD_BYTES) !== words[index]) return false;
  }
  if (view.getInt32(from + length - WORD_BYTES) !== words[last]) return false;
  cursor.at = from + length;
  return true;
}

/** What is searched for: the token, and one byte of it that other text seldom has. */
export interface Sought {
  readonly token: Token;
  readonly byte: number;
  /** Where in the token. */
  readonly offset: number;
}

/** Makes `text`, of ASCII, ready to be searched for by its character `seldom`. */
export function sought(text: string, seldom: string): Sought {
  return { token: token(text), byte: seldom.charCodeAt(0), offset: text.indexOf(seldom) };
}

/** Moves behind the first occurrence from here on; false, and does not move, if there is none. */
export function find({ token, byte, offset }: Sought): boolean {
  const from = cursor.at;
  for (let at = nextByte(byte, from + offset); at >= 0; at = nextByte(byte, at + 1)) {
    cursor.at = at - offset;
    if (take(token)) return true;
  }
  cursor.at = from;
  return false;
}

/** Where the last occurrence behind `from` begins; -1 if there is none. Moves. */
export function lastPlace({ token, byte, offset }: Sought, from: number): number {
  for (let at = cursor.end - 1; at > from + offset; at--) {
    if (scratch[at] !== byte) continue;
    cursor.at = at - offset;
    if (take(token)) return at - offset;
  }
  return -1;
}

/** Where `byte` stands next, from `from` on; -1 if it does not. Four bytes at a time. */
export function nextByte(byte: number, from: number): number {
  const four = byte * 0x01010101;
  for (let at = from; at < cursor.end; at += WORD_BYTES) {
    const word = view.getInt32(at) ^ four;
    // The highest bit of a byte that is 0 now.
    if (((word - 0x01010101) & ~word & 0x80808080) === 0) continue;
    let here = at;
    while (scratch[here] !== byte) here++;
    return here < cursor.end ? here : -1;
  }
  return -1;
}
