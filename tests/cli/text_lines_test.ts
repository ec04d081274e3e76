import { assertEquals } from "@std/assert";
import { textLines } from "../../src/cli/text_lines.ts";

async function* inParts(text: string, length: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += length) yield await Promise.resolve(bytes.slice(at, at + length));
}

Deno.test("textLines() gives the same lines wherever the bytes are divided", async (t) => {
  const cases: Record<string, string[]> = {
    "": [],
    "one": ["one"],
    "one\n": ["one"],
    "\n\nä€𝄞\r\n\nend": ["", "", "ä€𝄞\r", "", "end"],
  };
  for (const [text, lines] of Object.entries(cases)) {
    await t.step(JSON.stringify(text), async () => {
      for (const length of [1, 2, 3, 5, 100]) {
        assertEquals((await Array.fromAsync(textLines(inParts(text, length)))).flat(), lines);
      }
    });
  }
});

Deno.test("textLines() keeps a last character that was cut off visible", async () => {
  const cut = inParts("a\nb€", 6);
  const first = await cut.next();
  const lines = await Array.fromAsync(textLines(ReadableStream.from([first.value!.slice(0, 5)])));
  assertEquals(lines.flat(), ["a", "b\ufffd"]);
});
