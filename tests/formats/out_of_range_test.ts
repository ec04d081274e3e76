import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { date, int8, timestamp, timestamptz } from "../../src/formats/columns.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { captured } from "./fixtures.ts";

function refusalOf(schema: z.ZodType, wire: unknown): { reason: string; message: string } {
  const issue = schema.safeParse(wire).error?.issues[0];
  assert(issue?.code === "custom", String(wire));
  return { reason: issue.params!.reason, message: issue.message };
}

Deno.test("times outside of ClickHouse's are refused as dates, with the range and what to declare", () => {
  const cases: readonly (readonly [z.ZodType, unknown, ...string[]])[] = [
    [date(), -25_568, "-25568 (1899-12-31)", "from 1900-01-01 to 2299-12-31", "null", "z.int()"],
    [date(), 120_530, "120530 (2300-01-01)", "from 1900-01-01 to 2299-12-31"],
    [date(), 2_932_896, "2932896 (9999-12-31)"],
    [date(), -719_162, "-719162 (0001-01-01)"],
    [date(), "1899-12-31Z", 'current value is "1899-12-31Z", which', "z.string(), for a String column"],
    [timestamp(), -25_567 * 86_400_000_000 - 1, "(1899-12-31T23:59:59.999999Z)", "int8(), microseconds since 1970"],
    [timestamp(3), 2 ** 53, "milliseconds since 1970"],
    [
      timestamptz(),
      "0001-01-01T00:00:00Z",
      '"0001-01-01T00:00:00Z", which',
      "from 1900-01-01 to 2255-06-05",
      "z.string()",
    ],
    [timestamptz(3), "9999-12-31T23:59:59.999Z", "expected a timestamptz(3) from 1900-01-01 to 2255-06-05"],
  ];
  for (const [schema, wire, ...says] of cases) {
    const { reason, message } = refusalOf(schema, wire);
    assertEquals(reason, "out_of_range", message);
    for (const part of says) assertStringIncludes(message, part);
  }
});

Deno.test("dates without an end are told from days outside of the range", () => {
  for (const days of [-622_191_234, -2_147_472_692, 2_147_483_647, -2_147_483_648]) {
    const { message } = refusalOf(date(), days);
    assertStringIncludes(message, "Debezium writes 'infinity' and '-infinity' so. Use null instead");
  }
  for (const days of [-2_440_588, 2_145_031_948]) {
    assert(!refusalOf(date(), days).message.includes("infinity"));
  }
  // As the connector wrote them.
  let told = 0;
  const row = z.object({ id: int8(), d: date().nullable() });
  for (const message of captured("k3_infinity_streaming")) {
    try {
      createDecoder({ source: "edge_types", key: ["id"], row }).decode(message);
    } catch (error) {
      assert(error instanceof DeserializationError);
      assertStringIncludes(error.message, "'infinity'");
      told++;
    }
  }
  assertEquals(told, 2);
});
