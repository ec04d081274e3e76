import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { compile } from "../../src/plan/compile.ts";
import type { TableSpec, Warehouse } from "../../src/ports/warehouse.ts";
import mirror from "../../topologies/mirror.ts";
import orderFunnel from "../../topologies/order_funnel.ts";
import productPerformance from "../../topologies/product_performance.ts";
import sales from "../../topologies/sales.ts";

export interface FillOptions {
  readonly warehouse: Warehouse;
  /** HTTP address of the same ClickHouse, for what the port cannot: INSERT ... SELECT. */
  readonly url: string;
  readonly database: string;
  /** Sales at the end, before deletes. */
  readonly rows: number;
}

const DAYS = 730;
/** The sales are spread evenly over two years. */
export const LAST_MS = Date.UTC(2026, 0, 1);
export const FIRST_MS = LAST_MS - DAYS * 86_400_000;

const PARTITIONS = 6;
const PRODUCTS = 20_000;
const SELLERS = 500;
/** Rows of one insert of the first filling; Weir's are smaller, but ClickHouse merges those meanwhile. */
const STEP = 1_000_000;
/** Versions written later, one insert each: half of them of the last month's sales, half of any. */
const UPDATES = { inserts: 20, share: 0.005 };
const DELETES = { inserts: 4, share: 0.0025 };

/**
 * Makes the tables as Weir does and fills them by SQL as a history would: sales in the order of their ids, each with a
 * product of which few sell much, then 10 % updates and 1 % deletes in parts of their own, which have to be merged
 * while reading; the aggregates' partials by task, from the same sales.
 */
export async function fillSales({ warehouse, url, database, rows }: FillOptions): Promise<void> {
  const tables = new Map(
    [sales, orderFunnel, productPerformance, mirror].flatMap((topology) => {
      const plan = compile(topology, () => PARTITIONS);
      return plan.tables.flatMap(({ sinks, groups }) => [...sinks, ...groups.flatMap(({ sink }) => sink ?? [])]);
    }).map(({ table }): [string, TableSpec] => [table.name, table]),
  );
  for (const table of tables.values()) await warehouse.ensure(table);
  const client = createClient({ url, database, request_timeout: 600_000, log: { level: ClickHouseLogLevel.OFF } });
  const run = async (query: string) => void await client.command({ query });
  try {
    for (let first = 0; first < rows; first += STEP) {
      await run(
        salesInsert({ rows, seq: 0, ids: `${first} + number`, count: Math.min(STEP, rows - first) }),
      );
    }
    const recent = Math.ceil(rows / 24);
    for (let insert = 1; insert <= UPDATES.inserts; insert++) {
      const random = `cityHash64(number, ${insert})`;
      const ids = `if(number % 2 = 0, ${random} % ${rows}, ${rows} - 1 - ${random} % ${recent})`;
      await run(salesInsert({ rows, seq: insert * 1e10, ids, count: Math.ceil(rows * UPDATES.share) }));
    }
    for (let insert = 1; insert <= DELETES.inserts; insert++) {
      await run(tombstones({ rows, seq: (100 + insert) * 1e10, count: Math.ceil(rows * DELETES.share) }));
    }
    await run(products());
    await run(sellers());
    for (const statement of aggregates()) await run(statement);
  } finally {
    await client.close();
  }
}

interface SalesInsert {
  readonly rows: number;
  readonly seq: number;
  /** Expression over `number` of an item's id. */
  readonly ids: string;
  readonly count: number;
}

const SALE = "order_item_id, order_id, placed_at, status, product_id, product, category, seller_id, seller";
const COUNTRIES = "[NULL, 'DE', 'FR', 'US', 'GB', 'IT', 'ES', 'PL', 'NL', 'SE', 'DK', 'AT', 'CH', 'BE']";
const QUANTITY = "toInt32(1 + bitShiftRight(hash, 40) % 3)";
const TASK = `concat('order_items-', toString(cityHash64(id) % ${PARTITIONS}))`;

function salesInsert({ rows, seq, ids, count }: SalesInsert): string {
  const stepMicros = Math.floor((DAYS * 86_400_000_000) / rows);
  return `INSERT INTO sales_rows (${SALE},
    buyer_country, quantity, unit_price, amount, _task, _key, _digest, _epoch, _seq, _deleted)
    SELECT id, intDiv(id * 2, 5), fromUnixTimestamp64Micro(${LAST_MS * 1000} - (${rows} - id) * ${stepMicros}),
      ['delivered', 'delivered', 'delivered', 'delivered', 'refunded', 'shipped', 'paid', 'pending'][1 + hash % 8],
      product AS product_id, concat('Product number ', toString(product)), concat('category ', toString(product % 12)),
      product % ${SELLERS} AS seller_id, concat('Seller ', toString(seller_id)),
      ${COUNTRIES}[1 + bitShiftRight(hash, 8) % 14],
      quantity, price, price * quantity,
      ${TASK}, toString(id), hash, 1, ${seq} + id, 0
    FROM (SELECT toInt64(${ids}) AS id, cityHash64(id, ${seq}) AS hash, ${QUANTITY} AS quantity,
      toInt64(pow((bitShiftRight(cityHash64(id, 'product'), 20) % 100000) / 100000, 2) * ${PRODUCTS}) AS product,
      toDecimal64(5.99 + product % 200, 2) AS price FROM numbers(${count}))`;
}

/** As Weir writes them: the key alone. */
function tombstones({ rows, seq, count }: Omit<SalesInsert, "ids">): string {
  return `INSERT INTO sales_rows (order_item_id, _task, _key, _digest, _epoch, _seq, _deleted)
    SELECT toInt64(cityHash64(number, ${seq}) % ${rows}) AS id, ${TASK},
      toString(id), 0, 1, ${seq} + id, 1 FROM numbers(${count})`;
}

const BOOKKEEPING = "_task, _key, _digest, _epoch, _seq, _deleted";

function products(): string {
  const name = "concat('Product number ', toString(number))";
  return `INSERT INTO products_rows (id, seller_id, sku, name, price, stock, attributes, is_published, ${BOOKKEEPING})
    SELECT number, number % ${SELLERS}, toString(number), ${name}, 5.99 + number % 200, 1,
      concat('{"category": "category ', toString(number % 12), '"}'), true,
      concat('products-', toString(number % ${PARTITIONS})), toString(number), 1, 1, number, 0 FROM numbers(${
    PRODUCTS + 1
  })`;
}

function sellers(): string {
  return `INSERT INTO sellers_rows (id, name, country, commission_rate, is_verified, ${BOOKKEEPING})
    SELECT number, concat('Seller ', toString(number)), 'DE', 0.05, true,
      concat('sellers-', toString(number % ${PARTITIONS})), toString(number), 1, 1, number, 0 FROM numbers(${SELLERS})`;
}

/** Partials from the sales, those of a task as one row each; every twelfth order stands for a cancelled one besides. */
function aggregates(): string[] {
  const cancelled = "order_id % 12 = 0";
  const sums = `sum(quantity), sum(amount), count(), countIf(${cancelled})`;
  return [
    `INSERT INTO order_funnel_rows (day, status, orders, value, ${BOOKKEEPING})
      SELECT toDate(placed_at) AS day, if(${cancelled}, 'cancelled', status) AS state, uniqExact(order_id), sum(amount),
        _task, '', 1, 1, 1, 0 FROM sales_rows GROUP BY day, state, _task`,
    `INSERT INTO product_performance_rows (product_id, day, units, revenue, items, cancelled_items, highest_price,
        average_price__sum, average_price__count, ${BOOKKEEPING})
      SELECT product_id, toDate(placed_at) AS day, ${sums}, max(unit_price),
        sum(unit_price), count(), _task, '', 1, 1, 1, 0 FROM sales_rows GROUP BY product_id, day, _task
      SETTINGS max_bytes_before_external_group_by = 600000000`,
  ];
}
