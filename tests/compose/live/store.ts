import type { Stage } from "./stage.ts";

/** Orders that one round places. */
const ORDERS = 20;

let round = 0;

/**
 * Changes the store: places orders with two items each, pays those of earlier rounds, renames sellers, changes prices,
 * takes items away. A round touches all five tables, so that whatever loses or repeats a change shows in some row.
 */
export async function changeStore(stage: Stage): Promise<void> {
  round++;
  const series = `generate_series(1, ${ORDERS}) AS n`;
  const renamed = `regexp_replace(name, '( of round \\d+)?$', ' of round ${round}')`;
  await stage.sql(`
    BEGIN;
    WITH placed AS (
      INSERT INTO orders (user_id, total_amount, note)
      SELECT 1 + (n * 7 + ${round}) % 200, 10.00 + n, 'round ${round}' FROM ${series} RETURNING id
    )
    INSERT INTO order_items (order_id, product_id, quantity, unit_price)
    SELECT id, 1 + (id * 13 + item) % 300, 1 + id % 5, 9.99 + item FROM placed, generate_series(1, 2) AS item;
    UPDATE orders SET status = 'paid', updated_at = now() WHERE note = 'round ${round - 1}';
    UPDATE sellers SET name = ${renamed} WHERE id % 5 = ${round} % 5;
    UPDATE products SET price = price + 0.01 WHERE id % 11 = ${round} % 11;
    UPDATE users SET loyalty_points = loyalty_points + 1 WHERE id % 13 = ${round} % 13;
    DELETE FROM order_items WHERE id IN (SELECT min(order_items.id) FROM order_items JOIN orders ON orders.id = order_id
      WHERE note = 'round ${round - 2}' GROUP BY order_id);
    COMMIT;`);
}

/** Counts that tell one state of the store from another. */
export function storeCounts(stage: Stage): Promise<string> {
  return stage.sql(
    "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_items), (SELECT sum(price) FROM products);",
  );
}

const HOUR_MS = 3_600_000;
/** Keys of all partitions. */
const VISITORS = Array.from({ length: 60 }, (_, index) => index + 1);

/**
 * What people did in the shop three hours ago, written by a container of Weir's image: carts that were left, orders
 * that were paid from another country, or after several attempts.
 */
export async function visitShop(stage: Stage): Promise<void> {
  const at = new Date(Date.now() - 3 * HOUR_MS).toISOString();
  const click = {
    country: "PT",
    product_id: null,
    quantity: null,
    unit_price: null,
    order_id: null,
    order_total: null,
  };
  const cart = { type: "add_to_cart", product_id: 1, quantity: 2, unit_price: "9.99" };
  await produce(stage, {
    topic: "online_store.clickstream",
    events: [
      ...VISITORS.map((user_id) => ({ ...click, ...cart, user_id, at })),
      ...VISITORS.map((id) => ({
        ...click,
        type: "order",
        user_id: 1000 + id,
        order_id: id,
        order_total: "19.98",
        at,
      })),
    ],
  });
  const paid = { amount: "19.98", card_country: "ES", at };
  await produce(stage, {
    topic: "online_store.payments",
    events: [
      ...VISITORS.map((id) => ({ ...paid, payment_id: `a${id}`, order_id: id, status: "authorized" })),
      ...VISITORS.map((id) => ({ ...paid, payment_id: `d${id}`, order_id: 1000 + id, status: "declined" })),
      ...VISITORS.map((id) => ({ ...paid, payment_id: `e${id}`, order_id: 1000 + id, status: "declined" })),
    ],
  });
}

/** The same people come by now, so that what they did before is over. */
export async function visitShopAgain(stage: Stage): Promise<void> {
  const at = new Date().toISOString();
  const click = { country: "PT", quantity: null, unit_price: null, order_id: null, order_total: null, at };
  const users = [...VISITORS, ...VISITORS.map((id) => 1000 + id)];
  const views = users.map((user_id) => ({ ...click, type: "view", user_id, product_id: 1 }));
  await produce(stage, { topic: "online_store.clickstream", events: views });
  const paid = { amount: "19.98", card_country: "PT", status: "declined", at };
  const attempts = VISITORS.map((id) => ({ ...paid, payment_id: `n${id}`, order_id: 2000 + id }));
  await produce(stage, { topic: "online_store.payments", events: attempts });
}

/** Writes events as an operator would, by the image's own command. */
async function produce(
  stage: Stage,
  { topic, events }: { readonly topic: string; readonly events: readonly object[] },
): Promise<void> {
  const input = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  const run = ["run", "--rm", "--no-deps", "-T", "weir", "produce", topic];
  await stage.compose({ profile: stage.profile }, run, { input });
}
