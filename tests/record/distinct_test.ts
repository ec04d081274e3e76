import { assertEquals } from "@std/assert";
import { Distinct } from "../../src/record/distinct.ts";

interface Named {
  readonly name: number;
  readonly nth: number;
}

const NAMING = { isSame: (a: Named, b: Named) => a.name === b.name, nameOf: ({ name }: Named) => String(name) };

Deno.test("Distinct.put() replaces the same value in its place, however many there are", () => {
  for (const names of [1, 3, 16, 17, 18, 100]) {
    const distinct = new Distinct<Named>(NAMING);
    const inOrder = new Map<number, Named>();
    for (let nth = 0; nth < 5 * names; nth++) {
      // 7 has no divisor in common with any of the sizes: all names come, in an order of their own.
      const value = { name: 7 * nth % names, nth };
      assertEquals(distinct.put(value), inOrder.get(value.name) ?? null);
      inOrder.set(value.name, value);
    }
    assertEquals(distinct.values, [...inOrder.values()]);
    assertEquals(distinct.values.length, names);
  }
});
