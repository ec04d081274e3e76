/**
 * A 53-bit hash of `text`, as a safe integer: wide enough that two different rows of ONE key (the only comparison made)
 * agree by chance once in 9e15. It is cyrb53 of 2018 with seed 0, by bryc, in the public domain
 * (https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js): two multiplicative lanes over UTF-16 units,
 * mixed as in MurmurHash3. It is no protection against somebody who looks for collisions.
 *
 * Written out here because every row that is shown or served is hashed, without waiting. For a row of 122 characters
 * `node:crypto` takes over 10 times as long (MD5, SHA-1), WebCrypto, which also must be awaited, over 50 times
 * (`deno run --allow-read tests/bench/compiled.ts`); npm's xxhash-wasm, brought to 53 bits, is as fast and a dependency
 * more. ClickHouse keeps these digests: another algorithm would write every row again.
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
