import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { columnEncoder } from "../../src/processor/sink_row.ts";

Deno.test("columnEncoder() refuses a time as a date, with the type's range and another type", () => {
  const us = 1_000_000;
  const cases: readonly (readonly [type: string, value: number, ...says: string[]])[] = [
    ["Date", -1, "current value is -1 (1969-12-31); Date holds 1970-01-01 to 2149-06-06, Date32 1900-01-01"],
    ["Date", 65_536, "65536 (2149-06-07)"],
    ["Nullable(Date32)", -25_568, "as Date32", "-25568 (1899-12-31); Date32 holds 1900-01-01 to 2299-12-31", "Int32"],
    ["Date32", 120_530, "120530 (2300-01-01)"],
    ["Date32", 2_147_483_647, "current value is 2147483647; Date32 holds"],
    ["DateTime64(6)", -25_567 * 86_400 * us - 1, "(1899-12-31T23:59:59.999999Z); DateTime64(6) holds 1900", "Int64"],
  ];
  for (const [type, value, ...says] of cases) {
    const { message } = assertThrows(() => columnEncoder("at", type)(value), TypeError);
    for (const part of says) assertStringIncludes(message, part);
  }
  // A value of another kind is told as ever.
  for (
    const [type, value] of [["Date", "2024-01-01"], ["Date32", 1.5], ["DateTime64(6)", "x"], ["Int8", 1000]] as const
  ) {
    const { message } = assertThrows(() => columnEncoder("at", type)(value), TypeError);
    assertStringIncludes(message, "Declare a type that holds it, or map it to a value of this one");
  }
  assertEquals(columnEncoder("at", "Date32")(-25_567), '"1900-01-01"');
});
