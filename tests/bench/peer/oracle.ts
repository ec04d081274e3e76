import type { Log } from "../../../src/ports/log.ts";
import { readTopic } from "./read_topic.ts";

const PREFIX = "online_store.public.";

/** What a row of a source topic is here: columns by name. */
interface SourceRow {
  readonly [column: string]: unknown;
}

/** The columns of one table by the place of the row's id: millions of objects would not fit beside what is measured. */
class Column {
  readonly #words: string[] = [];
  readonly #ids = new Map<string, number>();
  readonly #cells: number[] = [];

  set(at: number, text: string): void {
    let id = this.#ids.get(text);
    if (id === undefined) this.#ids.set(text, id = this.#words.push(text) - 1);
    this.#cells[at] = id;
  }

  get(at: number): string {
    return this.#words[this.#cells[at]];
  }
}

/** The newest rows of one topic, as texts; deleted ones are absent. */
class Rows {
  readonly #places = new Map<number, number>();
  readonly #columns = new Map<string, Column>();
  #next = 0;

  constructor(readonly names: readonly string[]) {
    for (const name of names) this.#columns.set(name, new Column());
  }

  get ids(): Iterable<number> {
    return this.#places.keys();
  }

  get size(): number {
    return this.#places.size;
  }

  put(id: number, row: SourceRow | null): void {
    if (row === null) return void this.#places.delete(id);
    let at = this.#places.get(id);
    if (at === undefined) this.#places.set(id, at = this.#next++);
    for (const [name, column] of this.#columns) column.set(at, String(row[name]));
  }

  /** The texts of a row; null if there is none. */
  read(id: number): Readonly<Record<string, string>> | null {
    const at = this.#places.get(id);
    if (at === undefined) return null;
    return Object.fromEntries(Array.from(this.#columns, ([name, column]) => [name, column.get(at)]));
  }
}

/** Every row that the sink must show, from nothing but the source topics. */
export interface Expected {
  readonly size: number;
  /** A row's line in ClickHouse's TabSeparated; undefined if there must be none. */
  lineOf(id: number): string | undefined;
}

/** The columns of a line, in this order. */
export const LINE_COLUMNS = [
  "id",
  "order_id",
  "user_id",
  "status",
  "placed_at",
  "updated_at",
  "product_id",
  "product",
  "category",
  "seller_id",
  "seller",
  "seller_country",
  "buyer",
  "buyer_country",
  "quantity",
  "unit_price",
] as const;

/**
 * Joins the newest rows of the source topics by hand, without anything that Weir computes with: only how the topics are
 * read from Kafka is the same.
 */
export async function expectedRows(log: Log): Promise<Expected> {
  const items = await rowsOf(log, {
    table: "order_items",
    names: ["order_id", "product_id", "quantity", "unit_price"],
  });
  const orders = await rowsOf(log, { table: "orders", names: ["user_id", "status", "placed_at", "updated_at"] });
  const products = await rowsOf(log, { table: "products", names: ["seller_id", "name", "category"] });
  const sellers = await rowsOf(log, { table: "sellers", names: ["name", "country"] });
  const users = await rowsOf(log, { table: "users", names: ["name", "country"] });
  const known = (rows: Rows, id: string | undefined) => id === undefined ? null : rows.read(Number(id));
  return {
    size: items.size,
    lineOf(id) {
      const item = items.read(id);
      if (item === null) return undefined;
      const order = known(orders, item.order_id);
      const product = known(products, item.product_id);
      const seller = known(sellers, product?.seller_id);
      const user = known(users, order?.user_id);
      return [
        id,
        item.order_id,
        order?.user_id,
        order?.status,
        timeOf(order?.placed_at),
        timeOf(order?.updated_at),
        item.product_id,
        product?.name,
        product?.category,
        product?.seller_id,
        seller?.name,
        seller?.country,
        user?.name,
        user?.country,
        item.quantity,
        item.unit_price,
      ].map((value) => value ?? "\\N").join("\t");
    },
  };
}

async function rowsOf(
  log: Log,
  { table, names }: { readonly table: string; readonly names: readonly string[] },
): Promise<Rows> {
  const rows = new Rows(names);
  await readTopic(log, PREFIX + table, (key, value) => {
    const { id } = JSON.parse(key) as { readonly id: number };
    rows.put(id, value === null ? null : (JSON.parse(value) as { readonly after: SourceRow | null }).after);
  });
  return rows;
}

/** A time of Debezium as ClickHouse writes it. */
function timeOf(iso: string | undefined): string | undefined {
  return iso?.replace("T", " ").replace("Z", "");
}
