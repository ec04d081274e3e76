import { assertEquals } from "@std/assert";
import { type Edit, unifiedDiff, withEdits } from "../../../src/cli/sources/unified_diff.ts";
import { patched } from "./patched.ts";

const TEXT = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n";
const at = (letter: string) => TEXT.indexOf(letter);

Deno.test("unifiedDiff() shows changed lines with those around them", () => {
  const edits: Edit[] = [
    { start: 0, end: 0, text: "first\n" },
    { start: at("c"), end: at("c") + 1, text: "C" },
    { start: at("l") + 1, end: TEXT.length, text: "\n\nlast\n" },
  ];
  assertEquals(
    unifiedDiff("x.ts", { text: TEXT, edits }),
    [
      ...["--- x.ts", "+++ x.ts", "@@ -1,6 +1,7 @@", "+first", " a", " b", "-c", "+C", " d", " e", " f"],
      ...["@@ -10,3 +11,5 @@", " j", " k", " l", "+", "+last"],
    ].join("\n"),
  );
  assertEquals(unifiedDiff("x.ts", { text: TEXT, edits: [{ start: 4, end: 5, text: "c" }] }), "");
});

Deno.test("unifiedDiff() says all that edits do", () => {
  for (let seed = 1; seed <= 2_000; seed++) {
    let state = seed;
    const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
    const words = ["", "\n", "x", "x\n", "\nx", "y\nz\n"];
    const text = Array.from({ length: random(30) }, (_, line) => `${"abc"[random(3)]}${line % 3}\n`).join("");
    const edits: Edit[] = [];
    for (let place = 0; edits.length < 5 && place < text.length;) {
      const start = place + random(text.length - place);
      const end = Math.min(text.length - 1, start + random(6));
      if (end >= start) edits.push({ start, end, text: words[random(words.length)] });
      place = end + 1;
    }
    const diff = unifiedDiff("x", { text, edits });
    assertEquals(patched(text, diff), withEdits(text, edits), `seed ${seed}`);
  }
});
