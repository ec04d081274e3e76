import { assertEquals } from "@std/assert";
import { shownTable } from "../../../src/cli/sources/shown_table.ts";

function records(...pairs: readonly (readonly [key: unknown, value: unknown])[]) {
  const text = (value: unknown) => value === null ? null : typeof value === "string" ? value : JSON.stringify(value);
  return pairs.map(([key, value], offset) => ({
    partition: 0,
    record: { offset, timestampMs: 0, key: text(key), value: text(value) },
  }));
}

function declared(topic: string, given: ReturnType<typeof records>) {
  const table = shownTable(topic, given);
  if ("why" in table) return table.why;
  const left = table.leftOut.map(({ name, why }) => `// ${name}: ${why}`);
  return {
    key: table.key,
    columns: [...table.columns.map(({ name, expression }) => `${name}: ${expression}`), ...left],
  };
}

Deno.test("shownTable() is exact where a Connect schema is attached", () => {
  const fields = [
    { field: "id", type: "int64" },
    { field: "n", type: "int32", optional: true },
    {
      field: "price",
      type: "bytes",
      name: "org.apache.kafka.connect.data.Decimal",
      parameters: { "scale": "2", "connect.decimal.precision": "12" },
    },
    { field: "at", type: "int64", name: "io.debezium.time.MicroTimestamp" },
    { field: "day", type: "int32", name: "io.debezium.time.Date" },
    { field: "state", type: "string", name: "io.debezium.data.Enum", parameters: { allowed: "new,paid" } },
    { field: "tags", type: "array", items: { type: "string", optional: true } },
    { field: "spot", type: "struct", name: "io.debezium.data.geometry.Point" },
  ];
  const schema = {
    type: "struct",
    fields: [{ field: "before", type: "struct", fields }, { field: "after", type: "struct", fields }, {
      field: "op",
      type: "string",
    }],
  };
  const key = { schema: { type: "struct", fields: [{ field: "id", type: "int64" }] }, payload: { id: 1 } };
  assertEquals(
    declared("shop.public.orders", records([key, { schema, payload: { op: "d", after: null, source: {} } }])),
    {
      key: ["id"],
      columns: [
        "id: int8()",
        "n: z.int().nullable()",
        "price: numeric(12, 2)",
        "at: timestamp()",
        "day: date()",
        'state: z.enum(["new", "paid"])',
        "tags: z.array(z.string())",
        "// spot: io.debezium.data.geometry.Point has no type in Weir",
      ],
    },
  );
});

Deno.test("shownTable() says what was seen where there is no schema", () => {
  const row = {
    b: 2,
    a: 1,
    price: "1.50",
    big: 1e15,
    at: "2024-01-01T00:00:00Z",
    ok: true,
    doc: '{"a":1}',
    text: "x",
    none: null,
  };
  const value = (after: object) => ({ before: null, after, source: {}, op: "c" });
  assertEquals(
    declared(
      "shop.public.t",
      records([{ b: 2, a: 1 }, value(row)], [{ b: 3, a: 1 }, value({ ...row, b: 3, text: null })], [
        { b: 2, a: 1 },
        null,
      ]),
    ),
    {
      key: ["b", "a"],
      columns: [
        "b: int8()",
        "a: int8()",
        "price: numeric()",
        "big: int8()",
        "at: timestamptz()",
        "ok: z.boolean()",
        "doc: json()",
        "text: z.string().nullable()",
        "// none: only nulls were seen, so that its type is not known",
      ],
    },
  );
});

Deno.test("shownTable() refuses what is no table", () => {
  assertEquals(declared("t", records()), "its topic has no records");
  assertEquals(declared("t", records([null, { a: 1 }])), "its records have no keys: it is no table");
  assertEquals(
    declared("t", records(["Struct{id=1}", { a: 1 }])),
    "its keys are no JSON objects: set key.converter=org.apache.kafka.connect.json.JsonConverter",
  );
  assertEquals(declared("t", records([{ id: 1 }, "no json"])), "none of its newest records is a row in JSON");
});
