import { Buffer } from "node:buffer";
import { specialised } from "../record/specialised.ts";
import { REFUSED } from "./column_type.ts";
import { cursor, scratch, view } from "./scanned_bytes.ts";

const QUOTE = 34, BACKSLASH = 92, SPACE = 32, LOWER_F = 102, LOWER_U = 117;

/** 1 for the bytes that end a text or are special in it: the quote, the backslash, and what no text may have. */
const STOPS = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte < SPACE || byte === QUOTE || byte === BACKSLASH ? 1 : 0,
);

/** The text whose opening quote stands here, as JSON.parse gives it, and moves behind it; REFUSED for no JSON. */
export function scannedText(): string | typeof REFUSED {
  const from = cursor.at + 1;
  const at = plainEnd(from);
  if (scratch[at] === QUOTE) {
    cursor.at = at + 1;
    return at - from <= WORD_LENGTH_MAX ? word(from, at) : scratch.toString("utf8", from, at);
  }
  const end = textEnd(at);
  if (end < 0) return REFUSED;
  cursor.at = end + 1;
  return unescaped(from, end) ?? JSON.parse(scratch.toString("utf8", from - 1, end + 1));
}

/** Where the next byte of {@link STOPS} stands. Four bytes at a time, as long as none of them is one. */
function plainEnd(from: number): number {
  let at = from;
  for (;; at += 4) {
    const word = view.getInt32(at);
    const quotes = word ^ 0x22222222;
    const backslashes = word ^ 0x5c5c5c5c;
    // The highest bit of a byte: of one that is 0 now; of one below the space.
    const stops = ((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes) |
      ((word - 0x20202020) & ~word);
    if ((stops & 0x80808080) !== 0) break;
  }
  while (STOPS[scratch[at]] === 0) at++;
  return at;
}

/** Moves behind the text whose opening quote stands here; false for one that is no JSON. */
export function skipText(): boolean {
  const end = textEnd(cursor.at + 1);
  if (end < 0) return false;
  cursor.at = end + 1;
  return true;
}

/** Where the closing quote of the text stands of which `from` is in the middle; -1 for one that is no JSON. */
export function textEnd(from: number): number {
  let at = from;
  for (;;) {
    at = plainEnd(at);
    const byte = scratch[at];
    if (byte === QUOTE) return at;
    const length = byte === BACKSLASH ? escapeLength(at) : 0;
    if (length === 0) return -1;
    at += length;
  }
}

/** `"\/bfnrt` may stand behind a backslash. */
const ESCAPED = new Uint8Array(256);
for (const byte of new TextEncoder().encode('"\\/bfnrt')) ESCAPED[byte] = 1;

/** Bytes of the escape that begins at `at`; 0 for one that JSON does not have. */
function escapeLength(at: number): number {
  const byte = scratch[at + 1];
  if (ESCAPED[byte] === 1) return 2;
  if (byte !== LOWER_U) return 0;
  for (let index = at + 2; index < at + 6; index++) if (!isHex(scratch[index])) return 0;
  return 6;
}

function isHex(byte: number): boolean {
  const lower = byte | SPACE;
  return (byte >= 48 && byte <= 57) || (lower >= 97 && lower <= LOWER_F);
}

/** A text without its escapes: JSON in JSON has many. */
const plain = Buffer.alloc(4_096);

/** The text between two quotes, if every backslash in it stands before a quote or another one; else null. */
function unescaped(from: number, end: number): string | null {
  if (end - from > plain.length) return null;
  let length = 0;
  for (let at = from; at < end; at++) {
    let byte = scratch[at];
    if (byte === BACKSLASH) {
      byte = scratch[++at];
      if (byte !== QUOTE && byte !== BACKSLASH) return null;
    }
    plain[length++] = byte;
  }
  return plain.toString("utf8", 0, length);
}

/** Longest text that is looked up among {@link words}. */
const WORD_LENGTH_MAX = 24;
/** A power of two. */
const WORD_PLACES = 4_096;
/**
 * Short texts seen last, one for each place, which is a hash of their bytes: a status or a currency is one string in
 * memory, however many rows have it.
 */
const words: string[] = new Array(WORD_PLACES).fill("");

/** The text from `from` to `end`. */
function word(from: number, end: number): string {
  let hash = 0;
  let all = 0;
  for (let at = from; at < end; at++) {
    hash = Math.imul(hash ^ scratch[at], 0x9e3779b1);
    all |= scratch[at];
  }
  if (all >= 128) return scratch.toString("utf8", from, end);
  const place = (hash ^ (hash >>> 15)) & (WORD_PLACES - 1);
  const known = words[place];
  if (known.length === end - from) {
    let at = from;
    while (at < end && known.charCodeAt(at - from) === scratch[at]) at++;
    if (at === end) return known;
  }
  return words[place] = shortTexts[end - from](from);
}

/** By length: compiled, as node:buffer takes twice as long and more for so few characters. */
const shortTexts = Array.from({ length: WORD_LENGTH_MAX + 1 }, (_, length) => {
  const bytes = Array.from({ length }, (_, index) => `scratch[from + ${index}]`);
  return specialised<(from: number) => string>(
    { scratch },
    ["from"],
    `return String.fromCharCode(${bytes.join(", ")});`,
  );
});
