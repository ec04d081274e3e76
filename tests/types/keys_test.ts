import { assertThrows } from "@std/assert";
import { clickhouse, topology, TopologyError } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { orders, rates, users } from "./sources.ts";

Deno.test("selectKey() gives the table the key that its selector returns", () => {
  topology("keys", (builder) => {
    const byName = builder.table(users).selectKey("users-by-name", (user) => ({ name: user.name }));
    byName.to(clickhouse("users", { key: ["name"], columns: { name: "String", id: "Int64" } }));
    builder.table(orders).leftJoin("customer", byName, (order) => order.coupon)
      .mapValues((order) => ({ ...order, customer_id: order.customer?.id ?? null }));
    // @ts-expect-error: an integer, where the table is keyed by a text now
    builder.table(orders).join("wrong", byName, (order) => order.user_id);
    // @ts-expect-error: users have no such column
    builder.table(users).selectKey("wrong", (user) => ({ email: user.email }));
    // @ts-expect-error: a key has columns
    builder.table(users).selectKey("bare", (user) => user.name);
    // @ts-expect-error: the row has the columns of its key as the selector gives them
    builder.table(users).selectKey("texts", (user) => ({ id: String(user.id) })).filter((user) => user.id > 1);
    builder.table(users).selectKey("some", (user) => user.referrer === null ? null : { referrer: user.referrer })
      .filter((user) => user.referrer > 1);
  });
});

Deno.test("flatMapValues() gives parts the key of their row and one column more", () => {
  topology("parts", (builder) => {
    const items = builder.table(orders).flatMapValues(
      "items",
      { position: "line" },
      (order) => order.status.split(",").map((sku) => ({ sku, total: order.total })),
    );
    items.to(clickhouse("items", {
      key: ["id", "line"],
      columns: { id: "Int64", line: "UInt32", sku: "String", total: "Decimal(12, 2)" },
    }));
    builder.table(orders).leftJoin("first", items, (order) => ({ id: order.id, line: 0 }));
    // @ts-expect-error: parts are keyed by their order and their line
    builder.table(orders).leftJoin("one", items, (order) => order.id);
    // @ts-expect-error: a part has what the mapper returns, and the key
    items.filter((item) => item.user_id > 1);
    const named = builder.table(orders).flatMapValues(
      "named",
      { key: "sku", max: 10 },
      (order) => order.status.split(",").map((sku) => ({ sku })),
    );
    named.filter((item) => item.sku !== "" && item.id > 1);
  });
});

Deno.test("flatMapValues() refuses parts that are not told apart by a column of their own", () => {
  topology("wrong_parts", (builder) => {
    builder.table(users).to(clickhouse("users", { key: ["id"], columns: { id: "Int64" } }));
    const skus = (row: { readonly status: string }) => row.status.split(",").map((sku) => ({ sku }));
    // @ts-expect-error: parts have no such column
    builder.table(orders).flatMapValues("a", { key: "colour" }, skus);
    // @ts-expect-error: neither position nor column
    builder.table(orders).flatMapValues("b", { max: 3 }, skus);
    // @ts-expect-error: one row, where an array of rows is to be
    builder.table(orders).flatMapValues("c", { position: "line" }, (order) => ({ sku: order.status }));
    // @ts-expect-error: texts, where rows are to be
    builder.table(orders).flatMapValues("d", { position: "line" }, (order) => order.status.split(","));
    // @ts-expect-error: a global table is whole on every instance, its parts would be, too
    builder.globalTable(users).flatMapValues?.("e", { position: "line" }, (user) => [{ name: user.name }]);
  });
});

Deno.test("flatMapValues() refuses to tell parts apart by a key column of their row", () => {
  const declared = topology("twice", (builder) => {
    // @ts-expect-error: the currency is a key column of the row already
    builder.table(rates).flatMapValues("days", { position: "currency" }, () => [{ rate: 1 }])
      .to(clickhouse("days", { key: ["currency"], columns: { currency: "String" } }) as never);
    // @ts-expect-error: so is the day
    builder.table(rates).flatMapValues("same", { key: "day" }, (rate) => [{ day: rate.day }]);
  });
  assertThrows(() => compile(declared), TopologyError, 'Cannot tell the parts of "same" apart by "day"');
});

Deno.test("union() takes tables of the same key, and gives rows of either", () => {
  topology("union", (builder) => {
    const others = builder.table(users).mapValues((user) => ({ id: user.id, name: user.name }));
    const either = builder.table(users).union(others);
    either.mapValues((row) => ({ id: row.id, name: row.name }))
      .to(clickhouse("either", { key: ["id"], columns: { id: "Int64", name: "String" } }));
    // @ts-expect-error: rows of the right table have no referrer
    either.filter((row) => row.referrer === null);
    // @ts-expect-error: keyed by two columns, where users are keyed by one
    builder.table(users).union(builder.table(rates));
    // @ts-expect-error: every instance has a global table whole, and would add its rows
    builder.table(users).union(builder.globalTable(users));
  });
});

Deno.test("groupBy() of a global table knows its columns, and gives a table as any other", () => {
  topology("global_groups", (builder) => {
    const names = builder.globalTable(users).groupBy((user) => ({ name: user.name })).count("by-name");
    names.to(clickhouse("names", { key: ["name"], columns: { name: "String", count: "Int64" } }));
    builder.table(orders).leftJoin("namesakes", names, (order) => order.coupon);
    // @ts-expect-error: users have no such column
    builder.globalTable(users).groupBy((user) => ({ email: user.email }));
    // @ts-expect-error: totals are no global table
    builder.globalTable(users).join("namesakes", names, (user) => user.name);
  });
});

Deno.test("callbacks of tables get no record metadata, which is no part of what the database holds", () => {
  topology("metadata", (builder) => {
    builder.table(users).to(clickhouse("people", { key: ["id"], columns: { id: "Int64" } }));
    // @ts-expect-error: a third parameter, which callbacks of streams have
    builder.table(users).mapValues((user, _key, { timestampUs }) => ({ ...user, timestampUs }));
    // @ts-expect-error: the same for a predicate
    builder.table(users).filter((_user, _key, { offset }) => offset > 0);
  });
});
