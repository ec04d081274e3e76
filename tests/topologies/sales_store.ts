import { createTopologyTestDriver, type SelectedRow, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { orderItems, orders, products, sellers, users } from "../../topologies/online_store/sources.ts";
import { sellerRevenueByHour } from "../../topologies/online_store/tables.ts";
import salesTopology from "../../topologies/sales.ts";
import { at, item, money, order, product, seller, user } from "./store.ts";

/** A store with one user, two sellers, a product of each, one order of two items. */
export function openStore(): TopologyTestDriver {
  const driver = createTopologyTestDriver(salesTopology);
  driver.insert(users, user({ id: 1, preferences: '{"country":"DE"}' }));
  driver.insert(sellers, seller({ id: 1, name: "Anna" }));
  driver.insert(sellers, seller({ id: 2, name: "Bert" }));
  driver.insert(products, product({ id: 1, seller_id: 1, name: "Kite" }));
  driver.insert(products, product({ id: 2, seller_id: 2, name: "Lamp", attributes: '{"category":"home"}' }));
  driver.insert(orders, order({ id: 1 }));
  driver.insert(orderItems, item({ id: 1, product_id: 1, quantity: 2, unit_price: money("19.90") }));
  driver.insert(orderItems, item({ id: 2, product_id: 2, quantity: 1, unit_price: money("5.00") }));
  return driver;
}

/** These columns of every row. */
export function column(rows: readonly SelectedRow[], ...names: string[]): unknown[][] {
  return rows.map((row) => names.map((name) => row[name]));
}

/** Seller, hour, revenue, units and items of every group shown. */
export function revenue(driver: TopologyTestDriver): unknown[][] {
  return column(driver.select(sellerRevenueByHour), "seller_id", "hour", "revenue", "units", "items");
}

/** The hour in which the store's orders are placed. */
export const TEN = at("10:00:00");
