import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { char, citext, date, float8, int8, numeric, timestamp, timestamptz, uuid } from "../../src/formats/columns.ts";
import { createDecoder, type MessageBytes } from "../../src/formats/decoder.ts";
import { keyColumnOf, type WireFormat } from "../../src/formats/key_form.ts";
import { Decimal } from "../../src/record/decimal.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import type { Key } from "../../src/record/key.ts";

/** The key of a tombstone. */
function keyIn(schema: z.ZodType, wire: MessageBytes | { readonly text: string; readonly format: WireFormat }): Key {
  const plain = typeof wire === "string" || wire instanceof Uint8Array;
  const { text, format } = plain ? { text: wire, format: undefined } : wire;
  const decoded = createDecoder({ source: "things", key: ["k"], row: z.object({ k: schema }), format })
    .decode({ key: text, value: null });
  assert(decoded.kind === "delete");
  return decoded.key;
}

function withSchema(field: string, payload: string): string {
  return `{"schema":{"type":"struct","fields":[${field}],"optional":false,"name":"t.Key"},"payload":${payload}}`;
}

const DECIMAL = '{"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,' +
  '"parameters":{"scale":"2"},"field":"k"}';
const MILLIS = '{"type":"int64","optional":false,"name":"io.debezium.time.Timestamp","version":1,"field":"k"}';

Deno.test("createDecoder() makes one key of every form on the wire", () => {
  const big = "12345678901234567890";
  const cases: readonly (readonly [z.ZodType, Key, ...string[]])[] = [
    [
      numeric(12, 2),
      7,
      '{"k":"7.00"}',
      '{"k":"7"}',
      '{"k":7.0}',
      '{"k":"Arw="}',
      '{"k":{"scale":0,"value":"Bw=="}}',
      withSchema(DECIMAL, '{"k":"Arw="}'),
    ],
    [numeric(30, 2), `${big}.5`, `{"k":"${big}.50"}`, `{"k":${big}.5}`],
    [numeric(), "1.5", '{"k":"1.5"}', '{"k":"1.500"}', '{"k":{"scale":3,"value":"Bdw="}}'],
    [uuid(), '"6f9619ff-8b86-d011-b42d-00c04fc964ff"', '{"k":"6F9619FF-8B86-D011-B42D-00C04FC964FF"}'],
    [date(), 19_753, '{"k":19753}', '{"k":"2024-01-31Z"}', '{"k":"2024-01-31"}'],
    [
      timestamp(),
      1_718_454_896_123_000,
      '{"k":1718454896123000}',
      '{"k":"2024-06-15T12:34:56.123Z"}',
      withSchema(MILLIS, '{"k":1718454896123}'),
    ],
    [
      timestamptz(),
      1_718_454_896_123_000,
      '{"k":"2024-06-15T12:34:56.123000Z"}',
      '{"k":"2024-06-15T14:34:56.123+02:00"}',
    ],
    [int8(), 7, '{"k":7}', '{"k": 7 }', '{"k":7.0}', '{"k":"7"}'],
    [int8(), "9007199254740993", '{"k":9007199254740993}'],
    [float8(), "0.1", '{"k":0.1}', '{"k":1e-1}'],
    [citext(), '"abc"', '{"k":"ABC"}', '{"k":"abc"}'],
    [char(5), '"AB"', '{"k":"AB   "}', '{"k":"AB"}'],
    [z.string().trim(), '"x"', '{"k":" x "}'],
  ];
  for (const [schema, key, ...texts] of cases) {
    for (const text of texts) {
      assertEquals(keyIn(schema, text), key, text);
      assertEquals(keyIn(schema, new TextEncoder().encode(text)), key, `bytes of ${text}`);
    }
  }
});

Deno.test("createDecoder() refuses a key that its column does not take, as one record's fault", () => {
  const cases: readonly (readonly [z.ZodType, string])[] = [
    [numeric(4, 2), '{"k":"123.45"}'],
    [numeric(4, 2), '{"k":"NaN"}'],
    [uuid(), '{"k":"7"}'],
    [int8(), '{"k":null}'],
    [z.number(), '{"k":9007199254740993}'],
    [z.array(z.string()), '{"k":["a"]}'],
    [z.string().transform(() => ({ an: "object" })), '{"k":"a"}'],
    [int8(), '{"other":7}'],
    [int8(), "[7]"],
    [z.string(), "7"],
  ];
  for (const [schema, text] of cases) {
    const error = assertThrows(() => keyIn(schema, text), DeserializationError);
    assertEquals(error.reason, "bad_key", text);
  }
  assertEquals(assertThrows(() => keyIn(int8(), "{"), DeserializationError).reason, "not_json");
});

Deno.test("createDecoder() shows a refused key value as it came, and names the type that holds it", () => {
  const many = "an integer beyond 2^53, which the schema does not hold exactly. Declare the column as int8()";
  const cases: readonly (readonly [z.ZodType, string, string])[] = [
    [z.int(), "9007199254740993", many],
    [z.number().int(), "9007199254740993", many],
    [numeric(4, 2), '{"scale":2,"value":"D0JA"}', 'current value is base64 "D0JA" of scale 2, which does not fit'],
  ];
  for (const [schema, wire, text] of cases) {
    const { message } = assertThrows(() => keyIn(schema, `{"k":${wire}}`), DeserializationError);
    assertStringIncludes(message, text);
  }
  const two = createDecoder({ source: "things", key: ["k", "l"], row: z.object({ k: int8(), l: int8() }) });
  for (const key of ["7", '{"schema":{"type":"int64","optional":false},"payload":7}']) {
    const { message } = assertThrows(() => two.decode({ key, value: null }), DeserializationError);
    assertStringIncludes(message, "as the columns k, l: current value is 7. It has no columns");
    assertStringIncludes(message, "ExtractField$Key");
  }
  const { message } = assertThrows(
    () => keyIn(int8(), '{"k":7,"__dbz__physicalTableIdentifier":"a"}'),
    DeserializationError,
  );
  assertStringIncludes(message, "__dbz__physicalTableIdentifier, too. A column that a transformation added to the key");
});

const wrapped = (field: string, payload: string) => `{"schema":{${field},"optional":false},"payload":${payload}}`;

Deno.test("createDecoder() takes a bare key for the only key column's value, in every form on the wire", () => {
  const cases: readonly (readonly [z.ZodType, Key, ...string[]])[] = [
    [int8(), 17, "17", '"17"', wrapped('"type":"int64"', "17"), '{"schema":null,"payload":17}'],
    [int8(), "9007199254740993", "9007199254740993", wrapped('"type":"int64"', "9007199254740993")],
    [int8(), "9007199254740993", '{"payload":9007199254740993,"schema":{"type":"int64"}}'],
    [z.string(), '"a"', '"a"', wrapped('"type":"string"', '"a"')],
    [numeric(12, 2), 7, '"7.00"', "7.0", wrapped(DECIMAL.slice(1, -1).replace(',"field":"k"', ""), '"Arw="')],
    [z.boolean(), "true", "true"],
    [uuid(), '"6f9619ff-8b86-d011-b42d-00c04fc964ff"', '"6F9619FF-8B86-D011-B42D-00C04FC964FF"'],
    [date(), 19_753, "19753", '"2024-01-31Z"'],
    [
      timestamp(),
      1_718_454_896_123_000,
      "1718454896123000",
      wrapped(MILLIS.slice(1, -1).replace(',"field":"k"', ""), "1718454896123"),
    ],
    [timestamptz(), 1_718_454_896_123_000, '"2024-06-15T12:34:56.123000Z"'],
  ];
  for (const [schema, key, ...texts] of cases) {
    for (const text of texts) {
      assertEquals(keyIn(schema, text), key, text);
      assertEquals(keyIn(schema, new TextEncoder().encode(text)), key, `bytes of ${text}`);
      for (const form of ["bare", "object"] as const) {
        assertEquals(keyIn(schema, { text, format: { key: form } }), key, text);
      }
    }
  }
  // As an object only where it is declared: it could be a key of other columns.
  const variable = '{"scale":2,"value":"Arw="}';
  assertEquals(keyIn(numeric(), { text: variable, format: { key: "bare" } }), 7);
  assertEquals(assertThrows(() => keyIn(numeric(), variable), DeserializationError).reason, "bad_key");
  assertEquals(keyIn(int8(), { text: '{"k":17}', format: { key: "bare" } }), 17);
  for (const text of ["null", '{"schema":{"type":"int64"},"payload":null}']) {
    assertEquals(assertThrows(() => keyIn(int8(), text), DeserializationError).reason, "null_key");
  }
});

Deno.test("createDecoder() refuses a key of which a schema makes another integer", () => {
  const coerced = z.coerce.number();
  assertEquals(keyIn(coerced, '{"k":"12"}'), 12);
  for (const key of ['{"k":9007199254740993}', '{"k":"9007199254740993"}', '{"k":-9007199254740993}']) {
    const { reason, message } = assertThrows(() => keyIn(coerced, key), DeserializationError);
    assertEquals(reason, "bad_key");
    assertStringIncludes(message, "Declare");
  }
});

Deno.test("keyColumnOf() knows how keys are written, and says where that cannot be computed", () => {
  const wires: readonly (readonly [z.ZodType, unknown])[] = [
    [int8(), { kind: "plain" }],
    [z.string().min(1), { kind: "plain" }],
    [z.enum(["a"]), { kind: "plain" }],
    [z.union([z.int(), z.string()]).nullable(), { kind: "plain" }],
    [numeric(12, 2), { kind: "decimal_text", scale: 2 }],
    [char(3), { kind: "padded", length: 3 }],
    [timestamptz(), { kind: "zoned", precision: 6 }],
    [timestamptz(3), { kind: "zoned", precision: 3 }],
    [numeric(), null],
    [float8(), null],
    [citext(), null],
    [char(), null],
    [z.string().toLowerCase(), null],
    [z.string().transform((text) => text), null],
    [z.coerce.string(), null],
  ];
  for (const [schema, wire] of wires) assertEquals(keyColumnOf("k", { schema }).wire, wire as never);
  assertEquals(keyColumnOf("k", { schema: z.string().transform((text) => Decimal.parse(text)) }).value, "decimal");
  assertEquals(keyColumnOf("k", { schema: z.coerce.bigint() }).value, "bigint");
});
