import type { Rows, TableName } from "./schema.ts";

/** A column that references another table's `id`, with the table in which it stands. */
export type ChildColumn =
  | readonly ["products", "seller_id"]
  | readonly ["orders", "user_id"]
  | readonly ["order_items", "order_id"]
  | readonly ["order_items", "product_id"];

/**
 * Where the demo store's rows are kept. Two implementations (a file, and plain memory) answer every question alike, so
 * that one seed gives one history in both. Rows are never changed in place: `update` is given a new object.
 */
export interface Tables {
  get<T extends TableName>(table: T, id: number): Rows[T] | undefined;
  /** The row with the least id at or after `id`. */
  atOrAfter<T extends TableName>(table: T, id: number): Rows[T] | undefined;
  /** Ids, ascending, of at most `most` rows whose `column` holds `parent`. */
  children(column: ChildColumn, parent: number, most: number): number[];
  insert<T extends TableName>(table: T, row: Rows[T], text: string): void;
  update<T extends TableName>(table: T, before: Rows[T], after: Rows[T], text: string): void;
  delete<T extends TableName>(table: T, row: Rows[T]): void;
}
