import { assert, assertEquals } from "@std/assert";
import { jsonSchemaCodec } from "../../../src/adapters/schema_registry/json_schema.ts";
import { createDecoder } from "../../../src/formats/decoder.ts";
import { row } from "./random_columns.ts";

const NOTHING: ReadonlySet<string> = new Set();

Deno.test("jsonSchemaCodec() takes types and scales from the schema and values as they are", () => {
  const schema = {
    type: "object",
    title: "shop.Row",
    properties: {
      id: { type: "integer", "connect.type": "int64", "connect.index": 0 },
      price: {
        oneOf: [{ type: "null" }, {
          type: "number",
          title: "org.apache.kafka.connect.data.Decimal",
          "connect.type": "bytes",
          "connect.parameters": { scale: "4" },
        }],
      },
      at: { $ref: "#/definitions/moment" },
      millis: { $ref: "times.json#/definitions/millis" },
      tags: { type: ["null", "array"], items: { type: "string" } },
    },
    definitions: { moment: { type: "integer", "connect.type": "int64", title: "io.debezium.time.MicroTimestamp" } },
  };
  const times = {
    definitions: { millis: { type: "integer", "connect.type": "int64", title: "io.debezium.time.Timestamp" } },
  };
  const references = new Map([["times.json", JSON.stringify(times)]]);
  const codec = jsonSchemaCodec({ type: "JSON", text: JSON.stringify(schema), references });
  const payload = '{"id":9007199254740993,"price":"Aw==","at":1700000000123456,"millis":1700000000123,"tags":["a"]}';
  const { field, text } = codec.read(new TextEncoder().encode(payload), NOTHING);
  assertEquals(text, payload);
  const read = createDecoder({
    source: "rows",
    key: ["id"],
    row: row.pick({ id: true, price: true, at: true, millis: true, tags: true }),
  }).decode({ key: '{"id":9007199254740993}', value: `{"schema":${JSON.stringify(field)},"payload":${text}}` });
  assert(read.kind === "upsert");
  const { price, ...others } = read.row;
  assertEquals(String(price), "0.0003");
  assertEquals(others, {
    id: 9_007_199_254_740_993n,
    at: 1_700_000_000_123_456,
    millis: 1_700_000_000_123_000,
    tags: ["a"],
  });
});
