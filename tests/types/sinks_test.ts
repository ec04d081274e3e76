import { clickhouse, count, topology } from "../../src/mod.ts";
import { orders, orderTable } from "./sources.ts";

Deno.test("to() refuses rows that lack a column of the sink", () => {
  topology("lacking", (builder) => {
    const table = builder.table(orders);
    table.to(orderTable);
    const lacking = table.mapValues((order) => ({ id: order.id, status: order.status }));
    const none = () => {
      // @ts-expect-error: total is missing
      lacking.to(orderTable);
    };
    void none;
  });
});

Deno.test("to() refuses a column of the wrong type", () => {
  topology("wrong", (builder) => {
    const table = builder.table(orders);
    table.to(orderTable);
    const text = table.mapValues((order) => ({ id: order.id, status: order.status, total: "10.00" }));
    const perhaps = table.mapValues((order) => ({ ...order, status: order.coupon }));
    const flag = table.mapValues((order) => ({ ...order, status: order.status === "paid" }));
    const none = () => {
      // @ts-expect-error: a decimal column takes no text
      text.to(orderTable);
      // @ts-expect-error: status is not Nullable
      perhaps.to(orderTable);
      // @ts-expect-error: status is a String, not a Bool
      flag.to(orderTable);
    };
    void none;
  });
});

Deno.test("to() takes nullable columns where the sink has them, and rows with more columns", () => {
  const nullable = clickhouse("orders", {
    key: ["id"],
    columns: { id: "Int64", coupon: "LowCardinality(Nullable(String))", at: "DateTime64(6)" },
  });
  topology("nullable", (builder) => builder.table(orders).to(nullable));
});

Deno.test("clickhouse() refuses a key column or an index that is not among its columns", () => {
  const none = () => {
    // @ts-expect-error: no such column
    clickhouse("a", { key: ["nr"], columns: { id: "Int64" } });
    // @ts-expect-error: no such column
    clickhouse("b", { key: ["id"], columns: { id: "Int64" }, indexes: { at: "minmax" } });
  };
  void none;
});

Deno.test("to() refuses totals of another type than the sink's columns", () => {
  const counted = clickhouse("counted", { key: ["status"], columns: { status: "String", orders: "String" } });
  topology("totals", (builder) => {
    const table = builder.table(orders);
    table.to(orderTable);
    const totals = table.groupBy((order) => ({ status: order.status })).aggregate("by-status", { orders: count() });
    const none = () => {
      // @ts-expect-error: a count is a number
      totals.to(counted);
    };
    void none;
  });
});
