import { assert } from "@std/assert";
import { Decimal } from "../../src/record/decimal.ts";
import { encodeWire } from "../../src/record/wire.ts";
import { wireChars } from "../../src/state/wire_chars.ts";

Deno.test("wireChars() is what the JSON of a value has, or somewhat more", () => {
  const values = [
    ...[null, true, -9_007_199_254_740_991, 0.1, "", "text", 2n ** 64n, Decimal.parse("12345678.90")],
    ...[[], [1, "two", null], {}, { value: { id: 7, customer: "customer-7", amount: 1_234 }, waits: false }],
    Array.from({ length: 1_000 }, (_, index) => [index, `value ${index}`]),
  ];
  for (const value of values) {
    const { length } = encodeWire(value);
    const chars = wireChars(value);
    assert(chars >= length && chars <= 4 * length + 40, `${encodeWire(value).slice(0, 60)}: ${chars} for ${length}`);
  }
});
