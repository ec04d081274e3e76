import { assertEquals } from "@std/assert";
import { keyValueOf } from "../../src/processor/key_value.ts";
import { type Key, keyOf } from "../../src/record/key.ts";

Deno.test("keyValueOf() gives back what the key was made of", async (t) => {
  const cases: readonly { readonly columns: readonly string[]; readonly values: readonly unknown[] }[] = [
    { columns: ["id"], values: [7] },
    { columns: ["id"], values: [-9_007_199_254_740_993n] },
    { columns: ["word"], values: ['a "quoted", text'] },
    { columns: ["flag"], values: [true] },
    { columns: ["none"], values: [null] },
    { columns: ["a", "b"], values: [1, "x"] },
    { columns: ["b", "a", "c"], values: ["1,2", 2n ** 60n, false] },
  ];
  for (const { columns, values } of cases) {
    await t.step(`${columns}: ${values}`, () => {
      const expected = columns.length === 1
        ? values[0]
        : Object.fromEntries(columns.map((name, i) => [name, values[i]]));
      assertEquals(keyValueOf(columns)(keyOf(values)), expected);
      assertEquals(keyValueOf(() => columns)(keyOf(values) as Key), expected, "columns known later");
    });
  }
});
