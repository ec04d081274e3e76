/** The demo online store: what PostgreSQL with Debezium would write, from a seed. */
export { type FilledLog, fillLog, type FillLogOptions } from "./fill_log.ts";
export { type PerTable, type Rows, type TableName, TABLES, TOPIC_PREFIX, topicOf } from "./schema.ts";
export type { OrderItemRow, OrderRow, OrderStatus, ProductRow, SellerRow, UserRow } from "./schema.ts";
export { DEFAULT_SIZES, ORDERS_MAX, type StoreSizes } from "./seed_rows.ts";
export type { OnProgress } from "./snapshot.ts";
export type { DemoRunOptions, DemoStore, DemoStoreOptions } from "./demo_store.ts";
export { openDemoStore } from "./store.ts";
export { readDemoStore, type StoreView } from "./store_view.ts";
