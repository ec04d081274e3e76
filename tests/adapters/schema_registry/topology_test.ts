import { Buffer } from "node:buffer";
import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  clickhouseAppend,
  debezium,
  events,
  int8,
  numeric,
  timestamp,
  topology,
} from "../../../src/mod.ts";
import { TopologyTestDriver } from "../../../src/testing/mod.ts";
import { ConfigError, LimitError } from "../../../src/record/errors.ts";
import { writer } from "./avro_writer.ts";
import { SmallRegistry } from "./small_registry.ts";
import { schemasOf } from "./support.ts";

function keySchema(topic: string, more: object = {}): object {
  return { type: "record", name: "Key", namespace: topic, fields: [{ name: "id", type: "long" }], ...more };
}

const decimal = { type: "bytes", logicalType: "decimal", precision: 12, scale: 2 };
const micros = { type: "long", "connect.name": "io.debezium.time.MicroTimestamp" };

function rowSchema(topic: string, fields: readonly object[]): object {
  const row = { type: "record", name: "Value", namespace: topic, fields: [{ name: "id", type: "long" }, ...fields] };
  const columns = [{ name: "before", type: ["null", row], default: null }, { name: "after", type: ["null", "Value"] }];
  return { type: "record", name: "Envelope", namespace: topic, fields: [...columns, { name: "op", type: "string" }] };
}

const PRODUCTS = "shop.public.products";
const ORDERS = "shop.public.orders";
const products = debezium(PRODUCTS, {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string(), price: numeric(12, 2).nullable() }),
  registry: "all",
});
const orders = debezium(ORDERS, {
  key: ["id"],
  row: z.object({ id: int8(), product_id: int8().nullable(), at: timestamp(6) }),
  registry: "all",
});
const shown = clickhouse("orders", {
  key: ["id"],
  columns: { id: "Int64", at: "DateTime64(6)", name: "Nullable(String)", price: "Nullable(Decimal(12, 2))" },
});
const shop = topology("shop", (builder) => {
  const right = builder.table(products);
  builder.table(orders)
    .leftJoin("product", right, (order) => order.product_id)
    .mapValues(({ id, at, product }) => ({ id, at, name: product?.name ?? null, price: product?.price ?? null }))
    .to(shown);
});

/** Changes of a table as AvroConverter writes them. */
class Table {
  readonly key: ReturnType<typeof writer>;
  readonly #row: ReturnType<typeof writer>;

  constructor(
    readonly source: typeof products | typeof orders,
    { registry, fields, keys = {} }: {
      readonly registry: SmallRegistry;
      readonly fields: readonly object[];
      readonly keys?: object;
    },
  ) {
    const { topic } = source.spec;
    this.key = writer(registry, { subject: `${topic}-key`, schema: keySchema(topic, keys) });
    this.#row = writer(registry, { subject: `${topic}-value`, schema: rowSchema(topic, fields) });
  }

  /** A record of a row, which is nullable in the envelope. */
  record(row: { readonly id: bigint } & Record<string, unknown>) {
    const after = { [`${this.source.spec.topic}.Value`]: row };
    return { key: this.key.write({ id: row.id }), value: this.#row.write({ before: null, after, op: "c" }) };
  }
}

const productFields = [{ name: "name", type: "string" }, { name: "price", type: ["null", decimal] }];
const orderFields = [{ name: "product_id", type: ["null", "long"] }, { name: "at", type: micros }];
const big = 9_007_199_254_740_993n;

function cents(units: number): Uint8Array {
  return Buffer.from([units >> 8, units & 255]);
}

Deno.test("tables written through a registry are joined by key, whichever partitions rows lie in", async () => {
  await using registry = new SmallRegistry();
  const schemas = schemasOf(registry);
  const right = new Table(products, { registry, fields: productFields });
  const left = new Table(orders, { registry, fields: orderFields });
  await using driver = new TopologyTestDriver(shop, { schemas, partitions: 4 });
  const ids = [1n, 2n, 3n, 4n, 5n, 6n, 7n, big];
  for (const id of ids) {
    driver.raw(
      products,
      right.record({ id, name: `product ${id}`, price: id === 2n ? null : { bytes: cents(Number(id % 1000n)) } }),
    );
    driver.raw(orders, left.record({ id: id + 100n, product_id: { long: id }, at: 1_700_000_000_123_456n }));
  }
  await driver.settle();
  const expected = ids.map((id) => ({
    id: String(id + 100n),
    name: `product ${id}`,
    price: id === 2n ? null : (Number(id % 1000n) / 100).toFixed(2),
  }));
  const found = driver.select(shown).map(({ id, name, price }) => ({ id: String(id), name, price }));
  assertEquals(found, expected);
  assertEquals(driver.deadLetters(), []);
  assertEquals(driver.problems(), []);
});

const names = clickhouse("names", { key: ["id"], columns: { id: "Int64", name: "String" } });
const mirror = topology("mirror", (builder) => {
  builder.table(products.pick("name")).to(names);
});

/** The same key, written with another schema of keys: Debezium's after a column's default or comment has changed. */
function secondKeys(registry: SmallRegistry): Table {
  return new Table(products, { registry, fields: productFields, keys: { "connect.version": 2 } });
}

function named(table: Table, { id, name }: { readonly id: bigint; readonly name: string }) {
  return table.record({ id, name, price: null });
}

Deno.test("a key with two schemas is one key where there is one partition", async () => {
  await using registry = new SmallRegistry();
  const first = new Table(products, { registry, fields: productFields });
  await using driver = new TopologyTestDriver(mirror, { schemas: schemasOf(registry), partitions: 1 });
  driver.raw(products, named(first, { id: 1n, name: "old" }));
  driver.raw(products, named(first, { id: 2n, name: "gone" }));
  driver.raw(products, named(first, { id: 3n, name: "stays" }));
  await driver.settle();
  const second = secondKeys(registry);
  assertNotEquals(second.key.id, first.key.id);
  driver.raw(products, named(second, { id: 1n, name: "new" }));
  driver.raw(products, { key: second.key.write({ id: 2n }), value: null });
  await driver.settle();
  assertEquals(driver.select(names), [{ id: 1, name: "new" }, { id: 3, name: "stays" }]);
  assertEquals(driver.deadLetters(), []);
});

Deno.test("keys of two schemas in several partitions are refused at the start, with what to do", async () => {
  await using registry = new SmallRegistry();
  const first = new Table(products, { registry, fields: productFields });
  const second = secondKeys(registry);
  await using driver = new TopologyTestDriver(mirror, { schemas: schemasOf(registry), partitions: 4 });
  driver.raw(products, named(first, { id: 1n, name: "old" }));
  driver.raw(products, named(second, { id: 1n, name: "new" }));
  const error = await assertRejects(() => driver.settle(), ConfigError);
  assertStringIncludes(error.message, `subject "${PRODUCTS}-key", ids ${first.key.id}, ${second.key.id}`);
  assertStringIncludes(error.message, "give the topic one partition");
});

Deno.test("a key of a second schema that comes while a topology runs stops its partition, and says why", async () => {
  await using registry = new SmallRegistry();
  const first = new Table(products, { registry, fields: productFields });
  await using driver = new TopologyTestDriver(mirror, { schemas: schemasOf(registry), partitions: 4 });
  for (let id = 1n; id <= 8n; id++) driver.raw(products, named(first, { id, name: "first" }));
  await driver.settle();
  driver.raw(products, { ...named(secondKeys(registry), { id: 1n, name: "second" }), partition: 2 });
  for (let id = 1n; id <= 8n; id++) driver.raw(products, named(first, { id, name: "third" }));
  await assertRejects(() => driver.settle(), LimitError);
  const [problem] = driver.problems();
  assertStringIncludes(problem, `whose key is written with the schema ${first.key.id + 2}`);
  const shown = driver.select(names);
  assertEquals(shown.length, 8);
  assert(shown.some(({ name }) => name === "third"), "other partitions go on");
  assert(shown.every(({ name }) => name !== "second"), "nothing is shown of which nobody knows whether it is newest");
  assertEquals(driver.deadLetters(), []);
});

Deno.test("a record whose schema cannot be had waits, and no other does", async () => {
  await using registry = new SmallRegistry();
  const first = new Table(products, { registry, fields: productFields });
  await using driver = new TopologyTestDriver(mirror, { schemas: schemasOf(registry), partitions: 4 });
  for (let id = 1n; id <= 8n; id++) driver.raw(products, named(first, { id, name: "first" }));
  await driver.settle();
  const fields = [...productFields, { name: "stock", type: "int" }];
  const wider = new Table(products, { registry, fields });
  registry.mood = "down";
  driver.raw(products, wider.record({ id: 1n, name: "wider", price: null, stock: 7 }));
  driver.raw(products, named(first, { id: 1n, name: "behind it" }));
  for (let id = 2n; id <= 8n; id++) driver.raw(products, named(first, { id, name: "second" }));
  await assertRejects(() => driver.settle(), LimitError);
  assertEquals(driver.problems(), ["The registry is down"]);
  assertEquals(driver.select(names)[0], { id: 1, name: "first" });
  assert(driver.select(names).some(({ name }) => name === "second"));
  registry.mood = "well";
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await driver.settle();
  assertEquals(driver.problems(), []);
  assertEquals(driver.deadLetters(), []);
  assertEquals(driver.select(names).map(({ name }) => name), ["behind it", ...Array(7).fill("second")]);
});

Deno.test("a record whose schema the registry does not have is a dead letter until a newer one comes", async () => {
  await using registry = new SmallRegistry();
  const table = new Table(products, { registry, fields: productFields });
  await using driver = new TopologyTestDriver(mirror, { schemas: schemasOf(registry), partitions: 4 });
  const record = named(table, { id: 1n, name: "lost" });
  new DataView(record.value.buffer).setUint32(1, 4_711);
  driver.raw(products, record);
  driver.raw(products, named(table, { id: 2n, name: "fine" }));
  await driver.settle();
  const [letter] = driver.deadLetters();
  assertEquals(letter.reason, "schema");
  assertStringIncludes(letter.error, "its schema has the id 4711, which the schema registry does not have (40403)");
  assertStringIncludes(letter.key ?? "", `"payload":{"id":1}`);
  assertEquals(driver.select(names), [{ id: 2, name: "fine" }]);
  driver.raw(products, named(table, { id: 1n, name: "found" }));
  await driver.settle();
  assertEquals(driver.select(names)[0], { id: 1, name: "found" });
  assert(driver.deadLetters()[0].resolvedMs !== null);
});

Deno.test("each record is read with the schema it was written with, columns by name", async () => {
  await using registry = new SmallRegistry();
  const narrow = new Table(products, { registry, fields: productFields });
  const wide = new Table(products, {
    registry,
    fields: [{ name: "price", type: ["null", decimal] }, { name: "stock", type: "int" }, {
      name: "name",
      type: "string",
    }],
  });
  await using driver = new TopologyTestDriver(mirror, { schemas: schemasOf(registry), partitions: 4 });
  driver.raw(products, named(narrow, { id: 1n, name: "narrow" }));
  driver.raw(products, wide.record({ id: 2n, name: "wide", price: null, stock: 3 }));
  driver.raw(products, named(narrow, { id: 3n, name: "narrow again" }));
  await driver.settle();
  assertEquals(driver.select(names).map(({ name }) => name), ["narrow", "wide", "narrow again"]);
});

Deno.test("events are written through a registry, too: exact integers, times, and a key of one text", async () => {
  await using registry = new SmallRegistry();
  const clicks = events("shop.clicks", {
    row: z.object({ user_id: int8(), amount: numeric(12, 2), at: timestamp(3), note: z.string().nullable() }),
    registry: "all",
  });
  const table = clickhouseAppend("clicks", {
    orderBy: ["user_id"],
    columns: {
      key: "String",
      user_id: "Int64",
      amount: "Decimal(12, 2)",
      at: "DateTime64(6)",
      note: "Nullable(String)",
    },
  });
  const stream = topology("clicks", (builder) => {
    builder.stream(clicks).mapValues((value, key) => ({ key: key!, ...value })).to(table);
  });
  const keys = writer(registry, { subject: "shop.clicks-key", schema: { type: "string" } });
  const values = writer(registry, {
    subject: "shop.clicks-value",
    schema: {
      type: "record",
      name: "Click",
      fields: [
        { name: "user_id", type: "long" },
        { name: "amount", type: decimal },
        { name: "at", type: { type: "long", logicalType: "timestamp-millis" } },
        { name: "note", type: ["null", "string"] },
      ],
    },
  });
  await using driver = new TopologyTestDriver(stream, { schemas: schemasOf(registry), partitions: 2 });
  const value = { user_id: big, amount: cents(1_999), at: 1_700_000_000_123n, note: null };
  driver.send(clicks, { key: keys.write("häh"), value: values.write(value) });
  await driver.settle();
  assertEquals(driver.deadLetters(), []);
  const [{ key, user_id, amount, at, note }] = driver.appended(table);
  assertEquals([key, String(user_id), amount, at, note], ["häh", String(big), "19.99", 1_700_000_000_123_000, null]);
});
