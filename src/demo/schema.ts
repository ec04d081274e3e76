/** A row of `public.users` as Debezium writes it in `after`: columns in the table's order. */
export interface UserRow {
  readonly id: number;
  readonly email: string;
  readonly full_name: string;
  readonly phone: string | null;
  readonly is_active: boolean;
  /** Days since 1970-01-01. */
  readonly birth_date: number | null;
  /** jsonb, as PostgreSQL prints it. */
  readonly preferences: string;
  readonly loyalty_points: number;
  /** timestamptz: ISO 8601 in UTC with six fractional digits. */
  readonly created_at: string;
  readonly updated_at: string;
}

/** A row of `public.products`. */
export interface ProductRow {
  readonly id: number;
  readonly seller_id: number;
  readonly sku: string;
  readonly name: string;
  /** numeric(12,2) as text. */
  readonly price: string;
  readonly weight_kg: number | null;
  readonly stock: number;
  readonly description: string | null;
  /** jsonb, as PostgreSQL prints it; holds the category. */
  readonly attributes: string;
  readonly tags: readonly string[];
  readonly is_published: boolean;
  readonly external_id: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A row of `public.sellers`. */
export interface SellerRow {
  readonly id: number;
  readonly name: string;
  readonly country: string;
  /** numeric(3,2) as text. */
  readonly rating: string | null;
  /** numeric(5,4) as text. */
  readonly commission_rate: string;
  readonly is_verified: boolean;
  readonly nickname: string | null;
  readonly metadata: string | null;
  /** timestamp without time zone: microseconds since the epoch. */
  readonly joined_at: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export type OrderStatus = "pending" | "paid" | "shipped" | "delivered" | "cancelled" | "refunded";

/** A row of `public.orders`. `total_amount` is always the sum over its items of quantity x unit_price - discount. */
export interface OrderRow {
  readonly id: number;
  readonly user_id: number;
  readonly status: OrderStatus;
  /** numeric(12,2) as text. */
  readonly total_amount: string;
  readonly currency: string;
  readonly shipping_address: string | null;
  readonly note: string | null;
  readonly placed_at: string;
  /** Days since 1970-01-01. */
  readonly delivered_on: number | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A row of `public.order_items`. */
export interface OrderItemRow {
  readonly id: number;
  readonly order_id: number;
  readonly product_id: number;
  readonly quantity: number;
  /** numeric(12,2) as text. */
  readonly unit_price: string;
  /** numeric(5,2) as text; `null` when no discount was given. */
  readonly discount: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Rows {
  users: UserRow;
  products: ProductRow;
  sellers: SellerRow;
  orders: OrderRow;
  order_items: OrderItemRow;
}

export type TableName = keyof Rows;

/** The tables in the order in which the snapshot reads them: that of the connector's `table.include.list`. */
export const TABLES: readonly TableName[] = ["users", "products", "sellers", "orders", "order_items"];

/** The tables with every table after those that it references. */
export const TABLES_BY_REFERENCE: readonly TableName[] = ["users", "sellers", "products", "orders", "order_items"];

/** Each table's foreign keys: column and the table whose `id` it holds. */
export const FOREIGN_KEYS: { readonly [T in TableName]: readonly (readonly [keyof Rows[T] & string, TableName])[] } = {
  users: [],
  sellers: [],
  products: [["seller_id", "sellers"]],
  orders: [["user_id", "users"]],
  order_items: [["order_id", "orders"], ["product_id", "products"]],
};

/** Debezium's `topic.prefix`; also the name of the connector and of the database in every envelope. */
export const TOPIC_PREFIX = "online_store";

/** What the store's programs tell beside the database: what people do in the shop, and attempts to pay. */
export type EventName = "clickstream" | "payments";

export const EVENTS: readonly EventName[] = ["clickstream", "payments"];

/** Everything that has a topic. */
export type FeedName = TableName | EventName;

/** In an order that stays: it is written into files. */
export const FEEDS: readonly FeedName[] = [...TABLES, ...EVENTS];

/** Name of the topic of a table, `online_store.public.users`, or of events, `online_store.clickstream`. */
export function topicOf(feed: FeedName): string {
  return isEvent(feed) ? `${TOPIC_PREFIX}.${feed}` : `${TOPIC_PREFIX}.public.${feed}`;
}

function isEvent(feed: FeedName): feed is EventName {
  return (EVENTS as readonly FeedName[]).includes(feed);
}

/** The record key that Debezium writes for a row, `{"id":123}`; of an event the id of its user or order. */
export function recordKey(feed: FeedName, id: number): string {
  return isEvent(feed) ? String(id) : `{"id":${id}}`;
}

/** A count, or an id, for each table. */
export type PerTable = Record<TableName, number>;

/** A number for each table, all of them `value`. */
export function perTable(value: number): PerTable {
  return { users: value, products: value, sellers: value, orders: value, order_items: value };
}
