import { deliveryDay, newProduct, newSeller, newUser, orderNote, shippingAddress } from "./new_rows.ts";
import { discountText, itemCents } from "./order_transactions.ts";
import { type Choices, choicesOf } from "./random.ts";
import { type OrderItemRow, type OrderRow, type OrderStatus, perTable, type Rows, type TableName } from "./schema.ts";
import { FIRST_TRANSACTION_ID, type History } from "./transaction.ts";
import { centsOf, moneyText, timestampText } from "./values.ts";

/** How many rows a new store begins with. */
export interface StoreSizes {
  readonly users: number;
  readonly sellers: number;
  readonly products: number;
  readonly orders: number;
  /** On average; every order has between one and twice as many less one. */
  readonly itemsPerOrder: number;
}

export const DEFAULT_SIZES: StoreSizes = {
  users: 2_000,
  sellers: 200,
  products: 5_000,
  orders: 20_000,
  itemsPerOrder: 2.5,
};

/** From this number of orders on, the oldest is archived for each one placed. */
export const ORDERS_MAX = 250_000;

/** The initial orders were placed within this time before the store was opened. */
const PAST_MICROS = 7 * 24 * 3_600_000_000;
const FIRST_LSN = 26_618_608;

/**
 * The beginning of a history.
 * @throws RangeError when the sizes cannot be: products need a seller, orders a user and a product
 */
export function newHistory(seed: number, options: { sizes: StoreSizes; ordersMax: number; nowMs: number }): History {
  const { sizes, ordersMax, nowMs } = options;
  const counts = [sizes.users, sizes.sellers, sizes.products, sizes.orders];
  const possible = counts.every((count) => Number.isInteger(count) && count >= 0) && sizes.itemsPerOrder >= 1 &&
    (sizes.products === 0 || sizes.sellers > 0) && (sizes.orders === 0 || (sizes.users > 0 && sizes.products > 0));
  if (!possible || !Number.isSafeInteger(seed)) {
    throw new RangeError(
      `Cannot make "demo store" of seed ${seed} as asked: current value is ${JSON.stringify(sizes)}. ` +
        "Use an integer as the seed and row counts of 0 or more, with a seller for products, " +
        "a user and a product for orders",
    );
  }
  return {
    seed,
    transactions: 0,
    lsn: FIRST_LSN,
    micros: Math.floor(nowMs) * 1000,
    changes: 0,
    lastIds: perTable(0),
    firstIds: perTable(1),
    counts: perTable(0),
    rowsMax: {
      users: 2 * sizes.users + 1_000,
      sellers: 2 * sizes.sellers + 100,
      products: 2 * sizes.products + 1_000,
      orders: Math.max(ordersMax, sizes.orders),
      order_items: Number.MAX_SAFE_INTEGER,
    },
    spared: [],
  };
}

/** Takes one initial row; rows come in an order that foreign keys allow. */
export type InsertRow = <T extends TableName>(table: T, row: Rows[T], text: string) => void;

/**
 * Makes the initial rows of a new history, each a function of seed, table and id, and of the history's first instant.
 */
export function seedRows(history: History, sizes: StoreSizes, insert: InsertRow): void {
  const { seed, micros, counts, lastIds } = history;
  const begin = micros - PAST_MICROS;
  const add = <T extends TableName>(table: T, row: Rows[T]): void => {
    insert(table, row, JSON.stringify(row));
    counts[table]++;
    lastIds[table] = row.id;
  };
  for (let id = 1; id <= sizes.users; id++) add("users", newUser(choicesOf(seed, 0, 1, id), id, begin));
  for (let id = 1; id <= sizes.sellers; id++) add("sellers", newSeller(choicesOf(seed, 0, 2, id), id, begin));
  const prices = new Int32Array(sizes.products + 1);
  for (let id = 1; id <= sizes.products; id++) {
    const choices = choicesOf(seed, 0, 3, id);
    const product = newProduct(choices, id, { sellerId: choices.between(1, sizes.sellers), micros: begin });
    prices[id] = centsOf(product.price);
    add("products", product);
  }
  for (let id = 1; id <= sizes.orders; id++) {
    const age = (sizes.orders - id + 1) / sizes.orders;
    const choices = choicesOf(seed, 0, 4, id);
    const placed = { id, micros: micros - Math.floor(age * PAST_MICROS) + choices.between(0, 999) };
    const items = seedItems(choices, placed, { sizes, prices, firstId: lastIds.order_items + 1 });
    add("orders", seedOrder(choices, placed, { userId: choices.between(1, sizes.users), items, age }));
    for (const item of items) add("order_items", item);
  }
}

interface PlacedOrder {
  readonly id: number;
  readonly micros: number;
}

function seedItems(
  choices: Choices,
  order: PlacedOrder,
  options: { sizes: StoreSizes; prices: Int32Array; firstId: number },
): OrderItemRow[] {
  const { sizes, prices, firstId } = options;
  const created = timestampText(order.micros);
  const count = choices.between(1, Math.round(2 * sizes.itemsPerOrder) - 1);
  return Array.from({ length: count }, (_, index) => {
    const rank = choices.next();
    const productId = 1 + Math.floor(rank * rank * sizes.products);
    return {
      id: firstId + index,
      order_id: order.id,
      product_id: productId,
      quantity: choices.chance(0.7) ? 1 : choices.between(2, 5),
      unit_price: moneyText(prices[productId]),
      discount: discountText(choices, prices[productId]),
      created_at: created,
      updated_at: created,
    };
  });
}

function seedOrder(
  choices: Choices,
  placed: PlacedOrder,
  options: { userId: number; items: OrderItemRow[]; age: number },
): OrderRow {
  const created = timestampText(placed.micros);
  const status = seedStatus(choices, options.age);
  const delivered = status === "delivered" || status === "refunded";
  return {
    id: placed.id,
    user_id: options.userId,
    status,
    total_amount: moneyText(options.items.reduce((cents, item) => cents + itemCents(item), 0)),
    currency: "USD",
    shipping_address: shippingAddress(choices),
    note: orderNote(choices),
    placed_at: created,
    delivered_on: delivered ? deliveryDay(choices, placed.micros) : null,
    created_at: created,
    updated_at: created,
  };
}

/** The older an order, the further it has come. `age` is 1 for the oldest. */
function seedStatus(choices: Choices, age: number): OrderStatus {
  const luck = choices.next();
  if (luck < 0.05) return "cancelled";
  if (age > 0.3) return luck < 0.07 ? "refunded" : "delivered";
  return age > 0.15 ? "shipped" : age > 0.05 ? "paid" : "pending";
}

/** Transaction id that the snapshot's rows carry: that of the snapshot itself, which changes nothing. */
export function snapshotTransactionId(history: History): number {
  return FIRST_TRANSACTION_ID + history.transactions;
}
