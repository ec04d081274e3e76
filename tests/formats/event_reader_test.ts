import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { eventReader } from "../../src/formats/event_reader.ts";
import { Decimal, int8, numeric, timestamptz } from "../../src/mod.ts";
import { DeserializationError } from "../../src/record/errors.ts";

const row = z.object({
  id: int8(),
  price: numeric(12, 2),
  at: timestamptz(),
  note: z.string().nullable().default("-"),
});

function refused(read: () => unknown): string {
  return (assertThrows(read, DeserializationError) as DeserializationError).reason;
}

const FORM = { name: "clicks", key: "text", value: "text", nullValues: false, changes: null } as const;

Deno.test("eventReader() reads JSON objects with the column types of tables, great numbers exactly", () => {
  const { value } = eventReader({ ...FORM, value: row });
  const text = '{"more":1,"id":9007199254740993,"price":12.50,"at":"2026-01-01T00:00:00Z","note":null}';
  for (const form of [text, new TextEncoder().encode(text)]) {
    assertEquals(value(form), {
      id: 9007199254740993n,
      price: Decimal.parse("12.50"),
      at: 1_767_225_600_000_000,
      note: null,
    });
  }
});

Deno.test("eventReader() reads texts as they are, keys as text or by a schema", () => {
  const plain = eventReader(FORM);
  assertEquals([plain.key(null), plain.key("a"), plain.value(new TextEncoder().encode("é"))], [null, "a", "é"]);
  const keyed = eventReader({ ...FORM, key: z.object({ id: int8() }) });
  assertEquals([keyed.key(null), keyed.key('{"id":9007199254740993}')], [null, { id: 9007199254740993n }]);
  assertEquals(refused(() => keyed.key('{"id":"x"}')), "bad_key");
  assertEquals(refused(() => keyed.key("x")), "not_json");
});

Deno.test("eventReader() refuses what is no event, and says why", () => {
  const { value } = eventReader({ ...FORM, value: row });
  assertEquals(refused(() => value("nothing")), "not_json");
  assertEquals(refused(() => value("[1]")), "not_a_row");
  assertEquals(refused(() => value('{"id":1}')), "missing_column");
  assertEquals(refused(() => value('{"id":true,"price":"1","at":0}')), "wrong_type");
  assertEquals(refused(() => value(new Uint8Array([0x22, 0xff, 0x22]))), "not_utf8");
  assertEquals(refused(() => value(new Uint8Array(9 * 2 ** 20).fill(32))), "too_large");
});

Deno.test("eventReader() reads bytes as they are, and gives copies of its own", () => {
  const { read } = eventReader({ ...FORM, key: "bytes", value: "bytes" });
  const buffer = new Uint8Array([9, 0, 255, 200, 9]);
  const event = read({ key: "k\u00e9", value: buffer.subarray(1, 4) });
  buffer.fill(7);
  assertEquals(event, {
    kind: "event",
    key: new Uint8Array([107, 0xc3, 0xa9]),
    value: new Uint8Array([0, 255, 200]),
    timestampUs: null,
  });
  assertEquals(read({ key: null, value: "" }), {
    kind: "event",
    key: null,
    value: new Uint8Array(),
    timestampUs: null,
  });
  assertEquals(read({ key: "k", value: null }), { kind: "skip", reason: "null_value" });
  const { read: orNull } = eventReader({ ...FORM, value: "bytes", nullValues: true });
  assertEquals(orNull({ key: "k", value: null }), { kind: "event", key: "k", value: null, timestampUs: null });
  assertThrows(() => read({ key: null, value: new Uint8Array(9 * 1024 * 1024) }), DeserializationError, "the limit is");
});

Deno.test("eventReader() takes any text where keys and values are texts, also what no JSON text begins with", () => {
  const plain = eventReader(FORM);
  for (const text of ["\0", "\0a", "\ufeffa", "\ufffd", ""]) {
    assertEquals([plain.key(text), plain.value(text)], [text, text]);
    const bytes = new TextEncoder().encode(text);
    assertEquals([plain.key(bytes), plain.value(bytes)], [text, text]);
  }
  const broken = () => plain.key(new Uint8Array([0, 0xff]));
  assertEquals(refused(broken), "not_utf8");
  assertThrows(broken, DeserializationError, "declare bytes");
  assertThrows(() => plain.value(new Uint8Array(9 * 2 ** 20)), DeserializationError, "the limit is");
});

Deno.test("eventReader() speaks of events, not of a database, where columns are missing", () => {
  const { value } = eventReader({ ...FORM, value: row });
  const { message } = assertThrows(() => value('{"id":1}'), DeserializationError);
  assertEquals([message.includes(".optional()"), message.includes("column.exclude.list")], [true, false], message);
});
