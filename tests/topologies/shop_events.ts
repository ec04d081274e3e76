import { partitionOf } from "../../src/record/partitioner.ts";
import type { TopologyTestDriver } from "../../src/testing/mod.ts";
import { clickstream, payments } from "../../topologies/online_store/events.ts";

/** An instant of 1 January 2026 as the shop writes it. */
function instant(time: string): string {
  return `2026-01-01T${time}Z`;
}

/** An event of the shop, with what the test does not care about filled in. */
export function click(
  driver: TopologyTestDriver,
  event: Readonly<Record<string, unknown>> & { user_id: number; at: string },
): void {
  const empty = { product_id: null, quantity: null, unit_price: null, order_id: null, order_total: null };
  const value = { type: "view", country: "DE", ...empty, ...event, at: instant(event.at) };
  driver.send(clickstream, { key: String(event.user_id), value });
}

/** A payment, with what the test does not care about filled in. */
export function pay(
  driver: TopologyTestDriver,
  payment: Readonly<Record<string, unknown>> & { order_id: number; at: string },
): void {
  const paid = { payment_id: `p${payment.order_id}`, status: "authorized", amount: "10.00", card_country: "DE" };
  driver.send(payments, {
    key: String(payment.order_id),
    value: { ...paid, ...payment, at: instant(payment.at) },
  });
}

/** Partitions of a driver's topics unless a test says otherwise. */
const PARTITIONS = 3;

/** Lets time pass in every partition: somebody looks at a page. Users of so great a number are nobody else. */
export function passTo(driver: TopologyTestDriver, time: string): void {
  const met = new Set<number>();
  for (let user_id = 1_000_000; met.size < PARTITIONS; user_id++) {
    const partition = partitionOf(String(user_id), PARTITIONS);
    if (met.has(partition)) continue;
    met.add(partition);
    click(driver, { user_id, at: time });
  }
}
