import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { int8, numeric, timestamptz } from "../../src/formats/columns.ts";
import { createDecoder, type DecoderOptions, type MessageBytes } from "../../src/formats/decoder.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { after, decode, encoder, envelope, lamp, refusal, row, source, told } from "./support.ts";

Deno.test("createDecoder() tells upserts, deletes and messages of Debezium's own apart in all forms", async (t) => {
  const schema = (fields: string) => `{"schema":{"type":"struct","fields":[${fields}],"optional":false},"payload":`;
  const plainSchema = schema('{"type":"int64","field":"id"}');
  const upsert = ["upsert", 7, lamp, null];
  const gone = ["delete", 7];
  const before = '{"id":7,"name":"x","price":"0.00"}';
  const cases: Readonly<Record<string, readonly [value: string | null, expected: unknown[], key?: string | null]>> = {
    "c, r and u": [envelope("c", after), upsert],
    r: [envelope("r", after), upsert],
    "u with before": [envelope("u", after, before), upsert],
    "d with made-up before": [envelope("d", "null", before), gone],
    "d without before": [envelope("d", "null"), gone],
    tombstone: [null, gone],
    "tombstone as text": ["null", gone],
    "tombstone inside a schema": [`${plainSchema}null}`, gone],
    "schema around an envelope": [`${plainSchema}${envelope("c", after)}}`, upsert, `${plainSchema}{"id":7}}`],
    "no schema but its wrapper": [
      `{"schema":null,"payload":${envelope("c", after)}}`,
      upsert,
      '{"schema":null,"payload":{"id":7}}',
    ],
    "schema around a flattened row": [`${plainSchema}${after}}`, upsert],
    "spaces": [JSON.stringify(JSON.parse(envelope("c", after)), null, 2), upsert, '{ "id" : 7 }'],
    "spaces and schema": [JSON.stringify(JSON.parse(`${plainSchema}${envelope("c", after)}}`), null, 1), upsert],
    "flattened row": [after, upsert],
    "flattened with metadata": [
      '{"id":7,"name":"Lamp","price":"19.90","__deleted":"false","__op":"u","__lsn":5}',
      upsert,
    ],
    "flattened delete": ['{"id":7,"name":"","price":null,"__deleted":"true"}', gone],
    "flattened delete, boolean": ['{"id":7,"__deleted":true}', gone],
    "flattened delete, op": ['{"id":7,"__op":"d"}', gone],
    "fields in another order": [`{"op":"c",${source},"after":${after},"before":null}`, upsert],
    "envelope without source": [`{"op":"u","after":${after}}`, upsert],
    heartbeat: ['{"ts_ms":1795322788271}', ["skip", "heartbeat"], '{"serverName":"shop"}'],
    "transaction begin": [
      '{"status":"BEGIN","id":"571:53195829","ts_ms":1,"event_count":null,"data_collections":null}',
      ["skip", "transaction"],
      '{"id":"571:53195829"}',
    ],
    "transaction end": [
      '{"status":"END","id":"571:5","ts_ms":1,"event_count":1,' +
      '"data_collections":[{"data_collection":"a","event_count":1}]}',
      ["skip", "transaction"],
      '{"id":"571:5"}',
    ],
    message: [
      `{"op":"m","ts_ms":1,${source},"message":{"prefix":"foo","content":"YmFy"}}`,
      ["skip", "message"],
      '{"prefix":"foo"}',
    ],
  };
  for (const [name, [value, expected, key]] of Object.entries(cases)) {
    await t.step(name, () => {
      assertEquals(told(decode(value, key ?? '{"id":7}')), expected);
      const bytes = value === null ? null : encoder.encode(value);
      assertEquals(told(decode(bytes, encoder.encode(key ?? '{"id":7}'))), expected);
    });
  }
});

Deno.test("createDecoder() refuses what it cannot read, with reason, column and remedy", async (t) => {
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const cases: Readonly<
    Record<string, readonly [reason: string, says: string, value: MessageBytes | null, key?: MessageBytes | null]>
  > = {
    "no JSON": ["not_json", "as JSON", "{"],
    "empty": ["not_json", "as JSON", ""],
    "cut off": ["not_json", "as JSON", envelope("c", after).slice(0, -20)],
    "cut off at a brace": ["not_json", "as JSON", `{"before":null,"after":${after},${source}`],
    "no UTF-8": ["not_utf8", "UTF-8", Uint8Array.of(123, 34, 255, 34, 125)],
    "no UTF-8 in the key": ["not_utf8", "UTF-8", null, Uint8Array.of(255)],
    "no object": ["not_a_row", "Debezium envelope", "5"],
    "an array": ["not_a_row", "an array of 1", "[1]"],
    "no key": ["null_key", "primary key", envelope("c", after), null],
    "no key, tombstone": ["null_key", "primary key", null, null],
    "null as key": ["null_key", "primary key", null, "null"],
    "null as key, with schema": ["null_key", "primary key", null, '{"schema":null,"payload":null}'],
    "key is no JSON": ["not_json", "a key of", null, "{"],
    "key is another column's value": ["bad_key", "its key says id = 8, its row 7", envelope("c", after), "8"],
    "key is a list": ["bad_key", "columns id", null, "[7]"],
    "key of another column": ["bad_key", "columns id", null, '{"uid":7}'],
    "key with one column more": ["bad_key", "region, too. A column that a transformation", null, '{"id":7,"region":1}'],
    "key with an object": [
      "bad_key",
      "expected an int8: current value is an object",
      null,
      '{"id":{"scale":2,"value":"AQ=="}}',
    ],
    "key with a fraction": ["bad_key", "expected an int8: current value is 1.5", null, '{"id":1.5}'],
    "key and row disagree": ["bad_key", "its key says id = 8, its row 7", envelope("c", after), '{"id":8}'],
    "key too large": ["too_large", "65536", null, `{"id":"${"x".repeat(70_000)}"}`],
    "unknown op": ["unknown_op", '"x"', envelope("x", after)],
    truncate: ["truncate", "Use DELETE", envelope("t", "null"), null],
    "flattened truncate": ["truncate", "Use DELETE", '{"__op":"t"}', null],
    "upsert without row": ["missing_after", '"u"', envelope("u", "null")],
    "row is a list": ["missing_after", "an array", envelope("u", "[1]")],
    "missing column": ["missing_column", "name: the column is missing", envelope("c", '{"id":7,"price":null}')],
    "null in a non-null column": ["wrong_type", "name: ", envelope("c", '{"id":7,"name":null,"price":null}')],
    "number for text": ["wrong_type", "current value is 5", envelope("c", '{"id":7,"name":5,"price":null}')],
    "not finite": [
      "not_finite",
      'price: expected a finite numeric(12, 2): current value is "NAN"',
      envelope("c", '{"id":7,"name":"x","price":"NAN"}'),
    ],
    overflow: ["overflow", "price: ", envelope("c", '{"id":7,"name":"x","price":"123456789012.00"}')],
    "all problems": [
      "missing_column",
      "name: the column is missing; price: exp",
      envelope("c", '{"id":7,"price":"x"}'),
    ],
    "int8 too large": ["bad_key", "id: expected an int8", null, '{"id":9223372036854775808}'],
    "deep column": ["too_deep", "64 levels", envelope("c", `{"id":7,"name":${deep(10_000)},"price":null}`)],
    "deep row read exactly": [
      "too_deep",
      "64 levels",
      envelope("c", `{"id":7,"name":"x","price":1.5,"x":${deep(10_000)}}`),
    ],
    "deep key": ["bad_key", "current value is an array", null, `{"id":${deep(3_000)}}`],
  };
  for (const [name, [reason, says, value, key]] of Object.entries(cases)) {
    await t.step(name, () => {
      const error = refusal(value, key === undefined ? '{"id":7}' : key);
      assertEquals(error.reason, reason, error.message);
      assert(error.message.includes(says) && error.message.length < 1_000, error.message);
    });
  }
});

Deno.test("createDecoder() tells why a column may be missing, generated columns first", () => {
  const { reason, message } = refusal(envelope("u", '{"id":7,"price":null}'));
  assertEquals(reason, "missing_column");
  for (
    const part of ["Generated columns", "PostgreSQL before 18", "mapValues()", "column.exclude.list", ".optional()"]
  ) {
    assertStringIncludes(message, part);
  }
});

Deno.test("createDecoder() reads a column of 5 MB, refuses more than the limit at once", () => {
  const text = "é😀x".repeat(900_000);
  const value = envelope("c", `{"id":7,"name":${JSON.stringify(text)},"price":null}`);
  for (const form of [value, encoder.encode(value)]) {
    const decoded = decode(form, '{"id":7}');
    assert(decoded.kind === "upsert" && decoded.row.name === text);
  }
  const start = performance.now();
  const error = refusal(new Uint8Array(9 * 1024 * 1024));
  assert(performance.now() - start < 1_000);
  assertEquals([error.reason, error.message.includes("8388608")], ["too_large", true]);
  assertEquals(refusal(envelope("c", after), '{"id":7}', { valueBytesMax: 100 }).reason, "too_large");
});

Deno.test("createDecoder() ignores deep nesting in columns that are not read", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  assertEquals(told(decode(envelope("c", after.replace("}", `,"x":${deep}}`)))), ["upsert", 7, lamp, null]);
});

Deno.test("createDecoder() reads composite, text and large keys, in the declared order", () => {
  const keys = (key: readonly string[], text: string) =>
    told(
      createDecoder({ source: "things", key, row: z.object({ name: z.string() }) }).decode({ key: text, value: null }),
    )[1];
  assertEquals(keys(["a", "b"], '{"b":"x,\\"y","a":5}'), '5,"x,\\"y"');
  assertEquals(keys(["a", "b"], '{"a":9007199254740993,"b":true}'), "9007199254740993,true");
  assertEquals(keys(["a"], '{"a":"007"}'), '"007"');
  assertEquals(keys(["a"], '{"a":"ü\\u0041"}'), '"üA"');
  assertEquals(keys(["a"], '{"a":0}'), 0);
  assertEquals(keys(["a"], '{"a":-0}'), 0);
  assertEquals(keys(["a"], '{"a":-15}'), -15);
  assertEquals(keys(["a"], '{"a":-9223372036854775808}'), "-9223372036854775808");
  assertEquals(keys(["a"], '{"a":999999999999999}'), 999999999999999);
  assertEquals(keys(['a"b'], '{"a\\"b":5}'), 5);
  assertEquals(keys(["__proto"], '{"__proto":5}'), 5);
  for (const text of ['{"a":01}', '{"a":1 2}', '{"a":}', '{"a":1}}']) {
    assertEquals(assertThrows(() => keys(["a"], text), DeserializationError).reason, "not_json");
  }
});

Deno.test("createDecoder() compares key and row by value, not by form", () => {
  const types = z.object({ at: timestamptz(), code: numeric(5, 2) });
  const read = (key: string) =>
    createDecoder({ source: "things", key: ["at", "code"], row: types })
      .decode({ key, value: envelope("c", '{"at":"2026-11-22T10:15:30.5Z","code":"1.50"}') });
  assertEquals(read('{"at":"2026-11-22T10:15:30.5Z","code":"1.50"}').kind, "upsert");
  assertThrows(() => read('{"at":"2026-11-22T10:15:30.6Z","code":"1.50"}'), DeserializationError, "its key says at");
});

Deno.test("createDecoder() is not touched by names of Object.prototype", () => {
  const types = z.object({ id: int8(), constructor: z.string().nullable(), toString: z.string().optional() });
  const hostile = '{"id":7,"__proto__":{"polluted":1},"constructor":null,"valueOf":5,"hasOwnProperty":1}';
  const decoded = decode(envelope("c", hostile), '{"id":7}', { row: types });
  assert(decoded.kind === "upsert");
  assertEquals([decoded.row.constructor, decoded.row.toString], [null, undefined]);
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
  assertEquals((decoded.row as Record<string, unknown>).polluted, undefined);
  assertEquals(refusal(envelope("c", '{"id":7}'), '{"id":7}', { row: types }).reason, "missing_column");
  assertEquals(told(decode(null, '{"constructor":7}', { key: ["constructor"] })), ["delete", 7]);
});

Deno.test("createDecoder() counts unknown columns and stays small under random names", () => {
  const decoder = createDecoder({ source: "things", key: ["id"], row });
  const send = (text: string) => decoder.decode({ key: '{"id":7}', value: text });
  for (let index = 0; index < 3; index++) send(envelope("u", after.replace("}", ',"color":1,"size":2}')));
  send(envelope("u", after.replace("}", ',"size":2}')));
  send(after.replace("}", ',"__deleted":"false","size":1}'));
  assertEquals(Object.fromEntries(decoder.unknownColumns), { color: 3, size: 5 });
  for (let index = 0; index < 5_000; index++) send(envelope("u", after.replace("}", `,"x${index}":1}`)));
  assertEquals([decoder.unknownColumns.size, decoder.unknownColumns.get("(others)")], [1_001, 5_000 - 998]);
});

Deno.test("createDecoder() refuses schemas and keys it cannot decode", () => {
  const make = (options: Partial<DecoderOptions>) => () =>
    createDecoder({ source: "things", key: ["id"], row, ...options });
  assertThrows(make({ row: row.refine(() => true) }), TypeError, "rules for the whole object");
  assertThrows(make({ row: row.strict() }), TypeError, "rules for the whole object");
  assertThrows(make({ key: [] }), TypeError, "the key of");
  assertThrows(make({ key: ["id", "id"] }), TypeError, "the key of");
});

Deno.test("createDecoder() makes a callback that throws a refusal", () => {
  const types = z.object({
    id: int8().refine(() => {
      throw new Error("boom");
    }),
  });
  const error = refusal(envelope("c", after), '{"id":7}', { row: types });
  assertEquals([error.reason, error.message.includes("boom")], ["schema_threw", true]);
});
