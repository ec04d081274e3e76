import { assertEquals } from "@std/assert";
import { digestOf, digestOfBytes, isDigestOfText } from "../../src/record/digest.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";

Deno.test("digestOf() is cyrb53 with seed 0, since ClickHouse keeps its values", () => {
  const known = [["", 3338908027751811], ["a", 7929297801672961], ["hello", 4625896200565286]] as const;
  for (const [text, digest] of known) assertEquals(digestOf(text), digest);
  assertEquals(digestOf("héllo €"), 1836997171649126);
});

const encoder = new TextEncoder();

/** Words of a text's bytes, with zeros up to a whole word. */
function wordsOf(text: string): [words: Int32Array, length: number] {
  const bytes = encoder.encode(text);
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return [words, bytes.length];
}

const ofText = (text: string) => digestOfBytes(...wordsOf(text));

/** The readable twin of `digestOfBytes`: numbers without sign, modulo 2^32, from bytes alone. */
function plainDigest(bytes: Uint8Array): number {
  const product = (a: bigint, b: bigint) => BigInt.asUintN(32, a * b);
  const length = BigInt(bytes.length);
  let a = 0xdeadbeefn ^ length;
  let b = 0x41c6ce57n ^ length;
  for (let at = 0; at < bytes.length; at += 4) {
    let word = 0n;
    for (let place = 3; place >= 0; place--) word = word * 256n + BigInt(bytes[at + place] ?? 0);
    a = product(a ^ word, 0x9e3779b1n);
    a ^= a >> 15n;
    b = product(b ^ word, 0x85ebca77n);
    b ^= b >> 13n;
  }
  a = product(a ^ (a >> 16n), 0x85ebca6bn);
  b = product(b ^ (b >> 16n), 0xc2b2ae35n);
  a ^= b >> 13n;
  b ^= a >> 13n;
  a = product(a ^ (a >> 13n), 0xc2b2ae35n);
  b = product(b ^ (b >> 13n), 0x85ebca6bn);
  a ^= a >> 16n;
  b ^= b >> 16n;
  return Number(2n ** 53n + 2n * (2n ** 32n * (b % 2n ** 20n) + a));
}

Deno.test("digestOfBytes() is what its readable twin says, since ClickHouse keeps its values", () => {
  const random = mulberry32(3);
  for (let length = 0; length < 300; length++) {
    const words = new Int32Array(Math.ceil(length / 4));
    const bytes = new Uint8Array(words.buffer, 0, length);
    for (let at = 0; at < length; at++) bytes[at] = random() * 256;
    assertEquals(digestOfBytes(words, length), plainDigest(bytes));
  }
  const known = [["", 10043041885881994], ['[1,"a"', 11682929972690030], ['[7,"héllo €"', 9802154433669462]] as const;
  for (const [text, digest] of known) assertEquals(ofText(text), digest);
});

Deno.test("digestOfBytes() is exact as a number and as digits, and never a digest of a text", () => {
  const random = mulberry32(4);
  for (let round = 0; round < 10_000; round++) {
    const text = `[${round},"${random()}"`;
    const digest = ofText(text);
    assertEquals(BigInt(digest), BigInt(String(digest)));
    assertEquals([digest % 2, digest >= 2 ** 53 && digest < 2 ** 54, isDigestOfText(digest)], [0, true, false]);
    assertEquals(isDigestOfText(digestOf(text)), true);
  }
});

/** Pairs of equal values. */
function collisions(values: Float64Array): number {
  values.sort();
  let pairs = 0;
  for (let at = 1; at < values.length; at++) if (values[at] === values[at - 1]) pairs++;
  return pairs;
}

/** Rows that differ by little. */
const FAMILIES: Readonly<Record<string, (n: number) => string>> = {
  "one number counts up": (n) => `[${n},"1970-01-01","shipped","12.50",null`,
  "two numbers, one up and one down": (n) => `[${1_000_000 + n},${9_000_000 - n},"x"`,
  "two numbers of a few values each": (n) => `["aa",${1_000 + (n % 1_000)},"bb",${1_000 + Math.floor(n / 1_000)}`,
  "a byte here and there": (n) =>
    `["${String.fromCharCode(...[0, 4, 8, 12, 16, 20].map((s) => 97 + ((n >> s) & 15)))}"`,
  "texts of one letter": (n) => `["${"a".repeat(n % 1_400)}",${Math.floor(n / 1_400)}`,
  "high bytes": (n) => `["${String.fromCodePoint(0x10000 + n % 1_024, 0x4e00 + Math.floor(n / 1_024))}"`,
};

for (const [family, rowOf] of Object.entries(FAMILIES)) {
  Deno.test(`digestOfBytes() of near-equal rows: no collision, its 32 low bits as by chance: ${family}`, () => {
    const ROWS = family === "texts of one letter" ? 200_000 : 1_000_000;
    const whole = new Float64Array(ROWS);
    const low = new Float64Array(ROWS);
    for (let n = 0; n < ROWS; n++) {
      whole[n] = ofText(rowOf(n));
      low[n] = ((whole[n] - 2 ** 53) / 2) % 2 ** 32;
    }
    assertEquals(collisions(whole), 0);
    const expected = ROWS ** 2 / 2 ** 33;
    const found = collisions(low);
    assertEquals(
      found < expected + 5 * Math.sqrt(expected) && found > expected - 5 * Math.sqrt(expected),
      true,
      `${found}`,
    );
  });
}

Deno.test("digestOfBytes() changes half of its bits, each about as often, with any bit of the row", () => {
  const random = mulberry32(5);
  for (const length of [4, 7, 30, 122]) {
    const changed = new Array(52).fill(0);
    const flips = 4_000;
    for (let round = 0; round < flips; round++) {
      const words = new Int32Array(Math.ceil(length / 4));
      const bytes = new Uint8Array(words.buffer, 0, length);
      for (let at = 0; at < length; at++) bytes[at] = 32 + random() * 95;
      const before = BigInt(digestOfBytes(words, length)) >> 1n;
      bytes[Math.floor(random() * length)] ^= 1 << Math.floor(random() * 7);
      const difference = before ^ (BigInt(digestOfBytes(words, length)) >> 1n);
      for (let bit = 0; bit < 52; bit++) if ((difference >> BigInt(bit)) & 1n) changed[bit]++;
    }
    for (const [bit, count] of changed.entries()) {
      assertEquals(
        count > flips * 0.45 && count < flips * 0.55,
        true,
        `bit ${bit} of ${length} bytes: ${count / flips}`,
      );
    }
  }
});
