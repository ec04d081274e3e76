import { assertEquals } from "@std/assert";
import { jsonObjectText, parseJsonObject } from "../../src/record/json_object.ts";

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

Deno.test("jsonObjectText() gives equal objects one text, from a value as from its text", () => {
  const cases: readonly [value: unknown, text: string][] = [
    [{ b: 1, a: [true, "x", null, { z: 0, y: -0 }] }, '{"a":[true,"x",null,{"y":0,"z":0}],"b":1}'],
    ['{ "b": 1.0, "a": 10e-1, "c": 0.10 }', '{"a":1,"b":1,"c":0.1}'],
    ['{"a":{"b":null,"c":{}},"d":[{}],"e":[[]]}', '{"d":[{}],"e":[[]]}'],
    [{ a: undefined, b: null }, "{}"],
    ['{"a":9007199254740993,"b":-9223372036854775808}', '{"a":9007199254740993,"b":-9223372036854775808}'],
    [{ a: 18_446_744_073_709_551_615n, b: 5n }, '{"a":18446744073709551615,"b":5}'],
    [{ a: 1e20, b: 1e300, c: 5e-324 }, '{"a":1e+20,"b":1e+300,"c":5e-324}'],
    [{ "😀": 1, "\uffff": 2, "": 3, 'q"\n': 4 }, '{"":3,"q\\"\\n":4,"\uffff":2,"😀":1}'],
    [nested(100), nested(100)],
  ];
  for (const [value, text] of cases) {
    assertEquals(jsonObjectText(value), text);
    assertEquals(jsonObjectText(parseJsonObject(text)), text);
  }
});

Deno.test("jsonObjectText() refuses what ClickHouse would change, with what to do", async (t) => {
  const cases: readonly [value: unknown, reason: string][] = [
    [[1], "it is no object. Wrap it in one, or declare String"],
    ["5", "it is no object. Wrap it in one, or declare String"],
    [new Date(0), "it is no object. Wrap it in one, or declare String"],
    ["{", "the text is no JSON"],
    [{ "a.b": 1 }, 'the name "a.b" has a dot, which is a path there. Map the name, or declare String'],
    [{ a: [{ "b.": 1 }] }, 'the name "b." has a dot, which is a path there. Map the name, or declare String'],
    [
      '{"a":0.1234567890123456789}',
      "the number 0.1234567890123456789 has more digits than a Float64. Write it as a text",
    ],
    ['{"a":1e400}', "the number 1e400 has more digits than a Float64. Write it as a text"],
    ['{"a":18446744073709551616}', "the integer 18446744073709551616 has more than 64 bits. Write it as a text"],
    [
      { a: 2 ** 60 },
      "the integer 1152921504606847000 is beyond 2^53, where a number is not exact. Use a bigint or a text",
    ],
    [{ a: NaN }, "NaN is no number of JSON. Map it to null"],
    [{ a: "\ud83d" }, "half a character (a lone surrogate) stands in it. Repair the text at the source"],
    [{ "\udc00": 1 }, "half a character (a lone surrogate) stands in it. Repair the text at the source"],
    [{ a: Symbol.iterator }, "symbol Symbol(Symbol.iterator) is no value of JSON. Map it to one"],
    [{ a: [null, [1]] }, "null stands beside an array in an array. Map it to an empty array, or declare String"],
    [{ a: [[null], [[1]]] }, "null stands beside an array in an array. Map it to an empty array, or declare String"],
    [
      { a: [["x"], [2n ** 60n]] },
      "the integer 1152921504606846976 in an array may become a float. Write it as a text",
    ],
    [nested(101), "it is nested more than 100 deep. Declare String"],
  ];
  for (const [value, reason] of cases) {
    await t.step(reason, () => assertEquals(jsonObjectText(value), { unfit: reason }));
  }
});
