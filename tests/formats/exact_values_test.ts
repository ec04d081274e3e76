import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { float8, int8, numeric } from "../../src/formats/columns.ts";
import { refusalOf, valueOf } from "./one_column.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { randomFrom } from "../record/support.ts";
import { envelope, source } from "./support.ts";

const SEED = 20_261_128;
const BIG = "2033735037361704962";

Deno.test("createDecoder() gives integers beyond 2^53 exactly, or refuses them and names int8()", () => {
  const exact: readonly (readonly [z.ZodType, string, unknown])[] = [
    [z.coerce.bigint(), BIG, BigInt(BIG)],
    [z.bigint(), BIG, BigInt(BIG)],
    [z.coerce.string(), BIG, BIG],
    [z.string().or(z.bigint()), `-${BIG}`, -BigInt(BIG)],
    [z.unknown(), `{"a":[${BIG},1]}`, { a: [BigInt(BIG), 1] }],
    [z.object({ a: int8(), b: z.number() }), `{"a":${BIG},"b":1.5}`, { a: BigInt(BIG), b: 1.5 }],
    [z.record(z.string(), int8()), `{"a":${BIG}}`, { a: BigInt(BIG) }],
    [z.tuple([z.coerce.string(), z.number()]), `[${BIG},1]`, [BIG, 1]],
    [z.preprocess((wire) => String(wire), z.string()), BIG, BIG],
    [z.unknown(), "123456789012345678E2", 12345678901234567800n],
    // What Java writes for doubles is a double.
    [z.number(), "1.0E300", 1e300],
    [z.number(), "1e300", 1e300],
    [float8(), "9.007199254740993E15", 9007199254740992],
    [float8(), "9007199254740994", 9007199254740994],
    [z.array(z.number()), "[1.5,2.0E20]", [1.5, 2e20]],
    [z.coerce.number(), '"9007199254740992"', 9007199254740992],
    [z.coerce.number(), '"19.90"', 19.9],
    [z.string().transform(Number), `"${BIG}"`, Number(BIG)],
  ];
  for (const [schema, wire, expected] of exact) assertEquals(valueOf(schema, wire), expected, wire);
  const refused: readonly (readonly [z.ZodType, string])[] = [
    [z.number(), BIG],
    [z.number(), "9007199254740993"],
    [z.number(), "-9007199254740993"],
    [z.number().nullable(), BIG],
    [z.number().positive(), BIG],
    [z.int(), BIG],
    [float8(), BIG],
    [z.coerce.number(), BIG],
    [z.array(z.coerce.number()), `[1,${BIG}]`],
    [z.string().or(z.number()), BIG],
    [z.object({ a: z.number() }), `{"a":${BIG}}`],
    [z.object({ a: z.array(z.number()) }), `{"a":[1,${BIG}]}`],
    [z.unknown().transform(Number), BIG],
    [z.preprocess(Number, z.number()), BIG],
    [z.coerce.number(), `"${BIG}"`],
    [z.coerce.number().nullable(), `" ${BIG}.00"`],
    [z.array(z.coerce.number()), `["1","-${BIG}"]`],
    [z.object({ a: z.coerce.number() }), `{"a":"${BIG}"}`],
  ];
  for (const [schema, wire] of refused) {
    const { reason, message } = refusalOf(schema, wire);
    assertEquals(reason, "overflow", message);
    assertStringIncludes(message, "int8()");
    if (!wire.startsWith("[") && !wire.startsWith("{")) assertStringIncludes(message, `current value is ${wire}`);
  }
});

Deno.test("createDecoder() never gives a neighbour of an integer, whatever the schema", () => {
  const random = randomFrom(SEED);
  const leaves: readonly (() => z.ZodType)[] = [
    () => z.number(),
    () => z.coerce.number(),
    () => z.coerce.string(),
    () => z.coerce.bigint(),
    () => z.unknown(),
    () => int8(),
    () => float8(),
    () => z.union([z.string(), z.number()]),
    () => z.union([z.bigint(), z.number()]),
  ];
  let read = 0;
  for (let round = 0; round < 2_000; round++) {
    const digits = String(BigInt(random(2 ** 31)) * 2n ** 31n + BigInt(random(2 ** 31)));
    const leaf = leaves[random(leaves.length)]();
    const [schema, wire] = [
      [leaf, digits],
      [leaf.nullable(), digits],
      [z.array(leaf), `[1,${digits}]`],
      [z.object({ a: leaf }), `{"a":${digits}}`],
      [z.object({ a: z.array(leaf) }).nullable(), `{"a":[${digits}]}`],
    ][random(5)] as [z.ZodType, string];
    const value = valueOf(schema, wire);
    if (typeof value === "object" && value !== null && "reason" in value) continue;
    read++;
    const inner = [value].flat().map((item) => (item as { a?: unknown } | null)?.a ?? item).flat().at(-1);
    assertEquals(String(inner), digits, `seed ${SEED}: ${wire}`);
  }
  assert(read > 500, `${read} read`);
});

Deno.test("createDecoder() refuses what no row may hold, and says what to declare", () => {
  class Money {}
  const cases: readonly (readonly [z.ZodType, string, string])[] = [
    [z.coerce.date(), '"2026-01-01T00:00:00Z"', "an instance of Date"],
    [z.coerce.date(), '"2026-01-01T00:00:00Z"', "timestamptz()"],
    [z.coerce.date().nullable(), '"2026-01-01T00:00:00Z"', "timestamptz()"],
    [z.string().transform((text) => new Date(text)), '"x"', "timestamptz()"],
    [z.string().transform(() => NaN), '"x"', "NaN"],
    [z.string().transform(() => -Infinity), '"x"', "-Infinity"],
    [z.string().transform(() => new Map()), '"x"', "an instance of Map"],
    [z.string().transform(() => new Money()), '"x"', "an instance of Money"],
    [z.string().transform(() => () => 1), '"x"', "plain objects"],
    [z.string().transform(() => Symbol("x")), '"x"', "a symbol"],
    [z.string().transform(() => ({ a: [{ b: new Date() }] })), '"x"', "no row may hold"],
    [z.string().transform(() => [undefined]), '"x"', "no row may hold"],
  ];
  for (const [schema, wire, expected] of cases) {
    const { reason, message } = refusalOf(schema, wire);
    assertEquals(reason, "not_a_row_value", message);
    assertStringIncludes(message, `things" as a row: v: current value is ${wire}`);
    assertStringIncludes(message, expected);
  }
  assertEquals(valueOf(z.string().transform(() => ({ a: [1n, null], b: undefined })), '"x"'), {
    a: [1n, null],
    b: undefined,
  });
});

/** As Java writes the unscaled value, in as few bytes as hold it. */
function base64Of(units: bigint): string {
  let length = 1;
  while (BigInt.asIntN(8 * length, units) !== units) length++;
  const hex = BigInt.asUintN(8 * length, units).toString(16).padStart(2 * length, "0");
  return btoa(String.fromCharCode(...(hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16))));
}

/** As string mode writes it: Java's BigDecimal.toPlainString. */
function plainOf(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${units < 0n ? "-" : ""}${digits.slice(0, point)}${scale === 0 ? "" : `.${digits.slice(point)}`}`;
}

Deno.test("numeric() without schema reads a decimal's text as what was written, or refuses it", () => {
  const random = randomFrom(SEED);
  for (let round = 0; round < 20_000; round++) {
    const scale = random(4);
    const column = numeric(18, scale);
    const units = BigInt(random(2 ** 31)) * 2n ** BigInt(random(20)) * (random(2) === 0 ? 1n : -1n);
    if (units > 10n ** 17n || units < -(10n ** 17n)) continue;
    const expected = plainOf(units, scale);
    assertEquals(String(column.parse(plainOf(units, scale))), expected, `seed ${SEED}`);
    const encoded = base64Of(units);
    const result = column.safeParse(encoded);
    // Digits alone are plain where the scale is 0.
    if (scale === 0) assertEquals(result.success, /^[1-9]\d*$/.test(encoded), encoded);
    else if (result.success) assertEquals(String(result.data), expected, `seed ${SEED}: ${encoded}`);
    else assert(/^\d+([eE]\+?\d+)?$/.test(encoded), encoded);
  }
  for (let round = 0; round < 1_000; round++) {
    const digits = String(1000 + random(9000));
    const result = numeric(18, 1 + random(4)).safeParse(digits);
    assertStringIncludes(result.error?.issues[0].message ?? "read", "may be plain or base64 of the unscaled value -");
    assertEquals(String(numeric(18).parse(digits)), digits);
    assertEquals(String(numeric().parse(digits)), digits);
  }
});

Deno.test("numeric() inside of an object refuses a number that JSON.parse may have rounded", () => {
  const column = z.object({ price: numeric(38, 20) });
  assertEquals(String((valueOf(column, '{"price":1234.5}') as { price: unknown }).price), "1234.50000000000000000000");
  const { message } = refusalOf(column, '{"price":0.12345678901234567}');
  assertStringIncludes(message, "write it as text");
});

Deno.test("createDecoder() names the writer of a message that is no envelope of Debezium", () => {
  const decoder = createDecoder({ source: "things", key: ["id"], row: z.object({ id: int8(), v: int8() }) });
  const refusal = (value: string): string => {
    try {
      decoder.decode({ key: '{"id":1}', value });
    } catch (error) {
      if (error instanceof DeserializationError) return error.message;
      throw error;
    }
    return "none";
  };
  const row = '{"id":1,"v":2}';
  assertStringIncludes(
    refusal(`{"id":"name:p;lsn:1","source":"/debezium/postgresql/p","specversion":"1.0","type":"x","data":${row}}`),
    "CloudEvents",
  );
  assertStringIncludes(refusal(`{"database":"d","table":"t","type":"update","ts":1,"data":${row}}`), "Maxwell");
  assertStringIncludes(refusal(`{"data":[${row}],"database":"d","type":"INSERT","isDdl":false}`), "Canal");
  assertStringIncludes(refusal(`{"table":"d.t","op_type":"U","before":null,"after":${row}}`), "GoldenGate");
  assertStringIncludes(
    refusal(`{"before":null,"after":"{\\"_id\\":1}",${source},"op":"c"}`),
    "ExtractNewDocumentState",
  );
  assertStringIncludes(refusal(JSON.stringify(envelope("c", row))), "JSON within JSON");
  for (const marked of ['"cdc_op":"d","cdc_deleted":"true"', '"op":"d","deleted":"true"']) {
    assertStringIncludes(refusal(`{"id":1,"v":1,${marked}}`), "add.fields.prefix");
  }
  // Columns of the table's own.
  assertEquals(refusal('{"id":1,"v":1,"op":"d","deleted":true}'), "none");
});
