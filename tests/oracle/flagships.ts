import { Decimal, type Source, type Topology } from "../../src/mod.ts";
import type { Row } from "../../src/record/row.ts";
import mirror from "../../topologies/mirror.ts";
import { orderItems, orders, products, sellers, users } from "../../topologies/online_store/sources.ts";
import orderFunnel from "../../topologies/order_funnel.ts";
import productPerformance from "../../topologies/product_performance.ts";
import sales from "../../topologies/sales.ts";
import { at, item, order, product, seller, user } from "../topologies/store.ts";
import type { MakeChange } from "./history.ts";
import type { Choices } from "./random.ts";

const IDS = 6;
const STATUSES = ["pending", "paid", "shipped", "cancelled"];

// deno-lint-ignore no-explicit-any -- each kind of row goes with its own source; the table below pairs them
type AnyRow = any;

/** One table of the store, and what its rows are made of. */
interface Kind {
  readonly source: Source<AnyRow, AnyRow>;
  readonly dull: (id: number) => Row;
  readonly row: (id: number, choices: Choices) => Row;
}

const KINDS: readonly Kind[] = [
  {
    source: users,
    dull: (id) => user({ id }),
    row: (id, choices) => user({ id, preferences: choices.of(['{"country":"DE"}', '{"country":"FR"}', "{}"]) }),
  },
  {
    source: sellers,
    dull: (id) => seller({ id }),
    row: (id, choices) => seller({ id, name: `Seller ${choices.int(4)}` }),
  },
  {
    source: products,
    dull: (id) => product({ id }),
    row: (id, choices) =>
      product({ id, seller_id: 1 + choices.int(IDS), attributes: choices.of(['{"category":"toys"}', "{}", "null"]) }),
  },
  {
    source: orders,
    dull: (id) => order({ id }),
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
    dull: (id) => item({ id }),
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

/** The topologies of the online store by name. */
export const FLAGSHIPS: ReadonlyMap<string, Topology> = new Map(
  [mirror, sales, productPerformance, orderFunnel].map((flagship) => [flagship.name, flagship]),
);
/** The tables of the online store by name. */
export const STORE: ReadonlyMap<string, Kind> = new Map(KINDS.map((kind) => [kind.source.spec.name, kind]));

/** Inserts, updates of single columns and deletes in the online store. */
export const changeStore: MakeChange = (rows, choices) => {
  // Items are half of what happens.
  const { source, row } = KINDS[Math.min(choices.int(8), 4)];
  const table = source.spec.name;
  const id = 1 + choices.int(source === orderItems ? 3 * IDS : IDS);
  const held = rows.get(table, id);
  const next = row(id, choices);
  if (held === undefined) return { do: "put", table, row: next };
  if (choices.chance(0.2)) return { do: "delete", table, id };
  const column = choices.of(Object.keys(next));
  return { do: "put", table, row: choices.chance(0.3) ? { ...held, ...next } : { ...held, [column]: next[column] } };
};
