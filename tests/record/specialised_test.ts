import { assertEquals } from "@std/assert";
import { literal, specialised } from "../../src/record/specialised.ts";

const NAMES = ["id", "", "it's", 'say "hi"', "back\\slash", "`${1}`", "line\u2028end", "constructor", "a-b", "\ud800"];

Deno.test("literal() stands for the very text, whatever is in it", () => {
  for (const name of NAMES) {
    assertEquals(specialised<() => string>({}, [], `return ${literal(name)};`)(), name);
    assertEquals(
      specialised<(row: unknown) => unknown>({}, ["row"], `return row[${literal(name)}];`)({ [name]: 7 }),
      7,
    );
  }
});

Deno.test("specialised() sees its constants and parameters, and nothing of the module", () => {
  const add = specialised<(a: number) => number>({ base: 40 }, ["a"], "return base + a;");
  assertEquals(add(2), 42);
  assertEquals(specialised<() => string>({}, [], "return typeof literal;")(), "undefined");
});
