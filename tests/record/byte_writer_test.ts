import { assertEquals } from "@std/assert";
import { ByteWriter } from "../../src/record/byte_writer.ts";
import { digestOfBytes } from "../../src/record/digest.ts";

const text = (out: ByteWriter) => new TextDecoder().decode(out.written());

Deno.test("ByteWriter grows with what is written, and gives back the room that a giant row took", () => {
  const out = new ByteWriter();
  const room = () => out.written().buffer.byteLength;
  const first = room();
  const giant = "é😀\n".repeat(1_000_000);
  out.byte(91);
  out.text(giant);
  out.raw("x".repeat(70));
  assertEquals(text(out) === `[${JSON.stringify(giant)}${"x".repeat(70)}`, true);
  assertEquals(room() >= 8_000_000, true);
  out.clear();
  assertEquals([out.length, room()], [0, first]);
  // Every kind of value where the room ends.
  for (let filled = first - 30; filled <= first; filled++) {
    out.clear();
    out.bytes(new Uint8Array(filled).fill(97));
    out.integer(-9_007_199_254_740_991);
    out.decimal(-9_007_199_254_740_991, 15);
    out.date(-25_567);
    out.text("é\u0001");
    out.raw("null");
    out.byte(44);
    const tail = '-9007199254740991"-9.007199254740991""1900-01-01""é\\u0001"null,';
    assertEquals(text(out).slice(filled), tail);
  }
});

Deno.test("ByteWriter makes room for a last character of four bytes, however few are left", () => {
  const room = 256;
  const last = "\u{1f600}";
  for (const ahead of ["", "x", "x".repeat(90)]) {
    for (let left = 0; left <= 100; left++) {
      const [raw, quoted] = [new ByteWriter(room), new ByteWriter(room)];
      for (const out of [raw, quoted]) out.bytes(new Uint8Array(room - left).fill(97));
      raw.raw(ahead + last);
      quoted.text(ahead + last);
      assertEquals(text(raw).slice(room - left), ahead + last);
      assertEquals(text(quoted).slice(room - left), `"${ahead}${last}"`);
    }
  }
});

Deno.test("ByteWriter.digest() is that of its bytes, whatever was written there before", () => {
  const [used, fresh] = [new ByteWriter(), new ByteWriter()];
  for (let length = 0; length < 20; length++) {
    used.clear();
    used.raw("zzzzzzzzzzzzzzzzzzzzzzzzz");
    for (const out of [used, fresh]) {
      out.clear();
      out.raw("y".repeat(length));
    }
    const words = new Int32Array(8);
    new Uint8Array(words.buffer).fill(121, 0, length);
    assertEquals([used.digest(), fresh.digest()], Array(2).fill(digestOfBytes(words, length)));
  }
});
