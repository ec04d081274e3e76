import { assertEquals } from "@std/assert";
import { TextBytes } from "../../../src/runtime/streams/text_bytes.ts";

const decoder = new TextDecoder();

Deno.test("TextBytes gives each text back, whatever characters it has and however many there are", () => {
  for (
    const texts of [["a"], ["a", "", "bc"], ["ü", "a", "€", "", "😀b"], ["a".repeat(9_000), "ü".repeat(9_000), "c"]]
  ) {
    const many = Array.from({ length: 2_000 }, (_, index) => texts[index % texts.length]);
    for (const all of [texts, many]) {
      const bytes = new TextBytes();
      for (const text of all) bytes.add(text);
      assertEquals(bytes.count, all.length);
      assertEquals(all.map((_, index) => bytes.textOf(index)), all);
      assertEquals(
        all.map((_, index) => bytes.lengthOf(index)),
        all.map((text) => new TextEncoder().encode(text).length),
      );
      assertEquals(decoder.decode(bytes.between(0, all.length)), all.join());
      const [from, to] = [all.length >> 1, all.length];
      assertEquals(decoder.decode(bytes.between(from, to)), all.slice(from, to).join());
    }
  }
});

Deno.test("TextBytes tells lengths also while texts still come, and takes one out", () => {
  const bytes = new TextBytes();
  bytes.add("ü");
  assertEquals([bytes.lengthOf(0), bytes.length], [2, 2]);
  bytes.add("€a");
  bytes.add("b");
  assertEquals([bytes.lengthOf(1), bytes.lengthOf(2)], [4, 1]);
  bytes.remove(1);
  assertEquals([bytes.count, bytes.textOf(0), bytes.textOf(1)], [2, "ü", "b"]);
  bytes.add("c");
  assertEquals(decoder.decode(bytes.between(0, 3)), "ü,b,c");
});
