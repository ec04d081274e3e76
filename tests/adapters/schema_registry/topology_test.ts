import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, int8, numeric, timestamp, topology } from "../../../src/mod.ts";
import { TopologyTestDriver } from "../../../src/testing/mod.ts";
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
