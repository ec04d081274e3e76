import { avg, clickhouse, count, max, min, sum, topology } from "../../src/mod.ts";
import { orders, orderTable } from "./sources.ts";

Deno.test("aggregate() knows the columns of the rows that it adds up", () => {
  topology("columns", (builder) => {
    const table = builder.table(orders);
    table.to(orderTable);
    const grouped = table.groupBy((order) => ({ status: order.status }));
    // @ts-expect-error: no such column
    grouped.aggregate("a", { weight: sum((order) => order.weight) });
    // @ts-expect-error: no such column
    grouped.aggregate("b", { last: max((order) => order.delivered_at) });
    // @ts-expect-error: no such column to group by
    table.groupBy((order) => ({ colour: order.colour }));
  });
});

Deno.test("sum() and avg() take exact numbers only, min() and max() whatever has an order", () => {
  topology("exact", (builder) => {
    const table = builder.table(orders);
    table.to(orderTable);
    const grouped = table.groupBy((order) => ({ status: order.status }));
    // @ts-expect-error: text cannot be added up
    grouped.aggregate("a", { total: sum((order) => order.status) });
    // @ts-expect-error: nor can a truth value
    grouped.aggregate("b", { paid: avg((order) => order.status === "paid") });
    // @ts-expect-error: an object has no order
    grouped.aggregate("c", { first: min((order) => ({ at: order.at })) });
    grouped.aggregate("d", { first: min((order) => order.status), last: max((order) => order.total) });
  });
});

Deno.test("totals have the types of what was added up", () => {
  const shown = clickhouse("totals", {
    key: ["status"],
    columns: {
      status: "String",
      orders: "UInt64",
      total: "Decimal(18, 2)",
      mean: "Decimal(18, 6)",
      last: "DateTime64(6)",
    },
  });
  topology("types", (builder) => {
    const totals = builder.table(orders).groupBy((order) => ({ status: order.status })).aggregate("by-status", {
      orders: count(),
      total: sum((order) => order.total),
      mean: avg((order) => order.total),
      last: max((order) => order.at),
    });
    totals.to(shown);
    // @ts-expect-error: a sum of decimals is a decimal, without operators
    totals.filter((total) => total.total * 2 > 0);
    // @ts-expect-error: no such total
    totals.filter((total) => total.smallest > 0);
    const firsts = builder.table(orders).groupBy((order) => ({ status: order.status }))
      .aggregate("first-coupon", { coupon: min((order) => order.coupon) });
    // @ts-expect-error: the smallest of values that may be null may be null
    firsts.filter((first) => first.coupon.length > 0);
  });
});
