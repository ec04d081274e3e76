import { topology } from "../../src/mod.ts";
import { coupons, orders, orderTable, rates, users } from "./sources.ts";

/**
 * What the compiler must refuse. Every case is a line under `@ts-expect-error`: if it compiled, `deno test` would not.
 * The topologies are built, too, so that what compiles is also declared without an error.
 */
Deno.test("join() knows the columns of both sides", () => {
  topology("columns", (builder) => {
    const table = builder.table(orders).join("user", builder.table(users), (order) => order.user_id);
    table.mapValues((order) => ({ ...order, name: order.user.name })).to(orderTable);
    // @ts-expect-error: orders have no such column
    table.filter((order) => order.colour === "red");
    // @ts-expect-error: the same for what is left out
    table.filterNot((order) => order.colour === "red");
    // @ts-expect-error: a global table has the columns of its source
    builder.globalTable(users).filterNot((user) => user.colour === "red");
    // @ts-expect-error: others are given the row, too
    table.filter((order) => (order.status = "paid") === "paid");
    // @ts-expect-error: the same where it is mapped
    table.mapValues((order) => ({ ...order, next: order.user_id++ }));
    // @ts-expect-error: a predicate that gives no boolean
    table.filterNot((order) => order.user.name);
    // @ts-expect-error: users have no such column
    table.mapValues((order) => ({ email: order.user.email }));
    // @ts-expect-error: a foreign key of a column that is not there
    builder.table(orders).join("buyer", builder.table(users), (order) => order.buyer_id);
  });
});

Deno.test("join() refuses a foreign key of the wrong type", () => {
  topology("foreign_keys", (builder) => {
    const table = builder.table(orders);
    table.to(orderTable);
    // @ts-expect-error: text, where users are keyed by integers
    table.join("a", builder.table(users), (order) => order.status);
    // @ts-expect-error: the same with a global table
    table.join("b", builder.globalTable(users), (order) => order.status);
    // @ts-expect-error: an integer, where coupons are keyed by text
    table.leftJoin("c", builder.table(coupons), (order) => order.user_id);
    // @ts-expect-error: one value, where rates are keyed by two
    table.leftJoin("d", builder.table(rates), (order) => order.status);
    // @ts-expect-error: one of the two key columns is missing
    table.leftJoin("e", builder.table(rates), (order) => ({ currency: order.status }));
    // @ts-expect-error: a key column of the wrong type
    table.leftJoin("f", builder.table(rates), (order) => ({ currency: order.status, day: order.status }));
    table.leftJoin("g", builder.table(rates), (order) => ({ currency: order.status, day: 1 }));
  });
});

Deno.test("join() refuses a foreign key that may be null, leftJoin() takes it", () => {
  topology("null_keys", (builder) => {
    const table = builder.table(orders);
    table.to(orderTable);
    // @ts-expect-error: an inner join's key must not be null
    table.join("a", builder.table(coupons), (order) => order.coupon);
    // @ts-expect-error: the same with a global table
    table.join("b", builder.globalTable(coupons), (order) => order.coupon);
    // @ts-expect-error: the same between global tables
    builder.globalTable(users).join("c", builder.globalTable(users), (user) => user.referrer);
    table.leftJoin("d", builder.table(coupons), (order) => order.coupon);
    builder.globalTable(users).leftJoin("e", builder.globalTable(users), (user) => user.referrer);
  });
});

Deno.test("leftJoin() gives a partner that must be checked for null", () => {
  topology("null_partners", (builder) => {
    const table = builder.table(orders).leftJoin("user", builder.table(users), (order) => order.user_id);
    table.to(orderTable);
    // @ts-expect-error: the partner may be null
    table.mapValues((order) => ({ name: order.user.name }));
    table.mapValues((order) => ({ name: order.user?.name ?? null }));
    const both = builder.table(orders).outerJoin({ left: "order", right: "twin" }, builder.table(users));
    // @ts-expect-error: the left side of an outer join may be null
    both.mapValues((row) => ({ status: row.order.status }));
    // @ts-expect-error: the right side, too
    both.mapValues((row) => ({ name: row.twin.name }));
  });
});

Deno.test("a global table takes global tables only as its right side", () => {
  topology("global", (builder) => {
    builder.table(orders).to(orderTable);
    const none = () => {
      // @ts-expect-error: rows of a partitioned table are not on every instance
      builder.globalTable(orders).join("user", builder.table(users), (order) => order.user_id);
      // @ts-expect-error: the same for a left join
      builder.globalTable(orders).leftJoin("buyer", builder.table(users), (order) => order.user_id);
      // @ts-expect-error: a global table is not written
      builder.globalTable(orders).to(orderTable);
    };
    void none;
  });
});

Deno.test("same-key joins take tables with keys of one type", () => {
  topology("same_key", (builder) => {
    const table = builder.table(orders);
    table.to(orderTable);
    table.join("a", builder.table(users));
    // @ts-expect-error: integers here, text there
    table.join("b", builder.table(coupons));
    // @ts-expect-error: the same for a left join
    table.leftJoin("c", builder.table(coupons));
    // @ts-expect-error: one column here, two there
    table.leftJoin("d", builder.table(rates));
    const none = () => {
      // @ts-expect-error: and for an outer join
      table.outerJoin({ left: "order", right: "coupon" }, builder.table(coupons));
      // @ts-expect-error: a global table has no partitions to go with
      table.join("e", builder.globalTable(users));
    };
    void none;
  });
});

Deno.test("callbacks see the key in its type", () => {
  topology("keys", (builder) => {
    builder.table(orders).to(orderTable);
    builder.table(coupons).filter((_coupon, code) => code.startsWith("A"));
    builder.table(rates).filter((_rate, key) => key.currency === "EUR" && key.day > 0);
    // @ts-expect-error: the key of orders is an integer
    builder.table(orders).filter((_order, id) => id.startsWith("A"));
    // @ts-expect-error: the key of rates has no such column
    builder.table(rates).filter((_rate, key) => key.month > 0);
  });
});
