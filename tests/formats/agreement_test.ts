import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { coercesNumber, readerOf } from "../../src/formats/column_reader.ts";
import { roundsInteger, roundsText } from "../../src/formats/exact_json.ts";
import { REFUSED } from "../../src/formats/column_type.ts";
import {
  bytea,
  date,
  float8,
  int8,
  json,
  numeric,
  time,
  timestamp,
  timestamptz,
  uuid,
} from "../../src/formats/columns.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import { quickChange } from "../../src/formats/envelope.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { isRowValue } from "../../src/formats/row_value.ts";
import { wireEquals } from "../../src/record/wire.ts";
import { randomFrom } from "../record/support.ts";

const SEED = 20_261_122;

const kinds: Readonly<Record<string, z.ZodType>> = {
  int8: int8(),
  numeric: numeric(),
  money: numeric(12, 2),
  wide: numeric(78, 0),
  timestamptz: timestamptz(),
  timestamp: timestamp(),
  date: date(),
  time: time(),
  json: json(),
  uuid: uuid(),
  bytea: bytea(),
  float8: float8(),
  string: z.string(),
  boolean: z.boolean(),
  int: z.int(),
  number: z.number(),
  enum: z.enum(["new", "paid", "1"]),
  nativeEnum: z.enum({ a: "x", b: 1 }),
  literal: z.literal(["x", 5, null]),
  // The rest is not compiled but asked; it must agree all the same.
  email: z.email(),
  trimmed: z.string().trim().min(1),
  coerced: z.coerce.number(),
  coercedText: z.coerce.string(),
  coercedBoolean: z.coerce.boolean(),
  coercedBigint: z.coerce.bigint(),
  coercedDate: z.coerce.date(),
  int32: z.int32(),
  positive: z.number().positive(),
  upper: z.string().transform((text) => text.toUpperCase()),
  withDefault: z.string().default("none"),
  caught: z.int().catch(5),
  union: z.union([int8(), z.string()]),
  object: z.object({ x: z.number() }),
  refined: int8().refine((value) => value > 0),
  described: numeric(12, 2).describe("price"),
  unknown: z.unknown(),
};

const wrappings: readonly ((schema: z.ZodType) => z.ZodType)[] = [
  (schema) => schema,
  (schema) => schema.nullable(),
  (schema) => schema.optional(),
  (schema) => schema.nullish(),
  (schema) => z.array(schema),
  (schema) => z.array(schema.nullable()).nullable(),
  (schema) => z.array(schema).min(1),
  (schema) => z.array(z.array(schema)),
  (schema) => schema.optional().nullable(),
  (schema) => schema.readonly(),
];

const values: readonly unknown[] = [
  ...[
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    5,
    1.5,
    2 ** 53,
    -(2 ** 53),
    1e300,
    20779,
    1795309323123456,
    NaN,
    Infinity,
  ],
  ...[
    "",
    "x",
    "new",
    "1",
    "1.5",
    "19.90",
    "-0.01",
    "AeJA",
    "AA==",
    "NAN",
    "NaN",
    "Infinity",
    "infinity",
    "null",
    "{}",
    "5",
  ],
  ...["2026-11-22T10:15:30Z", "2026-11-22T10:15:30.123456Z", "2026-11-22", "08:00:00Z", "+294276-12-31T23:59:59Z"],
  ...["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a@b.example", " y ", "9".repeat(40), "9007199254740993"],
  ...[7n, 2n ** 60n, 2n ** 64n, { x: 1 }, { scale: 2, value: "AeJA" }, { scale: 2 }, {}, [], [[]]],
];

Deno.test("readerOf() gives zod's verdict and value for every schema and value, if a row may hold it exactly", () => {
  const random = randomFrom(SEED);
  const elements = values.filter((value) => !Number.isNaN(value));
  let compared = 0;
  let accepted = 0;
  const compare = (name: string, { schema, value }: { schema: z.ZodType; value: unknown }) => {
    const result = schema.safeParse(value);
    const read = readerOf(schema)(value);
    const context = `${name} of ${Deno.inspect(value)}: ${Deno.inspect(read)}`;
    const rounds = roundsInteger(value, result.data) || (coercesNumber(schema) && roundsText(value, result.data));
    const accepts = result.success && isRowValue(result.data) && !rounds;
    assertEquals(read === REFUSED, !accepts, context);
    if (accepts) assert(Object.is(read, result.data) || wireEquals(read, result.data), context);
    compared++;
    if (accepts) accepted++;
  };
  for (const [name, kind] of Object.entries(kinds)) {
    for (const [index, wrap] of wrappings.entries()) {
      const schema = wrap(kind);
      for (const value of values) compare(`${name}/${index}`, { schema, value });
      for (let round = 0; round < 60; round++) {
        const list = Array.from({ length: random(4) }, () => elements[random(elements.length)]);
        compare(`${name}/${index}`, { schema, value: random(2) === 0 ? list : [list] });
      }
    }
  }
  assert(compared > 30_000 && accepted > compared / 20, `${compared} compared, ${accepted} accepted`);
});

Deno.test("rows decoded agree with z.object(...).safeParse of the same row", () => {
  const random = randomFrom(SEED);
  const names = Object.keys(kinds);
  let accepted = 0;
  for (let round = 0; round < 3_000; round++) {
    const picked = Array.from({ length: 1 + random(3) }, () => names[random(names.length)]);
    const schema = z.object(
      Object.fromEntries(picked.map((name) => [name, wrappings[random(wrappings.length)](kinds[name])])),
    );
    const after = {
      id: 1,
      ...Object.fromEntries(picked.map((name) => [name, plainJson(values[random(values.length)])])),
    };
    const text = JSON.stringify(after);
    const result = schema.safeParse(JSON.parse(text));
    const value = `{"before":null,"after":${text},"source":{"x":1},"op":"c"}`;
    try {
      const decoded = createDecoder({ source: "t", key: ["id"], row: schema }).decode({ key: '{"id":1}', value });
      assert(decoded.kind === "upsert" && result.success, text);
      assert(wireEquals(decoded.row, result.data), text);
      accepted++;
    } catch (error) {
      assert(error instanceof DeserializationError, `seed ${SEED}, ${text}: ${error}`);
      const rounds = error.message.includes("the schema rounds it");
      const holds = result.success && Object.values(result.data).every(isRowValue) && !rounds;
      assert(!holds, `seed ${SEED}, ${text}: ${error}`);
    }
  }
  assert(accepted > 100, `${accepted} accepted`);
});

/** What JSON can hold, and JSON.parse gives back unchanged. */
function plainJson(value: unknown): unknown {
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isSafeInteger(value))) return null;
  return value;
}

Deno.test("quickChange() finds the same change as a full parse, or none", () => {
  const random = randomFrom(SEED);
  const columns = ["id", "after", "before", "source", "op", "payload", 'a"b', "}", ',"after":'];
  const texts = ["", "x", '"', ',"source":{', '},"after":', ',"op":"d"', "\\", '\\"', '{"a":1}', "null", "}"];
  const cell = (depth: number): unknown => {
    const choice = random(depth > 2 ? 4 : 7);
    if (choice < 3) return texts[random(texts.length)];
    if (choice === 3) return random(100);
    return choice === 4 ? null : choice === 5 ? [cell(depth + 1)] : row(depth + 1);
  };
  const row = (depth = 0) =>
    Object.fromEntries(Array.from({ length: random(6) }, () => [columns[random(columns.length)], cell(depth)]));
  let found = 0;
  let bare = 0;
  for (let round = 0; round < 30_000; round++) {
    const value: Record<string, unknown> = {};
    value.before = random(2) === 0 ? null : row();
    value.after = random(5) === 0 ? null : row();
    value.source = { name: texts[random(texts.length)], lsn: 1, sequence: '["1","2"]' };
    if (random(2) === 0) value.transaction = null;
    value.op = "crudtm"[random(6)];
    value.ts_ms = 1;
    const text = JSON.stringify(value);
    const change = quickChange(text);
    if (change === null) continue;
    assertEquals([change.op, change.after], [value.op, value.after], `seed ${SEED}, ${text}`);
    assertEquals(JSON.parse(change.text), value.after);
    found++;
    if (value.before !== null) bare++;
  }
  assert(found > 20_000 && bare > 5_000, `${found} found, ${bare} with before`);
});

Deno.test("quickChange() finds nothing in a text that was cut off", () => {
  const text =
    '{"before":{"id":1},"after":{"id":1,"note":"}"},"source":{"name":"x"},"transaction":null,"op":"u","ts_ms":1}';
  assert(quickChange(text) !== null);
  for (let length = 0; length < text.length; length++) assertEquals(quickChange(text.slice(0, length)), null);
});
