import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { char, citext, date, float8, int8, numeric, timestamp, timestamptz, uuid } from "../../src/formats/columns.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import { decode, refusal, source } from "./support.ts";

const TABLE = "__dbz__physicalTableIdentifier";
const sharded = z.object({ v: z.string(), [TABLE]: z.string(), id: int8() });
const options = { key: ["id", TABLE], row: sharded };
const key = `{"id":7,"${TABLE}":"shard_0"}`;
const envelopeOf = (after: string) => `{"before":null,"after":${after},${source},"op":"c"}`;
const deletionOf = (before: string) => `{"before":${before},"after":null,${source},"op":"d"}`;

Deno.test("createDecoder() takes a key column that stands in the key alone from there", () => {
  const expected = { v: "x", [TABLE]: "shard_0", id: 7 };
  for (const value of [envelopeOf('{"id":7,"v":"x"}'), '{"id":7,"v":"x","__op":"c"}']) {
    const decoded = decode(value, key, options);
    assert(decoded.kind === "upsert");
    // In the order of the schema, as every other row.
    assertEquals(JSON.stringify(decoded.row), JSON.stringify(expected));
    assertEquals(decoded.key, '7,"shard_0"');
  }
  assertEquals(decode(deletionOf("null"), key, options).kind, "delete");
  assertEquals(decode(null, key, options), { kind: "delete", key: '7,"shard_0"', tombstone: true });
});

Deno.test("createDecoder() reads what stands in the key alone as it reads the row's columns", () => {
  const cases: readonly (readonly [z.ZodType, ...string[]])[] = [
    [int8(), "7", "9007199254740993", '"7"'],
    [numeric(12, 2), '"7.00"', "7.5", '"Arw="'],
    [numeric(), '"1.500"', "1e20"],
    [uuid(), '"6F9619FF-8B86-D011-B42D-00C04FC964FF"'],
    [date(), "19753", '"2024-01-31Z"'],
    [timestamp(3), "1718454896123"],
    [timestamptz(), '"2024-06-15T12:34:56.123000Z"'],
    [float8(), "0.1", "1e20", "-3"],
    [citext(), '"AbC"'],
    [char(5), '"AB   "'],
    [z.string(), '"17"', '"null"', '""'],
    [z.boolean(), "true"],
    [z.enum(["a", "b"]), '"b"'],
    [int8().nullable(), "null"],
    [z.coerce.bigint(), "5"],
  ];
  for (const [schema, ...texts] of cases) {
    for (const text of texts) {
      const row = z.object({ k: schema, v: z.string() });
      const { decode } = createDecoder({ source: "things", key: ["v", "k"], row });
      const both = `{"v":"x","k":${text}}`;
      const known = decode({ key: both, value: envelopeOf(both) });
      const lacking = decode({ key: both, value: envelopeOf('{"v":"x"}') });
      assertEquals(lacking, known, text);
    }
  }
});

Deno.test("createDecoder() reads what stands in the key alone by the key's schema, the rest by the row's", () => {
  const micros = (field: string) =>
    `{"type":"int64","optional":false,"name":"io.debezium.time.MicroTimestamp","version":1,"field":"${field}"}`;
  const millis = micros("at").replace("MicroTimestamp", "Timestamp");
  const struct = (field: string, payload: string) =>
    `{"schema":{"type":"struct","fields":[${field}],"optional":false,"name":"t"},"payload":${payload}}`;
  const row = z.object({ at: timestamp(), seen: timestamp(), id: int8() });
  const { decode } = createDecoder({ source: "things", key: ["id", "at"], row });
  const decoded = decode({
    key: struct(`{"type":"int64","field":"id"},${millis}`, '{"id":7,"at":1718454896123}'),
    value: struct(`{"type":"int64","field":"id"},${micros("seen")}`, '{"id":7,"seen":1718454896123456}'),
  });
  assert(decoded.kind === "upsert");
  assertEquals({ ...decoded.row }, { at: 1718454896123000, seen: 1718454896123456, id: 7 } as never);
});

Deno.test("createDecoder() takes no column but key columns from the key, and nothing for a row without columns", () => {
  assertEquals(refusal(envelopeOf('{"id":7}'), key, options).reason, "missing_column");
  assertEquals(refusal(envelopeOf('{"other":7}'), key, options).reason, "missing_column");
  assertEquals(refusal('{"database":"d"}', '{"id":7}', { row: z.object({ id: int8() }) }).reason, "missing_column");
  assertEquals(refusal(envelopeOf('{"id":8,"v":"x"}'), key, options).reason, "bad_key");
});

Deno.test("Decoder.details() reads a row before the change that lacks a key column, too", () => {
  const { details } = createDecoder({ source: "things", ...options });
  const { before } = details({ key, value: deletionOf('{"id":7,"v":"x"}') });
  assertEquals(before, { v: "x", [TABLE]: "shard_0", id: 7 });
});
