import { assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import type { Log } from "../../../src/ports/log.ts";
import { withDirectory } from "../../cli/support.ts";
import { expectedRows } from "./oracle.ts";

const TABLES = ["users", "sellers", "products", "orders", "order_items"];
const ITEM = { order_id: 1, product_id: 5, quantity: 2, unit_price: "10.50" };
const ORDER = {
  user_id: 3,
  status: "new",
  placed_at: "2025-01-01T00:00:00.000000Z",
  updated_at: "2025-01-02T03:04:05.6Z",
};

/** Appends changes of rows: a row, or null for a delete. */
async function changeOf(
  log: Log,
  { table, rows }: { readonly table: string; readonly rows: Readonly<Record<number, object | null>> },
): Promise<void> {
  const records = Object.entries(rows).map(([id, row]) => ({
    key: JSON.stringify({ id: Number(id) }),
    value: JSON.stringify({ before: null, after: row === null ? null : { id: Number(id), ...row } }),
  }));
  await log.append([{ topic: `online_store.public.${table}`, partition: 0, records }]);
}

Deno.test("the peer's oracle joins the newest rows, and leaves out what is deleted", async () => {
  await withDirectory(async (directory) => {
    const log = openEmbeddedLog({ path: `${directory}/log.db` });
    const change = (table: string, rows: Readonly<Record<number, object | null>>) => changeOf(log, { table, rows });
    for (const table of TABLES) {
      await log.createTopic({
        name: `online_store.public.${table}`,
        partitions: 1,
        cleanup: "delete",
        retentionMs: -1,
      });
    }
    await change("users", { 3: { name: "Ada", country: "NL" } });
    await change("sellers", { 9: { name: "old", country: "DE" } });
    await change("sellers", { 9: { name: "Shop", country: "FR" } });
    await change("products", { 5: { seller_id: 9, name: "Thing", category: "toys" } });
    await change("orders", { 1: ORDER, 2: ORDER });
    await change("orders", { 2: null });
    await change("order_items", { 7: ITEM, 8: { ...ITEM, order_id: 2 }, 9: { ...ITEM, product_id: 99 }, 10: ITEM });
    await change("order_items", { 10: null });
    const expected = await expectedRows(log);
    await log.close();
    const times = "2025-01-01 00:00:00.000000\t2025-01-02 03:04:05.6";
    assertEquals(expected.size, 3);
    assertEquals(
      [7, 8, 9, 10].map((id) => expected.lineOf(id)),
      [
        `7\t1\t3\tnew\t${times}\t5\tThing\ttoys\t9\tShop\tFR\tAda\tNL\t2\t10.50`,
        `8\t2\t\\N\t\\N\t\\N\t\\N\t5\tThing\ttoys\t9\tShop\tFR\t\\N\t\\N\t2\t10.50`,
        `9\t1\t3\tnew\t${times}\t99\t\\N\t\\N\t\\N\t\\N\t\\N\tAda\tNL\t2\t10.50`,
        undefined,
      ],
    );
  });
});
