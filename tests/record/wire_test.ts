import { assert, assertEquals, assertThrows } from "@std/assert";
import { Decimal } from "../../src/record/decimal.ts";
import { decodeWire, encodeWire, wireEquals } from "../../src/record/wire.ts";
import { randomFrom } from "./support.ts";

const price = Decimal.parse("19.90");

Deno.test("encodeWire() and decodeWire() lose nothing", async (t) => {
  const own = JSON.parse('{"__proto__":{"a":1},"constructor":"x","toJSON":"y","n":1}');
  const cases: Readonly<Record<string, unknown>> = {
    null: null,
    text: 'quotes " and \\ and {"$d":"1"} and \u2028 and 😀',
    "empty text": "",
    booleans: [true, false],
    numbers: [0, -1, 1.5, 1e300, 5e-324, Number.MAX_SAFE_INTEGER],
    bigint: 9007199254740993n,
    decimal: price,
    "decimal of 38 digits": Decimal.parse(`-0.${"9".repeat(38)}`),
    row: {
      id: 1,
      amount: price,
      big: -(2n ** 63n),
      note: null,
      tags: ["a", null],
      nested: { order: { total: price } },
    },
    "array of decimals": [price, [price, { price }]],
    "reserved keys": [{ $d: "1.5" }, { $n: "5" }, { $o: { $d: "1" } }, { $d: price, x: 5n }, { $o: null }, {
      $d: { $n: 1n },
    }],
    "names of Object.prototype": own,
    "prototype with a decimal": Object.defineProperty({ a: 1 }, "__proto__", { value: price, enumerable: true }),
    "empty objects": [{}, [], [{}]],
  };
  for (const [name, value] of Object.entries(cases)) {
    await t.step(name, () => {
      const back = decodeWire(encodeWire(value));
      assert(wireEquals(back, value), encodeWire(value));
      assertEquals(back, value);
    });
  }
  await t.step("keeps a decimal's scale", () => assertEquals(String(decodeWire(encodeWire(price))), "19.90"));
  await t.step("does not change what it encodes", () => {
    const row = { amount: price, rows: [{ amount: price }] };
    encodeWire(row);
    assert(row.amount === price && row.rows[0].amount === price);
  });
  await t.step("pollutes no prototype", () => assertEquals(({} as Record<string, unknown>).a, undefined));
});

Deno.test("encodeWire() drops undefined properties and makes null of undefined elements", () => {
  assertEquals(encodeWire({ a: undefined, b: 1 }), '{"b":1}');
  assertEquals(encodeWire({ a: undefined, b: price }), '{"b":{"$d":"19.90"}}');
  assertEquals(encodeWire([undefined, 1]), "[null,1]");
  assertEquals(encodeWire(-0), "0");
});

Deno.test("encodeWire() refuses what would not survive", () => {
  for (const value of [NaN, Infinity, undefined, () => 1, Symbol("s"), new Date(0), new Map(), /x/]) {
    assertThrows(() => encodeWire(value), TypeError, "Cannot encode");
    if (value !== undefined) assertThrows(() => encodeWire({ value }), TypeError, "Cannot encode");
  }
  assertThrows(() => decodeWire("{"), SyntaxError);
});

Deno.test("wireEquals() compares by value", async (t) => {
  const cases: readonly [a: unknown, b: unknown, equal: boolean][] = [
    [Decimal.parse("1.5"), Decimal.parse("1.50"), true],
    [Decimal.parse("1.5"), Decimal.parse("1.51"), false],
    [Decimal.parse("1"), 1, false],
    [{ units: 5, scale: 0 }, Decimal.of(5), false],
    [Decimal.of(5), { units: 5, scale: 0 }, false],
    [5, 5n, false],
    [5n, 5n, true],
    [null, undefined, false],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [{ a: undefined }, { b: undefined }, true],
    [{ a: 1, b: undefined }, { a: 1, b: null }, false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1, b: 2 }, { a: 1 }, false],
    [{ constructor: Object }, {}, false],
    [[1, [2]], [1, [2]], true],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [{}, [], false],
    [{}, null, false],
    ["1", 1, false],
    // No wire values, but rows may hold them.
    [NaN, NaN, true],
    [{ a: NaN }, { a: NaN }, true],
    [NaN, 0, false],
    [NaN, undefined, false],
    [new Date(1), new Date(1), true],
    [new Date(1), new Date(2), false],
    [new Date(1), {}, false],
    [new Date(NaN), new Date(NaN), true],
    [new URL("http://a"), new URL("http://b"), false],
    [new Map([[1, 2]]), new Map([[1, 3]]), false],
    [new RangeError("a"), {}, false],
  ];
  for (const [a, b, equal] of cases) {
    await t.step(`${Deno.inspect(a)} and ${Deno.inspect(b)}`, () => {
      assertEquals(wireEquals(a, b), equal);
      assertEquals(wireEquals(b, a), equal);
    });
  }
});

Deno.test("decodeWire() gives back 5,000 random values", () => {
  const random = randomFrom(7);
  const names = ["id", "$d", "$n", "$o", "__proto__", "constructor", "a b", "ü"];
  const value = (depth: number): unknown => {
    const kinds: (() => unknown)[] = [
      () => null,
      () => random(2) === 0,
      () => random(1_000_000) / 8 - 5,
      () => ['"$d":', "text", '{"$d":"1"}', ""][random(4)],
      () => BigInt(random(1_000_000)) ** 3n,
      () => Decimal.of(random(100_000) - 50_000, random(5)),
      () => Array.from({ length: random(4) }, () => value(depth + 1)),
      () => {
        const fields = {};
        for (let count = random(4); count > 0; count--) {
          Object.defineProperty(fields, names[random(names.length)], {
            value: value(depth + 1),
            enumerable: true,
            writable: true,
            configurable: true,
          });
        }
        return fields;
      },
    ];
    return kinds[random(depth > 3 ? 6 : kinds.length)]();
  };
  for (let round = 0; round < 5_000; round++) {
    const original = value(0);
    assertEquals(decodeWire(encodeWire(original)), original, `seed 7, round ${round}`);
  }
});
