import { assertEquals, assertThrows } from "@std/assert";
import { columnEncoder } from "../../src/processor/sink_row.ts";
import { Decimal } from "../../src/record/decimal.ts";

const DATE = "; Date holds 1970-01-01 to 2149-06-06, Date32 1900-01-01 to 2299-12-31";

/** Values that a column takes, with the JSON texts that it makes of them; those that it refuses, as it shows them. */
const CASES: Readonly<Record<string, { takes: [unknown, string][]; refuses: [unknown, string][] }>> = {
  Int8: {
    takes: [[127, "127"], [-128n, "-128"]],
    refuses: [[128, "128"], [1.5, "1.5"], ["5", 'the text "5"'], [Decimal.parse("5"), "the Decimal 5"]],
  },
  UInt64: { takes: [[18_446_744_073_709_551_615n, "18446744073709551615"]], refuses: [[-1, "-1"]] },
  Float32: {
    takes: [[0.5, "0.5"], [-0, "0"], [3.4028235e38, "3.4028235e+38"]],
    refuses: [[1e39, "1e+39"], [3.4028235677973366e38, "3.4028235677973366e+38"], [NaN, "NaN"], [5n, "the bigint 5"]],
  },
  Float64: { takes: [[-1.797e308, "-1.797e+308"]], refuses: [[Infinity, "Infinity"], [true, "true"]] },
  "Decimal(5, 2)": {
    takes: [[Decimal.parse("1.5"), '"1.50"'], [Decimal.parse("-999.990"), '"-999.99"'], [7, '"7.00"']],
    refuses: [[Decimal.parse("1000"), "the Decimal 1000"], [Decimal.parse("1.505"), "the Decimal 1.505"], [1.5, "1.5"]],
  },
  "Decimal(38, 18)": {
    takes: [[Decimal.parse("-0.000000000000000001"), '"-0.000000000000000001"']],
    refuses: [[Decimal.parse("100000000000000000000"), "the Decimal 100000000000000000000"]],
  },
  Date: {
    takes: [[0, '"1970-01-01"'], [65_535, '"2149-06-06"']],
    refuses: [[-1, `-1 (1969-12-31)${DATE}`], [65_536, `65536 (2149-06-07)${DATE}`], [0.5, "0.5"]],
  },
  Bool: { takes: [[true, "true"]], refuses: [[1, "1"]] },
  String: {
    takes: [['q"', '"q\\""']],
    refuses: [[1, "1"], [{}, "an object"], [Symbol("x"), "a symbol"], [[], "an array"]],
  },
};

for (const [type, { takes, refuses }] of Object.entries(CASES)) {
  Deno.test(`columnEncoder() of ${type} writes what ClickHouse holds, and tells what to do with the rest`, () => {
    const encode = columnEncoder("odd", type);
    assertEquals(takes.map(([value]) => encode(value)), takes.map(([, text]) => text));
    for (const [value, text] of refuses) {
      const error = assertThrows(() => encode(value), TypeError);
      const advice = "Declare a type that holds it, or map it to a value of this one";
      assertEquals(error.message, `Cannot write column "odd" as ${type}: current value is ${text}. ${advice}`);
    }
  });
}
