import { z } from "zod";
import { clickhouse, count, int8, topic, topology } from "../../src/mod.ts";
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

Deno.test("clickhouse() refuses a key, an index, a codec or an order of what is not among its columns", () => {
  const none = () => {
    // @ts-expect-error: no such column
    clickhouse("a", { key: ["nr"], columns: { id: "Int64" } });
    // @ts-expect-error: no such column
    clickhouse("b", { key: ["id"], columns: { id: "Int64" }, indexes: { at: "minmax" } });
    // @ts-expect-error: no such column
    clickhouse("c", { key: ["id"], columns: { id: "Int64" }, codecs: { at: "Delta" } });
    // @ts-expect-error: no such column
    clickhouse("d", { key: ["id"], columns: { id: "Int64" }, orderBy: ["at"] });
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

Deno.test("to(topic) takes rows of a table that have the topic's columns, whatever the key is", () => {
  const narrow = topic("shop.narrow", { row: z.object({ id: int8(), status: z.string() }) });
  const named = topic("shop.named", { key: z.object({ number: int8() }) });
  topology("topics", (builder) => {
    const table = builder.table(orders);
    table.to(narrow);
    table.to(named);
    const lacking = table.mapValues(({ id }) => ({ id }));
    const wrong = table.mapValues(({ id }) => ({ id, status: 1 }));
    const none = () => {
      // @ts-expect-error: status is missing
      lacking.to(narrow);
      // @ts-expect-error: status is a text
      wrong.to(narrow);
      // @ts-expect-error: rows are no texts
      table.to(topic("shop.texts", { value: "text" }));
    };
    void none;
  });
});
