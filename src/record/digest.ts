/**
 * A 53-bit hash of `text`, as a safe integer. It is cyrb53 of 2018 with seed 0, by
 * bryc, in the public domain (https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js): two
 * multiplicative lanes over UTF-16 units, mixed as in MurmurHash3. It is no protection against somebody who looks for
 * collisions.
 *
 * To encode a text of up to 120 characters for {@link digestOfBytes} takes what that saves. Earlier versions took it of
 * rows, too, and ClickHouse keeps those digests: {@link isDigestOfText}.
 */
export function digestOf(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

/** Digests of bytes are not less, digests of texts are. */
const FIRST_OF_BYTES = 2 ** 53;

/**
 * A 52-bit hash of the first `length` bytes of `words` (little-endian, the bytes behind the last of them up to a whole
 * word 0). It is an even integer from 2^53 to 2^54 (exact in a double and in ClickHouse's UInt64), so that no digest of
 * a text is equal to it. 52 bits are wide enough that two different rows of ONE key (the only comparison made) agree
 * by chance once in 4.5e15. It is no protection against somebody who looks for collisions.
 *
 * Two lanes take four bytes at a time, by a step in which neither two words nor two states give one state, and the end
 * is MurmurHash3's. Written out here because every row that is evaluated is hashed, without waiting: of 122 bytes
 * {@link digestOf} takes 4 times as long, `node:crypto` over 20 times (MD5, SHA-1), WebCrypto, which also must be
 * awaited, over 50 times (`deno run --allow-read tests/bench/compiled.ts`). ClickHouse keeps these digests: another
 * algorithm would write every row again.
 */
export function digestOfBytes(words: Int32Array, length: number): number {
  const count = (length + 3) >>> 2;
  let a = 0xdeadbeef ^ length;
  let b = 0x41c6ce57 ^ length;
  for (let at = 0; at < count; at++) {
    const word = words[at];
    a = Math.imul(a ^ word, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b ^ word, 0x85ebca77);
    b ^= b >>> 13;
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
  b = Math.imul(b ^ (b >>> 16), 0xc2b2ae35);
  a ^= b >>> 13;
  b ^= a >>> 13;
  a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 13), 0x85ebca6b);
  a ^= a >>> 16;
  b ^= b >>> 16;
  return FIRST_OF_BYTES + 2 * (4294967296 * (b & 0xfffff) + (a >>> 0));
}

/** Whether a digest that ClickHouse shows was taken by {@link digestOf}, of a row's text. */
export function isDigestOfText(digest: number): boolean {
  return digest >= 0 && digest < FIRST_OF_BYTES;
}
