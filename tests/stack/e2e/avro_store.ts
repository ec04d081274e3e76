import type { ConnectorConfig } from "../connector.ts";
import { projectPath } from "../layout.ts";

/** Prefix of the topics that the second connector writes, and what is its own of the database. */
export const AVRO_PREFIX = "avro_store";
const SLOT = "avro_store_slot";

const MIRRORED = `const users = debezium("${AVRO_PREFIX}.public.users", {
  key: ["id"],
  row: z.object({
    id: int8(),
    email: z.string(),
    phone: z.string().nullable(),
    is_active: z.boolean(),
    birth_date: date().nullable(),
    preferences: json(),
    loyalty_points: z.int(),
    created_at: timestamptz(),
  }),
  registry: "all",
});
const sellers = debezium("${AVRO_PREFIX}.public.sellers", {
  key: ["id"],
  row: z.object({
    id: int8(),
    rating: numeric(3, 2).nullable(),
    commission_rate: numeric(5, 4),
    joined_at: timestamp(),
  }),
  registry: "all",
});
const products = debezium("${AVRO_PREFIX}.public.products", {
  key: ["id"],
  row: z.object({
    id: int8(),
    price: numeric(12, 2),
    weight_kg: float8().nullable(),
    tags: z.array(z.string()),
    external_id: uuid(),
    updated_at: timestamptz(),
  }),
  registry: "all",
});
`;

/**
 * Topologies of the store's tables as AvroConverter writes them: one of them as they are, and joins with totals.
 * Without sellers.nickname, which has a default: this converter writes that where the column is null.
 */
export const AVRO_TOPOLOGIES = { avro_mirror: mirrorText(), avro_sales: salesText() };

function imports(...names: readonly string[]): string {
  return `
import { clickhouse, debezium, ${names.join(", ")}, topology } from "file://${projectPath("src/mod.ts")}";
import { z } from "npm:zod@^4";
`;
}

function mirrorText(): string {
  return `${imports("date", "float8", "int8", "json", "numeric", "timestamp", "timestamptz", "uuid")}
${MIRRORED}
export default topology("avro_mirror", (builder) => {
  builder.table(users).mapValues(({ preferences, ...user }) => ({ ...user, preferences: JSON.stringify(preferences) }))
    .to(clickhouse("avro_users", {
      key: ["id"],
      columns: {
        id: "Int64",
        email: "String",
        phone: "Nullable(String)",
        is_active: "Bool",
        birth_date: "Nullable(Date32)",
        preferences: "String",
        loyalty_points: "Int32",
        created_at: "DateTime64(6)",
      },
    }));
  builder.table(sellers).to(clickhouse("avro_sellers", {
    key: ["id"],
    columns: {
      id: "Int64",
      rating: "Nullable(Decimal(3, 2))",
      commission_rate: "Decimal(5, 4)",
      joined_at: "DateTime64(6)",
    },
  }));
  builder.table(products).to(clickhouse("avro_products", {
    key: ["id"],
    columns: {
      id: "Int64",
      price: "Decimal(12, 2)",
      weight_kg: "Nullable(Float64)",
      tags: "Array(String)",
      external_id: "UUID",
      updated_at: "DateTime64(6)",
    },
  }));
});
`;
}

function salesText(): string {
  return `${imports("count", "int8", "numeric", "sum")}
const orders = debezium("${AVRO_PREFIX}.public.orders", {
  key: ["id"],
  row: z.object({ id: int8(), user_id: int8(), status: z.string() }),
  registry: "all",
});
const items = debezium("${AVRO_PREFIX}.public.order_items", {
  key: ["id"],
  row: z.object({ id: int8(), order_id: int8(), product_id: int8(), quantity: z.int(), unit_price: numeric(12, 2) }),
  registry: "all",
});
const products = debezium("${AVRO_PREFIX}.public.products", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string() }),
  registry: "all",
});

export default topology("avro_sales", (builder) => {
  const sold = builder.table(items)
    .join("order", builder.table(orders), (item) => item.order_id)
    .join("product", builder.table(products), (item) => item.product_id)
    .mapValues((item) => ({
      id: item.id,
      product_id: item.product_id,
      product: item.product.name,
      user_id: item.order.user_id,
      status: item.order.status,
      amount: item.unit_price.times(item.quantity),
    }));
  sold.to(clickhouse("avro_sold", {
    key: ["id"],
    columns: {
      id: "Int64",
      product_id: "Int64",
      product: "String",
      user_id: "Int64",
      status: "String",
      amount: "Decimal(18, 2)",
    },
  }));
  sold.groupBy(({ product_id }) => ({ product_id }))
    .aggregate("product_totals", { items: count(), amount: sum((item) => item.amount) })
    .to(clickhouse("avro_totals", {
      key: ["product_id"],
      columns: { product_id: "Int64", items: "UInt64", amount: "Decimal(38, 2)" },
    }));
});
`;
}

/** The store's connector once more, with AvroConverter for keys and values, and decimals as Avro has them. */
export function avroConnector(config: ConnectorConfig, registry: string): ConnectorConfig {
  const converter = (part: "key" | "value"): ConnectorConfig => ({
    [`${part}.converter`]: "io.apicurio.registry.utils.converter.AvroConverter",
    [`${part}.converter.apicurio.registry.url`]: `${registry}/apis/registry/v2`,
    [`${part}.converter.apicurio.registry.auto-register`]: "true",
    [`${part}.converter.apicurio.registry.as-confluent`]: "true",
    [`${part}.converter.apicurio.registry.use-id`]: "contentId",
    // Else the ids are in headers of the records, and not before keys and values as Confluent has them.
    [`${part}.converter.apicurio.registry.headers.enabled`]: "false",
  });
  const left = /^(?:key|value)\.converter|^heartbeat/;
  const kept = Object.fromEntries(Object.entries(config).filter(([name]) => !left.test(name)));
  return {
    ...kept,
    ...converter("key"),
    ...converter("value"),
    "topic.prefix": AVRO_PREFIX,
    "slot.name": SLOT,
    "decimal.handling.mode": "precise",
    "time.precision.mode": "adaptive",
    "topic.creation.default.partitions": "3",
  };
}

/** Ends the slot of the second connector. */
export const DROP_SLOT = `SELECT pg_drop_replication_slot('${SLOT}')`;
