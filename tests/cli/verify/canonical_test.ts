import { assertEquals, assertThrows } from "@std/assert";
import { canonicalColumn } from "../../../src/cli/verify/canonical.ts";
import { Decimal } from "../../../src/mod.ts";

Deno.test("canonicalColumn() expects no decimal of more digits than its column, as ClickHouse refuses it", () => {
  const expected = (type: string, text: string) =>
    canonicalColumn({ name: "x", type }, "`x`").expected(Decimal.parse(text));
  for (const text of ["999.99", "-999.99", "0.01", "0"]) assertEquals(expected("Decimal(5, 2)", text), text);
  assertEquals(expected("Decimal(2, 2)", "0.99"), "0.99");
  for (const text of ["1000", "-1000.00"]) {
    assertThrows(() => expected("Decimal(5, 2)", text), TypeError, text.slice(0, 4));
  }
  assertThrows(() => expected("Decimal(2, 2)", "1.00"), TypeError);
});
