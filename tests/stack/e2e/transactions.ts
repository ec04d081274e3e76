import type { Choices } from "./choices.ts";

/** Runs one statement of a transaction and gives its rows. */
type Run = (sql: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;

/** A transaction of the store: what people do in it. */
type Transaction = (run: Run, random: Choices) => Promise<void>;

const STATUSES = ["paid", "shipped", "delivered", "cancelled", "refunded", "pending"];
const COUNTRIES = ["US", "DE", "FR", "GB", "PL"];

/** One random transaction of the store, by weight. Statements that meet no row are part of the game. */
export function randomTransaction(random: Choices): Transaction {
  let ticket = random.int(totalWeight);
  for (const [weight, transaction] of transactions) {
    ticket -= weight;
    if (ticket < 0) return transaction;
  }
  throw new RangeError("Cannot choose a transaction: the weights do not add up");
}

const transactions: readonly (readonly [number, Transaction])[] = [
  [30, placeOrder],
  [25, async (run, random) => {
    await run(`UPDATE orders SET status = $1, updated_at = now() WHERE id = ${some("orders")}`, [random.of(STATUSES)]);
  }],
  [8, async (run, random) => {
    const price = (random.int(20_000) / 100).toFixed(2);
    await run(`UPDATE products SET price = $1, updated_at = now() WHERE id = ${some("products")}`, [price]);
  }],
  [5, async (run, random) => {
    await run(`UPDATE products SET name = $1 WHERE id = ${some("products")}`, [`Thing ${random.int(1_000)}`]);
  }],
  [4, async (run) => {
    await run(`UPDATE products SET seller_id = ${some("sellers")} WHERE id = ${some("products")}`);
  }],
  [1, async (run, random) => {
    await run(`UPDATE sellers SET name = $1 WHERE id = ${some("sellers")}`, [`Shop ${random.int(1_000)}`]);
  }],
  [4, async (run, random) => {
    const preferences = random.chance(0.2) ? {} : { country: random.of(COUNTRIES) };
    await run(`UPDATE users SET preferences = $1 WHERE id = ${some("users")}`, [JSON.stringify(preferences)]);
  }],
  [6, async (run) => {
    await run(`UPDATE order_items SET order_id = ${some("orders")} WHERE id = ${some("order_items")}`);
  }],
  [6, async (run) => {
    await run(`UPDATE order_items SET product_id = ${some("products")} WHERE id = ${some("order_items")}`);
  }],
  [5, async (run) => {
    await run(`DELETE FROM order_items WHERE id = ${some("order_items")}`);
  }],
  [4, async (run) => {
    const [order] = await run(`SELECT id FROM orders WHERE id = ${some("orders")}`);
    await run("DELETE FROM order_items WHERE order_id = $1", [order?.id]);
    await run("DELETE FROM orders WHERE id = $1", [order?.id]);
  }],
  [4, returnWithTheSameKey],
  [2, async (run) => {
    // Another primary key is a delete of the old row and an insert of the new one, in other partitions.
    await run(`UPDATE order_items SET id = nextval('order_items_id_seq') WHERE id = ${some("order_items")}`);
  }],
  [2, newOffer],
  [2, async (run, random) => {
    await placeOrder(run, random);
    throw new Rollback();
  }],
];

const totalWeight = transactions.reduce((sum, [weight]) => sum + weight, 0);

/** Thrown by a transaction that must leave nothing behind. */
export class Rollback extends Error {}

/** The id of about any row: the first at or above a random one. */
function some(table: string): string {
  const random = `floor(random() * (SELECT max(id) FROM ${table}))::bigint`;
  return `(SELECT id FROM ${table} WHERE id >= (SELECT ${random} AS low) ORDER BY id LIMIT 1)`;
}

async function placeOrder(run: Run, random: Choices): Promise<void> {
  const [order] = await run(
    `INSERT INTO orders (user_id, status, total_amount, note) VALUES (${some("users")}, 'pending', 0, $1) RETURNING id`,
    [random.chance(0.3) ? null : `order ${random.int(1_000)}`],
  );
  for (let item = random.int(3); item >= 0; item--) {
    await run(
      `INSERT INTO order_items (order_id, product_id, quantity, unit_price)
       SELECT $1, id, $2, price FROM products WHERE id = ${some("products")}`,
      [order.id, 1 + random.int(4)],
    );
  }
  await run(
    "UPDATE orders SET total_amount = " +
      `(SELECT coalesce(sum(unit_price * quantity), 0) FROM order_items WHERE order_id = $1)
     WHERE id = $1`,
    [order.id],
  );
}

/** A row that dies and comes back, in one transaction or as good as: the tombstone must not outlive it. */
async function returnWithTheSameKey(run: Run, random: Choices): Promise<void> {
  const [row] = await run(`DELETE FROM order_items WHERE id = ${some("order_items")} RETURNING *`);
  if (row === undefined) return;
  await run(
    "INSERT INTO order_items (id, order_id, product_id, quantity, unit_price) VALUES ($1, $2, $3, $4, $5)",
    [row.id, row.order_id, row.product_id, 1 + random.int(9), row.unit_price],
  );
}

/** A new seller with a first product, and a user who has bought it. */
async function newOffer(run: Run, random: Choices): Promise<void> {
  const name = crypto.randomUUID();
  const [seller] = await run("INSERT INTO sellers (name, country) VALUES ($1, $2) RETURNING id", [
    `Seller ${name.slice(0, 8)}`,
    random.of(COUNTRIES),
  ]);
  const [product] = await run(
    "INSERT INTO products (seller_id, sku, name, price, attributes) " +
      `VALUES ($1, $2, $3, 9.99, '{"category":"new"}') RETURNING id`,
    [seller.id, `SKU-${name}`, `Novelty ${random.int(1_000)}`],
  );
  const [user] = await run(
    "INSERT INTO users (email, full_name) VALUES ($1, 'Somebody New') RETURNING id",
    [`${name}@example.com`],
  );
  const [order] = await run("INSERT INTO orders (user_id, total_amount) VALUES ($1, 9.99) RETURNING id", [user.id]);
  await run("INSERT INTO order_items (order_id, product_id, quantity, unit_price) VALUES ($1, $2, 1, 9.99)", [
    order.id,
    product.id,
  ]);
}
