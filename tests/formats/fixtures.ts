import { z } from "zod";
import {
  bytea,
  date,
  float8,
  int8,
  json,
  numeric,
  time,
  timestamp,
  timestamptz,
  uuid,
} from "../../src/formats/columns.ts";

/** One captured message: key and value as they were on the wire. */
export interface Captured {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
}

const folder = new URL("../fixtures/debezium/", import.meta.url);

/** Names of the files of captured messages, without ".jsonl". */
export const fixtureFiles: readonly string[] = [...Deno.readDirSync(folder)]
  .map(({ name }) => name)
  .filter((name) => name.endsWith(".jsonl"))
  .map((name) => name.slice(0, -".jsonl".length))
  .sort();

/** Messages of one file in consuming order. */
export function captured(file: string): Captured[] {
  return Deno.readTextFileSync(new URL(`${file}.jsonl`, folder)).trim().split("\n").map((line) => JSON.parse(line));
}

const stamps = { created_at: timestamptz(), updated_at: timestamptz() };
const status = z.enum(["pending", "paid", "shipped", "delivered", "cancelled", "refunded"]);

/** Row schemas by the last part of the topic, as a topology would declare them. */
export const schemas: Readonly<Record<string, z.ZodObject>> = {
  users: z.object({
    id: int8(),
    email: z.string(),
    full_name: z.string(),
    phone: z.string().nullable(),
    is_active: z.boolean(),
    birth_date: date().nullable(),
    preferences: json(),
    loyalty_points: z.int(),
    ...stamps,
  }),
  sellers: z.object({
    id: int8(),
    name: z.string(),
    country: z.string(),
    rating: numeric(3, 2).nullable(),
    commission_rate: numeric(5, 4),
    is_verified: z.boolean(),
    nickname: z.string().nullable(),
    metadata: json().nullable(),
    joined_at: timestamp(),
    ...stamps,
  }),
  products: z.object({
    id: int8(),
    seller_id: int8(),
    sku: z.string(),
    name: z.string(),
    price: numeric(12, 2),
    weight_kg: float8().nullable(),
    stock: z.int(),
    description: z.string().nullable(),
    attributes: json(),
    tags: z.array(z.string()),
    is_published: z.boolean(),
    external_id: uuid(),
    ...stamps,
  }),
  orders: z.object({
    id: int8(),
    user_id: int8(),
    status,
    total_amount: numeric(12, 2),
    currency: z.string(),
    shipping_address: json().nullable(),
    note: z.string().nullable(),
    placed_at: timestamptz(),
    delivered_on: date().nullable(),
    ...stamps,
  }),
  order_items: z.object({
    id: int8(),
    order_id: int8(),
    product_id: int8(),
    quantity: z.int(),
    unit_price: numeric(12, 2),
    discount: numeric(5, 2).nullable(),
    ...stamps,
  }),
  debezium_signal: z.object({ id: z.string(), type: z.string(), data: z.string().nullable() }),
  trunc_test: z.object({ id: z.int(), v: z.string().nullable() }),
  edge_types: z.object({
    id: int8(),
    n_plain: numeric().nullable(),
    n_12_2: numeric(12, 2).nullable(),
    n_38_10: numeric(38, 10).nullable(),
    i2: z.int().nullable(),
    i8: int8().nullable(),
    f4: float8().nullable(),
    f8: float8().nullable(),
    b: z.boolean().nullable(),
    t: z.string().nullable(),
    vc: z.string().nullable(),
    c5: z.string().nullable(),
    d: date().nullable(),
    tm: time().nullable(),
    tmtz: time().nullable(),
    ts: timestamp().nullable(),
    ts3: timestamp().nullable(),
    tstz: timestamptz().nullable(),
    iv: int8().nullable(),
    j: json().nullable(),
    jb: json().nullable(),
    u: uuid().nullable(),
    ba: bytea().nullable(),
    en: status.nullable(),
    arr_t: z.array(z.string().nullable()).nullable(),
    arr_i: z.array(int8().nullable()).nullable(),
    arr_n: z.array(numeric(6, 2).nullable()).nullable(),
    ip: z.string().nullable(),
    mny: numeric(19, 2).nullable(),
    hs: bytea().nullable(),
    rng: z.string().nullable(),
    nn_text: z.string(),
    nn_num: numeric(12, 2),
    nn_ts: timestamptz(),
    null_int_def: z.int().nullable(),
  }),
};

/** The row schema of a topic; a heartbeat's reader has none of its own, as when it is subscribed to by mistake. */
export function schemaOf(topic: string): z.ZodObject {
  return schemas[topic.slice(topic.lastIndexOf(".") + 1)] ?? schemas.users;
}
