import { assertEquals } from "@std/assert";
import { codecOf, SchemaCache } from "../../../src/adapters/schema_registry/schema_cache.ts";
import { TopicDecoder } from "../../../src/adapters/schema_registry/topic_decoder.ts";
import { SmallRegistry } from "./small_registry.ts";
import { encoded } from "./support.ts";

const SCHEMA = JSON.stringify({
  type: "record",
  name: "Order",
  doc: "What was ordered.",
  fields: [
    { name: "kind", type: ["null", { type: "enum", name: "Kind", symbols: ["NEW", "PAID"] }], doc: "How far it is." },
    { name: "total", type: { type: "bytes", logicalType: "decimal", precision: 12, scale: 2 } },
    { name: "tags", type: { type: "array", items: { "type": "string", "connect.name": "io.debezium.data.Uuid" } } },
  ],
});

Deno.test("TopicDecoder puts in front of a record what tells how it is read, and no more", async () => {
  await using registry = new SmallRegistry();
  const id = registry.register("shop.orders-value", { schema: SCHEMA });
  const cache = new SchemaCache(registry.direct());
  await cache.ask(id);
  const form = { topic: "shop.orders", key: null, value: "with_schema", nullable: [], keyed: false } as const;
  const value = encoded(
    id,
    codecOf({ type: "AVRO", text: SCHEMA, references: new Map() }).write({ kind: "PAID", total: "AJY=", tags: [] }),
  );
  const read = new TopicDecoder(form, cache).decode({ offset: 0, timestampMs: 0, key: null, value });
  if (!("record" in read)) throw new TypeError(JSON.stringify(read));
  assertEquals(JSON.parse(String(read.record.value)), {
    schema: {
      type: "struct",
      fields: [
        { type: "string", field: "kind" },
        {
          type: "bytes",
          name: "org.apache.kafka.connect.data.Decimal",
          parameters: { scale: "2" },
          field: "total",
        },
        { type: "array", items: { type: "string", name: "io.debezium.data.Uuid" }, field: "tags" },
      ],
    },
    payload: { kind: "PAID", total: "AJY=", tags: [] },
  });
});
