import { anyRow, type Picker } from "./picks.ts";
import { choicesOf } from "./random.ts";
import type { Tables } from "./tables.ts";
import type { History, Transaction } from "./transaction.ts";
import { buyingVisit, idleVisit, type ShopEvent } from "./visit.ts";

/**
 * Everybody comes so seldom that visits are apart from each other: at 500 changes a second each user about every 1.5
 * hours.
 * Most orders come by other ways than the shop's pages; of these, nobody knows what went before.
 */
const USERS_FOR_EACH_ORDER = 400_000;
const USERS_FOR_EACH_TRANSACTION = 3_000_000;
/** Of the initial orders one in so many came by the shop's pages, if it was placed on the last day. */
const ONE_IN = 4;
/** Visits without an order for each with one. */
const IDLE_VISITS = 2;
const DAY_MICROS = 86_400_000_000;
/** Initial orders are evenly spread over so many days. */
const PAST_DAYS = 7;

/** Paths of choices beside those of the initial rows. */
const LIVE_PATH = 5;
const PAST_PATH = 6;

/**
 * The visits that end with this transaction: mostly none. A function of the seed and the transaction, with choices of
 * its own, so that rows are the same whether events are told or not.
 */
export function visitsWith(tx: Transaction, lastOrder: number): ShopEvent[] {
  const { history, tables, micros } = tx;
  const choices = choicesOf(history.seed, 0, LIVE_PATH, history.transactions);
  const picker = { choices, history, tables };
  const users = history.counts.users;
  const events: ShopEvent[] = [];
  const id = history.lastIds.orders;
  if (id > lastOrder && choices.chance(users / USERS_FOR_EACH_ORDER)) events.push(...orderVisit(picker, id));
  if (choices.chance(users / USERS_FOR_EACH_TRANSACTION)) {
    const user = anyRow(picker, "users");
    if (user !== undefined) events.push(...idleVisit(picker, { user, end: micros }));
  }
  return events;
}

/** What people did on the last day before the history begins, in the order of time. */
export function pastVisits(history: History, tables: Tables): ShopEvent[] {
  const { seed, lastIds, micros } = history;
  const events: ShopEvent[] = [];
  const first = lastIds.orders - Math.floor(lastIds.orders / PAST_DAYS);
  for (let id = first; id <= lastIds.orders; id++) {
    if (id % ONE_IN !== 0) continue;
    const choices = choicesOf(seed, 0, PAST_PATH, id);
    const picker = { choices, history, tables };
    events.push(...orderVisit(picker, id));
    for (let visit = 0; visit < IDLE_VISITS; visit++) {
      const user = anyRow(picker, "users");
      const end = micros - choices.between(0, DAY_MICROS);
      if (user !== undefined) events.push(...idleVisit(picker, { user, end }));
    }
  }
  return events.sort((a, b) => a.micros - b.micros);
}

/** The visit of an order that is there with all that it began with; none if it is not. */
function orderVisit(picker: Picker, id: number): ShopEvent[] {
  const { tables } = picker;
  const order = tables.get("orders", id);
  const user = order === undefined ? undefined : tables.get("users", order.user_id);
  if (order === undefined || user === undefined) return [];
  const items = tables.children(["order_items", "order_id"], id, Infinity).flatMap((item) =>
    tables.get("order_items", item) ?? []
  );
  return buyingVisit(picker, { user, order, items });
}
