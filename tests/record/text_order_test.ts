import { assertEquals } from "@std/assert";
import { compareText } from "../../src/record/text_order.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";

Deno.test("compareText() orders texts as their UTF-8 bytes", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = mulberry32(seed);
  const letters = [
    "",
    "a",
    "b",
    "é",
    "\ud7ff",
    "\ue000",
    "\uff5e",
    "\uffff",
    "😀",
    "\u{10000}",
    "\u{10ffff}",
    "\u0000",
  ];
  const text = () => Array.from({ length: 4 }, () => letters[Math.floor(random() * letters.length)]).join("");
  const encoder = new TextEncoder();
  for (let round = 0; round < 5_000; round++) {
    const [a, b] = [text(), text()];
    const [left, right] = [encoder.encode(a), encoder.encode(b)];
    const at = left.findIndex((byte, index) => byte !== right[index]);
    const expected = a === b ? 0 : at < 0 || (right[at] !== undefined && left[at] < right[at]) ? -1 : 1;
    assertEquals(compareText(a, b), expected, `seed ${seed}: ${JSON.stringify([a, b])}`);
  }
});
