import { assertEquals, assertStringIncludes } from "@std/assert";
import { codecOf } from "../../../src/adapters/schema_registry/schema_cache.ts";
import { openSchemas } from "../../../src/adapters/schema_registry/schemas.ts";
import { registryTable } from "../../../src/cli/sources/registry_table.ts";
import { fileText } from "../../../src/cli/sources/source_text.ts";
import type { Source } from "../../../src/dsl/source.ts";
import { createDecoder } from "../../../src/formats/decoder.ts";
import { encodedTopics } from "../../../src/plan/encoded_topics.ts";
import { clickhouse, topology } from "../../../src/mod.ts";
import { SmallRegistry } from "../../adapters/schema_registry/small_registry.ts";
import { encoded, registryAt } from "../../adapters/schema_registry/support.ts";
import { openStepLog } from "../../runtime/step_run.ts";
import { deno } from "./run_sources.ts";

const TOPIC = "shop.public.orders";
const MODULES = new URL("../../../src/", import.meta.url);

const KEY = { type: "record", name: "Key", fields: [{ name: "id", type: "long" }] };
const ROW = [
  { name: "id", type: "long", doc: "Its number.\n\nFor ever." },
  { name: "note", type: ["null", "string"], default: null },
  { name: "total", type: { type: "bytes", logicalType: "decimal", precision: 12, scale: 2 } },
  { name: "at", type: { type: "long", logicalType: "timestamp-micros" } },
  { name: "day", type: ["null", { type: "int", logicalType: "date" }] },
  { name: "kind", type: { type: "enum", name: "Kind", symbols: ["NEW", "PAID"] } },
  { name: "tags", type: { type: "array", items: "string" } },
  { name: "created", type: { "type": "string", "connect.name": "io.debezium.time.ZonedTimestamp" } },
  { name: "spot", type: { type: "record", name: "Point", fields: [{ name: "x", type: "double" }] } },
];
const AVRO = { type: "record", name: "Value", doc: "What was ordered.", fields: ROW };
const ENVELOPE = {
  type: "record",
  name: "Envelope",
  fields: [
    { name: "before", type: ["null", AVRO], default: null },
    { name: "after", type: ["null", "Value"], default: null },
    { name: "op", type: "string" },
  ],
};
const AFTER = {
  ...{ id: 9007199254740993n, note: null, total: "AJY=", at: 1_704_067_200_000_000, day: 19_723, kind: "PAID" },
  ...{ tags: ["a"], created: "2024-01-01T00:00:00Z", spot: { x: 1 } },
};
const JSON_SCHEMA = {
  type: "object",
  title: "Order",
  description: "What was ordered.",
  required: ["id", "kind"],
  properties: {
    id: { type: "integer", title: "The number", description: "Its number." },
    note: { oneOf: [{ type: "null" }, { type: "string" }] },
    price: { type: ["number", "null"] },
    kind: { type: "string", enum: ["new", "paid"] },
  },
};
const PROTO = `syntax = "proto3";
import "google/protobuf/timestamp.proto";
// What was ordered.
message Order {
  // Its number.
  int64 id = 1;
  optional string note = 2;
  google.protobuf.Timestamp at = 3;
  Kind kind = 4;
  repeated string tags = 5;
  enum Kind { NEW = 0; PAID = 1; }
}`;

/** A key or value as a producer writes it with this schema of the registry. */
function framed(registry: SmallRegistry, { subject, payload }: { subject: string; payload: unknown }): Uint8Array {
  const { id, schema, schemaType = "AVRO" } = registry.registered()[subject].at(-1)!;
  return encoded(id, codecOf({ type: schemaType, text: schema, references: new Map() }).write(payload));
}

function placed(key: Uint8Array | string | null, value: Uint8Array | string | null) {
  return [{ partition: 0, record: { offset: 0, timestampMs: 0, key, value } }];
}

async function declared(registry: SmallRegistry, records: ReturnType<typeof placed>) {
  const opened = registryAt(registry.url);
  try {
    const table = await registryTable(opened, { topic: TOPIC, records });
    return table === null ? null : "why" in table ? table.why : table;
  } finally {
    opened.close();
  }
}

/** The columns as they are declared. */
function columnsOf(table: Awaited<ReturnType<typeof declared>>): string[] {
  if (table === null || typeof table === "string") throw new TypeError(String(table));
  return table.columns.map(({ name, expression, comments }) => [`${name}: ${expression}`, ...comments].join(" | "));
}

const AVRO_COLUMNS = [
  "id: int8() | Its number. | For ever.",
  "note: z.string().nullable()",
  "total: numeric(12, 2)",
  "at: timestamp()",
  "day: date().nullable()",
  'kind: z.enum(["NEW", "PAID"])',
  "tags: z.array(z.string())",
  "created: timestamptz()",
];

Deno.test("registryTable() declares a topic by its schemas, as its records are then read", async () => {
  await using registry = new SmallRegistry();
  registry.register(`${TOPIC}-key`, { schema: JSON.stringify(KEY) });
  registry.register(`${TOPIC}-value`, { schema: JSON.stringify(ENVELOPE) });
  const key = framed(registry, { subject: `${TOPIC}-key`, payload: { id: AFTER.id } });
  const value = framed(registry, { subject: `${TOPIC}-value`, payload: { before: null, after: AFTER, op: "c" } });
  // A newer version, of which there is no record yet.
  registry.register(`${TOPIC}-value`, { schema: JSON.stringify({ ...ENVELOPE, fields: [] }) });
  const table = await declared(registry, placed(key, value));
  assertEquals(columnsOf(table), AVRO_COLUMNS);
  if (table === null || typeof table === "string") throw new TypeError();
  assertEquals([table.key, table.registry, table.comments], [["id"], "all", ["What was ordered."]]);
  assertEquals(table.leftOut.map(({ name }) => name), ["spot"]);
  const folder = await Deno.makeTempDir({ prefix: "weir-registry-" });
  try {
    const path = `${folder}/sources.ts`;
    const [mod, mysql] = ["mod.ts", "mysql.ts"].map((file) => new URL(file, MODULES).pathname);
    await Deno.writeTextFile(path, fileText([table], { mod, mysql }));
    assertEquals((await deno("check", [path])).err, "");
    const { orders } = await import(`file://${path}`) as { orders: Source<never, never> };
    const { name: source, key: keys, row, format } = orders.spec;
    const read = topology("t", (builder) => {
      builder.table(orders).to(clickhouse("t", { key: ["id"], columns: { id: "Int64" } }) as never);
    });
    const { log } = await openStepLog({ [TOPIC]: 1 });
    await log.append([{ topic: TOPIC, partition: 0, records: [{ key, value }] }]);
    const decodedLog = openSchemas(registryAt(registry.url)).decoded(log, encodedTopics(read));
    const reader = decodedLog.reader();
    reader.seek(TOPIC, 0, 0);
    let records: readonly { readonly key: unknown; readonly value: unknown }[] = [];
    while (records.length === 0) records = (await reader.poll(100)).flatMap((part) => part.records);
    const decoder = createDecoder({ source, key: keys, row, format });
    const change = decoder.decode(records[0] as never) as unknown as { readonly row: Record<string, unknown> };
    assertEquals([change.row.id, String(change.row.total), change.row.at], [AFTER.id, "1.50", AFTER.at]);
    await reader.close();
    await log.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("registryTable() declares topics without records by the newest version of their subjects", async (t) => {
  const cases = [
    ["AVRO", JSON.stringify(AVRO), AVRO_COLUMNS],
    ["JSON", JSON.stringify(JSON_SCHEMA), [
      "id: int8() | Its number.",
      "note: z.string().nullish()",
      "price: float8().nullish()",
      'kind: z.enum(["new", "paid"])',
    ]],
    ["PROTOBUF", PROTO, [
      "id: int8() | Its number.",
      "note: z.string().nullable()",
      "at: timestamp().nullable()",
      'kind: z.enum(["NEW", "PAID"])',
      "tags: z.array(z.string())",
    ]],
  ] as const;
  for (const [type, schema, columns] of cases) {
    await t.step(type, async () => {
      await using registry = new SmallRegistry();
      const schemaType = type === "AVRO" ? undefined : type;
      registry.register(`${TOPIC}-value`, { schema: '"string"' });
      registry.register(`${TOPIC}-value`, { schema, schemaType });
      registry.register(`${TOPIC}-key`, { schema: JSON.stringify(KEY) });
      const table = await declared(registry, []);
      assertEquals(columnsOf(table), [...columns]);
      assertEquals((table as { comments: unknown }).comments, ["What was ordered."]);
    });
  }
});

Deno.test("registryTable() says what cannot be declared, and leaves other topics to their records", async () => {
  await using registry = new SmallRegistry();
  registry.register(`${TOPIC}-value`, { schema: JSON.stringify(AVRO) });
  registry.register(`${TOPIC}-key`, { schema: '"string"' });
  const value = framed(registry, { subject: `${TOPIC}-value`, payload: AFTER });
  const key = framed(registry, { subject: `${TOPIC}-key`, payload: "a" });
  const values = await declared(registry, placed('{"id":1}', value));
  assertEquals((values as { registry: string }).registry, "values", "keys are JSON");
  assertStringIncludes(String(await declared(registry, placed(key, value))), "its keys are one value (string)");
  assertStringIncludes(String(await declared(registry, placed(null, value))), "its keys are one value (string)");
  assertEquals(await declared(registry, placed('{"id":1}', '{"id":1}')), null);
  const unknown = new Uint8Array([0, 0, 0, 1, 0, 2]);
  assertStringIncludes(
    String(await declared(registry, placed('{"id":1}', unknown))),
    "does not have its schema, id 256",
  );
  const none = await registryTable(null, { topic: TOPIC, records: placed(key, value) });
  assertStringIncludes((none as { why: string }).why, "set SCHEMA_REGISTRY_URL");
});
