import { z } from "zod";
import { events, int8 } from "../../../src/mod.ts";

export const COUNT_WINDOW_MS = 60_000;
export const COUNT_GRACE_MS = 60_000;
export const JOIN_WITHIN_MS = 5_000;
export const JOIN_GRACE_MS = 30_000;

/** Keys are customers, so that neither needs to group events anew. The time is that of the record. */
export const orders = events("bench.orders", {
  row: z.object({ id: int8(), customer: z.string(), country: z.string(), amount: int8() }),
});

export const payments = events("bench.payments", {
  row: z.object({ id: int8(), customer: z.string(), method: z.string(), amount: int8() }),
});
