import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, debezium, events, int8, type TopologyBuilder } from "../../src/mod.ts";

const orders = events("orders", { row: z.object({ id: int8(), placed_at: int8() }) });
const payments = events("payments", { row: z.object({ order_id: int8(), method: z.string() }) });
const products = debezium("products", { key: ["id"], row: z.object({ id: int8(), title: z.string() }) });
const prices = debezium("prices", {
  key: ["id", "currency"],
  row: z.object({ id: int8(), currency: z.string(), cents: int8() }),
});
const paid = clickhouseAppend("paid", { columns: { id: "Int64", method: "String" }, orderBy: ["id"] });

/** What the compiler says of it is what is tested. */
function declared(declare: (builder: TopologyBuilder) => void): void {
  assertEquals(typeof declare, "function");
}

Deno.test("join() of streams gives the partner under its column, and the columns of the join as key", () => {
  declared((builder) => {
    const [all, other] = [builder.stream(orders), builder.stream(payments)];
    all.join("payment", other, {
      on: [(order) => ({ order_id: order.id }), (payment) => ({ order_id: payment.order_id })],
      within: { minutes: 10 },
    }).map(({ id, payment }, { order_id }) => [order_id, { id, method: payment.method }]).to(paid);
    all.leftJoin("payment", other, {
      on: [(order) => ({ order_id: order.id }), (payment) => payment.method === "" ? null : { order_id: 1 }],
      within: { before: { minutes: 1 }, after: { hours: 1 } },
      grace: { seconds: 30 },
    }).mapValues(({ id, payment }, key) => ({ id: key?.order_id ?? id, method: payment?.method ?? "" })).to(paid);
    all.outerJoin({ left: "order", right: "payment" }, other, {
      on: [({ id }) => ({ id }), ({ order_id }) => ({ id: order_id })],
      within: { minutes: 10 },
    }).mapValues(({ order, payment }) => ({ id: order?.id ?? 0, method: payment?.method ?? "" })).to(paid);
  });
});

Deno.test("join() of streams refuses what cannot be joined", () => {
  declared((builder) => {
    const [all, other] = [builder.stream(orders), builder.stream(payments)];
    // @ts-expect-error -- both sides must name the same columns
    all.join("payment", other, {
      on: [(order) => ({ order_id: order.id }), (payment) => ({ id: payment.order_id })],
      within: { minutes: 10 },
    });
    // @ts-expect-error -- a text is never equal to a number
    all.join("payment", other, {
      on: [(order) => ({ order_id: order.id }), (payment) => ({ order_id: payment.method })],
      within: { minutes: 10 },
    });
    // @ts-expect-error -- which times belong together must be said
    all.join("payment", other, { on: [({ id }) => ({ id }), ({ order_id }) => ({ id: order_id })] });
    // @ts-expect-error -- one side of the window is missing
    all.join("payment", other, {
      on: [({ id }) => ({ id }), ({ order_id }) => ({ id: order_id })],
      within: { before: { minutes: 1 } },
    });
    all.leftJoin("payment", other, {
      on: [({ id }) => ({ id }), ({ order_id }) => ({ id: order_id })],
      within: { minutes: 1 },
      // @ts-expect-error -- the partner may be null
    }).mapValues(({ payment }) => payment.method);
    all.outerJoin({ left: "order", right: "payment" }, other, {
      on: [({ id }) => ({ id }), ({ order_id }) => ({ id: order_id })],
      within: { minutes: 1 },
      // @ts-expect-error -- the left event may be null
    }).mapValues(({ order }) => order.id);
    all.leftJoin("payment", other, {
      on: [({ id }) => ({ id }), ({ order_id }) => ({ id: order_id })],
      within: { minutes: 1 },
      // @ts-expect-error -- the key may be null: an event without one has no partner
    }).filter((_, key) => key.id === 1);
    // @ts-expect-error -- a text has no columns to which one could be added
    all.mapValues(({ id }) => `${id}`).join("payment", other, {
      on: [() => ({ id: 1 }), () => ({ id: 1 })],
      within: { minutes: 1 },
    });
    // @ts-expect-error -- a foreign key leads to a table
    all.join("payment", other, ({ id }) => id);
  });
});

Deno.test("join() of a stream with a table takes its key, or a key and a history", () => {
  declared((builder) => {
    const all = builder.stream(payments);
    all.join("product", builder.table(products), (payment) => payment.order_id)
      .mapValues(({ product }, { id }) => ({ id, method: product.title })).to(paid);
    all.leftJoin("product", builder.table(products).filter(({ title }) => title !== ""), {
      on: ({ order_id }) => order_id === 0 ? null : order_id,
      versioned: { hours: 1 },
      grace: { minutes: 1 },
    }).mapValues(({ product }, key) => ({ id: key?.id ?? 0, method: product?.title ?? "" })).to(paid);
    all.join("price", builder.table(prices), ({ order_id }) => ({ id: order_id, currency: "EUR" }))
      .mapValues(({ price }) => ({ id: price.cents, method: price.currency })).to(paid);
    // @ts-expect-error -- a text is no key of this table
    all.join("product", builder.table(products), ({ method }) => method);
    // @ts-expect-error -- one column of the key is missing
    all.join("price", builder.table(prices), ({ order_id }) => ({ id: order_id }));
    // @ts-expect-error -- an inner join takes no null
    all.join("product", builder.table(products), ({ order_id }) => order_id === 0 ? null : order_id);
    // @ts-expect-error -- the partner may be null
    all.leftJoin("product", builder.table(products), ({ order_id }) => order_id).mapValues((row) => row.product.title);
    // @ts-expect-error -- only a table that remembers its history can have rows that come late
    all.join("product", builder.table(products), { on: ({ order_id }) => order_id, grace: { minutes: 1 } });
    // @ts-expect-error -- a global table has its newest rows alone
    all.join("product", builder.globalTable(products), { on: ({ order_id }) => order_id, versioned: { hours: 1 } });
    // @ts-expect-error -- a stream has no outer join with a table
    all.outerJoin({ left: "payment", right: "product" }, builder.table(products), ({ order_id }) => order_id);
  });
});
