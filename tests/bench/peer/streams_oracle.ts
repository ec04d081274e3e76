import type { Log } from "../../../src/ports/log.ts";
import { readTopic } from "./read_topic.ts";

/** What is measured: a count in windows, or a join of two streams. */
export type StreamsVariant = "count" | "join";

/** Sizes of windows and of what belongs together, milliseconds. */
export interface StreamsSizes {
  readonly windowMs: number;
  readonly withinMs: number;
}

interface Event {
  readonly id: number;
  readonly customer: string;
  readonly amount: number;
  readonly country?: string;
  readonly method?: string;
  readonly at: string;
}

/**
 * Every result that must come of what the topics have now, from nothing but their events, as lines: of the count
 * customer, start of the window (milliseconds) and count; of the join customer, both ids, country, method and both
 * amounts. Fields are divided by tabs. No event is late, so its order does not matter.
 */
export async function expectedResults(
  log: Log,
  { variant, windowMs, withinMs }: StreamsSizes & { readonly variant: StreamsVariant },
): Promise<ReadonlySet<string>> {
  const orders = await eventsOf(log, "bench.orders");
  if (variant === "count") return new Set(orders.entries().flatMap(([customer, all]) => counted(customer, all)));
  const payments = await eventsOf(log, "bench.payments");
  return new Set(orders.entries().flatMap(([customer, all]) => paired(all, payments.get(customer) ?? [])));

  function counted(customer: string, all: readonly Event[]): string[] {
    const windows = Map.groupBy(all, ({ at }) => Math.floor(Date.parse(at) / windowMs) * windowMs);
    return Array.from(windows, ([start, { length }]) => `${customer}\t${start}\t${length}`);
  }

  function paired(left: readonly Event[], right: readonly Event[]): string[] {
    const times = right.map(({ at }) => Date.parse(at));
    return left.flatMap((order) => {
      const at = Date.parse(order.at);
      const near = right.filter((_, index) => Math.abs(times[index] - at) <= withinMs);
      return near.map((payment) =>
        [order.customer, order.id, payment.id, order.country, payment.method, order.amount, payment.amount].join("\t")
      );
    });
  }
}

async function eventsOf(log: Log, topic: string): Promise<Map<string, Event[]>> {
  const events = new Map<string, Event[]>();
  await readTopic(log, topic, (key, value) => {
    const all = events.get(key);
    if (all === undefined) events.set(key, [JSON.parse(value!)]);
    else all.push(JSON.parse(value!));
  });
  return events;
}
