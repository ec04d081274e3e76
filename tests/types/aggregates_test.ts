import {
  argMax,
  argMin,
  avg,
  clickhouse,
  collect,
  count,
  countDistinct,
  custom,
  last,
  max,
  min,
  sum,
  topN,
  topology,
} from "../../src/mod.ts";
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

Deno.test("rankings take an order of comparable values, and have the types of what is shown", () => {
  const shown = clickhouse("shown", {
    key: ["status"],
    columns: {
      status: "String",
      coupon: "Nullable(String)",
      first: "Int64",
      last: "Nullable(Decimal(18, 2))",
      top: "Array(Decimal(18, 2))",
      coupons: "Array(Nullable(String))",
    },
  });
  const narrow = clickhouse("narrow", { key: ["status"], columns: { status: "String", coupons: "Array(String)" } });
  topology("rankings", (builder) => {
    const grouped = builder.table(orders).groupBy((order) => ({ status: order.status }));
    const totals = grouped.aggregate("by-status", {
      coupon: argMax((order) => order.total, (order) => order.coupon),
      first: argMin((order) => order.at, (order) => order.id),
      last: last((order) => order.total, { by: (order) => order.coupon }),
      top: topN(3, { by: (order) => order.at, value: (order) => order.total }),
      coupons: collect((order) => order.coupon, { by: (order) => order.at, max: 10 }),
    });
    totals.to(shown);
    // @ts-expect-error: the row of the greatest coupon may be none, as all may be null
    totals.filter((total) => total.last.isZero());
    // @ts-expect-error: what is shown may be null
    totals.filter((total) => total.coupon.length > 0);
    // @ts-expect-error: a list is not changed
    totals.filter((total) => total.top.pop() !== undefined);
    const none = () => {
      // @ts-expect-error: an object has no order
      grouped.aggregate("a", { first: argMin((order) => ({ at: order.at }), (order) => order.id) });
      // @ts-expect-error: objects cannot be compared
      grouped.aggregate("e", { kinds: countDistinct((order) => ({ at: order.at })) });
      const kinds = grouped.aggregate("f", { kinds: countDistinct((order) => order.coupon) });
      // @ts-expect-error: a number has no length
      kinds.filter((total) => total.kinds.length > 0);
      // @ts-expect-error: no such column to order by
      grouped.aggregate("b", { first: last((order) => order.id, { by: (order) => order.placed }) });
      // @ts-expect-error: no such column to show
      grouped.aggregate("c", { top: topN(3, { by: (order) => order.at, value: (order) => order.weight }) });
      // @ts-expect-error: a list is bounded
      grouped.aggregate("d", { all: collect((order) => order.id, { by: (order) => order.at }) });
      // @ts-expect-error: the list has nulls
      totals.to(narrow);
    };
    void none;
  });
});

Deno.test("custom() folds values into a state of one type, and shows what result makes of it", () => {
  const kept = {
    empty: () => 0,
    add: (days: number, at: number) => days + at,
    subtract: (days: number, at: number) => days - at,
    merge: (a: number, b: number) => a + b,
  };
  topology("custom", (builder) => {
    const grouped = builder.table(orders).groupBy((order) => ({ status: order.status }));
    const none = () => {
      // @ts-expect-error: no such column
      grouped.aggregate("a", { days: custom({ ...kept, value: (order) => order.placed }) });
      // @ts-expect-error: a status is no number
      grouped.aggregate("b", { days: custom({ ...kept, value: (order) => order.status }) });
      // @ts-expect-error: without a way back it would not be exact
      grouped.aggregate("c", { days: custom({ value: (order) => order.at, empty: () => 0, add: kept.add }) });
      // @ts-expect-error: a state is a number before and after
      grouped.aggregate("d", { days: custom({ ...kept, value: (order) => order.at, merge: (a, b) => `${a}${b}` }) });
      // @ts-expect-error: samples are values
      grouped.aggregate("e", { days: custom({ ...kept, value: (order) => order.at, samples: ["1"] }) });
    };
    void none;
    const totals = grouped.aggregate("by-status", {
      coupons: custom({
        value: (order) => order.coupon,
        empty: () => ({ length: 0 }),
        add: (state, coupon) => ({ length: state.length + coupon.length }),
        subtract: (state, coupon) => ({ length: state.length - coupon.length }),
        merge: (a, b) => ({ length: a.length + b.length }),
        result: ({ length }) => `${length}`,
      }),
      days: custom({ ...kept, value: (order) => order.at }),
    });
    totals.to(clickhouse("shown", {
      key: ["status"],
      columns: { status: "String", coupons: "String", days: "Int64" },
    }));
    // @ts-expect-error: what is shown is a text
    totals.filter((total) => total.coupons > 3);
  });
});

Deno.test("reduce() gives rows of the same columns, and those of the group", () => {
  topology("reduced", (builder) => {
    const rows = builder.table(orders).mapValues(({ status, total }) => ({ paid: status, total }));
    const grouped = rows.groupBy(({ paid }) => ({ status: paid }));
    const none = () => {
      // @ts-expect-error: a row without total is another one
      grouped.reduce("a", { adder: (a) => ({ paid: a.paid }), subtractor: (a) => a });
      // @ts-expect-error: without a way back it would not be exact
      grouped.reduce("b", { adder: (a, b) => ({ ...a, total: a.total.plus(b.total) }) });
      // @ts-expect-error: counts have the column count
      grouped.count("c").filter((row) => row.rows > 3);
    };
    void none;
    grouped.reduce("sums", {
      adder: (a, b) => ({ ...a, total: a.total.plus(b.total) }),
      subtractor: (a, b) => ({ ...a, total: a.total.minus(b.total) }),
    }).to(clickhouse("sums", { key: ["status"], columns: { status: "String", total: "Decimal(18, 2)" } }));
  });
});
