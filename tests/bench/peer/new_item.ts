import type { Log } from "../../../src/ports/log.ts";
import { partitionOf } from "../../../src/record/partitioner.ts";

const PREFIX = "online_store.public.";
/** Behind all ids of the data set. */
export const FIRST_NEW_ID = 1_000_000_000;
let added = 0;

/** Appends an order with one item, as Debezium would. Returns the item's id. */
export async function appendNewItem(log: Log): Promise<number> {
  const id = FIRST_NEW_ID + added++;
  const at = new Date().toISOString().replace("Z", "000Z");
  const order = { id, user_id: 1, status: "new", placed_at: at, updated_at: at };
  const item = { id, order_id: id, product_id: 1, quantity: 1, unit_price: "1.00" };
  await append(log, { table: "orders", after: order });
  await append(log, { table: "order_items", after: item });
  return id;
}

async function append(
  log: Log,
  { table, after }: { readonly table: string; readonly after: Readonly<Record<string, unknown>> },
): Promise<void> {
  const topic = PREFIX + table;
  const key = JSON.stringify({ id: after.id });
  const { end } = await log.offsets(topic);
  const value = JSON.stringify({
    before: null,
    after,
    source: { version: "3.2.0.Final", connector: "postgresql", name: "online_store", schema: "public", table },
    transaction: null,
    op: "c",
    ts_ms: Date.now(),
  });
  await log.append([{ topic, partition: partitionOf(key, end.length), records: [{ key, value }] }]);
}
