import { assertEquals, assertThrows } from "@std/assert";
import { Decimal } from "../../src/record/decimal.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import type { Row } from "../../src/record/row.ts";
import { rowDigest } from "../../src/record/row_digest.ts";
import { decodeWire, encodeWire } from "../../src/record/wire.ts";

const LONG = "x".repeat(1_000);
const VALUES: readonly unknown[] = [
  ...[undefined, null, true, false, 0, -0, 1, -1, 1.5, 2 ** 31, -(2 ** 31), 2 ** 31 - 1, 2 ** 53, 1e300, 5e-324],
  ...["", "1", "null", "true", "a", "A", "é", "\ud800", "a\u0000", LONG, `${LONG}x`, `${LONG}y`],
  ...[1n, 2n ** 70n, Decimal.parse("1"), Decimal.parse("1.0"), Decimal.parse("-2.50")],
  ...[[], [1], [1, [2]], ["1"], {}, { a: 1 }, { a: "1" }, { $d: "1" }, { a: 1, b: undefined }],
];

function rowsOf(seed: number, count: number): Row[] {
  const random = mulberry32(seed);
  const below = (end: number) => Math.floor(random() * end);
  return Array.from({ length: count }, () => {
    const row: Record<string, unknown> = {};
    for (let columns = below(4); columns > 0; columns--) row["abc1"[below(4)]] = VALUES[below(VALUES.length)];
    return row as Row;
  });
}

Deno.test("rowDigest() tells rows apart whose wire text differs, and no others", () => {
  const rows = [...VALUES.map((value) => ({ a: value }) as Row), ...rowsOf(1, 20_000)];
  const digests = new Map<string, number>();
  for (const row of rows) {
    const text = encodeWire(row);
    const digest = rowDigest(row);
    assertEquals(digest, digests.get(text) ?? digest, text);
    assertEquals(rowDigest(decodeWire(text) as Row), digest, `${text} as it is received`);
    digests.set(text, digest);
  }
  assertEquals(new Set(digests.values()).size, digests.size);
});

Deno.test("rowDigest() takes rows of more columns than it has room for", () => {
  const columns = Array.from({ length: 100 }, (_, index) => [`c${index}`, LONG] as const);
  const digest = rowDigest(Object.fromEntries(columns));
  assertEquals(rowDigest(Object.fromEntries(columns)), digest);
  assertEquals(
    rowDigest(Object.fromEntries([...columns.slice(0, -1), ["c99", `${LONG.slice(1)}y`]])) === digest,
    false,
  );
});

Deno.test("rowDigest() refuses what no task can be sent", () => {
  class Odd {
    a = 1;
  }
  const refused = [NaN, Infinity, () => 1, Symbol("s"), new Date(0), [NaN], new Map()];
  for (const row of [...refused.map((value) => ({ a: value })), new Odd()]) {
    assertThrows(() => encodeWire(row), TypeError);
    assertThrows(() => rowDigest(row as Row), TypeError);
  }
});
