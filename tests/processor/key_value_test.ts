import { assertEquals } from "@std/assert";
import { keyValueOf } from "../../src/processor/key_value.ts";
import { Decimal } from "../../src/record/decimal.ts";
import { type Key, keyOf } from "../../src/record/key.ts";
import { type KeyColumn, plainKeyColumn } from "../../src/record/key_column.ts";

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
      const known = columns.map(plainKeyColumn);
      assertEquals(keyValueOf(known)(keyOf(values)), expected);
      assertEquals(keyValueOf(() => known)(keyOf(values) as Key), expected, "columns known later");
    });
  }
});

Deno.test("keyValueOf() gives decimals and bigints as the column's reader makes them", () => {
  const price: KeyColumn = { ...plainKeyColumn("price"), value: "decimal", scale: 2 };
  const free: KeyColumn = { ...plainKeyColumn("free"), value: "decimal" };
  const big: KeyColumn = { ...plainKeyColumn("big"), value: "bigint" };
  assertEquals(keyValueOf([price])(keyOf([Decimal.parse("7.00")])), Decimal.parse("7.00"));
  assertEquals(keyValueOf([price, free, big])(keyOf([Decimal.parse("1.5"), Decimal.parse("1.50"), 7n])), {
    price: Decimal.parse("1.50"),
    free: Decimal.parse("1.5"),
    big: 7n,
  });
  assertEquals(keyValueOf([free])(keyOf([null])), null);
});
