/** The demo online store: what PostgreSQL with Debezium would write, from a seed. */
export { type FilledLog, fillLog } from "./fill_log.ts";
export { FEEDS, type PerTable, type TableName, TABLES, topicOf } from "./schema.ts";
export type { OrderItemRow, OrderRow, ProductRow } from "./schema.ts";
export { DEFAULT_SIZES, type StoreSizes } from "./seed_rows.ts";
export type { DemoStore } from "./demo_store.ts";
export { openDemoStore, PARTITIONS_DEFAULT } from "./store.ts";
export { readDemoStore } from "./store_view.ts";
export {
  type GarbledPrice,
  garbledPrice,
  quietSale,
  repriceProduct,
  repriceSale,
  type Sale,
  saleOf,
} from "./visitor_changes.ts";
