import { choice, dashboard } from "./build.ts";
import type { Dashboard } from "./model.ts";
import { bars, numbers, onRightAxis, overTime, slices, table, unitOf } from "./panels.ts";
import { seriesOf, tableOf } from "./queries.ts";

const MONEY = "currencyUSD";
/** Order of statuses in an order's life. */
const STATUSES = "['pending', 'paid', 'shipped', 'delivered', 'refunded', 'cancelled']";

/** Up to so many rows the sales in a range of time are found by their ids. */
const FOUND_BY_ID_MAX = 1_000_000;
const ROWS_IN_TIME = "sales_rows WHERE $__timeFilter(placed_at)";
const COUNT_IN_TIME = `(SELECT count() FROM ${ROWS_IN_TIME})`;

/**
 * Only to be fast: true for every sale in the range of time. To show the newest version of each row, ClickHouse has to
 * read all whose ids lie between those asked for; a few old sales among the recent ones make that nearly everything.
 * The ids of which any version lies in the range are quickly found without, and with them only their own granules are
 * read: a month of ten million sales in a third of the time. A set of millions of ids would cost more than it saves, so
 * a long range goes without.
 */
const BY_ID = `(${COUNT_IN_TIME} > ${FOUND_BY_ID_MAX} OR order_item_id IN (SELECT order_item_id FROM ${ROWS_IN_TIME} ` +
  `AND ${COUNT_IN_TIME} <= ${FOUND_BY_ID_MAX}))`;

/**
 * The sales that are asked for. Countries and categories are chosen by the hexadecimal digits of their text: the
 * plugin quotes no backslash, so a text that ends with one would swallow the quote behind it. Sellers are chosen by id,
 * as names need not be unique.
 */
const CHOSEN = [
  "$__timeFilter(placed_at)",
  "$__conditionalAll(hex(category) IN (${category:sqlstring}), $category)",
  "$__conditionalAll(seller_id IN (${seller:csv}), $seller)",
  "$__conditionalAll(hex(ifNull(buyer_country, 'unknown')) IN (${country:sqlstring}), $country)",
  BY_ID,
].join(" AND ");

/** The same choice for tables that know only products: by the products that are asked for. */
const CATEGORY_OF_PRODUCT =
  "if(JSONType(attributes, 'category') = 'String', JSONExtractString(attributes, 'category'), 'other')";
const CHOSEN_PRODUCTS = [
  `$__conditionalAll(hex(${CATEGORY_OF_PRODUCT}) IN (\${category:sqlstring}), $category)`,
  "$__conditionalAll(seller_id IN (${seller:csv}), $seller)",
].join(" AND ");

const WHOLE_STORE = "The whole store: category, seller and country do not apply, as cancelled orders are no sales.";

/** Sums are exact decimals in ClickHouse; a panel draws floats, so the last step alone makes one. */
const revenue = "toFloat64(sum(amount))";

const categories = choice({
  name: "category",
  label: "Category",
  description: "Categories of the products.",
  query: `SELECT DISTINCT hex(text) AS value, ${CATEGORY_OF_PRODUCT} AS text FROM products ORDER BY text`,
});

const sellers = choice({
  name: "seller",
  label: "Seller",
  description: "Sellers by name.",
  query: "SELECT toString(id) AS value, name AS text FROM sellers ORDER BY text, value",
});

const countries = choice({
  name: "country",
  label: "Buyer's country",
  description: "Countries of the buyers.",
  query: "SELECT DISTINCT hex(text) AS value, if(JSONType(preferences, 'country') = 'String', " +
    "JSONExtractString(preferences, 'country'), 'unknown') AS text FROM users ORDER BY text",
});

const overview = {
  title: null,
  panels: [
    numbers({
      title: "Sales",
      description: "Items of orders that are not cancelled, in the chosen time.",
      width: 18,
      unit: MONEY,
      targets: [tableOf(
        `SELECT ${revenue} AS "Revenue", uniqExact(order_id) AS "Orders", ` +
          `if("Orders" = 0, 0, "Revenue" / "Orders") AS "Average order value", ` +
          `sum(quantity) AS "Pieces sold" FROM sales WHERE ${CHOSEN}`,
      )],
      overrides: [unitOf("Orders", "locale"), unitOf("Pieces sold", "locale"), unitOf("Average order value", MONEY, 2)],
    }),
    numbers({
      title: "Cancelled orders",
      description: `Share of the orders placed in these days that are cancelled now. ${WHOLE_STORE}`,
      width: 6,
      unit: "percentunit",
      decimals: 2,
      limits: [[0.1, "orange"], [0.2, "red"]],
      targets: [tableOf(
        `SELECT if(sum(orders) = 0, 0, sumIf(orders, status = 'cancelled') / sum(orders)) AS "Cancelled" ` +
          "FROM order_funnel WHERE $__dateFilter(day)",
      )],
    }),
    overTime({
      title: "Revenue and orders",
      description: "By the time at which the order was placed.",
      width: 16,
      unit: MONEY,
      style: "bars",
      interval: "5m",
      maxDataPoints: 150,
      targets: [seriesOf(
        `SELECT $__timeInterval(placed_at) AS time, ${revenue} AS "Revenue", uniqExact(order_id) AS "Orders" ` +
          `FROM sales WHERE ${CHOSEN} GROUP BY time ORDER BY time`,
      )],
      overrides: [onRightAxis("Orders", "locale")],
    }),
    overTime({
      title: "Average order value",
      description: "Revenue divided by orders. With a category or seller chosen: of those items of the orders alone.",
      width: 8,
      unit: MONEY,
      decimals: 2,
      interval: "5m",
      maxDataPoints: 75,
      targets: [seriesOf(
        `SELECT $__timeInterval(placed_at) AS time, ${revenue} / uniqExact(order_id) AS "Average order value" ` +
          `FROM sales WHERE ${CHOSEN} GROUP BY time ORDER BY time`,
      )],
    }),
  ],
};

const what = {
  title: "What is sold, by whom, to where",
  panels: [
    overTime({
      title: "Revenue by category over time",
      description: "By the time at which the order was placed.",
      width: 16,
      unit: MONEY,
      style: "stacked bars",
      interval: "5m",
      maxDataPoints: 75,
      targets: [seriesOf(
        `SELECT $__timeInterval(placed_at) AS time, category, ${revenue} AS "Value" FROM sales ` +
          `WHERE ${CHOSEN} GROUP BY time, category ORDER BY time, category`,
      )],
    }),
    slices({
      title: "Revenue by category",
      description: "In the chosen time.",
      width: 8,
      unit: MONEY,
      targets: [tableOf(
        `SELECT category, ${revenue} AS revenue FROM sales WHERE ${CHOSEN} ` +
          "GROUP BY category ORDER BY revenue DESC, category",
      )],
    }),
    table({
      title: "Best-selling products",
      description: "The ten products of the greatest revenue.",
      width: 12,
      targets: [tableOf(
        `SELECT name AS "Product", toFloat64(top.revenue) AS "Revenue", top.pieces AS "Pieces", top.items AS "Items" ` +
          "FROM (SELECT product_id, sum(amount) AS revenue, sum(quantity) AS pieces, count() AS items FROM sales " +
          `WHERE ${CHOSEN} GROUP BY product_id ORDER BY revenue DESC, product_id LIMIT 10) AS top ` +
          // The name of ten products: reading it with every sale costs more than all the rest.
          "INNER JOIN products ON products.id = top.product_id ORDER BY top.revenue DESC, top.product_id",
      )],
      overrides: [unitOf("Revenue", MONEY), unitOf("Pieces", "locale"), unitOf("Items", "locale")],
    }),
    table({
      title: "Best sellers",
      description: "The ten sellers of the greatest revenue.",
      width: 12,
      targets: [tableOf(
        `SELECT name AS "Seller", country AS "Country", toFloat64(top.revenue) AS "Revenue", top.pieces AS "Pieces", ` +
          `top.items AS "Items" ` +
          "FROM (SELECT seller_id, sum(amount) AS revenue, sum(quantity) AS pieces, count() AS items FROM sales " +
          `WHERE ${CHOSEN} GROUP BY seller_id ORDER BY revenue DESC, seller_id LIMIT 10) AS top ` +
          "INNER JOIN sellers ON sellers.id = top.seller_id ORDER BY top.revenue DESC, top.seller_id",
      )],
      overrides: [unitOf("Revenue", MONEY), unitOf("Pieces", "locale"), unitOf("Items", "locale")],
    }),
    bars({
      title: "Revenue by buyer's country",
      description: "The fifteen countries of the greatest revenue.",
      width: 12,
      height: 9,
      unit: MONEY,
      targets: [tableOf(
        `SELECT ifNull(buyer_country, 'unknown') AS country, ${revenue} AS revenue FROM sales ` +
          `WHERE ${CHOSEN} GROUP BY country ORDER BY revenue DESC, country LIMIT 15`,
      )],
    }),
    table({
      title: "Latest sales",
      description: "The fifteen items ordered last.",
      width: 12,
      targets: [tableOf(
        `SELECT placed_at AS "Placed", order_id AS "Order", product AS "Product", seller AS "Seller", ` +
          `status AS "Status", toFloat64(amount) AS "Amount" FROM sales WHERE ${CHOSEN} ` +
          "ORDER BY placed_at DESC, order_item_id DESC LIMIT 15",
      )],
      overrides: [unitOf("Order", "none"), unitOf("Amount", MONEY, 2)],
    }),
  ],
};

const fate = {
  title: "What becomes of the orders",
  panels: [
    bars({
      title: "Orders by status",
      description: `Where the orders placed in these days stand now. ${WHOLE_STORE}`,
      width: 8,
      unit: "locale",
      targets: [tableOf(
        "SELECT status, sum(orders) AS orders FROM order_funnel WHERE $__dateFilter(day) " +
          `GROUP BY status ORDER BY indexOf(${STATUSES}, status), status`,
      )],
    }),
    overTime({
      title: "Cancelled share by day of placing",
      description: `Of the orders placed on a day, those that are cancelled now. ${WHOLE_STORE}`,
      width: 8,
      unit: "percentunit",
      interval: "1d",
      limits: [[0.1, "orange"], [0.2, "red"]],
      targets: [seriesOf(
        `SELECT toDateTime(day) AS time, sumIf(orders, status = 'cancelled') / sum(orders) AS "Cancelled" ` +
          "FROM order_funnel WHERE $__dateFilter(day) GROUP BY time ORDER BY time",
      )],
    }),
    overTime({
      title: "Value of orders by day of placing",
      description: `By the status in which they stand now. ${WHOLE_STORE}`,
      width: 8,
      unit: MONEY,
      style: "stacked bars",
      interval: "1d",
      targets: [seriesOf(
        'SELECT toDateTime(day) AS time, status, toFloat64(sum(value)) AS "Value" FROM order_funnel ' +
          `WHERE $__dateFilter(day) GROUP BY time, status ORDER BY time, indexOf(${STATUSES}, status)`,
      )],
    }),
    table({
      title: "Products cancelled most",
      description: "Items ordered on these days whose orders are cancelled now. The buyer's country does not apply.",
      width: 24,
      height: 8,
      targets: [tableOf(
        `SELECT name AS "Product", top.items AS "Items ordered", top.cancelled AS "Cancelled", ` +
          `top.cancelled / top.items AS "Share", toFloat64(top.highest) AS "Highest price" ` +
          "FROM (SELECT product_id, sum(items) AS items, sum(cancelled_items) AS cancelled, " +
          "max(highest_price) AS highest " +
          // The view adds up the tasks' shares by day and product, millions of groups over the years; the shares can be
          // added up at once.
          "FROM product_performance_rows FINAL WHERE $__dateFilter(day) " +
          `AND product_id IN (SELECT id FROM products WHERE ${CHOSEN_PRODUCTS}) ` +
          "GROUP BY product_id HAVING cancelled > 0 ORDER BY cancelled DESC, product_id LIMIT 10) AS top " +
          "INNER JOIN products ON products.id = top.product_id ORDER BY top.cancelled DESC, top.product_id",
      )],
      overrides: [unitOf("Share", "percentunit", 1), unitOf("Highest price", MONEY, 2)],
    }),
  ],
};

/** What the store sells, from the views that Weir keeps: exact under updates and deletes. */
export const sales: Dashboard = dashboard({
  uid: "store-sales",
  title: "Sales",
  description: "What the store sells, row by row as PostgreSQL has it now: " +
    "a change of an order, a product or a seller changes the past too.",
  from: "now-7d",
  refresh: "30s",
  variables: [categories, sellers, countries],
  sections: [overview, what, fate],
});
