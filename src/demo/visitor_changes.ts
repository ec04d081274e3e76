import { newPrice } from "./new_rows.ts";
import { changeUnitPrice } from "./order_transactions.ts";
import { isSpared, type Picker, rowNear } from "./picks.ts";
import { recordKey, topicOf } from "./schema.ts";
import type { Transaction } from "./transaction.ts";
import { centsOf, moneyText } from "./values.ts";

/** Looks for a row that fits, before there is said to be none. */
const PICKS_MAX = 200;
/** The dearest that something may be sold for. */
const PRICE_CENTS_MAX = 99_999_999;
/** How long the shop leaves a product alone whose record cannot be read: a visitor has fixed it by then. */
const SPARED_MICROS = 10 * 60_000_000;
/** Of more products at a time it forgets those that it has spared longest. */
const SPARED_MAX = 100;

/** An item that was sold, with what is around it. */
export interface Sale {
  readonly order_item_id: number;
  readonly order_id: number;
  readonly product_id: number;
  readonly product: string;
  readonly seller_id: number;
  readonly seller: string;
  readonly quantity: number;
  /** As text, with two digits. */
  readonly unit_price: string;
}

/**
 * A sale with which nothing else is likely to happen soon: of an order that is among the older ones and was delivered.
 * Null if there is none.
 */
export function quietSale({ choices, history, tables }: Picker): Sale | null {
  const [first, last] = [history.firstIds.order_items, history.lastIds.order_items];
  for (let picks = 0; picks < PICKS_MAX; picks++) {
    // The very oldest ones are archived.
    const share = 0.1 + 0.4 * choices.next();
    const item = tables.atOrAfter("order_items", first + Math.floor(share * (last - first)));
    if (item === undefined || tables.get("orders", item.order_id)?.status !== "delivered") continue;
    return saleOf(tables, item.id);
  }
  return null;
}

/** The sale of an item; null if there is no such item. */
export function saleOf(tables: Picker["tables"], itemId: number): Sale | null {
  const item = tables.get("order_items", itemId);
  if (item === undefined) return null;
  // What the foreign keys of the store demand.
  const product = tables.get("products", item.product_id)!;
  const seller = tables.get("sellers", product.seller_id)!;
  const { order_id, product_id, quantity, unit_price } = item;
  const named = { product: product.name, seller_id: seller.id, seller: seller.name };
  return { order_item_id: item.id, order_id, product_id, ...named, quantity, unit_price };
}

/**
 * The item was sold at `price`. Returns the sale as it is then.
 * @throws RangeError for an item that is not there, a price that cannot be, or the one that it has
 */
export function repriceSale(
  tx: Transaction,
  { itemId, price }: { readonly itemId: number; readonly price: string },
): Sale {
  const item = tx.tables.get("order_items", itemId);
  if (item === undefined) throw new RangeError(`Cannot change order item ${itemId}: the store has no such item`);
  const cents = /^\d{1,8}(\.\d{1,2})?$/.test(price) ? Math.round(Number(price) * 100) : NaN;
  const least = item.discount === null ? 0 : centsOf(item.discount);
  if (!(cents > least && cents <= PRICE_CENTS_MAX)) {
    throw new RangeError(
      `Cannot sell order item ${itemId} for "${price}": it takes an amount such as 12.90, of more than ` +
        `${moneyText(least)}${least === 0 ? "" : ", which is its discount,"} and at most ${moneyText(PRICE_CENTS_MAX)}`,
    );
  }
  const unitPrice = moneyText(cents);
  if (unitPrice === item.unit_price) {
    throw new RangeError(`Cannot change order item ${itemId}: it was sold for ${unitPrice} already`);
  }
  changeUnitPrice(tx, item, { unitPrice });
  return saleOf(tx.tables, itemId)!;
}

/** A change of a product's price of which the record cannot be read. */
export interface GarbledPrice {
  readonly product_id: number;
  readonly product: string;
  readonly topic: string;
  readonly key: string;
  readonly column: "price";
  /** What the row said before, what it says now, and what the record says. */
  readonly before: string;
  readonly right: string;
  readonly sent: string;
}

/**
 * Gives a product that seldom sells another price. The record says it as no topology can read it, once it was sent as
 * {@link garbledPrice} makes it. The shop leaves the product alone for ten minutes then, as a newer record of it would
 * settle the matter before anybody has looked; so another call takes another product. Null if there is none.
 */
export function repriceProduct(tx: Transaction): GarbledPrice | null {
  const { choices, history } = tx;
  const [first, last] = [history.firstIds.products, history.lastIds.products];
  const product = rowNear(tx, "products", choices.between(Math.floor((first + last) / 2), last));
  if (product === undefined) return null;
  let right = product.price;
  while (right === product.price) right = moneyText(newPrice(choices));
  tx.update("products", product, { ...product, price: right, updated_at: tx.now });
  const spared = (history.spared ?? []).filter(({ id }) => isSpared(tx, id)).slice(1 - SPARED_MAX);
  history.spared = [...spared, { id: product.id, untilMicros: tx.micros + SPARED_MICROS }];
  return {
    product_id: product.id,
    product: product.name,
    topic: topicOf("products"),
    key: recordKey("products", product.id),
    column: "price",
    ...{ before: product.price, right, sent: garbled(right) },
  };
}

/** The value of a record of a product, whose new price is an amount as people write it, and no number. */
export function garbledPrice(value: string): string {
  const after = value.indexOf(',"after":{');
  return value.slice(0, after) +
    value.slice(after).replace(/"price":"([^"]*)"/, (_text, price) => `"price":${JSON.stringify(garbled(price))}`);
}

function garbled(price: string): string {
  return `${price.replace(".", ",")} EUR`;
}
