import { assertEquals, assertThrows } from "@std/assert";
import {
  bundledElement,
  bundledKey,
  bundleKey,
  bundleValue,
  readBundle,
  readSummary,
} from "../../src/formats/changelog_bundle.ts";
import { readChangelog, readWhatItIs } from "../../src/formats/changelog_fact.ts";
import { Decimal } from "../../src/record/decimal.ts";
import { DeserializationError } from "../../src/record/errors.ts";

const STATE = { value: { n: 2n ** 60n, price: Decimal.parse("1.50"), text: "ä]😀" }, waits: false };
const KEYS = [
  {
    key: '"ä,]"',
    columns: { id: "ä,]" },
    elements: [{ start: -5, seq: 0, state: STATE }, { start: 7, seq: 3, state: null }],
  },
  { key: '1,"x"', columns: { a: 1, b: "x" }, elements: [{ start: 1, seq: 1, state: "[" }] },
];
const RECORD = {
  key: bundleKey({ owner: "abc", to: 17, part: 2 }),
  value: bundleValue(
    { to: 17, goneFromUs: [40, -Infinity] },
    KEYS.map(({ columns, elements }) => bundledKey(columns, elements.map(bundledElement))),
  ),
};

Deno.test("readBundle() is the inverse of bundleValue(), of text and of bytes", () => {
  const bytes = new TextEncoder().encode(RECORD.value);
  for (const value of [RECORD.value, bytes]) {
    assertEquals(readBundle("changelog", value), KEYS);
    assertEquals(readSummary(value), { to: 17, goneFromUs: [40, -Infinity] });
  }
  assertEquals(readChangelog("changelog", RECORD), {
    kind: "bundle",
    summary: { to: 17, goneFromUs: [40, -Infinity] },
    keys: KEYS,
  });
});

Deno.test("readWhatItIs() names a bundle, and its removal, by the key of its record", () => {
  const read = readWhatItIs("changelog", RECORD);
  const removed = readWhatItIs("changelog", { ...RECORD, value: null });
  assertEquals([read.kind, removed.kind], ["bundle", "removed"]);
  for (const one of [read, removed]) assertEquals("name" in one && one.name, RECORD.key);
});

Deno.test("what no stage can have written is no bundle", () => {
  for (const value of ["", "[", "[1,[2", '{"a":1}']) {
    assertThrows(() => readChangelog("changelog", { ...RECORD, value }), DeserializationError);
  }
});
