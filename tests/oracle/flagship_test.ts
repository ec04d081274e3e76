import { Decimal, type Source } from "../../src/mod.ts";
import mirror from "../../topologies/mirror.ts";
import { orderItems, orders, products, sellers, users } from "../../topologies/online_store/sources.ts";
import orderFunnel from "../../topologies/order_funnel.ts";
import productPerformance from "../../topologies/product_performance.ts";
import sales from "../../topologies/sales.ts";
import { at, item, order, product, seller, user } from "../topologies/store.ts";
import { type Change, live } from "./history.ts";
import { type Choices, choicesOf } from "./random.ts";

/** `WEIR_ORACLE_SEEDS=from,count` runs others; a failure names its seed. */
const [from, histories] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,25").split(",").map(Number);

const IDS = 6;
const STATUSES = ["pending", "paid", "shipped", "cancelled"];

// deno-lint-ignore no-explicit-any -- each kind of row goes with its own source; the table below pairs them
type AnyRow = any;

interface Kind {
  readonly source: Source<AnyRow, AnyRow>;
  readonly row: (id: number, choices: Choices) => AnyRow;
}

const KINDS: readonly Kind[] = [
  {
    source: users,
    row: (id, choices) => user({ id, preferences: choices.of(['{"country":"DE"}', '{"country":"FR"}', "{}"]) }),
  },
  { source: sellers, row: (id, choices) => seller({ id, name: `Seller ${choices.int(4)}` }) },
  {
    source: products,
    row: (id, choices) =>
      product({ id, seller_id: 1 + choices.int(IDS), attributes: choices.of(['{"category":"toys"}', "{}", "null"]) }),
  },
  {
    source: orders,
    row: (id, choices) =>
      order({
        id,
        user_id: 1 + choices.int(IDS),
        status: choices.of(STATUSES),
        placed_at: at("09:30:00") + choices.int(3) * 3_600_000_000,
        total_amount: Decimal.of(choices.int(10_000), 2),
      }),
  },
  {
    source: orderItems,
    row: (id, choices) =>
      item({
        id,
        order_id: 1 + choices.int(IDS),
        product_id: 1 + choices.int(IDS),
        quantity: 1 + choices.int(3),
        unit_price: Decimal.of(1 + choices.int(5_000), 2),
      }),
  },
];

/** Inserts, updates of single columns and deletes in the online store. */
const changeStore: Change = (driver, choices) => {
  // Items are half of what happens.
  const { source, row } = KINDS[Math.min(choices.int(8), 4)];
  const id = 1 + choices.int(source === orderItems ? 3 * IDS : IDS);
  const held = [...driver.rows(source)].some(([key]) => key === id);
  const next = row(id, choices);
  if (!held) return driver.insert(source, next);
  if (choices.chance(0.2)) return driver.delete(source, id);
  const column = choices.of(Object.keys(next));
  driver.update(source, choices.chance(0.3) ? next : { id, [column]: next[column] });
};

for (const flagship of [mirror, sales, productPerformance, orderFunnel]) {
  Deno.test(`oracle: "${flagship.name}" lives ${histories} random lives, seeds from ${from}`, async () => {
    for (let seed = from; seed < from + histories; seed++) {
      const choices = choicesOf(seed);
      const partitions = { users: 1 + choices.int(3), order_items: 1 + choices.int(4), orders: 1 + choices.int(4) };
      try {
        await live(flagship, { seed, choices, change: changeStore, partitions });
      } catch (cause) {
        throw new Error(`seed ${seed}; again: WEIR_ORACLE_SEEDS=${seed},1 deno test -A tests/oracle`, { cause });
      }
    }
  });
}
