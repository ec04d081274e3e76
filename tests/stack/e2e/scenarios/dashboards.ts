import { hex } from "../../../grafana/support.ts";
import { allPanels, salesPanel } from "../panels.ts";
import { psql } from "../psql.ts";
import type { Stage } from "../stage.ts";
import { until } from "../steps.ts";
import type { Scenario } from "./scenario.ts";

const CATEGORY = "dashboards";
/** The range of time of a dashboard ends with the second in which it is looked at. */
const VISIBLE_MS_MAX = 15_000;

const PLACE = `
  WITH seller AS (INSERT INTO sellers (name, country) VALUES ('Dashboard Shop', 'PT') RETURNING id),
    product AS (
      INSERT INTO products (seller_id, sku, name, price, attributes)
      SELECT id, 'DASHBOARD-1', 'Panel', 12.34, '{"category": "${CATEGORY}"}' FROM seller RETURNING id),
    buyer AS (
      INSERT INTO users (email, full_name, preferences)
      VALUES ('dashboard@example.com', 'D. Board', '{"country": "PT"}') RETURNING id),
    placed AS (INSERT INTO orders (user_id, status, total_amount) SELECT id, 'paid', 24.68 FROM buyer RETURNING id)
  INSERT INTO order_items (order_id, product_id, quantity, unit_price)
  SELECT placed.id, product.id, 2, 12.34 FROM placed, product RETURNING order_id`;

/** What panels of the dashboard Sales show of the one category. */
type Shown = Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;

/** An order's life, typed into psql, as somebody sees it who looks at the dashboard Sales. */
export const dashboards: Scenario = {
  title: "the dashboards",
  async run(stage) {
    const { steps } = stage;
    // All topologies: the dashboard Shop asks for tables of streams.
    const weir = stage.startWeir([]);
    await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
    const order = await seen(stage, {
      name: "an order placed with psql is on the dashboard Sales",
      script: PLACE,
      shows: {
        "Sales": { "Revenue": 24.68, "Orders": "1", "Average order value": 24.68, "Pieces sold": "2" },
        "Latest sales": { "Product": "Panel", "Seller": "Dashboard Shop", "Status": "paid", "Amount": 24.68 },
        "Revenue by buyer's country": { "country": "PT", "revenue": 24.68 },
      },
    });
    await seen(stage, {
      name: "its changes are",
      script: `UPDATE orders SET status = 'shipped' WHERE id = ${order};
               UPDATE order_items SET quantity = 5 WHERE order_id = ${order};
               UPDATE sellers SET name = 'Renamed Shop' WHERE name = 'Dashboard Shop'`,
      shows: {
        "Sales": { "Revenue": 61.7, "Orders": "1", "Pieces sold": "5" },
        "Latest sales": { "Seller": "Renamed Shop", "Status": "shipped", "Amount": 61.7 },
        "Best sellers": { "Seller": "Renamed Shop", "Revenue": 61.7, "Pieces": "5", "Items": "1" },
      },
    });
    await stage.verify("after the order's changes");
    await seen(stage, {
      name: "that it is cancelled is",
      script: `UPDATE orders SET status = 'cancelled' WHERE id = ${order}`,
      shows: {
        "Sales": { "Revenue": 0, "Orders": "0" },
        "Latest sales": null,
        "Products cancelled most": { "Product": "Panel", "Items ordered": "1", "Cancelled": "1", "Share": 1 },
      },
    });
    await steps.step("every panel's query runs on ClickHouse, and no panel of Sales is empty", async () => {
      const { executed, empty } = await allPanels(stage);
      // Nobody visits the shop here, so that what streams make stays empty.
      const sales = empty.filter((panel) => panel.endsWith(" in sales.json"));
      if (sales.length > 0) throw new Error(`empty: ${sales.join(", ")}`);
      stage.figures.push(`${executed} panel queries executed on ClickHouse`);
      return `${executed} queries`;
    });
    await seen(stage, {
      name: "that it is deleted is",
      script: `DELETE FROM order_items WHERE order_id = ${order}; DELETE FROM orders WHERE id = ${order}`,
      shows: { "Sales": { "Revenue": 0 }, "Latest sales": null, "Products cancelled most": null },
    });
    await stage.verify("after the order's end");
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
  },
};

/**
 * A step: the script runs, and each panel's first row becomes what is given, or there is none.
 * @returns what psql prints
 */
async function seen(
  stage: Stage,
  { name, script, shows }: { readonly name: string; readonly script: string; readonly shows: Shown },
): Promise<string> {
  let printed = "";
  await stage.steps.step(name, async (signal) => {
    printed = await psql(stage, script);
    let now: unknown[] = [];
    const asWanted = async () => {
      const titles = Object.keys(shows);
      const rows = await Promise.all(titles.map((title) => salesPanel(stage, title, { category: [hex(CATEGORY)] })));
      now = rows.map(([row]) => row ?? null);
      return titles.every((title, index) => matches(rows[index][0], shows[title]));
    };
    await until(asWanted, {
      signal,
      everyMs: 50,
      lastWords: () => `the panels show ${JSON.stringify(now)} instead of ${JSON.stringify(shows)}`,
    });
  }, { withinMs: VISIBLE_MS_MAX });
  return printed;
}

function matches(row: Record<string, unknown> | undefined, wanted: Readonly<Record<string, unknown>> | null): boolean {
  if (wanted === null || row === undefined) return wanted === null && row === undefined;
  // 64-bit integers are texts or numbers, as the server's settings say.
  return Object.entries(wanted).every(([name, value]) => String(row[name]) === String(value));
}
