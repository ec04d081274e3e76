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
