import { assertEquals, assertThrows } from "@std/assert";
import { NO_HEADERS, packHeaders, readHeaders } from "../../src/record/headers.ts";

Deno.test("readHeaders() gives what packHeaders() was given, in its order", () => {
  const cases: Record<string, string | null>[] = [
    { trace: "abc" },
    { a: "", b: null, "": "no name", "žluť": "語🐎" },
    { long: "x".repeat(70_000) },
    Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`h${index}`, `${index}`])),
    { constructor: "c", toString: "t", "\uFEFFmark": "\uFEFFmark" },
  ];
  for (const headers of cases) assertEquals(Object.entries(readHeaders(packHeaders(headers))), Object.entries(headers));
  const proto = JSON.parse('{"__proto__":"p"}');
  assertEquals(Object.entries(readHeaders(packHeaders(proto))), [["__proto__", "p"]]);
});

Deno.test("packHeaders() gives nothing where there is nothing to pack", () => {
  assertEquals([packHeaders({}), packHeaders({ a: undefined })], [undefined, undefined]);
  assertEquals(readHeaders(undefined), NO_HEADERS);
});

Deno.test("readHeaders() takes the last one of a name, and U+FFFD for what is no UTF-8", () => {
  // Two headers "a": 1 and the byte FF.
  assertEquals({ ...readHeaders(new Uint8Array([4, 2, 97, 2, 49, 2, 97, 2, 0xff])) }, { a: "\uFFFD" });
});

Deno.test("readHeaders() refuses what is cut off, and a header without a name", () => {
  const packed = packHeaders({ trace: "abc", other: null })!;
  for (let end = 0; end < packed.length; end++) {
    assertThrows(() => readHeaders(packed.subarray(0, end)), RangeError, "Cannot read the headers");
  }
  assertThrows(() => readHeaders(new Uint8Array([2, 1, 1])), RangeError, "no name");
});
