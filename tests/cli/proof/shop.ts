import { z } from "zod";
import { canonicalColumn } from "../../../src/cli/verify/canonical.ts";
import { canonicalKey, type CanonicalRow } from "../../../src/cli/verify/compare.ts";
import type { RangedTruth, WireRow } from "../../../src/cli/verify/ranged_truth.ts";
import { wholeSource, wireReader } from "../../../src/cli/verify/truth.ts";
import type { Topology } from "../../../src/dsl/topology.ts";
import { clickhouse, count, debezium, int8, sum, topology } from "../../../src/mod.ts";
import type { Row } from "../../../src/record/row.ts";

const orders = debezium("shop.public.orders", {
  key: ["id"],
  row: z.object({ id: int8(), status: z.string() }),
});
const items = debezium("shop.public.items", {
  key: ["id"],
  row: z.object({ id: int8(), order_id: int8(), amount: int8() }),
});

/** Items with their orders, by ranges of keys; what each order comes to, as a whole. */
export const shop: Topology = topology("shop", (builder) => {
  const placed = builder.table(orders).filter((order) => order.status !== "cancelled");
  const lines = builder.table(items)
    .join("order", placed, (item) => item.order_id)
    .mapValues((item) => ({ id: item.id, order_id: item.order_id, amount: item.amount, status: item.order.status }));
  lines.to(clickhouse("lines", {
    key: ["id"],
    columns: { id: "Int64", order_id: "Int64", amount: "Int64", status: "String" },
  }));
  lines.groupBy((line) => ({ order_id: line.order_id }))
    .aggregate("totals", { amount: sum((line) => line.amount), lines: count() })
    .to(clickhouse("totals", { key: ["order_id"], columns: { order_id: "Int64", amount: "Int64", lines: "UInt64" } }));
});

/** What the shop shows. */
export type SinkName = "lines" | "totals";
/** Rows by id. */
export type Tables = Readonly<Record<"orders" | "items", ReadonlyMap<number, Readonly<Record<string, unknown>>>>>;

/** The columns of a sink, in comparable form. */
export function columnsOf(sink: SinkName) {
  const node = shop.nodes.find((one) => one.op === "sink" && one.sink.name === sink)!;
  const { columns } = (node as Extract<typeof node, { op: "sink" }>).sink;
  return Object.entries(columns).map(([name, type]) => canonicalColumn({ name, type }, name));
}

/** What makes a row of a sink comparable, with the text of its key. */
export function canonical(sink: SinkName) {
  const columns = columnsOf(sink);
  return (row: Row): [string, CanonicalRow] => {
    const values = columns.map((column) => column.expected(row[column.name]));
    return [canonicalKey([0], values), values];
  };
}

function wireRows(topic: string, { orders, items }: Tables): WireRow[] {
  const rows = topic === "shop.public.orders" ? orders : items;
  return [...rows.values()].sort((a, b) => Number(a.id) - Number(b.id))
    .map((row) => ({ key: JSON.stringify({ id: row.id }), after: JSON.stringify(row) }));
}

/** All rows of a topic, as the engine reads them. */
export function decoded(topic: string, state: Tables) {
  const node = shop.nodes.find((one) => one.op === "source" && one.source.topic === topic)!;
  const read = wireReader(wholeSource(shop, node as Extract<typeof node, { op: "source" }>));
  return wireRows(topic, state).map((row) => read(row) as Exclude<ReturnType<typeof read>, "refused" | null>);
}

/** The shop as it was at a moment. */
export function truthOf(
  state: Tables,
  { wait, mark }: { readonly wait: () => Promise<void>; readonly mark: number },
): RangedTruth {
  const idOf = ({ key }: WireRow) => Number(JSON.parse(key).id);
  const later = async <T>(answer: () => T): Promise<T> => {
    await wait();
    return answer();
  };
  return {
    name: "a shop",
    rows: ({ topic }) => later(() => wireRows(topic, state)),
    async *portions({ topic }) {
      yield await later(() => wireRows(topic, state));
    },
    range: ({ topic }, { after, rowsMax }) =>
      later(() => {
        const rows = wireRows(topic, state).filter((row) => after === null || idOf(row) > Number(after))
          .slice(0, rowsMax);
        return { rows, upTo: rows.length < rowsMax ? null : String(idOf(rows[rows.length - 1])) };
      }),
    within: ({ topic }, { after, upTo }) =>
      later(() =>
        wireRows(topic, state).filter((row) =>
          (after === null || idOf(row) > Number(after)) && (upTo === null || idOf(row) <= Number(upTo))
        )
      ),
    some: ({ topic }, { keys }) =>
      later(() => wireRows(topic, state).filter((row) => keys.some(([id]) => Number(id) === idOf(row)))),
    mark: () => later(() => String(mark)),
    close: () => Promise.resolve(),
  };
}
