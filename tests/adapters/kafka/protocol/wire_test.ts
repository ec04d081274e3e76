import { assertEquals, assertThrows } from "@std/assert";
import Encoder from "kafkajs/src/protocol/encoder.js";
import { WireReader, WireWriter } from "../../../../src/adapters/kafka/protocol/wire.ts";

const integers = [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 300_000, -300_000, 2 ** 31 - 1, -(2 ** 31)];
const longs = [...integers, 2 ** 31, 2 ** 32, -(2 ** 32), 1_795_342_530_123, 2 ** 52 - 1, -(2 ** 52)];

Deno.test("WireReader reads what kafkajs writes", async (t) => {
  for (const value of integers) {
    await t.step(`varint ${value}`, () => {
      assertEquals(new WireReader(new Encoder().writeVarInt(value).buffer).varint(), value);
    });
  }
  for (const value of longs) {
    await t.step(`64-bit ${value}`, () => {
      assertEquals(new WireReader(new Encoder().writeVarLong(String(value)).buffer).varlong(), value);
      assertEquals(new WireReader(new Encoder().writeInt64(String(value)).buffer).int64(), value);
    });
  }
});

Deno.test("WireWriter writes what WireReader reads, also when it has to grow in the middle", () => {
  for (let filler = 0; filler < 600; filler += 7) {
    const writer = new WireWriter().raw(new Uint8Array(filler));
    for (const value of longs) writer.int64(value);
    const bytes = writer.int8(-5).int16(-300).int32(-70_000).string("žluťoučký 🐎").string(null).compactString("x")
      .uvarint(300).array(["a", "b"], (text) => writer.string(text)).finish();
    const reader = new WireReader(bytes, filler);
    assertEquals(longs.map(() => reader.int64()), longs);
    assertEquals([reader.int8(), reader.int16(), reader.int32()], [-5, -300, -70_000]);
    assertEquals([reader.string(), reader.string(), reader.compactString()], ["žluťoučký 🐎", null, "x"]);
    assertEquals([reader.uvarint(), reader.array(() => reader.string())], [300, ["a", "b"]]);
    assertEquals(reader.remaining, 0);
  }
});

Deno.test("WireReader refuses varints that do not end", () => {
  assertThrows(() => new WireReader(new Uint8Array(12).fill(0xff)).uvarint(), RangeError);
  assertThrows(() => new WireReader(new Uint8Array(12).fill(0xff)).varlong(), RangeError);
});
