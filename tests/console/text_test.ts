import { assert, assertEquals } from "@std/assert";
import { brief, bytes, duration, grouped, price, shown } from "../../console/parts/text.ts";

Deno.test("shown() makes what a browser would obey visible", () => {
  assertEquals(shown("a\u0000b\u001b[31m"), "a\u2400b\u241b[31m");
  assertEquals(shown("exe.\u202egpj"), "exe.\\u202egpj");
  assertEquals(shown("a\u200bb\ufeff"), "a\\u200bb\\ufeff");
  assertEquals(shown("half \ud83d"), "half \\ud83d");
  assertEquals(shown("whole \ud83d\ude00\nline"), "whole \ud83d\ude00\nline");
});

Deno.test("shown() shortens, says how long the text was, and cuts no character in two", () => {
  assertEquals(shown("x".repeat(5_000_000), 10), `${"x".repeat(10)}… (5,000,000 characters)`);
  assertEquals(shown("abc\ud83d\ude00def", 4), "abc… (8 characters)");
});

Deno.test("shown() looks at a bounded part of a row with very many columns", () => {
  const row = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`column_${index}`, index]));
  const text = shown(row, 100_000);
  assert(text.endsWith('"…":"9800 more"}'), text.slice(-40));
});

Deno.test("shown() of null, numbers and objects is what JSON has", () => {
  assertEquals([null, 1.5, true, { a: [1, "x"] }].map((value) => shown(value)), [
    "null",
    "1.5",
    "true",
    '{"a":[1,"x"]}',
  ]);
});

Deno.test("numbers for people keep their size", () => {
  assertEquals([0, 0.01, 0.42, 9.96, 999, 1_234, 56_789, 1_234_567].map(brief), [
    ...["0", "<0.1", "0.4", "10", "999", "1.2k", "56.8k", "1.2M"],
  ]);
  assertEquals([12, 1_500, 312_400_000].map(bytes), ["12 B", "1.5 kB", "312 MB"]);
  assertEquals([5_000, 150_000, 7_800_000, 273_600_000].map(duration), ["5 s", "2 min", "2 h 10 min", "3 d 4 h"]);
  assertEquals([grouped(1_234_567), grouped("9007199254740993")], ["1,234,567", "9,007,199,254,740,993"]);
});

Deno.test("price() has the digits of the shop, which ClickHouse leaves out", () => {
  assertEquals(["4.4", "12", "0", "147.79", 999_999.9, "1234567890.5"].map(price), [
    "4.40",
    "12.00",
    "0.00",
    "147.79",
    "999999.90",
    "1234567890.50",
  ]);
});
