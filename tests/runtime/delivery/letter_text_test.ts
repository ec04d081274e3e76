import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Decimal, topology } from "../../../src/mod.ts";
import { keyByName, placesOf, RECORD_LENGTH_MAX, rowText } from "../../../src/runtime/delivery/letter_text.ts";

Deno.test("keyByName() gives the columns their names, or an array where they do not fit", () => {
  assertEquals(keyByName(["id"], 17), '{"id":17}');
  assertEquals(keyByName(["a", "b"], '"x,y",9007199254740993'), '{"a":"x,y","b":9007199254740993}');
  assertEquals(keyByName([], '"x",7'), '["x",7]');
});

Deno.test("rowText() writes what callbacks are given, and never throws", () => {
  assertEquals(
    rowText({ id: 2n ** 63n, price: Decimal.parse("1.50"), none: null }),
    [
      '{"id":"9223372036854775808","price":"1.50","none":null}',
    ][0],
  );
  assertEquals([rowText(undefined), rowText(null), rowText(Symbol("unknown"))], [null, "null", null]);
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  assertStringIncludes(rowText(circular)!, "(cannot be written as JSON: ");
  assertEquals(rowText({ text: "x".repeat(100_000) })!.length, RECORD_LENGTH_MAX);
});

Deno.test("placesOf() leaves Weir's own frames out, and tells files from the project's root", () => {
  let thrown: unknown;
  try {
    Decimal.parse("no number");
  } catch (error) {
    thrown = error;
  }
  assert((thrown as Error).stack!.includes("/src/record/"), "it is thrown in Weir's own code");
  const [first] = placesOf(thrown)!.split("\n");
  assert(/^at (file|async )?.*tests\/runtime\/delivery\/letter_text_test\.ts:\d+:\d+\)?$/.test(first), first);
  assert(!first.includes("file:"), first);
  const own = new Error("of Weir alone");
  own.stack = `Error: of Weir alone\n    at x (${new URL("../../../src/dsl/topology.ts", import.meta.url)}:1:2)`;
  assertEquals([placesOf(own), placesOf("text"), typeof topology], [null, null, "function"]);
});
