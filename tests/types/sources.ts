import { z } from "zod";
import { clickhouse, debezium, int8, numeric, timestamptz } from "../../src/mod.ts";

/** Sources and sinks of the type tests. */
export const orders = debezium("t.public.orders", {
  key: ["id"],
  row: z.object({
    id: int8(),
    user_id: int8(),
    coupon: z.string().nullable(),
    status: z.string(),
    total: numeric(12, 2),
    at: timestamptz(),
  }),
});

export const users = debezium("t.public.users", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string(), referrer: int8().nullable() }),
});

/** Keyed by text. */
export const coupons = debezium("t.public.coupons", {
  key: ["code"],
  row: z.object({ code: z.string(), percent: z.int() }),
});

/** Keyed by two columns. */
export const rates = debezium("t.public.rates", {
  key: ["currency", "day"],
  row: z.object({ currency: z.string(), day: z.int(), rate: numeric(12, 6) }),
});

export const orderTable = clickhouse("orders", {
  key: ["id"],
  columns: { id: "Int64", status: "String", total: "Decimal(12, 2)" },
});
