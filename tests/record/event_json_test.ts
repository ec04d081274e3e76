import { assertEquals, assertThrows } from "@std/assert";
import { Decimal } from "../../src/record/decimal.ts";
import { eventJson } from "../../src/record/event_json.ts";

Deno.test("eventJson() writes what JSON can say, with all digits", () => {
  const cases: [unknown, string][] = [
    [null, "null"],
    [true, "true"],
    ['a"\n', '"a\\"\\n"'],
    [-0, "0"],
    [1.5e300, "1.5e+300"],
    [9007199254740993n, "9007199254740993"],
    [Decimal.parse("12.50"), '"12.50"'],
    [[1, undefined, null, [2n]], "[1,null,null,[2]]"],
    [{ b: 1, a: undefined, "": { c: Decimal.parse("-0.1") } }, '{"b":1,"":{"c":"-0.1"}}'],
    [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ];
  for (const [value, text] of cases) assertEquals(eventJson(value), text);
});

Deno.test("eventJson() refuses what JSON has no word for", () => {
  for (const value of [NaN, Infinity, undefined, Symbol("s"), () => 1, new Date(0), new Map(), new Uint8Array(1)]) {
    for (const wrapped of [value, { deep: [{ value }] }]) {
      if (value === undefined && wrapped !== value) continue;
      assertThrows(() => eventJson(wrapped), TypeError, "as JSON");
    }
  }
});
