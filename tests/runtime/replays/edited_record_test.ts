import { assertEquals, assertThrows } from "@std/assert";
import { edited, parseExact } from "../../../src/runtime/replays/edited_record.ts";

const set = (value: string | Uint8Array | null, columns: Record<string, unknown>) =>
  edited({ key: "k", value }, { set: columns }).value;

Deno.test("edited() sets columns where the row stands, and keeps all digits of the others", () => {
  const cases = [
    ['{"op":"u","after":{"id":9007199254740993,"a":1.10}}', '{"op":"u","after":{"id":9007199254740993,"a":2}}'],
    ['{"id":1,"a":0.30000000000000004}', '{"id":1,"a":2}'],
    ['{"schema":{},"payload":{"after":{"a":1}}}', '{"schema":{},"payload":{"after":{"a":2}}}'],
    ['{"schema":"plain column","a":1}', '{"schema":"plain column","a":2}'],
  ];
  for (const [before, after] of cases) assertEquals(set(before, { a: 2 }), after);
  assertEquals(set(new TextEncoder().encode('{"id":1}'), { b: parseExact("1.50") }), '{"id":1,"b":1.50}');
});

Deno.test("edited() replaces key and value, and leaves what is not named", () => {
  assertEquals(edited({ key: "k", value: "v" }, null), { key: "k", value: "v" });
  assertEquals(edited({ key: "k", value: "v" }, { value: null }), { key: "k", value: null });
  assertEquals(edited({ key: "k", value: "v" }, { key: "other" }), { key: "other", value: "v" });
  assertEquals(edited({ key: "k", value: "v" }, { value: "{}", set: { a: 1 } }), { key: "k", value: '{"a":1}' });
});

Deno.test("edited() says that the whole value is needed where there is no row", () => {
  for (const value of [null, "{", "[1]", '{"after":null}', "5", new Uint8Array([0xff])]) {
    assertThrows(() => set(value, { a: 1 }), TypeError, "the whole value");
  }
});
