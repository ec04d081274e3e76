import { type Picker, popularRow } from "./picks.ts";
import type { Choices } from "./random.ts";
import type { EventName, OrderItemRow, OrderRow, ProductRow, UserRow } from "./schema.ts";
import type { EmitChange } from "./transaction.ts";
import { centsOf, microsOf, moneyText, timestampText } from "./values.ts";

/** One record of a topic of events. */
export interface ShopEvent {
  readonly feed: EventName;
  /** User of the clickstream, order of payments: the record's key. */
  readonly key: number;
  /** Microseconds since the epoch. */
  readonly micros: number;
  /** JSON text. */
  readonly value: string;
}

/** An order as its buyer's visit ends with it. */
interface VisitedOrder {
  readonly user: UserRow;
  readonly order: OrderRow;
  readonly items: readonly OrderItemRow[];
}

const SECOND = 1_000_000;
/** Shares of payments that are not as they should be: more than in real life, so that a demo has something to show. */
const UNPAID = 0.06;
const OTHER_AMOUNT = 0.06;
const OTHER_COUNTRY = 0.06;
const DECLINED_FIRST = 0.08;
/** So often a card is declined at most. */
const DECLINED_MAX = 3;
/** Goods that somebody looks at, puts into the cart. */
const LOOKS_MAX = 6;

/** Emits an event as its record. */
export function emitEvent({ feed, key, micros, value }: ShopEvent, emit: EmitChange): void {
  emit(feed, key, value, Math.floor(micros / 1_000));
}

/**
 * A visit that ends with an order: each item was looked at and put into the cart, and paid for shortly before the order
 * was there. Times go backwards from the order's, as no event may be later than the transaction that tells of it.
 */
export function buyingVisit(picker: Picker, { user, order, items }: VisitedOrder): ShopEvent[] {
  const { choices } = picker;
  const placed = microsOf(order.placed_at);
  const visit = new Visit(user, choices);
  for (const item of items) {
    const { product_id, quantity, unit_price } = item;
    if (choices.chance(0.3)) look(visit, picker);
    visit.add("view", { product_id });
    visit.add("add_to_cart", { product_id, quantity, unit_price });
  }
  visit.add("checkout", {});
  visit.add("order", { order_id: order.id, order_total: order.total_amount });
  return [...visit.endingAt(placed), ...paymentsOf(choices, { order, country: visit.country, placed })];
}

/** A visit without an order: somebody looks around, and may leave a cart behind. */
export function idleVisit(
  picker: Picker,
  { user, end }: { readonly user: UserRow; readonly end: number },
): ShopEvent[] {
  const { choices } = picker;
  const visit = new Visit(user, choices);
  const adds = choices.chance(0.6);
  const added: Added[] = [];
  for (let looks = choices.between(1, LOOKS_MAX); looks > 0; looks--) {
    const product = look(visit, picker);
    if (product === undefined || !adds || !choices.chance(0.6)) continue;
    const quantity = choices.chance(0.8) ? 1 : choices.between(2, 4);
    added.push({ product_id: product.id, quantity, unit_price: product.price });
    visit.add("add_to_cart", added[added.length - 1]);
  }
  if (added.length > 0 && choices.chance(0.1)) visit.add("remove_from_cart", choices.pick(added));
  if (added.length > 0 && choices.chance(0.3)) visit.add("checkout", {});
  return visit.endingAt(end);
}

interface Added {
  readonly product_id: number;
  readonly quantity: number;
  readonly unit_price: string;
}

function look(visit: Visit, picker: Picker): ProductRow | undefined {
  const product = popularRow(picker, "products");
  if (product !== undefined) visit.add("view", { product_id: product.id });
  return product;
}

/** The steps of one visit, in their order. */
class Visit {
  readonly country: string;
  readonly #steps: { readonly type: string; readonly columns: object; readonly pause: number }[] = [];
  readonly #user: UserRow;
  readonly #choices: Choices;

  constructor(user: UserRow, choices: Choices) {
    this.#user = user;
    this.#choices = choices;
    this.country = countryOf(user);
  }

  /** `columns`: those that an event of its type has beside the common ones. */
  add(type: string, columns: object): void {
    this.#steps.push({ type, columns, pause: this.#choices.between(5 * SECOND, 60 * SECOND) });
  }

  /** Its events, the last one at this time. */
  endingAt(end: number): ShopEvent[] {
    let micros = end - this.#steps.slice(0, -1).reduce((sum, { pause }) => sum + pause, 0);
    return this.#steps.map(({ type, columns, pause }) => {
      const at = micros;
      micros += pause;
      const value = { type, user_id: this.#user.id, country: this.country, ...NOTHING, ...columns };
      return {
        feed: "clickstream",
        key: this.#user.id,
        micros: at,
        value: JSON.stringify({ ...value, at: timestampText(at) }),
      };
    });
  }
}

/** What an event does not have. */
const NOTHING = { product_id: null, quantity: null, unit_price: null, order_id: null, order_total: null };

interface Paid {
  readonly order: OrderRow;
  readonly country: string;
  readonly placed: number;
}

function paymentsOf(choices: Choices, { order, country, placed }: Paid): ShopEvent[] {
  const total = centsOf(order.total_amount);
  const pay = (attempt: number, paid: { status: string; cents: number; from: string; before: number }): ShopEvent => {
    const micros = placed - paid.before;
    const value = {
      payment_id: `pay_${order.id}_${attempt}`,
      order_id: order.id,
      status: paid.status,
      amount: moneyText(paid.cents),
      card_country: paid.from,
      at: timestampText(micros),
    };
    return { feed: "payments", key: order.id, micros, value: JSON.stringify(value) };
  };
  const attempts: ShopEvent[] = [];
  const declined = choices.chance(DECLINED_FIRST) ? choices.between(1, DECLINED_MAX) : 0;
  for (let left = declined; left > 0; left--) {
    const before = left * 16 * SECOND + choices.between(0, 4 * SECOND);
    attempts.push(pay(attempts.length + 1, { status: "declined", cents: total, from: country, before }));
  }
  const luck = choices.next();
  if (luck < UNPAID) return attempts;
  const wrong = luck - UNPAID;
  const cents = wrong < OTHER_AMOUNT ? otherAmount(choices, total) : total;
  const abroad = wrong >= OTHER_AMOUNT && wrong < OTHER_AMOUNT + OTHER_COUNTRY;
  const from = abroad ? choices.pick(ABROAD.filter((other) => other !== country)) : country;
  const before = choices.between(SECOND, 15 * SECOND);
  attempts.push(pay(attempts.length + 1, { status: "authorized", cents, from, before }));
  return attempts;
}

/** Less than what is to be paid, or one cent where that is nothing. */
function otherAmount(choices: Choices, total: number): number {
  return total === 0 ? 1 : choices.between(0, total - 1);
}

const ABROAD = ["BR", "IN", "US", "ZA"];

/** The country in a user's preferences, which may be anything. */
function countryOf({ preferences }: UserRow): string {
  const { country } = (JSON.parse(preferences) ?? {}) as { readonly country?: unknown };
  return typeof country === "string" ? country : "US";
}
