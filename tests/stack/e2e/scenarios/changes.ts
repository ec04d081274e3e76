import pg from "pg";
import { stackAddresses } from "../../mod.ts";
import type { Stage } from "../stage.ts";
import { sleep, until } from "../steps.ts";
import type { Scenario } from "./scenario.ts";

/** One kind of change, what it should show, and where. */
interface Change {
  readonly name: string;
  readonly sql: string;
  /** A ClickHouse query whose first row must become {@link shows}. */
  readonly query: string;
  readonly shows: Readonly<Record<string, unknown>>;
}

const LONG_TEXT = 20_000;
/** Long enough for Debezium to begin its snapshot. */
const OPEN_MS = 2_000;

const USER = `(-900001, 'e2e@example.com', 'E. Two', '{"country":"FR"}')`;
const SECOND_ORDER = "(-900002, -900001, 'paid', 0, '2031-05-18 11:00:00Z')";

/** Ids apart from those that the store's own sequences give. */
const prepare = `
  INSERT INTO sellers (id, name, country) VALUES (-900001, 'First Shop', 'DE'), (-900002, 'Second Shop', 'PL');
  INSERT INTO users (id, email, full_name, preferences) VALUES ${USER};
  INSERT INTO products (id, seller_id, sku, name, price, attributes, description)
  VALUES (-900001, -900001, 'E2E-1', 'Lantern', 10.50, '{"category":"lighting"}', repeat('0123456789', ${
  LONG_TEXT / 10
})),
         (-900002, -900002, 'E2E-2', 'Anvil', 0.10, '{"category":"tools"}', NULL);
  INSERT INTO orders (id, user_id, status, total_amount, placed_at)
  VALUES (-900001, -900001, 'paid', 21.30, '2031-05-17 10:30:00.000001Z'), ${SECOND_ORDER};
  INSERT INTO order_items (id, order_id, product_id, quantity, unit_price)
  VALUES (-900001, -900001, -900001, 2, 10.50), (-900002, -900001, -900002, 3, 0.10);`;

const item = (id: number) =>
  `SELECT order_id, product, seller, status, buyer_country, amount FROM sales WHERE order_item_id = ${id}`;
const items = "SELECT count() AS items FROM sales WHERE order_item_id IN (-900001, -900002)";
const revenue = (seller: number) =>
  `SELECT sum(revenue) AS revenue, sum(items) AS items FROM seller_revenue_by_hour WHERE seller_id = ${seller}`;

const changes: readonly Change[] = [
  {
    name: "insert",
    sql: prepare,
    query: item(-900001),
    shows: {
      order_id: "-900001",
      product: "Lantern",
      seller: "First Shop",
      status: "paid",
      buyer_country: "FR",
      amount: "21",
    },
  },
  {
    name: "update of the order, of the product and of the seller",
    sql: `UPDATE orders SET status = 'shipped' WHERE id = -900001;
          UPDATE products SET name = 'Lamp' WHERE id = -900001;
          UPDATE sellers SET name = 'Renamed Shop' WHERE id = -900001;`,
    query: item(-900001),
    shows: {
      order_id: "-900001",
      product: "Lamp",
      seller: "Renamed Shop",
      status: "shipped",
      buyer_country: "FR",
      amount: "21",
    },
  },
  {
    name: "update beside a long text that is stored out of line",
    sql: "UPDATE products SET price = 11.00 WHERE id = -900001",
    query: "SELECT price, length(description) AS length FROM products WHERE id = -900001",
    shows: { price: "11", length: String(LONG_TEXT) },
  },
  {
    name: "foreign key moved: order_items.order_id",
    sql: "UPDATE order_items SET order_id = -900002 WHERE id = -900002",
    query: item(-900002),
    shows: {
      order_id: "-900002",
      product: "Anvil",
      seller: "Second Shop",
      status: "paid",
      buyer_country: "FR",
      amount: "0.3",
    },
  },
  {
    name: "foreign key moved: order_items.product_id",
    sql: "UPDATE order_items SET product_id = -900001 WHERE id = -900002",
    query: revenue(-900001),
    shows: { revenue: "21.3", items: "2" },
  },
  {
    name: "foreign key moved: products.seller_id",
    sql: "UPDATE products SET seller_id = -900002 WHERE id = -900001",
    query: revenue(-900002),
    shows: { revenue: "21.3", items: "2" },
  },
  {
    name: "the seller that lost its product has no revenue left",
    sql: "SELECT 1",
    query: "SELECT count() AS rows FROM seller_revenue_by_hour WHERE seller_id = -900001",
    shows: { rows: "0" },
  },
  {
    name: "an order is cancelled",
    sql: "UPDATE orders SET status = 'cancelled' WHERE id = -900002",
    query: items,
    shows: { items: "1" },
  },
  {
    name: "delete of an item",
    sql: "DELETE FROM order_items WHERE id = -900001",
    query: items,
    shows: { items: "0" },
  },
  {
    name: "delete of the order with its other item",
    sql: "DELETE FROM order_items WHERE order_id = -900002; DELETE FROM orders WHERE id IN (-900001, -900002);",
    query: "SELECT count() AS rows FROM orders WHERE id IN (-900001, -900002)",
    shows: { rows: "0" },
  },
  {
    name: "ALTER TABLE ADD COLUMN, then an update",
    sql: `ALTER TABLE users ADD COLUMN IF NOT EXISTS newsletter boolean NOT NULL DEFAULT false;
          UPDATE users SET newsletter = true, full_name = 'Renamed' WHERE id = -900001;`,
    query: "SELECT full_name FROM users WHERE id = -900001",
    shows: { full_name: "Renamed" },
  },
];

/** Every kind of change made with SQL arrives. */
export const singleChanges: Scenario = {
  title: "changes of every kind",
  async run(stage) {
    const { steps } = stage;
    const weir = stage.startWeir();
    await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
    for (const { name, sql, query, shows } of changes) {
      await steps.step(name, async (signal) => {
        await stage.sql(sql);
        await until(async () => sameRow((await stage.query(query))[0], shows), {
          signal,
          everyMs: 20,
          lastWords: async () => {
            const now = JSON.stringify((await stage.query(query))[0]);
            return `ClickHouse shows ${now} instead of ${JSON.stringify(shows)}`;
          },
        });
      }, { withinMs: 20_000 });
    }
    await stage.verify("after the changes");
    await steps.step("incremental snapshot through the signal table", async (signal) => {
      const before = await weir.metric("weir_source_records_total");
      const sent = await requestSnapshot(stage);
      await until(async () => await weir.metric("weir_source_records_total") >= before + sent, { signal });
      return `${sent} records read again`;
    });
    await stage.verify("after the incremental snapshot");
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
  },
};

/**
 * Asks Debezium to send two tables again while a transaction that has changed one of their rows is open: its commit
 * comes later, but with a smaller LSN. Resolves to the records that tasks will read at least: four topologies have
 * tasks of `orders`, one of `products`.
 */
async function requestSnapshot(stage: Stage): Promise<number> {
  const open = new pg.Client(stackAddresses(stage.options).postgres);
  await open.connect();
  try {
    const [{ orders, products }] = await stage.sql(
      "SELECT (SELECT count(*) FROM orders)::int AS orders, (SELECT count(*) FROM products)::int AS products",
    );
    await open.query("BEGIN");
    await open.query("UPDATE products SET name = 'Changed while it was read' WHERE id = 17");
    const data = JSON.stringify({ type: "incremental", "data-collections": ["public.orders", "public.products"] });
    await stage.sql("INSERT INTO debezium_signal (id, type, data) VALUES ($1, 'execute-snapshot', $2)", [
      crypto.randomUUID(),
      data,
    ]);
    await stage.sql("UPDATE orders SET status = 'refunded' WHERE id = 17");
    await sleep(OPEN_MS);
    await open.query("COMMIT");
    return 4 * Number(orders) + Number(products);
  } finally {
    await open.end();
  }
}

function sameRow(row: Record<string, unknown> | undefined, wanted: Readonly<Record<string, unknown>>): boolean {
  return row !== undefined && Object.entries(wanted).every(([name, value]) => row[name] === value);
}
