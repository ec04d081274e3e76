import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { date, int8, time, timestamp } from "../../src/formats/columns.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import type { UnitDoubt } from "../../src/formats/unit_doubts.ts";

const NOW = 1795322174979;

/** What is doubted of a table whose column `v` arrives with these values, as JSON texts. */
function doubtsOf(
  schema: z.ZodType,
  values: readonly string[],
  { form = enveloped }: { readonly form?: (after: string) => string } = {},
): readonly UnitDoubt[] {
  const doubts: UnitDoubt[] = [];
  const decoder = createDecoder({
    source: "things",
    key: ["id"],
    row: z.object({ id: int8(), v: schema }),
    onDoubt: (doubt) => doubts.push(doubt),
  });
  for (const value of values) decoder.decode({ key: '{"id":7}', value: form(`{"id":7,"v":${value}}`) });
  return doubts;
}

function enveloped(after: string): string {
  return `{"before":null,"after":${after},"source":{"name":"shop","ts_ms":${NOW}},"op":"u","ts_ms":${NOW}}`;
}

Deno.test("unitDoubts() tells milliseconds that are read as microseconds, once for each column", () => {
  const [doubt, ...more] = doubtsOf(timestamp(), [String(NOW - 86_400_000), String(NOW), String(NOW - 1)]);
  assertEquals([doubt.column, more], ["v", []]);
  assertStringIncludes(doubt.message, "timestamp(3)");
  assertEquals(doubtsOf(z.array(timestamp().nullable()), ["[]", "[null]", `[${NOW},0]`]).length, 1);
  const flattened = (after: string) => `${after.slice(0, -1)},"__source_ts_ms":${NOW}}`;
  assertEquals(doubtsOf(timestamp().nullable(), ["null", String(NOW)], { form: flattened }).length, 1);
  const wrapped = (after: string) => `{"schema":null,"payload":${enveloped(after)}}`;
  assertEquals(doubtsOf(timestamp(), [String(NOW)], { form: wrapped }).length, 1);
  const turned = (after: string) => `{"payload":${enveloped(after)},"schema":null}`;
  assertEquals(doubtsOf(timestamp(), [String(NOW)], { form: turned }).length, 1);
});

Deno.test("unitDoubts() sees a connector that is changed later", () => {
  const right = Array.from({ length: 300 }, (_, index) => String((NOW - index) * 1000));
  const wrong = Array.from({ length: 25_000 }, (_, index) => String(NOW - index));
  assertEquals(doubtsOf(timestamp(), [...right, ...wrong]).length, 1);
});

Deno.test("unitDoubts() takes a year 1970 alone for no proof", () => {
  const other = (after: string) => enveloped(after).replaceAll(`"ts_ms":${NOW}`, `"ts_ms":1`);
  const cases: readonly (readonly [z.ZodType, readonly string[]])[] = [
    [timestamp(), [String(NOW * 1000)]],
    // The first of August 2001 in milliseconds; nothing says that the row is not of 1970.
    [timestamp(), ["996624000000"]],
    [timestamp(), ["0", "-5"]],
    // One person born on 1970-01-21 among others.
    [timestamp(), ["100000000000000", String(NOW)]],
    [timestamp(), ['"1970-01-21T18:42:02.174979Z"']],
    [timestamp(3), [String(NOW)]],
    [date(), ["20779"]],
    [z.int(), [String(NOW)]],
  ];
  for (const [schema, values] of cases) assertEquals(doubtsOf(schema, values), [], values[0]);
  assertEquals(doubtsOf(timestamp(), [String(NOW)], { form: other }), []);
  const attached = (after: string) =>
    `{"schema":{"type":"struct","fields":[{"type":"struct","fields":[{"type":"int64","field":"v",` +
    `"name":"io.debezium.time.MicroTimestamp"}],"field":"after"},{"type":"string","field":"op"}]},` +
    `"payload":${enveloped(after)}}`;
  assertEquals(doubtsOf(timestamp(), [String(NOW)], { form: attached }), []);
});

Deno.test("unitDoubts() doubts nothing of a record whose row can be read and whose rest is no JSON", () => {
  const broken = (after: string) => enveloped(after).replace('"name":"shop"', '"name":shop');
  assertEquals(doubtsOf(timestamp(), [String(NOW)], { form: broken }), []);
});

Deno.test("unitDoubts() tells times that all lie within 86.4 seconds after midnight", () => {
  const millis = Array.from({ length: 120 }, (_, index) => String(index * 700_000 + 1));
  const [doubt, ...more] = doubtsOf(time(), millis);
  assertEquals([doubt?.column, more], ["v", []]);
  assertStringIncludes(doubt.message, "time(3)");
  assertEquals(doubtsOf(time(), [...millis.slice(0, 50), "43200000000", ...millis.slice(50)]), []);
  assertEquals(doubtsOf(time(), millis.map(() => "30000000")), []);
  assertEquals(doubtsOf(time(3), millis), []);
  assertEquals(doubtsOf(time(), millis.map((_, index) => `"00:01:${String(10 + index % 16)}Z"`)), []);
});
