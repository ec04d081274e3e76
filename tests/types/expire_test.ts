import { assertThrows } from "@std/assert";
import { clickhouse, topology, type TopologyBuilder, TopologyError } from "../../src/mod.ts";
import { orders, orderTable, users } from "./sources.ts";

/** What the compiler refuses is refused when it is declared all the same. */
function refused(declare: (builder: TopologyBuilder) => void, problem: string): void {
  const refusing = (builder: TopologyBuilder) => {
    declare(builder);
    builder.table(orders).to(orderTable);
  };
  assertThrows(() => topology("refused", refusing), TopologyError, problem);
}

Deno.test("expireAfter() takes a column of numbers, or a function that gives one", () => {
  topology("times", (builder) => {
    const table = builder.table(orders);
    table.to(orderTable);
    table.expireAfter("at", { days: 30 });
    table.expireAfter((order, id) => id === 1 ? null : order.at, { hours: 1, minutes: 30 });
    // @ts-expect-error: a text is no time
    table.expireAfter((order) => order.status, { days: 30 });
    // @ts-expect-error: a number does not say of what
    assertThrows(() => table.expireAfter("at", 30), TypeError, "as a duration");
    // @ts-expect-error: no such part
    assertThrows(() => table.expireAfter("at", { weeks: 1 }), TypeError, "as a duration");
    assertThrows(() => table.expireAfter("at", { days: -1 }), TypeError, "as a duration");
    assertThrows(() => table.expireAfter("at", {}), TypeError, "as a duration");
  });
  // @ts-expect-error: there is no such column
  refused((builder) => builder.table(orders).expireAfter("delivered_at", { days: 30 }), "no column of its rows");
  // @ts-expect-error: a text is no time
  refused((builder) => builder.table(orders).expireAfter("status", { days: 30 }), "no column of numbers");
  // @ts-expect-error: nor is a decimal
  refused((builder) => builder.table(orders).expireAfter("total", { days: 30 }), "no column of numbers");
});

Deno.test("expireAfter() keeps the type of the row, also of totals and of joined rows", () => {
  const table = clickhouse("last", { key: ["id"], columns: { id: "Int64", at: "DateTime64(6)", name: "String" } });
  topology("rows", (builder) => {
    builder.table(users).join("order", builder.table(orders), (user) => user.id)
      .expireAfter((row) => row.order.at, { days: 1 })
      .mapValues((row) => ({ id: row.id, at: row.order.at, name: row.name }))
      .expireAfter("at", { hours: 1 })
      .to(table);
  });
  refused((builder) => {
    const joined = builder.table(users).join("order", builder.table(orders), (user) => user.id);
    // @ts-expect-error: the partner is no time
    joined.expireAfter("order", { days: 1 });
  }, "no column of numbers");
});

Deno.test("expireAfter() of a global table is refused", () => {
  topology("global", (builder) => {
    builder.table(orders).to(orderTable);
    const table = builder.globalTable(orders);
    assertThrows(
      () => {
        // @ts-expect-error: each instance would let rows go by its own clock
        table.expireAfter("at", { days: 1 });
      },
      TypeError,
      'Cannot let rows of global table "orders" expire',
    );
  });
});
