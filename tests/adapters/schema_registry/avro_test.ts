import { assertEquals } from "@std/assert";
import { avroCodec } from "../../../src/adapters/schema_registry/avro.ts";
import { createDecoder } from "../../../src/formats/decoder.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { avroType } from "./avro_writer.ts";
import { avroSchema, connectFields, randomColumns, row } from "./random_columns.ts";

const ROUNDS = 2_000;
const NONE: ReadonlyMap<string, string> = new Map();
const NOTHING: ReadonlySet<string> = new Set();

const decoder = createDecoder({ source: "rows", key: ["id"], row });

function decoded(value: string) {
  return decoder.decode({
    key: `{"id":${/"id":(-?\d+)/.exec(value)![1]}}`,
    value,
  });
}

Deno.test("avroCodec() gives of random rows what JsonConverter writes of them", () => {
  const type = avroType(avroSchema);
  const codec = avroCodec({ type: "AVRO", text: JSON.stringify(avroSchema), references: NONE });
  const random = mulberry32(15);
  for (let round = 0; round < ROUNDS; round++) {
    const { json, avro } = randomColumns(random);
    const payload = `{${Object.entries(json).map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
    const expected = decoded(
      `{"schema":${JSON.stringify({ type: "struct", fields: connectFields })},"payload":${payload}}`,
    );
    const { field, text } = codec.read(new Uint8Array(type.toBuffer(avro)), NOTHING);
    assertEquals(
      decoded(`{"schema":${JSON.stringify(field)},"payload":${text}}`),
      expected,
      `round ${round}: ${payload}`,
    );
    assertEquals(JSON.parse(text), JSON.parse(payload));
  }
});

Deno.test("avroCodec() writes back what it reads", () => {
  const type = avroType(avroSchema);
  const codec = avroCodec({ type: "AVRO", text: JSON.stringify(avroSchema), references: NONE });
  const random = mulberry32(16);
  const revive = (_name: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context!.source!)
      ? BigInt(context!.source!)
      : value;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = new Uint8Array(type.toBuffer(randomColumns(random).avro));
    assertEquals(codec.write(JSON.parse(codec.read(bytes, NOTHING).text, revive)), bytes);
  }
});

Deno.test("avroCodec() reads what is no number as text, referred types, and schemas that hold themselves", () => {
  const read = (schema: unknown, value: unknown) =>
    avroCodec({ type: "AVRO", text: JSON.stringify(schema), references: NONE })
      .read(new Uint8Array(avroType(schema).toBuffer(value)), NOTHING).text;
  assertEquals(["float", "double"].map((type) => read(type, NaN)), ['"NaN"', '"NaN"']);
  assertEquals([read("double", -Infinity), read("double", -0), read("float", 1e-45)], ['"-Infinity"', "-0.0", "1e-45"]);
  const list = {
    type: "record",
    name: "Node",
    namespace: "a.b",
    fields: [{ name: "value", type: "int" }, { name: "next", type: ["null", "Node"] }],
  };
  const value = { value: 1, next: { "a.b.Node": { value: 2, next: null } } };
  assertEquals(read(list, value), '{"value":1,"next":{"value":2,"next":null}}');
  const outer = { type: "record", name: "Outer", fields: [{ name: "inner", type: "a.b.Node" }] };
  const codec = avroCodec({
    type: "AVRO",
    text: JSON.stringify(outer),
    references: new Map([["a.b.Node", JSON.stringify(list)]]),
  });
  assertEquals(codec.read(new Uint8Array([2, 0]), NOTHING).text, '{"inner":{"value":1,"next":null}}');
});
